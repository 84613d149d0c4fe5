"""Predictors that count: none at all (uniform), and each symbol after each context (Krichevsky-Trofimov)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codelength.predictors.protocol import check_symbol

__all__ = ["KT", "Uniform"]


class Uniform:
    """Knows nothing: every symbol has probability 1/A and costs log₂ A bits, a byte 8."""

    def __init__(self, alphabet_size: int = 256) -> None:
        """Raises ValueError unless 2 <= alphabet_size <= 256."""
        _check_alphabet_size(alphabet_size)
        self.alphabet_size = alphabet_size

    def distribution(self) -> NDArray[np.uint32]:
        """A ones, uint32 (A,)."""
        return np.ones(self.alphabet_size, dtype=np.uint32)

    def update(self, symbol: int) -> None:
        """Learns nothing."""
        check_symbol(symbol, self.alphabet_size)

    def reset(self) -> None:
        """There is nothing to forget."""


class KT:
    """Krichevsky and Trofimov's estimator in each context of the last `order` symbols.

        p(s | context) = (n_s + ½) / (n + A/2)      frequencies 2 n_s + 1, total 2n + A: exact integers

    where n_s counts how often s followed this context and n all that did. Before the first symbol the past
    is taken to be zeros.

    Length: on n symbols of a binary alphabet at order 0, at most ½ log₂ n + 1 bits more than the best
    constant probability chosen afterwards; no estimator does better by more than a constant on all data.
    Each context pays this price anew, which is why a high order needs much data.

    At most 2³¹ - A/2 symbols in one context; beyond that the total passes 2³² and the coder refuses it.

    Source: R. E. Krichevsky and V. K. Trofimov, "The performance of universal encoding", IEEE Trans. Inf.
    Theory 27, 1981.
    """

    # Most contexts see few symbols: a dictionary of those, where 256 counters each would fill the memory.
    _counts: dict[bytes, dict[int, int]]
    _context: bytes

    def __init__(self, order: int, alphabet_size: int = 256) -> None:
        """Raises ValueError if order < 0 or unless 2 <= alphabet_size <= 256."""
        if order < 0:
            raise ValueError(f"order must be >= 0, not {order}")
        _check_alphabet_size(alphabet_size)
        self.order = order
        self.alphabet_size = alphabet_size
        self.reset()

    def distribution(self) -> NDArray[np.uint32]:
        """Frequencies 2 n_s + 1, uint32 (A,)."""
        frequencies = np.ones(self.alphabet_size, dtype=np.uint32)
        for symbol, count in self._counts.get(self._context, {}).items():
            frequencies[symbol] = 2 * count + 1
        return frequencies

    def update(self, symbol: int) -> None:
        """Count the symbol in its context and move the context on by it."""
        check_symbol(symbol, self.alphabet_size)
        counts = self._counts.setdefault(self._context, {})
        counts[symbol] = counts.get(symbol, 0) + 1
        self._context = (self._context + bytes([symbol]))[1:]

    def reset(self) -> None:
        """All counts zero, a past of zeros."""
        self._counts = {}
        self._context = bytes(self.order)


def _check_alphabet_size(alphabet_size: int) -> None:
    if not 2 <= alphabet_size <= 256:
        raise ValueError(f"alphabet_size must be in 2..256, not {alphabet_size}")
