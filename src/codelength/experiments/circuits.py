"""Circuits compete, and the winner makes the output.

Small attention-only networks learn sequences (`habits`) in which one rule is for weights, what usually
follows a symbol, and one for the context, what followed it in this sequence. Then the two are set against
each other: the context shows another successor k times. Counted are the bits of the usual and of the shown
symbol; who wins as the evidence grows and as training goes on; and what each head adds to either: with its
output replaced by the mean over contexts (ablated), or by what it gives in the same contexts without the
evidence (patched). Heads are chosen on one half of the contexts, and what they do is told from the other.

The conjecture: Zhang Junlin, "The world's reflection in parameters: why GPT can produce intelligence by
next token prediction" (in Chinese), 2023, zhuanlan.zhihu.com/p/632795115: many circuits are excited at
once, the one that is excited most makes the output. Near it: F. Ortu et al., "Competition of mechanisms",
2024; Y. Huang et al., "Unified view of grokking, double descent and emergent abilities: a perspective from
circuits competition", 2024. None gives a figure for networks as small as these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from codelength.experiments.parts import heads
from codelength.experiments.parts.habits import Conflict, Habits, bayes_bits
from codelength.experiments.parts.heads import Head
from codelength.experiments.parts.loops import Chain, Mixture, with_waves
from codelength.experiments.parts.repeats import mean_interval, mean_quantity
from codelength.experiments.parts.transformer import Edit, Recipe, Shape, Transformer, one_thread, train
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict, floats
from codelength.experiments.task import Task
from codelength.units import nats_to_bits

__all__ = ["answer_bits", "first_won", "is_rival", "judge", "run"]

_FLOOR = 0.1
_SHARE_OF_HABITS = 0.1
_SHARE_OF_LOOPS = 0.25
"""Of each batch: so that heads that copy form within few steps."""

Array = NDArray[np.float64]
Row = dict[str, Any]
Effect = Sequence[Sequence[float]]
"""Extra bits without a head, of the usual and of the shown symbol: of each mean, low and high."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes: tiny, small, full."""

    n_symbols: int
    length: int
    width: int
    heads: int
    n_steps: int
    every: int
    n_runs: int
    n_contexts: int
    most_evidence: int
    batch: int = 32
    rate: float = 5e-3


def run(task: Task) -> Result:
    """Train, set the two against each other all along, ablate and patch every head at the end."""
    plan = task.pick(
        Plan(12, 12, 16, 2, 12, 4, 2, 12, 2, 8),
        Plan(32, 32, 64, 4, 1500, 50, 3, 128, 4),
        Plan(256, 128, 128, 8, 20_000, 200, 5, 512, 16),
    )
    chain = Chain.drawn(task.random(), plan.n_symbols, floor=_FLOOR)
    task.n_parts = plan.n_runs
    rows = [task.once(f"run {i + 1}", partial(_run, task, plan, chain, i)) for i in range(plan.n_runs)]
    verdict, reason = judge(rows, plan.most_evidence)
    facts = {"share_of_habits": _SHARE_OF_HABITS, "share_of_loops": _SHARE_OF_LOOPS, "floor": _FLOOR}
    return Result(
        task.name,
        "circuits compete, and the winner makes the output",
        "circuit competition conjecture, Zhang 2023; Ortu et al. 2024",
        verdict,
        reason,
        tuple(_quantities(rows, plan.most_evidence)),
        (
            _evidence_panel(rows),
            _training_panel(rows),
            _heads_panel(rows, "ablated"),
            _heads_panel(rows, "patched"),
        ),
        facts=facts | {key: getattr(plan, key) for key in plan.__slots__},
    )


def _run(task: Task, plan: Plan, chain: Chain, number: int) -> Row:
    """Train one network: bits of both answers at every look and evidence; at the end the heads' work."""
    habits, loops = Habits(chain, plan.length, _SHARE_OF_HABITS), Mixture(chain, plan.length, 1.0)
    shape = Shape(plan.n_symbols, plan.length, plan.width, 2, plan.heads, are_positions_added=False)
    model = with_waves(shape, task.seed * 1000 + number)
    random, n_loops = task.random(100 + number), round(plan.batch * _SHARE_OF_LOOPS)
    contexts = [
        habits.conflict(task.random(50 + k), plan.n_contexts, k) for k in range(plan.most_evidence + 1)
    ]
    log: Row = {"steps": [], "usual": [], "shown": []}

    def draw(_step: int) -> tuple[Tensor, Tensor]:
        parts = loops.draw(random, n_loops), habits.draw(random, plan.batch - n_loops)
        symbols = torch.tensor(np.concatenate(parts))
        return symbols[:, :-1], symbols[:, 1:]

    def watch(step: int) -> None:
        if step % plan.every and step != plan.n_steps:
            return
        bits = [answer_bits(model, context) for context in contexts]
        log["steps"].append(step)
        log["usual"].append([float(usual.mean()) for usual, _, _ in bits])
        log["shown"].append([float(shown.mean()) for _, shown, _ in bits])
        task.inside(f"run {number + 1}", step / plan.n_steps)

    train(model, draw, Recipe(plan.n_steps, plan.rate, is_falling=False), watch)
    ideal = [bayes_bits(_SHARE_OF_HABITS, plan.n_symbols, k, context.p_usual, context.p_shown)
             for k, context in enumerate(contexts)]  # fmt: skip
    log["bayes"] = [[float(bits.mean()) for bits in pair] for pair in ideal]
    with one_thread():
        return log | _at_the_end(model, contexts)


def _at_the_end(model: Transformer, contexts: Sequence[Conflict]) -> Row:
    """Who wins at each evidence; and at the most evidence, what each head does for the two answers."""
    outcomes = []
    for context in contexts:
        usual, shown, best = answer_bits(model, context)
        winner = np.where(shown < usual, context.shown, context.usual)
        outcomes.append(
            {"shown_wins": float((shown < usual).mean()), "is_output": float((best == winner).mean())}
        )
    most = contexts[-1]
    middle = len(most.tokens) // 2
    choosing, tested = most.part(slice(middle)), most.part(slice(middle, None))
    chosen, effects = effects_of_heads(model, choosing), effects_of_heads(model, tested)
    means, bare = heads.mean_outputs(model, tested.tokens), heads.seen_in(model, tested.without).outputs
    every = _heads(means)
    rivals = [head for head, effect in zip(every, chosen["patched"], strict=True) if is_rival(effect)]
    others = [head for head in every if head not in rivals]
    without = {}
    for words, some, outputs in (
        ("none", every[:0], bare),
        ("rivals", rivals, bare),
        ("others", others, bare),
        ("all", every, bare),
        ("ablated", every, means),
    ):
        edit = heads.replaced_by(outputs, some)
        usual, shown, _ = answer_bits(model, tested, edit)
        without[words] = [float(usual.mean()), float(shown.mean())]
    return {
        "outcomes": outcomes,
        "chosen": chosen,
        "effects": effects,
        "rivals": [str(head) for head in rivals],
        "without": without,
        "n_sides": list(n_on_sides(chosen["ablated"], effects["ablated"])),
    }


def effects_of_heads(model: Transformer, context: Conflict) -> dict[str, list[Effect]]:
    """Of each head, ablated and patched: extra bits without it, of the usual and of the shown symbol."""
    base = answer_bits(model, context)
    effects: dict[str, list[Effect]] = {}
    ways = {
        "ablated": heads.mean_outputs(model, context.tokens),
        "patched": heads.seen_in(model, context.without).outputs,
    }
    for words, outputs in ways.items():
        effects[words] = []
        for head in _heads(outputs):
            edit = heads.replaced_by(outputs, [head])
            usual, shown, _ = answer_bits(model, context, edit)
            effects[words].append(
                [list(mean_interval(usual - base[0])), list(mean_interval(shown - base[1]))]
            )
    return effects


def _heads(outputs: Sequence[Tensor]) -> list[Head]:
    return [Head(layer, number) for layer in range(len(outputs)) for number in range(outputs[0].shape[2])]


def n_on_sides(chosen: Sequence[Effect], tested: Sequence[Effect]) -> tuple[int, int]:
    """Heads that work for the shown symbol and against the usual one on both halves, and the other way."""
    pairs = list(zip(chosen, tested, strict=True))
    return (
        sum(is_rival(one) and is_rival(other) for one, other in pairs),
        sum(is_rival(one[::-1]) and is_rival(other[::-1]) for one, other in pairs),
    )


@torch.no_grad()
def answer_bits(
    model: Transformer, context: Conflict, edit: Edit | None = None
) -> tuple[Array, Array, NDArray[np.int64]]:
    """After each context: bits of the usual symbol, of the shown one, and the first guess; (B,) each."""
    logs = F.log_softmax(model(context.tokens, edit=edit)[:, -1].double(), dim=-1)
    lengths_bits = -nats_to_bits(1.0) * np.asarray(logs)
    rows = np.arange(len(lengths_bits))
    return lengths_bits[rows, context.usual], lengths_bits[rows, context.shown], lengths_bits.argmin(axis=1)


def is_rival(effect: Effect) -> bool:
    """Whether a head works for the shown symbol and against the usual one, both with 95 % confidence."""
    (_, _, usual_high), (_, shown_low, _) = effect
    return shown_low > 0 and usual_high < 0


def first_won(steps: Sequence[float], usual: Sequence[float], shown: Sequence[float]) -> float | None:
    """The step from which on the shown symbol costs less than the usual one at every look; None for never."""
    won = None
    for step, one, other in zip(steps, usual, shown, strict=True):
        if other >= one:
            won = None
        elif won is None:
            won = step
    return won


def judge(rows: Sequence[Row], most: int) -> tuple[Verdict, str]:
    """The claim in five parts, each of which must hold in every run; the last two are about heads.

    In part: the context wins over what is usual as the evidence grows, and one part about heads holds.
    """
    n = len(rows)
    by_evidence = [
        row["usual"][-1][0] < row["shown"][-1][0] and row["usual"][-1][-1] > row["shown"][-1][-1]
        for row in rows
    ]
    wins = [_won_at(row, most) for row in rows]
    # at step 0 nothing is known yet, and either answer may cost less by chance
    by_training = [won is not None and won > row["steps"][1] for won, row in zip(wins, rows, strict=True)]
    outputs = [float(np.mean([outcome["is_output"] for outcome in row["outcomes"]])) for row in rows]
    is_output = [share > 0.5 for share in outputs]
    by_heads = [bool(row["rivals"]) and _turned_by_rivals_alone(row["without"]) for row in rows]
    has_other_side = [row["n_sides"][1] > 0 for row in rows]
    parts = (by_evidence, by_training, is_output, by_heads, has_other_side)
    if all(map(all, parts)):
        verdict = Verdict.HOLDS
    elif all(by_evidence) and (all(by_heads) or all(has_other_side)):
        verdict = Verdict.IN_PART
    else:
        verdict = Verdict.FAILS
    steps = [f"{won:g}" for won in wins if won is not None]
    sides = np.mean([row["n_sides"] for row in rows], axis=0)
    return verdict, (
        f"what is usual wins without evidence, and what the context shows after {most} times, in "
        f"{sum(by_evidence)} of {n} runs; against {most} times the usual still wins early in training and "
        f"loses later, in {sum(by_training)} of {n} (from step {', '.join(steps) or 'never'}); the winner of "
        f"the two is the network's first guess in {np.mean(outputs):.0%} of contexts, in more than half in "
        f"{sum(is_output)} of {n}. With the evidence taken only from the heads that, on other contexts, work "
        f"for the shown symbol and against the usual, the usual wins again, and does not with it taken from "
        f"all others, in {sum(by_heads)} of {n}. Of single heads ablated, {sides[0]:.1f} a run work for the "
        f"shown symbol and against the usual (95 % on both halves of the contexts); some work the other way "
        f"in {sum(has_other_side)} of {n}"
    )


def _turned_by_rivals_alone(without: dict[str, list[float]]) -> bool:
    """Whether the shown symbol wins, the usual one without the rivals, the shown one without all others."""
    usual_wins = {words: usual < shown for words, (usual, shown) in without.items()}
    return usual_wins["rivals"] and not usual_wins["none"] and not usual_wins["others"]


def _won_at(row: Row, k: int) -> float | None:
    return first_won(row["steps"], [bits[k] for bits in row["usual"]], [bits[k] for bits in row["shown"]])


def _quantities(rows: Sequence[Row], most: int) -> list[Quantity]:
    quantities = []
    for k in range(most + 1):
        for i, words in enumerate(("usual", "shown")):
            bits, bayes = [row[words][-1][k] for row in rows], rows[0]["bayes"][k][i]
            name, source = f"{words} symbol, shown otherwise {k} times", "Bayes' rule, closed form"
            quantities.append(mean_quantity(name, "bits", bits, published=bayes, source=source))
        shares = [row["outcomes"][k]["shown_wins"] for row in rows]
        quantities.append(
            mean_quantity(f"contexts in which the shown symbol wins, {k} times", "share", shares)
        )
    for k in range(1, most + 1):
        wins = [won for row in rows if (won := _won_at(row, k)) is not None]
        note = f"in {len(wins)} of {len(rows)} runs"
        name = f"step from which the shown symbol wins, {k} times"
        quantities.append(
            mean_quantity(name, "steps", wins, note=note) if wins else Quantity(name, "steps", note=note)
        )
    quantities.append(
        mean_quantity("winner of the two is the first guess", "share",
                      [float(np.mean([outcome["is_output"] for outcome in row["outcomes"]])) for row in rows])
    )  # fmt: skip
    names = {"rivals": f"evidence of {most} times taken from the heads for the shown symbol",
             "others": f"evidence of {most} times taken from all other heads",
             "all": f"evidence of {most} times taken from all heads",
             "ablated": "all heads ablated"}  # fmt: skip
    for key, words in names.items():
        for i, answer in enumerate(("usual", "shown")):
            bits = [row["without"][key][i] for row in rows]
            quantities.append(mean_quantity(f"{answer} symbol, {words}", "bits", bits))
    for i, words in enumerate(("shown and against the usual", "usual and against the shown")):
        counts = [float(row["n_sides"][i]) for row in rows]
        note = f"of {len(rows[0]['effects']['ablated'])}, each ablated alone; 95 % on both halves"
        quantities.append(
            mean_quantity(f"heads that work for the {words} symbol", "heads", counts, note=note)
        )
    for number, row in enumerate(rows):
        for words in ("ablated", "patched"):
            quantities += _of_heads(number, words, row)
    return quantities


def _of_heads(number: int, words: str, row: Row) -> list[Quantity]:
    """The head of a run that does most for either answer: extra bits of that answer without it.

    It is chosen on one half of the contexts, and its figures are those of the other.
    """
    quantities = []
    chosen, effects = row["chosen"][words], row["effects"][words]
    n_heads = len(effects) // 2
    for i, answer in enumerate(("usual", "shown")):
        best = max(range(len(chosen)), key=lambda j: float(chosen[j][i][0]))
        mean, low, high = effects[best][i]
        head = Head(best // n_heads, best % n_heads)
        note = (
            f"{effects[best][1 - i][0]:+.2f} bits for the other; rivals: {', '.join(row['rivals']) or 'none'}"
        )
        name = f"run {number + 1}: head {head}, most for the {answer} symbol, {words}"
        quantities.append(Quantity(name, "bits", mean, low, high, note=note))
    return quantities


def _evidence_panel(rows: Sequence[Row]) -> Panel:
    n = len(rows[0]["bayes"])
    x = tuple(float(k) for k in range(n))
    series = []
    for i, words in enumerate(("usual", "shown")):
        series.append(Series(f"{words} symbol", x, floats(np.mean([row[words][-1] for row in rows], axis=0))))
        bayes = [pair[i] for pair in rows[0]["bayes"]]
        series.append(
            Series(f"{words}, by Bayes' rule (cut at 10)", x, floats(np.minimum(bayes, 10)), "dashes")
        )
    ticks = tuple(str(k) for k in range(n))
    title, shown = "Who wins as the evidence grows", "times that the context shows it"
    return Panel(title, shown, "bits", tuple(series), x_ticks=ticks)


def _training_panel(rows: Sequence[Row]) -> Panel:
    margins = np.mean([np.array(row["usual"]) - np.array(row["shown"]) for row in rows], axis=0)  # (looks, k)
    x = floats(rows[0]["steps"])
    series = [Series(f"shown {k} times", x, floats(margins[:, k])) for k in range(margins.shape[1])]
    title = "Who wins as training goes on (above 0: the shown)"
    return Panel(title, "training steps", "bits of usual less shown", tuple(series))


def _heads_panel(rows: Sequence[Row], words: str) -> Panel:
    series = []
    for layer, name in enumerate(("first layer", "second layer")):
        effects = [row["effects"][words] for row in rows]
        some = [e for run in effects for e in run[layer * len(run) // 2 : (layer + 1) * len(run) // 2]]
        x, y = [e[1][0] for e in some], [e[0][0] for e in some]
        series.append(Series(name, floats(x), floats(y), "points"))
    title = {"ablated": "Each head ablated", "patched": "The evidence taken from each head"}[words]
    return Panel(title, "extra bits of the shown symbol", "extra bits of the usual symbol", tuple(series))
