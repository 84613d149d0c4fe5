"""The mean of a few repeated runs, and how sure it is; the middle of many resampled values.

Sources: Student (W. S. Gosset), "The probable error of a mean", 1908; B. Efron and R. Tibshirani, "An
introduction to the bootstrap", 1993, chapter 13 (percentiles).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.experiments.result import Quantity
from codelength.measure.extras import need

__all__ = ["mean_interval", "mean_quantity", "middle"]


def mean_interval(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean, and where the mean of endlessly many runs lies with 95 % confidence; nan for a single run."""
    array = np.asarray(values, np.float64)
    mean, n = float(array.mean()), len(array)
    if n < 2:
        return mean, math.nan, math.nan
    quantile = float(need("scipy.special", "lab", "an interval of repeated runs").stdtrit(n - 1, 0.975))
    half = quantile * float(array.std(ddof=1)) / math.sqrt(n)
    return mean, mean - half, mean + half


def mean_quantity(
    name: str, unit: str, values: Sequence[float] | NDArray[np.float64], **more: Any
) -> Quantity:
    """The mean with its interval, none for a single run; that of a share lies between 0 and 1."""
    mean, low, high = mean_interval(values)
    if math.isnan(low):
        return Quantity(name, unit, mean, **more)
    if unit == "share":
        low, high = max(0.0, low), min(1.0, high)
    return Quantity(name, unit, mean, low, high, **more)


def middle(resampled: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Where the middle 95 % of resampled values lie."""
    low, high = np.quantile(resampled, [0.025, 0.975]).tolist()
    return low, high
