"""In-context copying comes from induction heads, which form in a phase change.

Attention-only networks are trained on sequences of a Markov chain and on loops (`loops`). All along they
are tested on symbols drawn evenly and said twice: bits of the second half, where nothing but copying helps,
and how much every head looks at what followed the same symbol before. If induction heads are what copies,
the bits fall at the step at which the best head's score rises; they come back when those heads are ablated,
and more of them a head than when equally many others are; and a single layer, which has nothing to compose a
head from, does not get there. (It may still learn that what was said will be said again, which brings a
symbol down to log2(T / 2) bits at best.) It is a phase change if the score takes fewer steps to rise than it
waited before.

With a pretrained model given, greater-than (`greater_than`) is measured beside it: another circuit of heads.

Sources: C. Olsson et al., "In-context learning and induction heads", 2022; M. Hanna et al., "How does GPT-2
compute greater-than?", 2023.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength.experiments.parts import greater_than, heads
from codelength.experiments.parts.heads import Head
from codelength.experiments.parts.loops import Chain, Mixture, repeated, with_waves
from codelength.experiments.parts.repeats import mean_quantity
from codelength.experiments.parts.rises import rise, steepest
from codelength.experiments.parts.transformer import (
    Recipe,
    Shape,
    Transformer,
    lengths_bits,
    one_thread,
    train,
)
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict, floats
from codelength.experiments.task import Task
from codelength.predictors.causal_lm.settings import PREFIX

__all__ = ["induction_heads", "judge", "run"]

_LEAST_SCORE = 0.2
"""A head below this is called no induction head, however much worse the others are."""
_WITHOUT = ("induction heads", "previous-symbol head", "all other heads")
_N_DRAWS = 20
"""Of as many heads, drawn from those that are no induction heads, to be ablated beside them."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes: tiny, small, full."""

    n_symbols: int
    length: int
    width: int
    heads: int
    n_steps: int
    every: int
    """Steps between two looks."""
    n_seeds: int
    n_tests: int
    batch: int = 32
    rate: float = 5e-3


def run(task: Task) -> Result:
    """Train with two layers and with one, look on, ablate; then greater-than for every predictor given."""
    plan = task.pick(
        Plan(16, 16, 16, 2, 12, 4, 2, 8, 8),
        Plan(32, 32, 64, 4, 1000, 25, 3, 64),
        Plan(512, 256, 128, 4, 20_000, 100, 5, 128),
    )
    chain = Chain.drawn(task.random(), plan.n_symbols)
    source = Mixture(chain, plan.length, 0.5, *task.pick((2, 6), (4, 14), (8, 120)))
    models = [name for name in task.predictors if name.startswith(PREFIX)]
    task.n_parts = len(models) + 2 * plan.n_seeds
    # first, since it is what can fail
    years = {
        name: task.once(
            f"greater-than, {name}",
            partial(greater_than.measure, name, task.pick(10, 300, 10_000), task.random(1)),
        )
        for name in models
    }
    two, one = [], []
    for i in range(plan.n_seeds):
        two.append(task.once(f"two layers, {i + 1}", partial(_look, task, plan, source, 2, i)))
        one.append(task.once(f"one layer, {i + 1}", partial(_look, task, plan, source, 1, i)))
    verdict, reason = judge(two, one, plan)
    return Result(
        task.name,
        "copying in context comes from induction heads, which form in a phase change",
        "Olsson et al. 2022",
        verdict,
        reason,
        (*_quantities(two, one), *greater_than.quantities(task.predictors, years)),
        (_bits_panel(two, one), _score_panel(two, one), _heads_panel(two, one), _without_panel(two),
         *((greater_than.panel(years),) if years else ())),
        facts={"trained_on": "a Markov chain, and in every batch one half of loops of symbols drawn evenly",
               "chain_bits_per_symbol": source.chain.entropy_bits,
               "share_repeated": source.share_repeated} | {k: getattr(plan, k) for k in plan.__slots__},
    )  # fmt: skip


def _look(task: Task, plan: Plan, source: Mixture, layers: int, run_number: int) -> dict[str, Any]:
    """Train one network; what was seen on the way and at the end."""
    seed = task.seed * 1000 + run_number
    shape = Shape(plan.n_symbols, plan.length, plan.width, layers, plan.heads, are_positions_added=False)
    model = with_waves(shape, seed)
    random = task.random(100 + run_number)
    tests = repeated(task.random(99), plan.n_tests, plan.length // 2, plan.n_symbols)
    words = f"{'two layers' if layers == 2 else 'one layer'}, {run_number + 1}"
    log: dict[str, Any] = {"steps": [], "first": [], "second": [], "best": []}

    def draw(_step: int) -> tuple[Tensor, Tensor]:
        symbols = torch.tensor(source.draw(random, plan.batch))
        return symbols[:, :-1], symbols[:, 1:]

    def watch(step: int) -> None:
        if step % plan.every and step != plan.n_steps:
            return
        first, second = halves(lengths_bits(model, tests))
        log["steps"].append(step)
        log["first"].append(float(first.mean()))
        log["second"].append(float(second.mean()))
        log["best"].append(float(_prefix_scores(model, tests).of_repeated.max()))
        task.inside(words, step / plan.n_steps)

    train(model, draw, Recipe(plan.n_steps, plan.rate, is_falling=False), watch)
    with one_thread():
        return log | _at_the_end(model, tests, task.random(200 + run_number))


def _at_the_end(model: Transformer, tests: Tensor, random: np.random.Generator) -> dict[str, Any]:
    """Scores of all heads, and the second half's bits of every test without some of them."""
    seen = heads.seen_in(model, tests)
    scores, previous = heads.prefix_scores(seen.patterns, tests), heads.previous_scores(seen.patterns)
    copying = heads.copying_scores(model)
    means = heads.mean_outputs(model, tests)
    every = [Head(*place) for place in np.ndindex(*previous.shape)]
    found = induction_heads(scores.of_repeated)
    first_layer = [head for head in every if head.layer == 0 and head not in found]
    before = [max(first_layer, key=lambda head: float(previous[head]))] if first_layer else []
    others = [head for head in every if head not in found and head not in before]

    def lengths_without(some: Sequence[Head]) -> list[float]:
        edit = heads.replaced_by(means, some)
        lengths: list[float] = halves(lengths_bits(model, tests, edit))[1].mean(axis=1).tolist()
        return lengths

    rest = [head for head in every if head not in found]
    n_drawn = min(len(found), len(rest))
    drawn = [
        [rest[i] for i in random.permutation(len(rest))[:n_drawn]] for _ in range(_N_DRAWS * (n_drawn > 0))
    ]
    return {
        "prefix": scores.of_repeated.tolist(),
        "prefix_of_all": scores.of_all.tolist(),
        "previous": previous.tolist(),
        "copying": copying.tolist(),
        "found": [list(head) for head in found],
        "whole": halves(lengths_bits(model, tests))[1].mean(axis=1).tolist(),
        "without": {
            words: lengths_without(some)
            for words, some in zip(_WITHOUT, (found, before, others), strict=True)
        },
        "n_drawn": n_drawn,
        "without_drawn": [float(np.mean(lengths_without(some))) for some in drawn],
    }


def _prefix_scores(model: Transformer, tests: Tensor) -> heads.Scores:
    return heads.prefix_scores(heads.seen_in(model, tests).patterns, tests)


def halves(lengths: Array) -> tuple[Array, Array]:
    """Bits of the symbols of the first half, and of those of the second that the first foretells.

    lengths (B, 2n - 1), of all symbols but the first -> (B, n - 1) each. The first symbol of the second half
    is in neither: nothing says that the repetition begins.
    """
    n = (lengths.shape[1] + 1) // 2
    return lengths[:, : n - 1], lengths[:, n:]


def induction_heads(prefix: Array) -> list[Head]:
    """Heads whose prefix matching is at least half of the best one's, and at least 0.2. prefix (L, H)."""
    least = max(_LEAST_SCORE, float(prefix.max()) / 2)
    return [Head(int(layer), int(number)) for layer, number in np.argwhere(prefix >= least)]


def judge(two: list[dict[str, Any]], one: list[dict[str, Any]], plan: Plan) -> tuple[Verdict, str]:
    """Whether heads form that copying comes from, and whether they form in a phase change, in every run."""
    n = len(two)
    saved = [row["first"][-1] - row["second"][-1] for row in two]
    forms = [
        bool(row["found"]) and bits > 0.5 * math.log2(plan.n_symbols)
        for row, bits in zip(two, saved, strict=True)
    ]
    lags = [_lag(row) for row in two]
    is_together = [abs(lag) <= 0.1 * plan.n_steps for lag in lags]
    rises = [rise(row["steps"], row["best"]) for row in two]
    is_sudden = [takes < wait for wait, takes in rises]
    saved_one = [row["first"][-1] - row["second"][-1] for row in one]
    is_barren = [
        not row["found"] and bits < 0.5 * float(np.mean(saved))
        for row, bits in zip(one, saved_one, strict=True)
    ]
    back = [share_given_back(row) for row in two]
    is_needed = [share >= 0.5 for share in back]
    per_head = [lost_a_head(row) for row in two]
    is_theirs = [own > other for own, other in per_head]
    comes_from_them = all(map(all, (forms, is_needed, is_theirs, is_barren)))
    is_phase_change = all(map(all, (forms, is_together, is_sudden)))
    verdict = (Verdict.FAILS, Verdict.IN_PART, Verdict.HOLDS)[comes_from_them + is_phase_change]
    own, other = np.mean(per_head, axis=0)
    spans = ", ".join(f"{takes:g} after {wait:g}" for wait, takes in rises)
    return verdict, (
        f"heads that match prefixes, and copying, form with two layers in {sum(forms)} of {n} runs (a symbol "
        f"said before costs {np.mean(saved):.2f} bits less); without those heads at least half of the saving "
        f"is lost in {sum(is_needed)} of {n} (on average {np.mean(back):.0%}), and more a head than without "
        f"as many others in {sum(is_theirs)} of {n} ({own:.2f} bits a head against {other:.2f}); with one "
        f"layer no such head forms, and less than half as much is saved, in {sum(is_barren)} of {n} "
        f"({np.mean(saved_one):.2f} bits). The best score and what repetition saves rise within a tenth of "
        f"training of each other in {sum(is_together)} of {n} (at most {max(map(abs, lags)):.0f} of "
        f"{plan.n_steps} steps apart); the score's rise from 10 to 90 % takes fewer steps than the wait "
        f"before it in {sum(is_sudden)} of {n} (steps: {spans})"
    )


def lost_a_head(row: dict[str, Any]) -> tuple[float, float]:
    """Bits lost a head without the induction heads, and without as many others, the mean of all draws.

    Nothing is lost where there are none to be ablated.
    """
    whole = float(np.mean(row["whole"]))
    own = (float(np.mean(row["without"]["induction heads"])) - whole) / max(1, len(row["found"]))
    drawn = row["without_drawn"]
    return own, (float(np.mean(drawn)) - whole) / row["n_drawn"] if drawn else 0.0


def share_given_back(row: dict[str, Any]) -> float:
    """Of the bits that repetition saves, how many are lost again without the induction heads."""
    whole, lost = float(np.mean(row["whole"])), float(np.mean(row["without"]["induction heads"]))
    saved = row["first"][-1] - whole
    return (lost - whole) / saved if saved > 0 else 0.0


def saved_bits(row: dict[str, Any]) -> list[float]:
    """At every look, bits of a new symbol less bits of one said before: what repetition saves.

    The difference, since the bits of both fall at first, as the network learns which symbols are common.
    """
    return [new - old for new, old in zip(row["first"], row["second"], strict=True)]


def _lag(row: dict[str, Any]) -> float:
    return steepest(row["steps"], row["best"]) - steepest(row["steps"], saved_bits(row))


def _mean(name: str, unit: str, values: Sequence[float], note: str = "") -> Quantity:
    """Of the runs, with Student's interval; of those that have a finite value, if any have."""
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < len(values):
        note = f"in {len(finite)} of {len(values)} runs{'; ' if note else ''}{note}"
    if not finite:
        return Quantity(name, unit, note=note)
    return mean_quantity(name, unit, finite, note=note)


def _quantities(two: list[dict[str, Any]], one: list[dict[str, Any]]) -> list[Quantity]:
    savings = [steepest(row["steps"], saved_bits(row)) for row in two]
    rises = [steepest(row["steps"], row["best"]) for row in two]
    falls = [steepest(row["steps"], [-bits for bits in row["second"]]) for row in two]
    spans = [rise(row["steps"], saved_bits(row))[1] for row in two]
    waits, takes = zip(*(rise(row["steps"], row["best"]) for row in two), strict=True)
    own, other = zip(*map(lost_a_head, two), strict=True)
    quantities = [
        _mean("step of the steepest rise of what repetition saves", "steps", savings, _each(savings)),
        _mean("step of the steepest rise of the best head's score", "steps", rises, _each(rises)),
        _mean("score's rise less saving's rise", "steps", [_lag(row) for row in two]),
        _mean("steps until 10 % of the best head's score", "steps", waits, _each(waits)),
        _mean("steps from 10 % to 90 % of the best head's score", "steps", takes, _each(takes)),
        _mean("steps from 10 % to 90 % of the saving", "steps", spans),
        _mean("step of the steepest fall of all bits of a symbol said before", "steps", falls,
              "at the start all bits fall, repeated or not"),
    ]  # fmt: skip
    for words, rows in (("two layers", two), ("one layer", one)):
        quantities += [
            _mean(
                f"{words}: bits of a symbol said before", "bits/symbol", [row["second"][-1] for row in rows]
            ),
            _mean(f"{words}: bits of a new symbol", "bits/symbol", [row["first"][-1] for row in rows]),
            _mean(f"{words}: best prefix matching", "share of attention", [row["best"][-1] for row in rows]),
        ]
    for words in _WITHOUT:
        bits = [float(np.mean(row["without"][words])) for row in two]
        quantities.append(
            _mean(f"two layers: bits of a symbol said before, without {words}", "bits/symbol", bits)
        )
    note = f"as many others as there are induction heads, {_N_DRAWS} draws a run, or all if there are no more"
    quantities += [
        _mean("two layers: bits lost a head without induction heads", "bits/head", own, _each(own)),
        _mean(
            "two layers: bits lost a head without other heads", "bits/head", other, f"{note}; {_each(other)}"
        ),
    ]
    of_all = [float(np.max(row["prefix_of_all"])) for row in two]
    quantities.append(
        _mean("two layers: best prefix matching, of all places", "share of attention", of_all,
              "as transformer-lens counts; at most about 1/2 where everything is said twice")
    )  # fmt: skip
    for words, is_found in (("induction heads", True), ("other heads", False)):
        scores = [
            float(row["copying"][layer][number])
            for row in two
            for layer, number in np.ndindex(*np.shape(row["copying"]))
            if ([layer, number] in row["found"]) == is_found
        ]
        if scores:
            quantities.append(
                _mean(f"two layers: copying score of {words}", "1", scores, f"{len(scores)} heads")
            )
    return quantities


def _each(values: Sequence[float]) -> str:
    return "runs: " + ", ".join(f"{value:.4g}" for value in values)


def _bits_panel(two: list[dict[str, Any]], one: list[dict[str, Any]]) -> Panel:
    first = np.mean([row["first"] for row in two], axis=0)
    new = Series("two layers, new symbols", floats(two[0]["steps"]), floats(first), "dashes")
    return Panel(
        "Symbols said before", "training steps", "bits a symbol", (*_over_training(two, one, "second"), new)
    )


def _score_panel(two: list[dict[str, Any]], one: list[dict[str, Any]]) -> Panel:
    lines = _over_training(two, one, "best")
    return Panel("The best head's prefix matching", "training steps", "share of its attention", lines)


def _over_training(two: list[dict[str, Any]], one: list[dict[str, Any]], which: str) -> tuple[Series, ...]:
    lines = [
        Series(f"two layers, run {i + 1}", floats(row["steps"]), floats(row[which]))
        for i, row in enumerate(two)
    ]
    mean = np.mean([row[which] for row in one], axis=0)
    return (*lines, Series("one layer", floats(one[0]["steps"]), floats(mean), "dashes"))


def _heads_panel(two: list[dict[str, Any]], one: list[dict[str, Any]]) -> Panel:
    series = []
    for words, rows, layer in (
        ("two layers, first", two, 0),
        ("two layers, second", two, 1),
        ("one layer", one, 0),
    ):
        x = [value for row in rows for value in row["prefix"][layer]]
        y = [value for row in rows for value in row["copying"][layer]]
        series.append(Series(words, floats(x), floats(y), "points"))
    return Panel(
        "All heads at the end", "prefix matching, share of attention", "copying score", tuple(series)
    )


def _without_panel(two: list[dict[str, Any]]) -> Panel:
    bits = [float(np.mean([row["whole"] for row in two]))]
    bits += [float(np.mean([row["without"][words] for row in two])) for words in _WITHOUT]
    bars = Series("two layers", tuple(float(i) for i in range(4)), tuple(bits), "bars")
    names = ("none", "induction", "previous-\nsymbol", "all others")
    return Panel(
        "Symbols said before, without heads", "heads ablated", "bits a symbol", (bars,), x_ticks=names
    )
