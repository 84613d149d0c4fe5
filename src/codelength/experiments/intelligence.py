"""Benchmark scores fall linearly with bits per character.

The line is fitted again to the published table, area by area, with an interval from resampled models; then to
the scores of another area, where the text that was measured is of the wrong kind; and, with --data, to tables
or result files of your own, such as a model's checkpoints.

Source: Y. Huang, J. Zhang, Z. Shan and J. He, "Compression represents intelligence linearly", COLM 2024.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from codelength.experiments.parts.repeats import middle
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import MissingInputError, Task
from codelength.measure.fits import Fit, Point, fit
from codelength.measure.scores import Score, huang2024, read_scores

__all__ = ["areas_of", "run", "wrong_area"]

_PUBLISHED = {"knowledge": (-0.935, 0.019), "coding": (-0.937, 0.040), "mathematics": (-0.953, 0.031)}
_SOURCE = "Huang et al. 2024"


def run(task: Task) -> Result:
    """Fit, resample, and look where the line breaks."""
    n_resamples = task.pick(100, 1000, 10000)
    published = {area: _points(scores) for area, scores in areas_of(huang2024()).items()}
    own = {} if task.data is None else {a: _points(s) for a, s in areas_of(_read(task.data)).items()}
    own = {area: points for area, points in own.items() if sum(p.is_fitted for p in points) >= 4}
    if task.data is not None and not own:
        raise MissingInputError(f"{task.data} has no four models with a rate and a score")
    crossed = wrong_area(published)
    task.n_parts = len(published) + len(own) + len(crossed)
    quantities: list[Quantity] = []
    all_hold, shown = [], {}
    for area, points in published.items():
        line, row = fit(points), task.once(area, partial(_interval, points, n_resamples, task))
        shown[area] = line
        r, rmse = _PUBLISHED[area]
        quantities += [
            _between(f"{area}: Pearson r", "correlation", line.pearson_r, row["r"], r),
            _between(f"{area}: RMSE", "share of 1", line.rmse, row["rmse"], rmse),
            Quantity(f"{area}: RMSE, each model left out", "share of 1", line.rmse_left_out),
            _between(f"{area}: slope", "score a bit", line.slope, row["slope"]),
        ]
        all_hold.append(
            abs(line.pearson_r - r) < 0.002 and abs(line.rmse - rmse) < 0.001 and row["r"][1] < -0.8
        )
    for (area, other), points in crossed.items():
        line = fit(points)
        row = task.once(f"{area} by {other}", partial(_interval, points, n_resamples, task))
        name = f"{area} scores by bits of {other} text: Pearson r"
        quantities.append(_between(name, "correlation", line.pearson_r, row["r"], note=_n(points)))
    broken = []
    for area, points in own.items():
        line, row = fit(points), task.once(f"own {area}", partial(_interval, points, n_resamples, task))
        name = f"own, {area}: Pearson r"
        quantities.append(_between(name, "correlation", line.pearson_r, row["r"], note=_n(points)))
        quantities.append(Quantity(f"own, {area}: Spearman r", "correlation", line.rank_r))
        if row["r"][1] > -0.8:
            broken.append(area)
        if area in broken[:3] or len(own) <= 3:
            shown[f"own: {area}"] = line
    verdict = (
        Verdict.HOLDS if all(all_hold) and not broken else Verdict.IN_PART if any(all_hold) else Verdict.FAILS
    )
    words = (
        f"; in the data given it breaks (r may be above -0.8) for {len(broken)} of {len(own)}" if own else ""
    )
    return Result(
        task.name,
        "benchmark scores fall linearly with bits per character",
        "Huang et al. 2024",
        verdict,
        f"refitted to the published points, {sum(all_hold)} of {len(all_hold)} areas give the published r "
        f"and RMSE, with the 95 % interval of r below -0.8{words}",
        tuple(quantities),
        tuple(_panel(area, line) for area, line in shown.items()),
        facts={"n_resamples": n_resamples, "own": None if task.data is None else task.data.name},
    )


def areas_of(scores: Sequence[Score]) -> dict[str, list[Score]]:
    """Scores that have a rate, by area."""
    areas: dict[str, list[Score]] = {}
    for score in scores:
        if score.rate is not None:
            areas.setdefault(score.area or "scores", []).append(score)
    return areas


def wrong_area(areas: Mapping[str, Sequence[Point]]) -> dict[tuple[str, str], list[Point]]:
    """Scores of one area beside rates of another, over the models that both have; at least four of them."""
    crossed = {}
    for area, points in areas.items():
        for other, others in areas.items():
            rates = {point.name: point.rate for point in others}
            mixed = [Point(p.name, rates[p.name], p.score) for p in points if p.name in rates]
            if area != other and len(mixed) >= 4:
                crossed[area, other] = mixed
    return crossed


def _read(path: Path) -> list[Score]:
    """Scores as `measure.scores` reads them, or a table with one rate and many columns that end in _acc."""
    try:
        return read_scores([path])
    except (OSError, ValueError) as error:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
            scores = _wide([line for line in lines if not line.startswith("#")])
        except (OSError, ValueError):
            scores = []
        if not scores:
            raise MissingInputError(str(error)) from None
        return scores


def _wide(lines: Sequence[str]) -> list[Score]:
    scores = []
    for row in csv.DictReader(lines):
        rate = next((row[name] for name in ("bits_per_byte", "bpb", "bpc") if row.get(name)), None)
        name = " ".join(row[key] for key in ("model", "shots", "step") if row.get(key))
        area = f" {row['shots']}" if row.get("shots") else ""
        for column, value in row.items():
            if rate and column and column.endswith("_acc") and value:
                scores.append(Score(column.removesuffix("_acc") + area, name, float(value), float(rate)))
    return scores


def _points(scores: Sequence[Score]) -> list[Point]:
    return [Point(s.model, s.rate, s.score, s.is_fitted) for s in scores if s.rate is not None]


def _interval(points: Sequence[Point], n_resamples: int, task: Task) -> dict[str, Any]:
    """95 % intervals over resampled models."""
    used = [point for point in points if point.is_fitted]
    random, found = task.random(), []
    for _ in range(n_resamples):
        drawn = [used[i] for i in random.integers(0, len(used), len(used)).tolist()]
        try:
            found.append(fit(drawn))
        except ValueError:  # all the same model
            continue
    return {
        "r": middle([line.pearson_r for line in found]),
        "rmse": middle([line.rmse for line in found]),
        "slope": middle([line.slope for line in found]),
    }


def _between(
    name: str,
    unit: str,
    value: float,
    interval: Sequence[float],
    published: float | None = None,
    note: str = "",
) -> Quantity:
    low, high = interval
    source = "" if published is None else _SOURCE
    return Quantity(name, unit, value, low, high, published, source, note)


def _n(points: Sequence[Point]) -> str:
    return f"{len(points)} models"


def _panel(area: str, line: Fit) -> Panel:
    fitted = [p for p in line.points if p.is_fitted]
    others = [p for p in line.points if not p.is_fitted]
    ends = (min(p.rate for p in line.points), max(p.rate for p in line.points))
    series = [Series("models", tuple(p.rate for p in fitted), tuple(p.score for p in fitted), "points")]
    if others:
        rates, scores = tuple(p.rate for p in others), tuple(p.score for p in others)
        series.append(Series("not fitted", rates, scores, "points"))
    series.append(Series("line", ends, tuple(line.predict(rate) for rate in ends), "dashes"))
    return Panel(f"{area}: r = {line.pearson_r:.3f}", "bits a character or byte", "score", tuple(series))
