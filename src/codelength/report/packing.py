"""Arrays of a page, small and quick to read: quantised, in planes of bytes, deflated, in base64.

`page/decode.js` reads them again.

Lengths are multiples of 2⁻⁹ bit in 16 bits, so that 128 bits and more, infinity too, are the largest value.
A guess's probability p is stored as the byte b with -log₂ p = 20 (b / 255)²: within 0.7 percentage points
everywhere, and within 4 % of itself above 1 %.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codelength.predictors.lengths import SymbolLengths

__all__ = [
    "LENGTH_UNITS_PER_BIT",
    "MOST_GUESS_BITS",
    "Packed",
    "pack_bytes",
    "pack_guesses",
    "pack_integers",
    "quantise_lengths",
]

LENGTH_UNITS_PER_BIT = 512
MOST_GUESS_BITS = 20.0
_LARGEST = (1 << 16) - 1


@dataclass(frozen=True, slots=True)
class Packed:
    """Unsigned integers, ready for a page."""

    base64: str
    """Of a raw deflate stream of `width` planes: the low bytes of all values, then the next ones."""
    width: int
    """Bytes of a value: 1, 2 or 4."""
    count: int
    """Number of values."""


def pack_integers(values: NDArray[np.integer]) -> Packed:
    """Integers from 0 to 2³² - 1 in the fewest bytes that hold the largest. Raises ValueError beyond."""
    largest = int(values.max(initial=0))
    if int(values.min(initial=0)) < 0 or largest >= 1 << 32:
        raise ValueError("values must be from 0 to 2^32 - 1")
    width = 1 if largest < 1 << 8 else 2 if largest < 1 << 16 else 4
    planes = values.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T
    return Packed(_deflated(planes.tobytes()), width, len(values))


def pack_bytes(data: bytes) -> Packed:
    """Bytes as they are."""
    return Packed(_deflated(data), 1, len(data))


def quantise_lengths(lengths_bits: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Multiples of 2⁻⁹ bit, at most 65535 of them."""
    units = np.rint(np.minimum(lengths_bits, 1e6) * LENGTH_UNITS_PER_BIT)
    quantised: NDArray[np.uint16] = np.minimum(units, _LARGEST).astype(np.uint16)
    return quantised


def pack_guesses(lengths: SymbolLengths) -> dict[str, object] | None:
    """Guesses as a table of the symbols guessed, indices into it, and probabilities; None if there are none.

    Indices and probabilities come by place: all first guesses, then all second ones. Where a symbol has fewer
    guesses than another, the table's symbol 0, which is empty, fills up.
    """
    if lengths.guesses is None:
        return None
    n_places = max(map(len, lengths.guesses), default=0)
    number: dict[str | bytes, int] = {b"": 0}
    indices = np.zeros((n_places, len(lengths.guesses)), np.int64)
    probabilities = np.zeros((n_places, len(lengths.guesses)))
    for place in range(n_places):
        for i, best in enumerate(lengths.guesses):
            if place < len(best):
                symbol, probability = best[place]
                indices[place, i] = number.setdefault(symbol, len(number))
                probabilities[place, i] = probability
    table = [
        symbol.encode("utf-8", "surrogatepass") if isinstance(symbol, str) else symbol for symbol in number
    ]
    return {
        "places": n_places,
        "table": pack_bytes(b"".join(table)),
        "table_lengths": pack_integers(np.array([len(symbol) for symbol in table], np.int64)),
        "indices": pack_integers(indices.reshape(-1)),
        "probabilities": pack_integers(_quantise_probabilities(probabilities).reshape(-1)),
    }


def _quantise_probabilities(probabilities: NDArray[np.float64]) -> NDArray[np.uint8]:
    with np.errstate(divide="ignore"):
        bits = np.minimum(-np.log2(probabilities), MOST_GUESS_BITS)
    roots = np.sqrt(np.maximum(bits, 0.0) / MOST_GUESS_BITS)
    quantised: NDArray[np.uint8] = np.rint(255 * roots).astype(np.uint8)
    return quantised


def _deflated(data: bytes) -> str:
    compressor = zlib.compressobj(9, wbits=-15)
    return base64.b64encode(compressor.compress(data) + compressor.flush()).decode("ascii")
