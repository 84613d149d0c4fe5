"""How sure a rate is: the bootstrap over documents.

The rate of a corpus is all bits over all bytes. Documents are drawn with replacement, as many as there are,
and the rate is taken again, many times; the interval holds the middle share of those rates (percentiles).
Documents, not bytes or chunks, are drawn, as what stands in one document hangs together. The same documents
and the same seed give the same interval. It says how the rate would vary with other documents of the same
kind, and nothing about another kind.

Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "difference_interval", "rate_interval"]

N_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a rate lies, in bits per byte."""

    low: float
    high: float
    level: float = 0.95
    """Share of the resampled rates that lies inside."""
    n_resamples: int = N_RESAMPLES
    seed: int = 0


def rate_interval(
    lengths_bits: Sequence[float],
    n_bytes: Sequence[int],
    *,
    level: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """Interval of Σ bits / Σ bytes over documents; None with fewer than two documents that have bytes.

    Raises ValueError if the two have different lengths, or for a level outside 0..1.
    """
    if len(lengths_bits) != len(n_bytes):
        raise ValueError(f"{len(lengths_bits)} lengths do not fit {len(n_bytes)} sizes")
    if not 0.0 < level < 1.0 or n_resamples < 1:
        raise ValueError("level should be between 0 and 1, n_resamples at least 1")
    sizes = np.asarray(n_bytes, np.float64)
    bits = np.asarray(lengths_bits, np.float64)[sizes > 0]
    sizes = sizes[sizes > 0]
    if len(sizes) < 2 or not bool(np.all(np.isfinite(bits))):
        return None
    rates = _resampled_rates(bits, sizes, n_resamples, seed)
    tail = (1.0 - level) / 2.0
    low, high = (float(value) for value in np.quantile(rates, [tail, 1.0 - tail]))
    return Interval(low, high, level, n_resamples, seed)


def difference_interval(
    one_bits: Sequence[float],
    other_bits: Sequence[float],
    n_bytes: Sequence[int],
    *,
    level: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """Interval of (Σ one - Σ other) / Σ bytes, where document i is the same under both: a paired comparison.

    What makes a document hard for both cancels, so that this is much narrower than two intervals.
    A difference whose interval does not hold 0 is one that other documents would show too.
    """
    if len(one_bits) != len(other_bits):
        raise ValueError(f"{len(one_bits)} lengths do not pair with {len(other_bits)}")
    differences = [a - b for a, b in zip(one_bits, other_bits, strict=True)]
    return rate_interval(differences, n_bytes, level=level, n_resamples=n_resamples, seed=seed)


def _resampled_rates(
    bits: NDArray[np.float64], sizes: NDArray[np.float64], n_resamples: int, seed: int
) -> NDArray[np.float64]:
    """Rates of resampled corpora, float64 (n_resamples,)."""
    draw = np.random.Generator(np.random.PCG64(seed))
    rates = np.empty(n_resamples)
    for i in range(n_resamples):
        chosen = draw.integers(0, len(sizes), len(sizes))
        rates[i] = bits[chosen].sum() / sizes[chosen].sum()
    return rates
