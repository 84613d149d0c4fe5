"""Loss falls as a power law in parameters and data.

Hoffmann's parametric form is fitted again to the published points, with intervals from resampled points, and
set beside what the paper says and what others found in the same points. Then the same is asked of networks
trained here (`family_laws`): small transformers of growing width on growing parts of a text, measured on text
held out. Beside them interpolated n-grams of growing order, which are no networks: their exponents are their
own, and the verdict leaves them out.

Sources: J. Kaplan et al., 2020; J. Hoffmann et al., "Training compute-optimal large language models", 2022;
T. Besiroglu et al., "Chinchilla scaling: a replication attempt", 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.experiments.parts import family_laws
from codelength.experiments.parts.family_laws import Followed, misfit
from codelength.experiments.parts.ngrams import NGrams
from codelength.experiments.parts.parametric import Law, fit_law
from codelength.experiments.parts.repeats import middle
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict, floats
from codelength.experiments.task import Task, text_of
from codelength.measure.extras import need
from codelength.measure.positions import PowerLaw
from codelength.measure.scores import published
from codelength.units import nats_to_bits

__all__ = ["HOFFMANN", "REESTIMATED", "judge", "points", "run"]

HOFFMANN = Law(1.69, 406.4, 410.7, 0.34, 0.28)
REESTIMATED = Law(1.8172, 482.01, 2085.43, 0.3478, 0.3658)
_ERRORS = {"E": 0.03, "A": 124.58, "B": 1293.23, "alpha": 0.02, "beta": 0.02}
"""Standard errors that Besiroglu et al. give."""
_N_OUTLIERS = 5
_FAR = 3.0
"""Exponents that differ by more than this factor are not of one order."""

Array = NDArray[np.float64]


def points() -> tuple[Array, Array, Array]:
    """The published models: parameters, tokens, loss in nats a token; each float64 (245,)."""
    rows = published("chinchilla", "codelength.experiments")
    n = np.array([float(row["parameters"]) for row in rows])
    flop = np.array([float(row["flop"]) for row in rows])
    return n, flop / (6 * n), np.array([float(row["loss_nats"]) for row in rows])


def run(task: Task) -> Result:
    """Refit the published points, then train the transformers and the n-grams."""
    n_resamples = task.pick(5, 200, 4000)
    text, facts = text_of(task, task.pick(8000, 420_000, 4_000_000))
    need("torch", "lab", "scaling")
    task.n_parts = 3 + family_laws.n_parts(task)
    n, d, loss = points()
    if task.size == "tiny":
        n, d, loss = n[::6], d[::6], loss[::6]
    law = Law(**task.once("published points", partial(_refit, n, d, loss)))
    kept = _without_outliers(law, n, d, loss)
    resampled = task.once("resampled points", partial(_resample, task, law, kept, n_resamples))
    networks = family_laws.measure(task, text, n_resamples)
    family = task.once("n-grams", partial(_family, text, task.pick(2, 5, 6)))
    quantities, agree_new, agree_old = [], [], []
    for name in ("E", "A", "B", "alpha", "beta", "exponent of N*"):
        low, high = middle([_named(Law(**row))[name] for row in resampled["laws"]])
        measured = _named(Law(**resampled["law"]))[name]
        new, old = _named(REESTIMATED)[name], _named(HOFFMANN)[name]
        unit = {"E": "nats/token"}.get(name, "1")
        error = f", standard error {_ERRORS[name]:g}" if name in _ERRORS else ""
        quantities.append(Quantity(name, unit, measured, low, high, old, "Hoffmann et al. 2022, eq. 10"))
        quantities.append(
            Quantity(
                f"{name}, as re-estimated", unit, measured, low, high, new, f"Besiroglu et al. 2024{error}"
            )
        )
        quantities.append(Quantity(f"{name}, all points", unit, _named(law)[name]))
        agree_new.append(low <= new <= high)
        agree_old.append(low <= old <= high)
    published_misfit = misfit(Law(**resampled["law"]), *kept)
    quantities.append(
        Quantity("error of the law on the published points", "of the loss", published_misfit,
                 note="standard deviation of log L about the law")
    )  # fmt: skip
    quantities += networks.quantities
    fits = _family_fits(family)
    for label, (power, low, high) in fits.items():
        note = f"{power.floor_bits:.3f} + {power.scale_bits:.3g} D^-{power.exponent:.3f} bits/byte"
        name = f"n-grams here, {label}: exponent of data"
        quantities.append(Quantity(name, "1", power.exponent, low, high, note=note))
    verdict, reason = judge(agree_new, agree_old, networks.followed, published_misfit)
    return Result(
        task.name,
        "loss falls as a power law in parameters and data, L = E + A/N^alpha + B/D^beta",
        "Kaplan et al. 2020; Hoffmann et al. 2022",
        verdict,
        reason,
        tuple(quantities),
        (_points_panel(law, kept), _law_panel(Law(**resampled["law"])), *networks.panels,
         _family_panel(family, fits)),
        facts=facts | networks.facts
        | {"n_points": len(n), "n_outliers_left_out": _N_OUTLIERS, "n_resamples": n_resamples},
    )  # fmt: skip


def judge(
    new: Sequence[bool], old: Sequence[bool], here: Followed, published_misfit: float
) -> tuple[Verdict, str]:
    """Whether the form and its numbers come out of the published points, and the form of the networks here.

    Of the points: it holds if the intervals hold all re-estimated and all printed numbers, in part if only
    the former, and not without those. Of the networks it holds if

    * the loss falls at every step of N at the largest D, and of D at the largest N;
    * the joint law's error is no larger than on the published points, or than twice the spread of seeds;
    * both of its exponents are above 0, by their intervals, and within a factor 3 of the re-estimated ones.

    In part if it falls, and one of the other two is so. The whole is what both say, and in part where they
    differ.
    """
    of_points = Verdict.FAILS if not all(new) else Verdict.HOLDS if all(old) else Verdict.IN_PART
    falls = here.n_falls == here.n_steps
    is_described = here.misfit <= max(published_misfit, 2 * here.spread)
    exponents = {"alpha": (here.alpha, REESTIMATED.alpha), "beta": (here.beta, REESTIMATED.beta)}
    is_near = all(
        low > 0 and known / _FAR <= value <= known * _FAR for (value, low, _), known in exponents.values()
    )
    if falls and is_described and is_near:
        of_networks = Verdict.HOLDS
    else:
        of_networks = Verdict.IN_PART if falls and (is_described or is_near) else Verdict.FAILS
    told = " and ".join(
        f"{name} {value:.2f} ({low:.2f} to {high:.2f}; re-estimated {known:.2f})"
        for name, ((value, low, high), known) in exponents.items()
    )
    return of_points if of_points is of_networks else Verdict.IN_PART, (
        f"of the published points, the 95 % intervals hold {sum(new)} of {len(new)} of the "
        f"re-estimated numbers, and {sum(old)} of {len(old)} of those that the paper printed"
        + (": the form holds, the printed numbers do not" if of_points is Verdict.IN_PART else "")
        + f". Of transformers trained here the loss falls at {here.n_falls} of {here.n_steps} steps of N and "
        f"D; the joint law's error is {here.misfit:.1%} of the loss (seeds differ by {here.spread:.1%}, the "
        f"published points from their law by {published_misfit:.1%}), {told}: this "
        f"{of_networks.value}"
    )


def _named(law: Law) -> dict[str, float]:
    return {"E": law.e, "A": law.a, "B": law.b, "alpha": law.alpha, "beta": law.beta,
            "exponent of N*": law.exponent_of_parameters}  # fmt: skip


def _plain(law: Law) -> dict[str, float]:
    return {"e": law.e, "a": law.a, "b": law.b, "alpha": law.alpha, "beta": law.beta}


def _refit(n: Array, d: Array, loss: Array) -> dict[str, float]:
    return _plain(fit_law(n, d, loss))


def _without_outliers(law: Law, n: Array, d: Array, loss: Array) -> tuple[Array, Array, Array]:
    """Without the five points farthest above or below the law, as Besiroglu et al. leave out five."""
    errors = np.abs(np.log(law(n, d)) - np.log(loss))
    kept = np.sort(np.argsort(errors, kind="stable")[: len(n) - _N_OUTLIERS])
    return n[kept], d[kept], loss[kept]


def _resample(task: Task, start: Law, kept: tuple[Array, Array, Array], n_resamples: int) -> dict[str, Any]:
    law = fit_law(kept[0], kept[1], kept[2], start)
    random, laws = task.random(), []
    for _ in range(n_resamples):
        drawn = random.integers(0, len(kept[0]), len(kept[0]))
        n, d, loss = (column[drawn] for column in kept)
        laws.append(_plain(fit_law(n, d, loss, law)))
    return {"law": _plain(law), "laws": laws}


def _family(text: bytes, order: int) -> dict[str, Any]:
    """Held-out bits a byte of each order after 1, 2, 4 ... KiB of text."""
    n_test = min(20_000, len(text) // 4)
    test, train = text[len(text) - n_test :], text[: len(text) - n_test]
    model, sizes, rates, numbers = NGrams(order), [], [], []
    size, learnt = 1024, 0
    blocks = np.array_split(np.arange(n_test), 20)
    while True:
        size = min(size, len(train))
        model.learn(train[learnt:size])
        learnt = size
        lengths = model.lengths_bits(test)
        sizes.append(size)
        rates.append([[float(row[block].mean()) for block in blocks] for row in lengths])
        numbers.append([model.n_numbers(k) for k in range(order + 1)])
        if size == len(train):
            return {"sizes": sizes, "rates": rates, "numbers": numbers}
        size *= 2


def _family_fits(family: dict[str, Any]) -> dict[str, tuple[PowerLaw, float, float]]:
    """Power laws in data, of each order from 1, and of the best order at each size; with intervals."""
    sizes, rates = np.array(family["sizes"], np.float64), np.array(family["rates"])  # (size, order, block)
    random = np.random.Generator(np.random.PCG64(0))
    draws = [random.integers(0, rates.shape[2], rates.shape[2]) for _ in range(50)]
    curves = {f"order {k}": rates[:, k] for k in range(1, rates.shape[1])}
    best = rates.mean(axis=2).argmin(axis=1)
    curves["best order"] = rates[np.arange(len(sizes)), best]
    fits = {}
    for label, curve in curves.items():
        exponents = [power_law(sizes, curve[:, draw].mean(axis=1)).exponent for draw in draws]
        fits[label] = (power_law(sizes, curve.mean(axis=1)), *middle(exponents))
    return fits


def power_law(x: Array, y: Array) -> PowerLaw:
    """The least-squares y ≈ floor + scale x^-exponent; for each exponent the other two are exact."""
    best: tuple[float, PowerLaw] | None = None
    for exponent in np.geomspace(0.02, 3.0, 300).tolist():
        matrix = np.stack([np.ones_like(x), x**-exponent], axis=1)
        floor, scale = (float(value) for value in np.linalg.lstsq(matrix, y, rcond=None)[0])
        if floor < 0.0:
            floor, scale = 0.0, float(matrix[:, 1] @ y / (matrix[:, 1] @ matrix[:, 1]))
        error = float(np.sum((floor + scale * matrix[:, 1] - y) ** 2))
        if best is None or error < best[0]:
            best = error, PowerLaw(floor, scale, exponent)
    assert best is not None
    return best[1]


def _points_panel(law: Law, kept: tuple[Array, Array, Array]) -> Panel:
    n, d, loss = kept
    series = [
        Series(label, floats(loss), floats(np.asarray(some(n, d) - loss)), "points")
        for label, some in (("refitted here", law), ("printed in the paper", HOFFMANN))
    ]
    return Panel("Errors on the published points", "loss, nats a token", "law less loss", tuple(series))


def _law_panel(law: Law) -> Panel:
    """The loss at the best split of compute, in bits a token."""
    compute = np.geomspace(1e18, 1e25, 40)
    series = []
    for label, some in (
        ("refitted here", law),
        ("Besiroglu et al.", REESTIMATED),
        ("Hoffmann et al.", HOFFMANN),
    ):
        g = (some.alpha * some.a / (some.beta * some.b)) ** (1 / (some.alpha + some.beta))
        n = g * (compute / 6) ** some.exponent_of_parameters
        bits = [nats_to_bits(float(value)) for value in some(n, compute / 6 / n)]
        series.append(Series(label, floats(compute), tuple(bits), "line" if some is law else "dashes"))
    return Panel("Loss at the best split of compute", "training FLOP", "bits a token", tuple(series), "log")


def _family_panel(family: dict[str, Any], fits: dict[str, tuple[PowerLaw, float, float]]) -> Panel:
    sizes = np.array(family["sizes"], np.float64)
    rates = np.array(family["rates"]).mean(axis=2)
    series = [
        Series(f"order {k}", floats(sizes), floats(rates[:, k]), "points") for k in range(1, rates.shape[1])
    ]
    power = fits["best order"][0]
    series.append(
        Series("best order, fitted", floats(sizes), tuple(power(x) for x in sizes.tolist()), "dashes")
    )
    return Panel("N-grams trained here", "bytes of text", "bits a byte, held out", tuple(series), "log2")
