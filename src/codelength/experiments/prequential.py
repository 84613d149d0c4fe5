"""Prequential codes give far shorter descriptions of deep models than variational or two-part ones.

The labels of handwritten digits are sent to somebody who has the images. In two parts: the rounded weights of
a network, then the labels as it predicts them. Variationally: the weights as distributions. Prequentially: no
weights at all; each block of labels is coded as predicted by a network that sender and receiver train alike
on the blocks before. All three code the same labels with networks of the same forms.

Sources: L. Blier and Y. Ollivier, "The description length of deep learning models", 2018; E. Voita and
I. Titov, "Information-theoretic probing with minimum description length", 2020.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.experiments.parts import digits, label_codes, two_part
from codelength.experiments.parts.digits import N_CLASSES, Convolution, Dense, Labels, Members, Pixels
from codelength.experiments.parts.repeats import mean_interval, mean_quantity
from codelength.experiments.parts.variational import variational_bits
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import Task

__all__ = ["judge", "run"]

FAR = 0.5
"""Far shorter: at most half as long."""
_PUBLISHED = {"prequential": 4.10 / 199, "variational": 22.2 / 199}
"""MNIST, 60000 labels: kilobits over those of the uniform code."""
_SOURCE = "MNIST, Blier & Ollivier 2018, table 1"

Floats = NDArray[np.float64]

Make = Callable[[int, int, float], Members]
"""Of a number of members, a seed and a dropout."""

_NETWORKS: dict[str, Make] = {
    "linear": lambda n, seed, _drop: Dense((64, N_CLASSES), n, seed),
    "small dense": lambda n, seed, _drop: Dense((64, 16, N_CLASSES), n, seed),
    "dense": lambda n, seed, drop: Dense((64, 128, 128, N_CLASSES), n, seed, drop),
    "convolution": lambda n, seed, drop: Convolution((8, 16), 8, n, seed, drop),
}
_DEEP = ("dense", "convolution")
_CODES = ("prequential", "variational", "two-part")


def run(task: Task) -> Result:
    """Every code of every network, several orders of the digits at once."""
    n, n_orders = task.pick(200, 1797, 1797), task.pick(2, 5, 20)
    n_steps = task.pick(30, 1200, 6000)
    pixels, labels = digits.digits(task.random(), n_orders, n)
    ends = label_codes.block_ends(n)
    task.n_parts = 2 * len(_NETWORKS) + 2
    found: dict[tuple[str, str], Any] = {}
    for name in _NETWORKS:
        words = f"prequential, {name}"
        found[name, "prequential"] = task.once(
            words, partial(_prequential, task, words, name, pixels, labels)
        )
        words = f"two-part and variational, {name}"
        found |= {
            (name, code): row
            for code, row in task.once(
                words, partial(_weights, task, words, name, pixels, labels, n_steps)
            ).items()
        }
    shuffled = np.stack([task.random(10 + i).permutation(row) for i, row in enumerate(labels)])
    nonsense = task.once(
        "shuffled labels", partial(_prequential, task, "shuffled labels", "dense", pixels, shuffled)
    )
    restored = task.once("decoding", partial(_restored, task, pixels, labels))
    uniform = label_codes.uniform_bits(n, N_CLASSES)
    ratios = {key: np.array(row["total"]) / uniform for key, row in found.items()}
    quantities = [
        Quantity("uniform code", "bits", uniform, published=round(n * math.log2(10), 1), source="n log2 10")
    ]
    for (name, code), values in ratios.items():
        paper = _PUBLISHED.get(code) if name in _DEEP else None
        quantities.append(
            _quantity(f"{name}, {code}", "of uniform", values, paper, found[name, code]["note"])
        )
    quantities.append(
        _quantity("dense, prequential, labels shuffled", "of uniform", np.array(nonsense["total"]) / uniform)
    )
    gaps = {
        (name, code): ratios[name, "prequential"] / ratios[name, code]
        for name in _NETWORKS
        for code in ("two-part", "variational")
    }
    for (name, code), values in gaps.items():
        paper = 4.10 / 22.2 if name in _DEEP and code == "variational" else None
        quantities.append(_quantity(f"{name}: prequential over {code}", "1", values, paper))
    quantities.append(
        Quantity("labels that the receiver restored, linear model", "share", restored,
                 note="it trained its own model on the labels it had read")
    )  # fmt: skip
    highs = [mean_interval(values)[2] for (name, _), values in gaps.items() if name in _DEEP]
    best = {code: min((float(ratios[name, code].mean()), name) for name in _NETWORKS) for code in _CODES}
    verdict, reason = judge(highs, best, restored)
    return Result(
        task.name,
        "prequential codes give far shorter descriptions of deep models than variational or two-part ones",
        "Blier & Ollivier 2018; Voita & Titov 2020",
        verdict,
        reason,
        tuple(quantities),
        (_blocks_panel(found, ends), _codes_panel(ratios)),
        facts={"data": "load_digits of scikit-learn", "n_labels": n, "n_orders": n_orders, "block_ends": ends,
               "n_steps": n_steps},
    )  # fmt: skip


def judge(
    highs: Sequence[float], best: Mapping[str, tuple[float, str]], restored: float
) -> tuple[Verdict, str]:
    """`highs`: of the deep networks, upper ends of the prequential code over each other one.

    `best`: of each code the shortest with any network, of uniform, and which that is. It holds if the code
    is at most half as long in all comparisons and the shortest of all; in part if it is shorter in all; and
    neither if the receiver did not restore every label.
    """
    shorter, far = [high < 1.0 for high in highs], [high <= FAR for high in highs]
    is_best = best["prequential"][0] <= min(value for value, _ in best.values())
    verdict = Verdict.HOLDS if all(far) and is_best else Verdict.IN_PART if all(shorter) else Verdict.FAILS
    return verdict if restored == 1.0 else Verdict.FAILS, (
        f"for the two deep networks the prequential code is shorter in {sum(shorter)} and at most half as "
        f"long in {sum(far)} of {len(far)} comparisons, by the upper end of the 95 % interval over orders; "
        "the shortest of each kind with any network, the small ones included: "
        + ", ".join(f"{code} {value:.1%} of uniform ({name})" for code, (value, name) in best.items())
        + f"; the receiver restored {restored:.1%} of the labels"
    )


def _quantity(
    name: str, unit: str, values: Floats, published: float | None = None, note: str = ""
) -> Quantity:
    if published is None:
        return mean_quantity(name, unit, values, note=note)
    return mean_quantity(name, unit, values, published=round(published, 4), source=_SOURCE, note=note)


def _steps(n: int) -> int:
    """Of training on n labels: they grow as the root of n."""
    return round(20 * math.sqrt(n))


def _learner(task: Task, name: str, tell: Callable[[int], None] = lambda _n: None) -> label_codes.Learner:
    """Trains a fresh network on all that was seen; `tell` hears of how much that is."""

    def learn(seen: Pixels, labels: Labels, asked: Pixels) -> Floats:
        n_members, n = labels.shape
        tell(n)
        network = _NETWORKS[name](n_members, task.seed + n, 0.5)
        n_steps = task.pick(10, _steps(n), 2 * _steps(n))
        digits.fit(network, seen, labels, digits.recipe(n_steps), task.seed + n)
        return digits.probabilities(network, asked)

    return learn


def _prequential(task: Task, words: str, name: str, pixels: Pixels, labels: Labels) -> dict[str, Any]:
    n = labels.shape[1]
    ends = label_codes.block_ends(n)
    # steps grow as the root of what was seen, and so do those of all smaller blocks together
    learn = _learner(task, name, lambda seen: task.inside(words, math.sqrt(seen / n)))
    sent = label_codes.send(pixels, labels, N_CLASSES, learn, ends)
    return {
        "total": [8 * len(code) for code in sent.codes],
        "blocks": sent.block_bits.mean(axis=0).tolist(),
        "note": f"last block {sent.block_bits[:, -1].mean() / (ends[-1] - ends[-2]):.3f} bits/label",
    }


def _weights(
    task: Task, words: str, name: str, pixels: Pixels, labels: Labels, n_steps: int
) -> dict[str, dict[str, Any]]:
    """The codes that send weights, both from one network trained on all labels.

    With weight decay, as a grid for large weights is coarse; without dropout, as the labels sent were seen.
    """
    network = _NETWORKS[name](len(labels), task.seed, 0.0)
    digits.fit(
        network, pixels, labels, digits.recipe(n_steps, 0.3), task.seed,
        watch=lambda step: task.inside(words, 0.3 * step / n_steps),
    )  # fmt: skip
    rows = two_part.best(two_part.of_widths(network, pixels, labels))
    n_numbers = sum(tensor.size for tensor in digits.member(network, 0))
    width, model, data = (
        float(np.mean([getattr(row, key) for row in rows]))
        for key in ("width_bits", "model_bits", "data_bits")
    )
    pairs = variational_bits(
        network, pixels, labels, 2 * n_steps, task.seed,
        watch=lambda step: task.inside(words, 0.3 + 0.35 * step / n_steps),
    )  # fmt: skip
    sent, left = (float(np.mean([pair[i] for pair in pairs])) for i in range(2))
    return {
        "two-part": {
            "total": [row.total_bits for row in rows],
            "note": f"computed; {n_numbers} numbers of {width:.1f} bits: "
            f"weights {model:.0f}, labels {data:.0f} bits",
        },
        "variational": {
            "total": [sum(pair) for pair in pairs],
            "note": f"computed; weights {sent:.0f}, labels {left:.0f} bits",
        },
    }


def _restored(task: Task, pixels: Pixels, labels: Labels) -> float:
    """Send and receive the first order with the linear model; what share of labels comes back."""
    one, other, n = pixels[:1], labels[:1], labels.shape[1]
    learn, ends = _learner(task, "linear"), label_codes.block_ends(n)
    codes = label_codes.send(one, other, N_CLASSES, learn, ends).codes
    return float((label_codes.receive(codes, one, N_CLASSES, learn, ends) == other).mean())


def _blocks_panel(found: dict[tuple[str, str], Any], ends: Sequence[int]) -> Panel:
    starts = [0, *ends[:-1]]
    places = tuple(float(end) for end in ends)
    series = []
    for (name, code), row in found.items():
        if code == "prequential":
            pieces = zip(row["blocks"], starts, ends, strict=True)
            series.append(Series(name, places, tuple(bits / (end - start) for bits, start, end in pieces)))
    series.append(Series("uniform", places, tuple(math.log2(N_CLASSES) for _ in places), "dashes"))
    return Panel(
        "Prequential: bits a label in each block", "labels sent", "bits a label", tuple(series), "log2"
    )


def _codes_panel(ratios: dict[tuple[str, str], Floats]) -> Panel:
    series = [
        Series(name, tuple(float(i) for i in range(len(_CODES))),
               tuple(100 * float(ratios[name, code].mean()) for code in _CODES), "points")
        for name in _NETWORKS
    ]  # fmt: skip
    series.append(Series("uniform", (0.0, 1.0, 2.0), (100.0,) * 3, "dashes"))
    papers = tuple(100 * _PUBLISHED[code] for code in ("prequential", "variational"))
    series.append(Series("MNIST, Blier & Ollivier", (0.0, 1.0), papers, "points"))
    return Panel("Whole codes", "", "% of the uniform code", tuple(series), "linear", "log", _CODES)
