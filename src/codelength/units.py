"""Code lengths and their units: bits, nats, bits per byte.

This is the only module of the package that contains log(2). Whoever holds nats converts them here, once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["CodeLength", "bits_to_nats", "nats_to_bits"]

_NATS_PER_BIT = math.log(2.0)
_BITS_PER_BYTE = 8


def nats_to_bits(length_nats: float) -> float:
    """Length in bits of a length in nats: bits = nats / ln 2."""
    return length_nats / _NATS_PER_BIT


def bits_to_nats(length_bits: float) -> float:
    """Length in nats of a length in bits: nats = bits · ln 2."""
    return length_bits * _NATS_PER_BIT


@dataclass(frozen=True, slots=True)
class CodeLength:
    """How many bits some data costs, beside how much data that was.

    The bits and the two counts must be of the same data object; a rate is a quotient of this one object and
    never of two. Lengths of different data add up: ``sum(lengths, CodeLength(0.0, 0, 0))``, so that the rate
    of a corpus is all bits over all bytes and not a mean of rates.

    Raises ValueError if a field is negative or the length is not a number. An infinite length is allowed: a
    model that gave probability 0 to what happened.
    """

    length_bits: float
    """Sum of -log₂ p over the symbols, or 8 times the number of coded bytes; whoever makes one says which."""
    n_bytes: int
    """Bytes of the data as it was stored before coding."""
    n_symbols: int
    """Symbols that the model predicted: bytes, tokens, coin tosses."""

    def __post_init__(self) -> None:
        if not self.length_bits >= 0.0:  # also refuses nan, which compares false with everything
            raise ValueError(f"length_bits must be a number >= 0, not {self.length_bits!r}")
        if self.n_bytes < 0 or self.n_symbols < 0:
            raise ValueError(f"counts must be >= 0, not n_bytes={self.n_bytes}, n_symbols={self.n_symbols}")

    @classmethod
    def from_nats(cls, length_nats: float, n_bytes: int, n_symbols: int) -> CodeLength:
        """The code length of a model whose loss was summed in nats."""
        return cls(nats_to_bits(length_nats), n_bytes, n_symbols)

    @property
    def rate_bpb(self) -> float:
        """Bits per byte = length_bits / n_bytes. No data has no rate: nan."""
        return self.length_bits / self.n_bytes if self.n_bytes else math.nan

    @property
    def rate_bits_per_symbol(self) -> float:
        """Bits per predicted symbol = length_bits / n_symbols. No symbols have no rate: nan."""
        return self.length_bits / self.n_symbols if self.n_symbols else math.nan

    @property
    def ratio(self) -> float:
        """Coded size over original size = rate_bpb / 8; smaller is better, above 1 is an expansion.

        What the predictor itself weighs is not counted.
        """
        return self.rate_bpb / _BITS_PER_BYTE

    def __add__(self, other: CodeLength) -> CodeLength:
        if not isinstance(other, CodeLength):
            return NotImplemented
        return CodeLength(
            self.length_bits + other.length_bits,
            self.n_bytes + other.n_bytes,
            self.n_symbols + other.n_symbols,
        )
