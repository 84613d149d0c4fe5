"""What each symbol of one document costs, whatever the symbols are: bytes, tokens, blocks.

Letters: N = number of symbols, B = number of bytes of the document.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SymbolLengths"]


@dataclass(frozen=True, slots=True)
class SymbolLengths:
    """What each symbol of one document costs.

    Symbol i covers the bytes ``ends[i - 1] .. ends[i] - 1`` of the document, the first one those from 0.
    Symbols of no bytes (escapes, parts of a character) are merged into the symbol whose bytes they help to
    code, so that every symbol has at least one byte and nothing that was paid is left out.

    Raises ValueError if the arrays do not fit each other or the document, or if a length is negative or not a
    number. An infinite length is allowed: a model that gave probability 0 to what happened.
    """

    lengths_bits: NDArray[np.float64]
    """-log2 p of each symbol, float64 (N,)."""
    ends: NDArray[np.int64]
    """Offset in the document, in bytes, behind each symbol, int64 (N,): rising, the last one is n_bytes."""
    n_bytes: int
    """B."""
    ranks: NDArray[np.int32] | None = None
    """How many symbols were likelier than the one that came, int32 (N,), if known: 0 = the best guess."""
    guesses: list[list[tuple[str | bytes, float]]] | None = None
    """For each symbol the five likeliest ones with their probabilities, best first, if asked for."""
    n_tokens: int | None = None
    """What a predictor of tokens coded one by one: those merged into one symbol, and raw bytes, count each.
    None where symbols are bytes."""

    def __post_init__(self) -> None:
        n_symbols = len(self.lengths_bits)
        if self.lengths_bits.shape != (n_symbols,) or self.ends.shape != (n_symbols,):
            raise ValueError(f"lengths {self.lengths_bits.shape} and ends {self.ends.shape} do not fit")
        if self.ranks is not None and self.ranks.shape != (n_symbols,):
            raise ValueError(f"ranks {self.ranks.shape} do not fit {n_symbols} symbols")
        if self.guesses is not None and len(self.guesses) != n_symbols:
            raise ValueError(f"guesses for {len(self.guesses)} symbols do not fit {n_symbols} symbols")
        if self.n_tokens is not None and self.n_tokens < n_symbols:
            raise ValueError(f"{n_symbols} symbols are not made of {self.n_tokens} tokens")
        if not bool(np.all(self.lengths_bits >= 0.0)):  # also refuses nan
            raise ValueError("every length must be a number >= 0")
        last = int(self.ends[-1]) if n_symbols else 0
        if last != self.n_bytes or not bool(np.all(np.diff(self.ends, prepend=0) > 0)):
            raise ValueError(f"the ends must rise from above 0 to n_bytes = {self.n_bytes}")

    @classmethod
    def of_bytes(cls, lengths_bits: NDArray[np.float64]) -> SymbolLengths:
        """Where every byte is a symbol: float64 (B,)."""
        n_bytes = len(lengths_bits)
        return cls(lengths_bits, np.arange(1, n_bytes + 1, dtype=np.int64), n_bytes)

    @property
    def length_bits(self) -> float:
        """Sum of all lengths, rounded once."""
        return math.fsum(self.lengths_bits)

    def per_byte(self) -> NDArray[np.float64]:
        """The bits of each symbol spread evenly over its bytes, float64 (B,)."""
        spans = np.diff(self.ends, prepend=0)
        return np.repeat(self.lengths_bits / spans, spans)
