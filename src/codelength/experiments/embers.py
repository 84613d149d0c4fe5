"""Tasks whose answers are improbable are harder, even when they are deterministic.

The stimuli of the paper pose one task (words in reverse order, Pig Latin, rot-13) with answers that are
common sentences, rarer ones, and unlikely ones. The answer follows from the question; a model of text pays
for it all the same, and the less likely the sentence, the more. Counted: the bits of the answer alone, after
the question, and whether the model's own best guess, byte by byte, would be the answer.

Source: R. T. McCoy et al., "Embers of autoregression", 2023; stimuli from the paper's repository.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import MissingInputError, Task
from codelength.measure import meters
from codelength.measure.intervals import difference_interval
from codelength.predictors.causal_lm.settings import PREFIX

__all__ = ["answer_bits", "run"]

_TASKS = ("rot13dec", "revdec", "pigdec_ay", "pigdec_uv")
_CONDITIONS = ("highprob", "mediumprob", "lowprob")
_PUBLISHED = {"highprob": 0.51, "lowprob": 0.13}
"""Accuracy of GPT-4 at decoding rot-13: the abstract of the paper."""


def run(task: Task) -> Result:
    """Measure the answers of each task and condition under each predictor."""
    if task.data is None or not task.data.is_dir():
        raise MissingInputError(
            "embers needs the paper's stimuli: --data FOLDER with rot13dec_highprob.jsonl ..."
        )
    n = task.pick(3, 40, 1000)
    files = {
        (name, condition): _read(path, n)
        for name in _TASKS
        for condition in _CONDITIONS
        if (path := task.data / f"{name}_{condition}.jsonl").exists()
    }
    names = [name for name in _TASKS if {(name, "highprob"), (name, "lowprob")} <= set(files)]
    if not names:
        raise MissingInputError(f"{task.data} holds no TASK_highprob.jsonl with its TASK_lowprob.jsonl")
    predictors = task.predictors or (("kt:2",) if task.size == "tiny" else ("network", "kt:3"))
    task.n_parts = len(predictors) * len(files)
    quantities, series, signs, best = [], [], [], 0.0
    for predictor in predictors:
        found = {
            key: task.once(f"{predictor}: {' '.join(key)}", partial(_measure, predictor, rows))
            for key, rows in files.items()
        }
        for (name, condition), rows in found.items():
            rate = sum(r["bits"] for r in rows) / sum(r["n_bytes"] for r in rows)
            share = sum(r["is_right"] for r in rows) / len(rows)
            best = max(best, share)
            label = f"{predictor}, {name}, {condition}"
            quantities.append(Quantity(f"{label}: answer", "bits/byte", rate))
            published = _PUBLISHED.get(condition) if name == "rot13dec" else None
            source = "GPT-4, McCoy et al. 2023" if published else ""
            quantities.append(Quantity(f"{label}: exact", "share", share, published=published, source=source))
        for name in names:
            difference, low, high = _compare(found[name, "lowprob"], found[name, "highprob"], task.seed)
            label = f"{predictor}, {name}: improbable less probable"
            quantities.append(Quantity(label, "bits an answer", difference, low, high))
            if not _is_control(predictor):
                signs.append(low is not None and low > 0)
        places = [(i, c) for i, c in enumerate(_CONDITIONS) if all((name, c) in found for name in names)]
        for name in names:
            rates = [_rate(found[name, c]) for _, c in places]
            series.append(Series(f"{predictor}, {name}", tuple(float(i) for i, _ in places), tuple(rates)))
    is_all = bool(signs) and all(signs)
    return Result(
        task.name,
        "tasks whose answers are improbable are harder, even when deterministic",
        "McCoy et al. 2023",
        Verdict.IN_PART
        if any(signs) and (best < 0.05 or not is_all)
        else Verdict.HOLDS
        if is_all
        else Verdict.FAILS,
        f"improbable answers cost more bits than probable ones, 95 % interval above 0, in {sum(signs)} "
        f"of {len(signs)} tasks of predictors that know language"
        + (
            f"; the best share of exact answers is {best:.0%}, so accuracy says nothing here"
            if best < 0.05
            else ""
        ),
        tuple(quantities),
        (
            Panel(
                "Cost of the answer",
                "probability of the answer",
                "bits a byte",
                tuple(series),
                x_ticks=_CONDITIONS,
            ),
        ),
        facts={"n_stimuli": n, "files": sorted("_".join(key) for key in files)},
    )


def _is_control(predictor: str) -> bool:
    """Whether it knows no language before it reads the question, and so cannot tell sentences apart."""
    return predictor.partition(":")[0] in ("kt", "ctw", "uniform")


def answer_bits(meter: meters.Meter, question: str, answer: str) -> dict[str, Any]:
    """Bits of the answer after the question and a space, and whether each of its symbols is the best guess.

    A token that holds bytes of both counts for the answer with its share of bytes.
    """
    head, tail = f"{question} ".encode(), answer.encode()
    lengths = meter.measure(head + tail).lengths
    assert lengths is not None
    [symbols] = lengths
    ranks = symbols.ranks
    is_right = ranks is not None and not ranks[symbols.ends > len(head)].any()
    bits = float(symbols.per_byte()[len(head) :].sum())
    return {"bits": bits, "n_bytes": len(tail), "is_right": bool(is_right)}


def _measure(predictor: str, rows: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    meter = meters.get(predictor)
    if not meter.has_symbols:
        raise MissingInputError(f"{predictor} does not say what the answer alone costs")
    return [_with_guess(predictor, meter, *row) for row in rows]


def _with_guess(predictor: str, meter: meters.Meter, question: str, answer: str) -> dict[str, Any]:
    """As `answer_bits`; of predictors of bytes the best guesses are found as well."""
    row = answer_bits(meter, question, answer)
    if not predictor.startswith(PREFIX):
        from codelength.predictors import registry
        from codelength.predictors.forecasts import forecast

        head, tail = f"{question} ".encode(), answer.encode()
        ranks = forecast(head + tail, registry.get_bytewise(predictor), n_guesses=0).ranks
        assert ranks is not None
        row["is_right"] = not bool(ranks[len(head) :].any())
    return row


def _read(path: Path, n: int) -> list[tuple[str, str]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:n]]
        found = [(str(row["instruction_plus_input"]), str(row["correct_output"])) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise MissingInputError(f"{path} holds no stimuli: {error!r}") from None
    if not found:
        raise MissingInputError(f"{path} is empty")
    return found


def _rate(rows: Sequence[dict[str, Any]]) -> float:
    return float(sum(r["bits"] for r in rows) / sum(r["n_bytes"] for r in rows))


def _compare(
    one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]], seed: int
) -> tuple[float, float | None, float | None]:
    """Mean difference of bits an answer, paired as the stimuli are, and its interval."""
    n = min(len(one), len(other))
    ones, others = [r["bits"] for r in one[:n]], [r["bits"] for r in other[:n]]
    interval = difference_interval(ones, others, [1] * n, seed=seed)
    mean = (sum(ones) - sum(others)) / n
    return mean, interval.low if interval else None, interval.high if interval else None
