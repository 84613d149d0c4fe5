"""The laws that the losses of a family of transformers follow, trained here, and how sure they are.

Over N alone and over D alone, Kaplan's form: log L falls in a straight line, which is exact to fit; Student's
interval of its slope is that of the profile likelihood. Over both, Hoffmann's form, and beside it Kaplan's
(`parametric`); the interval is that of laws fitted again to losses made of the law, of errors drawn from its
own, and of test pieces drawn from those there are. Errors of the form count as noise: an interval is wide
where it fits badly.

Sources: J. Kaplan et al., 2020, equations 1.1 and 1.2; B. Efron and R. Tibshirani, "An introduction to the
bootstrap", 1993, chapter 9 (residuals).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from codelength.experiments.parts.parametric import Coupled, Law, fit_coupled, fit_law
from codelength.experiments.parts.repeats import middle
from codelength.experiments.result import Panel, Quantity, Series, floats
from codelength.experiments.task import MissingInputError, Task
from codelength.measure.extras import need

__all__ = [
    "Findings", "Followed", "Line", "Losses", "line", "measure", "misfit", "n_parts", "resampled_laws",
]  # fmt: skip

_KAPLAN = {"N": 0.076, "D": 0.095}
_COUPLED = {"alpha_n": 0.076, "alpha_d": 0.103}
_BESIROGLU = {"alpha": 0.3478, "beta": 0.3658}

Array = NDArray[np.float64]
Form = TypeVar("Form", Law, Coupled)
Interval = tuple[float, float, float]
"""A value, and where it lies with 95 % confidence."""


@dataclass(frozen=True)
class Followed:
    """How far the family follows a law."""

    n_falls: int
    """How often the loss falls, from one N to the next at the largest D, from one D at the largest N."""
    n_steps: int
    """How often it could."""
    misfit: float
    """Error of the joint law, as a share of the loss."""
    spread: float
    """Standard deviation between seeds, as such a share too."""
    alpha: Interval
    beta: Interval


@dataclass(frozen=True)
class Findings:
    """What `measure` found."""

    followed: Followed
    quantities: tuple[Quantity, ...]
    panels: tuple[Panel, ...]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Losses:
    """Of networks with N parameters that learnt from D bytes, all of one text."""

    n_parameters: Array
    """(widths,), growing."""
    n_bytes: Array
    """(sizes,), growing."""
    bits: Array
    """A byte: (widths, sizes, seeds, test pieces)."""

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Losses:
        """From what `family.train_beside` gives for all widths."""
        n, d, seeds = (sorted({row[key] for row in rows}) for key in ("n_parameters", "n_bytes", "seed"))
        cells = {(row["n_parameters"], row["n_bytes"], row["seed"]): row["bits"] for row in rows}
        bits = np.array([[[cells[a, b, c] for c in seeds] for b in d] for a in n])
        return cls(np.array(n, np.float64), np.array(d, np.float64), bits)

    @property
    def means(self) -> Array:
        """Over seeds and pieces, (widths, sizes)."""
        return np.asarray(self.bits.mean(axis=(2, 3)))

    @property
    def spread(self) -> float:
        """Standard deviation between seeds, as a share of the loss; nan for a single seed."""
        if self.bits.shape[2] < 2:
            return math.nan
        return float(np.sqrt(np.log(self.bits.mean(axis=3)).var(axis=2, ddof=1).mean()))

    def flat(self) -> tuple[Array, Array, Array]:
        """N, D and mean loss of every cell."""
        n, d = np.meshgrid(self.n_parameters, self.n_bytes, indexing="ij")
        return n.ravel(), d.ravel(), self.means.ravel()

    def steps(self) -> Array:
        """What the loss grows by from one N to the next at the largest D, and from one D at the largest N."""
        means = self.means
        return np.concatenate([np.diff(means[:, -1]), np.diff(means[-1])])


@dataclass(frozen=True)
class Line:
    """L = scale / x^exponent."""

    scale_bits: float
    exponent: float
    low: float
    high: float
    error: float
    """Standard deviation of log L about the line."""

    def __str__(self) -> str:
        return f"{self.scale_bits:.3g} x^-{self.exponent:.3f}"

    def __call__(self, x: Array) -> Array:
        """The loss."""
        return np.asarray(self.scale_bits / x**self.exponent)


def line(x: Array, losses: Array) -> Line:
    """By least squares of logarithms, of at least 3 points; 95 % of the exponent."""
    quantile = float(need("scipy.special", "lab", "fitting a scaling law").stdtrit(len(x) - 2, 0.975))
    log_x, log_loss = np.log(x), np.log(losses)
    centred = log_x - log_x.mean()
    slope = float(centred @ log_loss / (centred @ centred))
    start = float(log_loss.mean() - slope * log_x.mean())
    error = math.sqrt(float(np.square(log_loss - start - slope * log_x).sum()) / (len(x) - 2))
    half = quantile * error / math.sqrt(float(centred @ centred))
    return Line(math.exp(start), -slope, -slope - half, -slope + half, error)


def misfit(law: Law | Coupled, n: Array, d: Array, losses: Array) -> float:
    """Standard deviation of log L about the law: its error, as a share of the loss."""
    errors = np.log(losses) - np.log(law(n, d))
    return math.sqrt(float(np.square(errors).sum()) / (len(errors) - len(fields(law))))


def resampled_laws(
    losses: Losses, law: Form, fit: Callable[[Array, Array, Array, Form], Form], n_resamples: int,
    random: np.random.Generator,
) -> list[Form]:  # fmt: skip
    """The law fitted again, with errors and test pieces drawn with replacement."""
    n, d, means = losses.flat()
    fitted = np.log(law(n, d))
    errors = (np.log(means) - fitted) * math.sqrt(len(n) / (len(n) - len(fields(law))))
    errors -= errors.mean()
    by_piece = losses.bits.mean(axis=2).reshape(len(n), -1)
    laws = []
    for _ in range(n_resamples):
        pieces = random.integers(0, by_piece.shape[1], by_piece.shape[1])
        of_pieces = np.log(by_piece[:, pieces].mean(axis=1) / means)
        drawn = fitted + of_pieces + errors[random.integers(0, len(n), len(n))]
        laws.append(fit(n, d, np.exp(drawn), law))
    return laws


def n_parts(task: Task) -> int:
    """Calls of `once` that `measure` makes."""
    return len(_widths(task)) + 1


def _widths(task: Task) -> tuple[int, ...]:
    return task.pick((4, 6, 8, 12), (8, 16, 36, 72), (16, 32, 64, 128, 256))


def measure(task: Task, text: bytes, n_resamples: int) -> Findings:
    """Train the family, a part of the task for each width, and fit the laws. Raises MissingInputError."""
    from codelength.experiments.parts import family

    plan = task.pick(
        family.Plan(16, 4, 12, first_look=6), family.Plan(32, 16, 900), family.Plan(128, 16, 20_000, 2, 200)
    )
    piece, n_test, n_stop = task.pick((128, 8, 4), (1024, 48, 8), (4096, 64, 16))
    most = task.pick(4096, 1 << 16, 1 << 21)
    if len(text) < (n_test + n_stop) * piece + most // 4:
        raise MissingInputError(f"scaling trains on parts of a text, and {len(text)} bytes are too few")
    parts = family.divide(text, piece, n_test, n_stop, plan.window, task.random(20))
    most = min(most, len(parts.learn))
    sizes = [round(size) for size in np.geomspace(most / 16, most, task.pick(3, 4, 5)).tolist()]
    seeds = [task.seed * 1000 + i for i in range(task.pick(2, 2, 3))]
    members = [(size, seed) for size in sizes for seed in seeds]
    rows = []
    for width in _widths(task):
        words = f"transformers of width {width}"
        rows += task.once(
            words, partial(family.train_beside, parts, width, members, plan, partial(task.inside, words))
        )
    losses = Losses.of_rows(rows)
    found = task.once("laws of the transformers", partial(_fitted, task, losses, n_resamples))
    n_at_end = sum(min(row["looks"], key=lambda look: float(look[1])) == row["looks"][-1] for row in rows)
    facts = {"widths": list(_widths(task)), "parameters": losses.n_parameters.tolist(), "bytes": sizes,
             "seeds": seeds, "test_bytes": n_test * piece, "stop_bytes": n_stop * piece,
             "bits_per_byte": losses.means.tolist()}  # fmt: skip
    return _findings(
        losses, found, n_at_end,
        {f"family_{key}": value for key, value in (facts | asdict(plan)).items()},
    )  # fmt: skip


def _fitted(task: Task, losses: Losses, n_resamples: int) -> dict[str, Any]:
    law, coupled = fit_law(*losses.flat()), fit_coupled(*losses.flat())
    laws = resampled_laws(losses, law, fit_law, n_resamples, task.random(21))
    others = resampled_laws(losses, coupled, fit_coupled, n_resamples, task.random(22))
    return {"law": asdict(law), "laws": [asdict(some) for some in laws],
            "coupled": asdict(coupled), "coupled_laws": [asdict(some) for some in others]}  # fmt: skip


def _findings(losses: Losses, found: Mapping[str, Any], n_at_end: int, facts: dict[str, Any]) -> Findings:
    law, coupled = Law(**found["law"]), Coupled(**found["coupled"])

    def joint(name: str, which: str = "law") -> Interval:
        rows = found["laws" if which == "law" else "coupled_laws"]
        return float(found[which][name]), *middle([float(row[name]) for row in rows])

    lines = {"N": line(losses.n_parameters, losses.means[:, -1]), "D": line(losses.n_bytes, losses.means[-1])}
    steps = losses.steps()
    followed = Followed(int((steps < 0).sum()), len(steps), misfit(law, *losses.flat()), losses.spread,
                        joint("alpha"), joint("beta"))  # fmt: skip

    def quantity(name: str, unit: str, values: Sequence[float], note: str = "", known: float | None = None,
                 source: str = "") -> Quantity:  # fmt: skip
        value, low, high = values if len(values) == 3 else (values[0], None, None)
        return Quantity(f"transformers here: {name}", unit, value, low, high, known, source, note)

    quantities = []
    for name, other in (("N", "D"), ("D", "N")):
        some = lines[name]
        quantities.append(
            quantity(f"exponent of L({name}) at the largest {other}", "1",
                     (some.exponent, some.low, some.high),
                     f"{some}".replace("x", name) + f" bits/byte, error {some.error:.1%} of the loss",
                     _KAPLAN[name], "Kaplan et al. 2020, of tokens")
        )  # fmt: skip
    for name, known in _BESIROGLU.items():
        quantities.append(
            quantity(f"{name} of L(N, D)", "1", joint(name), "", known, "Besiroglu et al. 2024")
        )
    quantities += [
        *(quantity(f"{name.upper()} of L(N, D)", "bits/byte", joint(name)) for name in ("e", "a", "b")),
        quantity("error of L(N, D)", "of the loss", (followed.misfit,), "standard deviation of log L"),
        quantity("spread of seeds", "of the loss", (followed.spread,)),
        *(quantity(f"{name} of Kaplan's L(N, D)", "1", joint(name, "coupled"), "not judged", known,
                   "Kaplan et al. 2020, table 2") for name, known in _COUPLED.items()),
        quantity("error of Kaplan's L(N, D)", "of the loss", (misfit(coupled, *losses.flat()),)),
        *(quantity(f"loss of the {words}", "bits/byte", (float(losses.means[at, at]),),
                   f"{losses.n_parameters[at]:,.0f} parameters, {losses.n_bytes[at]:,.0f} bytes of text")
          for words, at in (("smallest on the least text", 0), ("largest on the most text", -1))),
        quantity("at their best when training ended", "networks", (n_at_end,),
                 f"of {losses.bits[..., 0].size}; these might still learn"),
    ]  # fmt: skip
    return Findings(followed, tuple(quantities), _panels(losses, law, lines), facts)


def _panels(losses: Losses, law: Law, lines: Mapping[str, Line]) -> tuple[Panel, ...]:
    n, d, means = losses.n_parameters, losses.n_bytes, losses.means

    def curves(x: Array, rows: Array, fitted: Array, labels: Sequence[str]) -> tuple[Series, ...]:
        """Of rows (curves, x) the points, and what the law says."""
        return (
            *(Series(label, floats(x), floats(y), "points") for label, y in zip(labels, rows, strict=True)),
            *(Series(f"law, {label}", floats(x), floats(y), "dashes")
              for label, y in zip(labels, fitted, strict=True)),
        )  # fmt: skip

    fitted = law(n[:, None], d[None])
    over_n = curves(n, means.T, fitted.T, [f"{size / 1024:.3g} KiB of text" for size in d])
    over_d = curves(d, means, fitted, [f"{size:,.0f} parameters" for size in n])
    straight = []
    for name, x, y in (("N", n, means[:, -1]), ("D", d, means[-1])):
        straight += [
            Series(f"over {name}", floats(x / x[0]), floats(y), "points"),
            Series(str(lines[name]).replace("x", name), floats(x / x[0]), floats(lines[name](x)), "dashes"),
        ]
    unit = "bits a byte, held out"
    return (
        Panel("Transformers here: L(N, D) over N", "parameters", unit, over_n, "log2"),
        Panel("Transformers here: L(N, D) over D", "bytes of text", unit, over_d, "log2"),
        Panel(
            "L(N) at the largest D, L(D) at the largest N", "over the smallest", unit, tuple(straight), "log"
        ),
    )
