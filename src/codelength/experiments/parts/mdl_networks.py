"""Networks as models in two parts: L(M), their rounded weights, and L(D given M), the labels of digits.

Dense networks of growing width, rounded to growing numbers of bits; then what is said to make a model
shorter, each against the same network without it: weight decay, pruning, rounding, and structure, a
convolution against dense layers on digits that stand anywhere in the image. A pruned network is trained on
after each cut, and so is the one that it is set beside. The size that the code chooses is compared with the
one that is best on labels that took no part in training.

Sources: J. Rissanen, 1978; Y. LeCun, J. Denker and S. Solla, "Optimal brain damage", 1990 (pruning); A. Krogh
and J. Hertz, "A simple weight decay can improve generalization", 1992.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength.experiments.parts import digits, label_codes, two_part
from codelength.experiments.parts.digits import N_CLASSES, Convolution, Dense, Labels, Members, Pixels
from codelength.experiments.parts.repeats import mean_interval, mean_quantity
from codelength.experiments.result import Panel, Quantity, Series
from codelength.experiments.task import Task

__all__ = ["N_PARTS", "Findings", "measure", "prune"]

N_PARTS = 3
"""Calls of `once` that `measure` makes."""
_DECAY = 0.3
_KEPT = (0.5, 0.25, 0.1)
"""Shares of each weight matrix that pruning tries to keep; which one is charged."""
_SIDE = 12
"""Of the images in which the digits stand anywhere."""
_CONTROLS = {"weight decay": "plain", "pruning": "training on"}
"""What is said to shorten, and what it is divided by."""

Rows = list[dict[str, float]]
"""One network's best code in each order of the digits."""


@dataclass(frozen=True)
class Findings:
    """What `measure` found."""

    quantities: tuple[Quantity, ...]
    panels: tuple[Panel, ...]
    checks: dict[str, bool]
    """What the claim says of networks, and whether it came out."""


@dataclass(frozen=True)
class _Digits:
    pixels: Pixels
    labels: Labels
    held_out: tuple[Pixels, Labels]


def measure(task: Task) -> Findings:
    """All of it, in three parts of the task."""
    n, n_held_out, n_orders = task.pick(120, 1200, 1200), task.pick(60, 597, 597), task.pick(2, 5, 20)
    hidden = task.pick((0, 4), (0, 2, 4, 8, 16, 32, 64), (0, 2, 4, 8, 16, 32, 64, 128, 256))
    n_steps = task.pick(30, 1500, 5000)
    pixels, labels = digits.digits(task.random(50), n_orders, n + n_held_out)
    whole = _Digits(pixels[:, :n], labels[:, :n], (pixels[:, n:], labels[:, n:]))
    moved = digits.shifted(pixels, _SIDE, task.random(51))
    anywhere = _Digits(moved[:, :n], labels[:, :n], (moved[:, n:], labels[:, n:]))
    sizes = task.once("network sizes", partial(_sizes, task, whole, hidden, n_steps))
    shorter = task.once("shorter networks", partial(_shorter, task, whole, task.pick(4, 32, 64), n_steps))
    structure = task.once("structure", partial(_structure, task, anywhere, n_steps))
    uniform = label_codes.uniform_bits(n, N_CLASSES)
    totals = np.array([[row["total"] for row in size["best"]] for size in sizes])
    fits = np.array([size["fit"] for size in sizes])
    held = np.array([[row["held-out"] for row in size["best"]] for size in sizes]) / n_held_out
    best, best_held = int(totals.mean(1).argmin()), int(held.mean(1).argmin())
    widths = np.array([row["widths"] for row in sizes])  # (size, order, width)
    by_width = widths[best].mean(axis=0)
    best_width = int(by_width.argmin())
    dense, convolution = _shortest(structure["dense"]), _shortest(structure["convolution"])
    quantities = [
        Quantity("digits: hidden units, shortest two-part code", "units", hidden[best],
                 note=f"of 0 to {max(hidden)}; 0 is a linear model"),
        Quantity("digits: hidden units, best fit", "units", hidden[int(fits.mean(1).argmin())]),
        Quantity("digits: hidden units, best on held-out labels", "units", hidden[best_held]),
        mean_quantity("digits: shortest two-part code", "of uniform", totals[best] / uniform),
        mean_quantity("digits: two-part code of the largest", "of uniform", totals[-1] / uniform),
        Quantity("digits: best bits a weight", "bits", two_part.WIDTHS[best_width],
                 note=f"of {', '.join(map(str, two_part.WIDTHS))}"),
    ]  # fmt: skip
    totals_of = {name: np.array([row["total"] for row in rows]) for name, rows in shorter["best"].items()}
    gains = {name: totals_of[name] / totals_of[without] for name, without in _CONTROLS.items()}
    for name, gain in gains.items():
        note = f"over {_CONTROLS[name]}, equally long" if name == "pruning" else ""
        quantities.append(mean_quantity(f"digits: {name}, code over that without", "1", gain, note=note))
    rounding = totals_of["plain"] / np.array(shorter["wide"])
    quantities.append(
        mean_quantity("digits: rounding, code over that without", "1", rounding,
                      note="best width over 12 bits, which are among the widths: at most 1, and not judged")
    )  # fmt: skip
    ratio = np.array([a["total"] / b["total"] for a, b in zip(convolution[1], dense[1], strict=True)])
    quantities.append(
        mean_quantity("shifted digits: convolution over dense", "1", ratio,
                      note=f"{convolution[0]} filters against {dense[0]} hidden units")
    )  # fmt: skip
    for name, (_, rows) in (("convolution", convolution), ("dense", dense)):
        rates = np.array([row["held-out"] for row in rows]) / n_held_out
        quantities.append(mean_quantity(f"shifted digits: {name}, held-out labels", "bits/label", rates))
    checks = {
        "the best fit is the largest network and the shortest code is not": bool(
            fits.mean(1).argmin() == len(hidden) - 1 and best < len(hidden) - 1
        ),
        "the shortest code's network is within one size of the best on held-out labels": (
            abs(best - best_held) <= 1
        ),
        "codes turn up at both ends of the widths": 0 < best_width < len(two_part.WIDTHS) - 1,
        **{f"{name} shortens": mean_interval(gain)[2] < 1.0 for name, gain in gains.items()},
        "a convolution is shorter than dense layers on shifted digits": mean_interval(ratio)[2] < 1.0,
    }
    panels = (
        _size_panel(hidden, totals, sizes, fits, held * n),
        _network_width_panel(hidden, widths),
        _bars_panel(shorter, dense, convolution, uniform),
    )
    return Findings(tuple(quantities), panels, checks)


def _dense(task: Task, n_pixels: int, hidden: int, n_orders: int) -> Dense:
    widths = (n_pixels, hidden, N_CLASSES) if hidden else (n_pixels, N_CLASSES)
    return Dense(widths, n_orders, task.seed)


def _rows(codes: Sequence[two_part.TwoPart], extra_bits: float = 0.0) -> Rows:
    return [
        {"total": code.total_bits + extra_bits, "model": code.model_bits + extra_bits, "data": code.data_bits,
         "held-out": code.held_out_bits, "width": code.width_bits}
        for code in codes
    ]  # fmt: skip


def _sizes(task: Task, data: _Digits, hidden: Sequence[int], n_steps: int) -> list[dict[str, Any]]:
    found = []
    for number, units in enumerate(hidden):
        task.inside("network sizes", number / len(hidden))
        network = _dense(task, 64, units, len(data.labels))
        digits.fit(network, data.pixels, data.labels, digits.recipe(n_steps), task.seed)
        fit = two_part.labels_bits(network, data.pixels, data.labels)
        codes = two_part.of_widths(network, data.pixels, data.labels, data.held_out)
        found.append({
            "fit": fit.tolist(), "best": _rows(two_part.best(codes)),
            "widths": [[code.total_bits for code in row] for row in codes],
        })  # fmt: skip
    return found


def _shorter(task: Task, data: _Digits, hidden: int, n_steps: int) -> dict[str, Any]:
    """The same network trained with weight decay, plainly, plainly and on, and pruned while trained on."""
    best: dict[str, Rows] = {}
    for number, (name, decay) in enumerate((("weight decay", _DECAY), ("plain", 0.0))):
        task.inside("shorter networks", 0.25 * number)
        network = _dense(task, 64, hidden, len(data.labels))
        digits.fit(network, data.pixels, data.labels, digits.recipe(n_steps, decay), task.seed)
        codes = two_part.of_widths(network, data.pixels, data.labels)
        best[name] = _rows(two_part.best(codes))
    wide = [row[-1].total_bits for row in codes]
    uncut = copy.deepcopy(network)
    rounds: dict[str, list[Rows]] = {"pruning": [], "training on": []}
    for number, share in enumerate(_KEPT):
        task.inside("shorter networks", 0.5 + 0.5 * number / len(_KEPT))
        prune(network, share)  # on from what was kept before, as pruning bit by bit loses least
        for name, trained in (("pruning", network), ("training on", uncut)):
            digits.fit(trained, data.pixels, data.labels, digits.recipe(n_steps // 2), task.seed)
            codes = two_part.of_widths(trained, data.pixels, data.labels)
            rounds[name].append(_rows(two_part.best(codes), math.log2(len(_KEPT))))
    for name, found in rounds.items():
        best[name] = [min(rows, key=lambda row: row["total"]) for rows in zip(*found, strict=True)]
    return {"best": best, "wide": wide}


def prune(network: Members, share: float) -> None:
    """Set all but this share of each weight matrix of each member to zero, the smallest; they stay zero."""
    for parameter in network.parameters():
        if parameter.ndim < 3:
            continue
        sizes = parameter.detach().abs().flatten(1)
        n_kept = max(1, round(share * sizes.shape[1]))
        least = sizes.sort(dim=1, descending=True).values[:, n_kept - 1]
        mask = (sizes >= least[:, None]).reshape(parameter.shape).float()
        with torch.no_grad():
            parameter.mul_(mask)
        parameter.register_hook(partial(_keep, mask))  # type: ignore[no-untyped-call]


def _keep(mask: Tensor, gradient: Tensor) -> Tensor:
    return gradient * mask


def _structure(task: Task, data: _Digits, n_steps: int) -> dict[str, dict[str, Rows]]:
    """Best codes of each size of dense networks and of convolutions, on digits that stand anywhere."""
    n_orders = len(data.labels)
    networks: dict[str, dict[str, Members]] = {
        "dense": {
            str(units): _dense(task, _SIDE**2, units, n_orders)
            for units in task.pick((0, 4), (0, 8, 16, 32), (0, 8, 16, 32, 64))
        },
        "convolution": {
            f"{one} and {two}": Convolution((one, two), _SIDE, n_orders, task.seed, is_anywhere=True)
            for one, two in task.pick(((4, 8),), ((4, 8), (8, 16)), ((4, 8), (8, 16), (16, 32)))
        },
    }
    found: dict[str, dict[str, Rows]] = {}
    n_networks, n_done = sum(map(len, networks.values())), 0
    for kind, family in networks.items():
        found[kind] = {}
        for name, network in family.items():
            task.inside("structure", n_done / n_networks)
            n_done += 1
            digits.fit(network, data.pixels, data.labels, digits.recipe(n_steps, _DECAY), task.seed)
            codes = two_part.of_widths(network, data.pixels, data.labels, data.held_out)
            found[kind][name] = _rows(two_part.best(codes), math.log2(len(family)))
    return found


def _mean(rows: Rows, key: str) -> float:
    return float(np.mean([row[key] for row in rows]))


def _shortest(family: dict[str, Rows]) -> tuple[str, Rows]:
    name = min(family, key=lambda each: _mean(family[each], "total"))
    return name, family[name]


def _size_panel(
    hidden: Sequence[int], totals: NDArray[np.float64], sizes: list[dict[str, Any]],
    fits: NDArray[np.float64], held: NDArray[np.float64],
) -> Panel:  # fmt: skip
    places = tuple(float(i) for i in range(len(hidden)))

    def series(label: str, values: NDArray[np.float64], style: str = "line") -> Series:
        return Series(label, places, tuple(max(1.0, float(v)) for v in values), style)

    model = np.array([_mean(size["best"], "model") for size in sizes])
    data = np.array([_mean(size["best"], "data") for size in sizes])
    return Panel(
        "Digits: networks in two parts", "hidden units", "bits for all labels",
        (series("L(M) + L(D|M)", totals.mean(1)), series("L(M), weights", model),
         series("L(D|M), labels", data),
         series("best fit (no code)", fits.mean(1), "dashes"),
         series("as many held-out labels", held.mean(1), "dashes")),
        "linear", "log", tuple(map(str, hidden)),
    )  # fmt: skip


def _network_width_panel(hidden: Sequence[int], widths: NDArray[np.float64]) -> Panel:
    bits = tuple(float(width) for width in two_part.WIDTHS)
    series = [
        Series(f"{units} hidden" if units else "linear", bits, tuple(float(v) for v in row))
        for units, row in zip(hidden, widths.mean(axis=1), strict=True)
    ]
    return Panel(
        "Digits: weights cut to some bits",
        "bits a weight",
        "bits, both parts",
        tuple(series),
        "linear",
        "log",
    )


def _bars_panel(
    shorter: dict[str, Any], dense: tuple[str, Rows], convolution: tuple[str, Rows], uniform: float
) -> Panel:
    best = shorter["best"]
    values = {"12 bits": float(np.mean(shorter["wide"])), "rounded": _mean(best["plain"], "total"),
              "decayed": _mean(best["weight decay"], "total"),
              "trained on": _mean(best["training on"], "total"),
              "pruned": _mean(best["pruning"], "total"),
              "shifted, dense": _mean(dense[1], "total"),
              "shifted, conv.": _mean(convolution[1], "total")}  # fmt: skip
    bars = tuple(float(value / uniform) for value in values.values())
    places = tuple(float(i) for i in range(len(bars)))
    series = (Series("both parts", places, bars, "bars"),)
    return Panel("Shorter networks", "", "two-part code, of uniform", series, x_ticks=tuple(values))
