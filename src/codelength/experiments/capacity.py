"""A transformer stores about 3.6 bits a parameter, then starts to generalise.

Random sequences have no rule, so whatever a model saves on those that it was trained on, it has stored:

    memorised bits = Σ over sequences of max(0, S log2 V - code length under the model)

Over growing numbers of sequences this follows the bits of the data, then stands still: the capacity. Text has
rules, and only what a model saves beyond a larger one that never saw the sequence counts as stored; the same
sum over sequences that nobody saw says how much of it is chance. Where most is stored, the text should be as
long, in bits under the reference, as what the network can hold. How near the capacity training came is told
by the same model trained four times as long.

Letters: V symbols, S symbols a sequence, N sequences, P parameters. Source: J. X. Morris et al., "How much do
language models memorize?", 2025; its networks have 100,000 parameters and more and train for a million steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength.experiments.parts.repeats import middle
from codelength.experiments.parts.transformer import (
    Recipe,
    Shape,
    Transformer,
    lengths_bits,
    n_parameters,
    train,
)
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import MissingInputError, Task, text_of

__all__ = [
    "PUBLISHED",
    "bits_of",
    "bound_bits",
    "figures_of",
    "fit",
    "interval_of_sum",
    "judge",
    "memorised_bits",
    "pieces_of",
    "rate_of",
    "run",
    "shape_of",
    "uniform_bits",
]

PUBLISHED = 3.6
"""Bits a parameter."""
_SOURCE = "Morris et al. 2025"
_N_RESAMPLES = 500
_BATCH = 64
"""Pieces of text a step; of random sequences all are taken at each."""

Array = NDArray[np.float64]


def run(task: Task) -> Result:
    """Random sequences under two sizes of network, then text under the smaller one and a reference."""
    text, facts = text_of(task, task.pick(4000, 400_000, 64_000_000))
    pieces, n_text_symbols = pieces_of(text, task.pick(16, 32, 64), task.random(1))
    n_unseen = task.pick(16, 512, 4096)
    counts = task.pick((8, 32), (16, 32, 64, 128, 256, 512, 2048), (64, 256, 1024, 4096, 16_384, 65_536))
    counts = tuple(n for n in counts if n <= (len(pieces) - n_unseen) // 2)
    if len(counts) < 2:
        raise MissingInputError(f"{facts['data']} has only {len(pieces)} pieces that differ, too few")
    unseen, seen, rest = np.split(pieces, [n_unseen, n_unseen + counts[-1]])

    n_symbols, length = task.pick((16, 8), (256, 64), (2048, 64))
    widths = task.pick((4, 8), (8, 16), (32, 64))
    shares = task.pick((0.5, 3.0), (0.25, 0.5, 1.0, 1.5, 3.0), (0.25, 0.5, 1.0, 1.5, 3.0))
    n_steps, n_text_steps = task.pick(20, 1000, 250_000), task.pick(20, 800, 250_000)
    # Of the larger only what shows its plateau: a step of it costs four times as much.
    jobs = [(widths[0], share, n_steps) for share in shares] + [(widths[1], s, n_steps) for s in shares[1::2]]
    jobs.append((widths[0], shares[-2], 4 * n_steps))
    task.n_parts = len(jobs) + 1 + len(counts)
    random = []
    for width, share, steps in jobs:
        shape = shape_of(n_symbols, length, width)
        words = f"width {width}, random data of {share:g} x {PUBLISHED} bits a parameter, {steps} steps"
        report = partial(task.inside, words)
        random.append(task.once(words, partial(_random, task, shape, share, steps, report)))

    # The reference is larger and learns other pieces of the same text, none of these.
    target = shape_of(n_text_symbols, pieces.shape[1], widths[-1])
    reference = shape_of(n_text_symbols, pieces.shape[1], 4 * widths[-1])
    words = "reference for text"
    known = task.once(words, partial(
        fit, task.seed, reference, rest, [seen, unseen], Recipe(n_text_steps, rate_of(reference)),
        partial(task.inside, words),
    ))  # fmt: skip
    rows = []
    for n in counts:
        words = f"{n} pieces of text"
        found = task.once(words, partial(
            fit, task.seed, target, seen[:n], [seen[:n], unseen], Recipe(n_text_steps, rate_of(target)),
            partial(task.inside, words),
        ))  # fmt: skip
        rows.append(_text_row(n, known["bits"], found["bits"], pieces.shape[1]))
    facts |= {
        "random_symbols": n_symbols, "random_length": length, "widths": list(widths), "steps": n_steps,
        "text_symbols": n_text_symbols, "text_length": pieces.shape[1], "text_steps": n_text_steps,
        "text_parameters": found["n_parameters"], "reference_parameters": known["n_parameters"],
        "reference_pieces": len(rest), "unseen_pieces": n_unseen,
    }  # fmt: skip
    return _result(task, random, rows, facts)


def shape_of(n_symbols: int, length: int, width: int) -> Shape:
    """As of GPT-2: learnt positions, a hidden layer four times as wide, one table at both ends."""
    heads = max(1, width // 16)
    return Shape(n_symbols, length, width, 1, heads, 4 * width, is_tied=True)


def rate_of(shape: Shape) -> float:
    """Of training, by trial: wider networks want a lower one."""
    return 0.06 * math.sqrt(8 / shape.width) ** 3


def memorised_bits(known_bits: Array, own_bits: Array) -> Array:
    """Of each sequence: what it costs without the model, less what it costs with it, at least 0. (N,)."""
    saved: Array = np.maximum(0.0, known_bits - own_bits)
    return saved


def uniform_bits(n_symbols: int, length: int) -> float:
    """S log2 V, of one sequence."""
    return length * math.log2(n_symbols)


def bound_bits(data_bits: float, n: int, rate: float = PUBLISHED) -> float:
    """What a network of n parameters that stores so many bits in each can know of the data."""
    return min(data_bits, rate * n)


def interval_of_sum(values: Array, seed: int = 0) -> tuple[float, float]:
    """95 % of a sum of independent values, from resampling them. (N,)."""
    random = np.random.Generator(np.random.PCG64(seed))
    sums = [float(values[random.integers(0, len(values), len(values))].sum()) for _ in range(_N_RESAMPLES)]
    return middle(sums)


def pieces_of(text: bytes, length: int, random: np.random.Generator) -> tuple[NDArray[np.int64], int]:
    """Pieces of the text that differ, in random order (N, S), of numbers below the second value."""
    n = len(text) // length
    rows = np.unique(np.frombuffer(text[: n * length], np.uint8).reshape(n, length), axis=0)
    known, numbers = np.unique(rows, return_inverse=True)
    return random.permutation(numbers.reshape(rows.shape)).astype(np.int64), len(known)


def _random(
    task: Task, shape: Shape, share: float, n_steps: int, report: Callable[[float], None]
) -> dict[str, Any]:
    """Random sequences of `share` times the bits that the published rate allows for."""
    per_sequence = uniform_bits(shape.n_symbols, shape.context)
    n = max(1, round(share * PUBLISHED * n_parameters(Transformer(shape)) / per_sequence))
    data = task.random(2).integers(0, shape.n_symbols, (n, shape.context))
    recipe = Recipe(n_steps, rate_of(shape))
    found = fit(task.seed, shape, data, [data], recipe, report, batch=2048)
    saved = memorised_bits(np.full(n, per_sequence), np.array(found["bits"][0]))
    low, high = interval_of_sum(saved, task.seed)
    return {"n_parameters": found["n_parameters"], "n_steps": n_steps, "n_sequences": n,
            "data_bits": n * per_sequence, "bits": float(saved.sum()), "low": low, "high": high}  # fmt: skip


def fit(
    seed: int,
    shape: Shape,
    data: NDArray[np.int64],
    measured: Sequence[NDArray[np.int64]],
    recipe: Recipe,
    report: Callable[[float], None],
    batch: int = _BATCH,
) -> dict[str, Any]:
    """Train on data (N, S); bits of each sequence of what is measured."""
    model, random = Transformer(shape, seed), np.random.Generator(np.random.PCG64([seed, 3]))
    rows = torch.from_numpy(data)
    order: list[int] = []

    def draw(_step: int) -> tuple[Tensor, Tensor]:
        nonlocal order
        if len(data) <= batch:
            return rows[:, :-1], rows[:, 1:]
        if len(order) < batch:
            order = random.permutation(len(data)).tolist()
        chosen, order = rows[order[:batch]], order[batch:]
        return chosen[:, :-1], chosen[:, 1:]

    train(model, draw, recipe, lambda step: report(step / recipe.n_steps))
    return {"n_parameters": n_parameters(model), "bits": [bits_of(model, some).tolist() for some in measured]}


def bits_of(model: Transformer, data: NDArray[np.int64]) -> Array:
    """Of each sequence, (N, S) -> (N,). The first symbol costs log2 V."""
    bits: Array = lengths_bits(model, torch.from_numpy(data)).sum(1) + math.log2(model.shape.n_symbols)
    return bits


def _text_row(n: int, known: list[list[float]], own: list[list[float]], length: int) -> dict[str, float]:
    """Of one size of training text: bits stored of it, and the same of as much unseen text: by chance."""
    seen, unseen = np.array(known[0][:n]), np.array(known[1])
    stored = memorised_bits(seen, np.array(own[0]))
    chance = float(memorised_bits(unseen, np.array(own[1])).mean()) * n
    low, high = interval_of_sum(stored)
    return {"n": n, "data_bits": float(seen.sum()), "stored": float(stored.sum()), "low": low, "high": high,
            "chance": chance, "trained": float(np.mean(own[0])) / length,
            "unseen": float(np.mean(own[1])) / length, "known": float(unseen.mean()) / length}  # fmt: skip


def figures_of(
    random: Sequence[dict[str, Any]], rows: Sequence[dict[str, float]], n_text: int
) -> dict[str, float]:
    """What the verdict follows, from the rows of random data, the long one last, and those of text.

    n_text: parameters of the network that learns text, whose width is that of the larger one of random data.
    """
    *curve, long = random
    n_small = long["n_parameters"]
    small = [row for row in curve if row["n_parameters"] == n_small]
    large = [row["bits"] / row["n_parameters"] for row in curve if row["n_parameters"] != n_small]
    full = [row["bits"] for row in small if row["data_bits"] > PUBLISHED * n_small * 0.99]
    before = next(row["bits"] for row in small if row["data_bits"] == long["data_bits"])
    most, last = max(rows, key=_beyond_chance), rows[-1]
    load, capacity = most["data_bits"] / n_text, max(large)
    return {
        "rate": long["bits"] / n_small,
        "doubling": (long["bits"] - before) / n_small / math.log2(long["n_steps"] / small[0]["n_steps"]),
        "evenness": min(full) / max(full) if len(full) > 1 and max(full) > 0 else 0.0,
        "capacity": capacity,
        "load": load,
        "fullness": load / capacity if capacity > 0 else math.inf,
        "peak": most["n"],
        "stored": _beyond_chance(most) / n_text,
        "fall": 1 - _beyond_chance(last) / _beyond_chance(most) if _beyond_chance(most) > 0 else 0.0,
        "unseen_peak": most["unseen"],
        "unseen_last": last["unseen"],
    }


def judge(figures: Mapping[str, float]) -> tuple[Verdict, dict[str, bool]]:
    """All three parts hold, or one or two, or none."""
    is_falling = figures["fall"] > 0.15 and figures["unseen_last"] < figures["unseen_peak"]
    parts = {
        "a plateau": figures["evenness"] >= 0.85,
        f"of {PUBLISHED} bits a parameter": abs(figures["rate"] / PUBLISHED - 1) <= 0.15,
        "a turn to rules where text fills the network": is_falling and 0.5 <= figures["fullness"] <= 2,
    }
    n_held = sum(parts.values())
    return (Verdict.FAILS, Verdict.IN_PART, Verdict.IN_PART, Verdict.HOLDS)[n_held], parts


def _beyond_chance(row: Mapping[str, float]) -> float:
    return row["stored"] - row["chance"]


def _result(
    task: Task, random: list[dict[str, Any]], rows: list[dict[str, float]], facts: dict[str, Any]
) -> Result:
    figures = figures_of(random, rows, facts["text_parameters"])
    verdict, parts = judge(figures)
    n_small, rate = random[-1]["n_parameters"], figures["rate"]
    long, curve = random[-1], random[:-1]
    small, large = ([r for r in curve if (r["n_parameters"] == n_small) is side] for side in (True, False))
    worst = max(rows, key=lambda row: row["unseen"])
    as_random = (
        figures["peak"] * uniform_bits(facts["text_symbols"], facts["text_length"]) / facts["text_parameters"]
    )
    held = [name for name, is_so in parts.items() if is_so]
    missed = [f"not {name}" for name, is_so in parts.items() if not is_so]
    quantities = [
        Quantity("random: most bits a parameter, smallest network", "bits/parameter", rate,
                 long["low"] / n_small, long["high"] / n_small, PUBLISHED, f"{_SOURCE}, abstract",
                 f"after {long['n_steps']} steps; {rate / PUBLISHED:.0%} of the published"),
        Quantity("random: as above, in float32", "bits/parameter", rate, long["low"] / n_small,
                 long["high"] / n_small, 3.83, f"{_SOURCE}, table 1"),
        Quantity("random: gained by each doubling of steps", "bits/parameter", figures["doubling"],
                 note=f"from {small[0]['n_steps']} to {long['n_steps']} steps"),
    ]  # fmt: skip
    for row in curve:
        n = row["n_parameters"]
        name = f"random: {n} parameters, {row['n_sequences']} sequences"
        note = f"data {row['data_bits'] / n:.2f} bits/parameter, {row['bits'] / row['data_bits']:.0%} stored"
        low, high = row["low"] / n, row["high"] / n
        quantities.append(Quantity(name, "bits/parameter", row["bits"] / n, low, high, note=note))
    quantities += [
        Quantity("text: most stored", "bits/parameter", figures["stored"],
                 note=f"of {figures['peak']} pieces"),
        Quantity("text: pieces where most is stored", "pieces", figures["peak"]),
        Quantity("text: data where most is stored", "bits/parameter", figures["load"],
                 note=f"under the reference; as random symbols {as_random:.2f}"),
        Quantity("text: data where most is stored, of the plateau on random data", "1", figures["fullness"],
                 note=f"the plateau of the same width: {figures['capacity']:.2f} bits/parameter"),
        Quantity("text: pieces where unseen text costs most", "pieces", worst["n"]),
        Quantity("text: stored at the largest size, less than at the peak by", "share", figures["fall"]),
        Quantity("text: unseen, at the peak of storing", "bits/symbol", figures["unseen_peak"]),
        Quantity("text: unseen, at the largest size", "bits/symbol", rows[-1]["unseen"],
                 note=f"the reference: {rows[-1]['known']:.3f}"),
    ]  # fmt: skip
    for row in rows:
        name = f"text: stored of {row['n']} pieces"
        note = f"by chance {row['chance']:.0f}; data {row['data_bits']:.0f} under the reference"
        quantities.append(Quantity(name, "bits", row["stored"], row["low"], row["high"], note=note))
    return Result(
        task.name,
        "a transformer stores about 3.6 bits a parameter, then starts to generalise",
        _SOURCE,
        verdict,
        f"on random data the smallest network stores {rate:.2f} bits a parameter after {long['n_steps']} "
        f"steps, 95 % {long['low'] / n_small:.2f} to {long['high'] / n_small:.2f} over the sequences, "
        f"{rate / PUBLISHED:.0%} of the published, and each doubling of training adds "
        f"{figures['doubling']:.2f}; from the published capacity to three times it, what is stored varies by "
        f"{1 - figures['evenness']:.0%}; of text most is stored at {figures['peak']} pieces, "
        f"{figures['load']:.2f} bits a parameter under the reference, {figures['fullness']:.2f} of what the "
        f"same width holds of random data (asked: half to double), and {figures['fall']:.0%} less at "
        f"{rows[-1]['n']}, where unseen text costs {figures['unseen_last']:.2f} bits a symbol in place of "
        f"{figures['unseen_peak']:.2f}: {', '.join(held + missed)}",
        tuple(quantities),
        (_random_panel(small, large, long), *_text_panels(rows, facts["text_parameters"])),
        facts=facts,
    )


def _random_panel(small: list[dict[str, Any]], large: list[dict[str, Any]], long: dict[str, Any]) -> Panel:
    def series(rows: list[dict[str, Any]], label: str, style: str = "line") -> Series:
        x, y = (tuple(row[which] / row["n_parameters"] for row in rows) for which in ("data_bits", "bits"))
        return Series(label, x, y, style)

    least, most = (row["data_bits"] / row["n_parameters"] for row in (small[0], small[-1]))
    grid = np.geomspace(least, most, 60).tolist()
    bound = Series(
        f"least of data and {PUBLISHED}", tuple(grid), tuple(bound_bits(x, 1) for x in grid), "dashes"
    )
    lines = [series(rows, f"{rows[0]['n_parameters']} parameters") for rows in (small, large)]
    lines.append(series([long], f"{long['n_parameters']} parameters, {long['n_steps']} steps", "points"))
    return Panel(
        f"Random sequences, {small[0]['n_steps']} steps",
        "bits of data, a parameter",
        "bits stored, a parameter",
        (*lines, bound),
        "log2",
    )


def _text_panels(rows: list[dict[str, float]], n: int) -> tuple[Panel, ...]:
    sizes = tuple(row["n"] for row in rows)

    def line(label: str, which: str, style: str = "line") -> Series:
        return Series(label, sizes, tuple(row[which] for row in rows), style)

    bound = Series(
        f"least of data, {PUBLISHED} x {n}",
        sizes,
        tuple(bound_bits(row["data_bits"], n) for row in rows),
        "dashes",
    )
    # on a logarithmic axis nothing has no place
    some = [(row["n"], row["chance"]) for row in rows if row["chance"] >= 1]
    chance = Series("unseen: by chance", tuple(n for n, _ in some), tuple(bits for _, bits in some))
    stored = (line("trained on", "stored"), *([chance] if some else []), bound)
    costs = (
        line("trained on", "trained"),
        line("unseen", "unseen"),
        line("unseen, reference", "known", "dashes"),
    )
    return (
        Panel("Text: stored beyond a reference", "pieces of text", "bits", stored, "log2", "log"),
        Panel("Text: code length", "pieces of text", "bits a symbol", costs, "log2"),
    )
