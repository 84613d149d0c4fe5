"""Straight lines through points: does a better code length go with a better score?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Fit", "Point", "fit"]


@dataclass(frozen=True, slots=True)
class Point:
    """A model: what it costs and how it scores."""

    name: str
    rate: float
    """Bits per byte or per character."""
    score: float
    """As a share of 1, so that errors are too."""
    is_fitted: bool = True
    """False: shown beside the line but not part of it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """score ≈ intercept + slope · rate, by least squares over the fitted points."""

    points: tuple[Point, ...]
    slope: float
    intercept: float
    pearson_r: float
    rmse: float
    """Root of the mean squared error of the fitted points themselves, divided by their number."""
    rmse_left_out: float
    """The same where each point is predicted by the line through the others (leave one out)."""
    rank_r: float
    """Spearman's correlation: Pearson's of the ranks."""

    def predict(self, rate: float) -> float:
        """Score on the line."""
        return self.intercept + self.slope * rate


def fit(points: Sequence[Point]) -> Fit:
    """The line through the fitted points.

    Raises ValueError with fewer than three of them, or if all rates or all scores are the same.
    """
    used = [point for point in points if point.is_fitted]
    if len(used) < 3:
        raise ValueError(f"a line with an error wants at least 3 points, not {len(used)}")
    x, y = [point.rate for point in used], [point.score for point in used]
    n = len(used)
    mean_x, mean_y = math.fsum(x) / n, math.fsum(y) / n
    sxx = math.fsum((a - mean_x) ** 2 for a in x)
    syy = math.fsum((b - mean_y) ** 2 for b in y)
    if sxx == 0.0 or syy == 0.0:
        raise ValueError("all points have the same rate or the same score: there is no line through them")
    slope = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sxx
    intercept = mean_y - slope * mean_x
    errors = [b - intercept - slope * a for a, b in zip(x, y, strict=True)]
    # An error without the point itself is the error divided by 1 - leverage: no need to fit n lines.
    free = [1.0 - 1.0 / n - (a - mean_x) ** 2 / sxx for a in x]
    left_out = [e / f if f > 1e-12 else math.inf for e, f in zip(errors, free, strict=True)]
    return Fit(
        tuple(points),
        slope,
        intercept,
        _pearson(x, y),
        math.sqrt(math.fsum(e * e for e in errors) / n),
        math.sqrt(math.fsum(e * e for e in left_out) / n),
        _pearson(_ranks(x), _ranks(y)),
    )


def _pearson(x: Sequence[float], y: Sequence[float]) -> float:
    n = len(x)
    mean_x, mean_y = math.fsum(x) / n, math.fsum(y) / n
    sxy = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    sxx = math.fsum((a - mean_x) ** 2 for a in x)
    syy = math.fsum((b - mean_y) ** 2 for b in y)
    return sxy / math.sqrt(sxx * syy)


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    ordered = sorted(values)
    first = {value: i for i, value in reversed(list(enumerate(ordered)))}
    return [first[value] + (ordered.count(value) + 1) / 2 for value in values]
