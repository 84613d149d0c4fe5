"""One document and what it costs under some predictors: what the terminal and the page show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codelength.predictors.lengths import SymbolLengths
from codelength.report.rivals import Rival

__all__ = ["Column", "Exhibit", "in_context", "running_bytes", "share_of_half"]

_N_BINS = 512  # of log position, before smoothing
_N_SAMPLES = 80  # of the smooth curve
_WIDTH = 0.25
"""Standard deviation of the smoothing, in natural logarithms of the position: about a quarter of it."""


@dataclass(frozen=True, slots=True)
class Column:
    """The document under one predictor."""

    name: str
    lengths: SymbolLengths


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A document, its columns, and the compressors beside them.

    Raises ValueError for an empty document, without columns, or if a column is of another document.
    """

    name: str
    """The file's, as it is to be shown; not yet escaped."""
    data: bytes
    columns: Sequence[Column]
    points_bytes: NDArray[np.int64]
    """Lengths of the prefixes that running totals are given for; the last is that of the document."""
    rivals: Sequence[Rival] = ()
    as_hex: bool = False
    """Whether bytes are shown first, and not text."""
    facts: dict[str, object] = field(default_factory=dict)
    """How this was made: versions, hashes, the command."""

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("an empty document has nothing to show")
        if not self.columns:
            raise ValueError("at least one predictor is needed")
        for column in self.columns:
            if column.lengths.n_bytes != len(self.data):
                raise ValueError(
                    f"{column.name} is about {column.lengths.n_bytes} bytes, not {len(self.data)}"
                )


def running_bytes(lengths: SymbolLengths, points_bytes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Bytes (bits / 8) that the prefixes cost, float64 (number of points,); cut symbols count in part."""
    return np.concatenate(([0.0], np.cumsum(lengths.per_byte())))[points_bytes] / 8


def share_of_half(lengths: SymbolLengths) -> float:
    """The smallest share of the symbols that together cost half of all bits; 0 if nothing costs any."""
    if not lengths.length_bits:
        return 0.0
    falling = np.cumsum(np.sort(lengths.lengths_bits)[::-1])
    return (int(np.searchsorted(falling, falling[-1] / 2)) + 1) / len(falling)


def in_context(lengths: SymbolLengths) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bits per byte by position: the in-context learning curve of one document.

    Returns positions in bytes, counted from 1 and evenly spaced in their logarithm, and the rate there, both
    float64 (at most 80,): the mean over bytes near by, with a weight that is Gaussian in the logarithm of the
    position and in total the same for each stretch of it.
    """
    per_byte = lengths.per_byte()
    position = np.arange(1, len(per_byte) + 1, dtype=np.float64)
    span = float(np.log(position[-1]))
    bins = np.minimum((np.log(position) * (_N_BINS / span)).astype(np.int64), _N_BINS - 1) if span else None
    if bins is None:
        return position, per_byte
    n_in_bin = np.bincount(bins, minlength=_N_BINS)
    used = n_in_bin > 0
    means = np.bincount(bins, per_byte, _N_BINS)[used] / n_in_bin[used]
    centres = np.bincount(bins, np.log(position), _N_BINS)[used] / n_in_bin[used]
    samples = np.linspace(0.0, span, min(_N_SAMPLES, len(per_byte)))
    weights = np.exp(-0.5 * ((samples[:, None] - centres[None, :]) / _WIDTH) ** 2)
    # Where bins hold several bytes they are steady; where several bins lie under one byte, one counts.
    return np.exp(samples), weights @ means / weights.sum(axis=1)
