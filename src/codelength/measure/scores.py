"""Benchmark scores of models, from tables and from result files of lm-evaluation-harness."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

__all__ = ["Score", "published", "read_scores"]

_NAMES = ("model", "predictor", "name")
_SCORES = ("score", "avg_score", "average", "accuracy", "acc")
_RATES = ("bpc", "bpb", "bits_per_byte", "bits_per_character", "rate")
_AREAS = ("area", "task", "domain")
_METRICS = ("acc_norm", "acc", "exact_match", "pass@1", "f1")
"""What stands for a task of lm-evaluation-harness, the first that it has."""


@dataclass(frozen=True, slots=True)
class Score:
    """One model in one area."""

    area: str
    model: str
    score: float
    """As a share of 1."""
    rate: float | None = None
    """Bits per byte or character, where the table has them."""
    is_fitted: bool = True


def read_scores(paths: Sequence[str | os.PathLike[str]]) -> list[Score]:
    """The scores in some files.

    CSV with a column for the model ("model", "predictor" or "name") and one for its score ("score",
    "avg_score", ...), and perhaps for the area, the rate ("bpc", "bpb", ...) and whether the point is fitted
    ("fitted", 0 or 1); lines that begin with # are comments. Scores above 1 mean per cent, for the whole
    file. Or JSON as lm-evaluation-harness writes it: each task is an area, groups are left out if their tasks
    are there, and the mean over tasks is the area "mean".

    Raises OSError, and ValueError for a file that is neither.
    """
    scores: list[Score] = []
    for path in paths:
        text = Path(path).read_text(encoding="utf-8-sig")
        try:
            scores += _from_json(json.loads(text), path) if text.lstrip().startswith("{") else _from_csv(text)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, csv.Error) as error:
            raise ValueError(f"{os.fspath(path)} holds no scores: {error}") from None
    return scores


def published(name: str, package: str = "codelength.measure") -> list[dict[str, str]]:
    """The rows of a table that comes with a package, NAME.csv in its folder `published`."""
    text = files(package).joinpath("published", f"{name}.csv").read_text(encoding="utf-8")
    return _rows(text)


def huang2024() -> list[Score]:
    """Average scores and bits per character of Huang et al. 2024, by area."""
    return [_score(row, is_percent=True) for row in published("huang2024")]


def _rows(text: str) -> list[dict[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return list(csv.DictReader(lines))


def _from_csv(text: str) -> list[Score]:
    rows = _rows(text)
    if not rows:
        raise ValueError("it has no rows")
    _column(rows[0], _NAMES, "a model")
    column = _column(rows[0], _SCORES, "a score")
    is_percent = any(abs(_number(row[column])) > 1.0 for row in rows)
    return [_score(row, is_percent) for row in rows]


def _score(row: Mapping[str, str], is_percent: bool) -> Score:
    rate = next((row[name] for name in _RATES if row.get(name)), None)
    return Score(
        next((row[name] for name in _AREAS if row.get(name)), ""),
        row[_column(row, _NAMES, "a model")],
        _number(row[_column(row, _SCORES, "a score")]) / (100.0 if is_percent else 1.0),
        None if rate is None else _number(rate),
        row.get("fitted", "1") != "0",
    )


def _column(row: Mapping[str, str], names: Sequence[str], what: str) -> str:
    for name in names:
        if row.get(name) is not None:
            return name
    raise ValueError(f"it has no column for {what} ({', '.join(names)})")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no number")
    return value


def _from_json(content: Mapping[str, Any], path: str | os.PathLike[str]) -> list[Score]:
    """Results of lm-evaluation-harness: {"results": {TASK: {"METRIC,FILTER": value}}, "model_name": ...}."""
    results = content["results"]
    config = content.get("config") or {}
    model = str(content.get("model_name") or _pretrained(config) or Path(path).stem)
    groups = content.get("group_subtasks") or {}
    scores = []
    for task, metrics in results.items():
        value = _metric(metrics)
        if value is not None and not set(groups.get(task, ())) & set(results):
            scores.append(Score(str(task), model, value))
    if not scores:
        raise ValueError(f"none of its tasks has one of {', '.join(_METRICS)}")
    mean = math.fsum(score.score for score in scores) / len(scores)
    return [*scores, Score("mean", model, mean)]


def _pretrained(config: Mapping[str, Any]) -> str | None:
    arguments = config.get("model_args")
    if isinstance(arguments, Mapping):
        found = arguments.get("pretrained")
        return str(found) if found else None
    for part in str(arguments or "").split(","):
        if part.startswith("pretrained="):
            return part.removeprefix("pretrained=")
    return None


def _metric(metrics: Mapping[str, Any]) -> float | None:
    for metric in _METRICS:
        for key, value in metrics.items():
            if key.partition(",")[0] == metric and isinstance(value, int | float) and math.isfinite(value):
                return float(value)
    return None
