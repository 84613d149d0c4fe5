"""What a predictor is, and what can be done with any: measure, compress, decompress.

Letters: A = alphabet size (256 for bytes, 2 for coin tosses), N = number of symbols, T = sum of frequencies.
"""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from codelength.coding.range_coder import RangeDecoder, RangeEncoder
from codelength.errors import CorruptError, LimitError, TruncatedError
from codelength.units import CodeLength

__all__ = ["Predictor", "code_length", "compress", "decompress", "symbol_lengths"]

_MAX_COUNT_BYTES = 9  # 63 bits of symbol count


@runtime_checkable
class Predictor(Protocol):
    """Before each symbol says how likely each one is; after it, is told which one it was.

    The probabilities are integer frequencies, p(s) = frequency[s] / T with T their sum, so that encoder and
    decoder compute with the same numbers and not with two roundings of them. A predictor is a pure function
    of the symbols since the last `reset`: no clock, no random state, no memory of earlier data.
    """

    @property
    def alphabet_size(self) -> int:
        """A: symbols are 0 .. A - 1, with 2 <= A <= 256."""

    def distribution(self) -> NDArray[np.uint32]:
        """Frequencies of the next symbol, uint32 (A,): each at least 1, their sum T at most 2³².

        Changes nothing: two calls without an `update` between them are equal.
        """

    def update(self, symbol: int) -> None:
        """Take in the symbol that came. Raises ValueError outside 0 .. A - 1."""

    def reset(self) -> None:
        """Forget all symbols: the state of a new predictor."""


def symbol_lengths(data: bytes | bytearray | memoryview, predictor: Predictor) -> NDArray[np.float64]:
    """What each symbol of the data costs under a predictor, float64 (N,), in bits.

    lengths[i] = -log₂ p(data[i] | data[:i]), from the integer frequencies that a coder would use. One byte of
    the data is one symbol (a coin toss is a byte 0 or 1). Counted: every symbol, the first too. Not counted:
    the end of the data, and the predictor itself. The predictor is reset first.

    Raises TypeError for str, ValueError for a symbol outside the predictor's alphabet.
    """
    symbols = _symbols(data, predictor)
    lengths_bits = np.empty(len(symbols), dtype=np.float64)
    predictor.reset()
    for i, symbol in enumerate(symbols):
        frequencies = predictor.distribution()
        frequency, total = int(frequencies[symbol]), int(frequencies.sum(dtype=np.uint64))
        if frequency == 0:
            raise ValueError(f"{type(predictor).__name__} gave frequency 0 to symbol {symbol} at {i}")
        lengths_bits[i] = math.log2(total / frequency)
        predictor.update(symbol)
    return lengths_bits


def code_length(data: bytes | bytearray | memoryview, predictor: Predictor) -> CodeLength:
    """Ideal code length of the data under a predictor: Σ -log₂ p, see `symbol_lengths` for what is counted.

    An estimate of a size, not a size: `compress` writes at most 0.02 % + 64 bits more.
    """
    lengths_bits = symbol_lengths(data, predictor)
    return CodeLength(math.fsum(lengths_bits), n_bytes=len(lengths_bits), n_symbols=len(lengths_bits))


def compress(data: bytes | bytearray | memoryview, predictor: Predictor) -> bytes:
    """The data in about `code_length` bits: the number of symbols (7 bits a byte), then a range code.

    For reading, lessons and tests. There is no magic number and no checksum, and the predictor's name is not
    stored; to keep files, use ``codelength.compress``.

    Raises TypeError for str, ValueError for a symbol outside the predictor's alphabet.
    """
    symbols = _symbols(data, predictor)
    encoder = RangeEncoder()
    predictor.reset()
    for symbol in symbols:
        cumulative = np.cumsum(predictor.distribution(), dtype=np.uint64)
        start = int(cumulative[symbol - 1]) if symbol else 0
        encoder.encode(start, int(cumulative[symbol]) - start, int(cumulative[-1]))
        predictor.update(symbol)
    return _count_to_bytes(len(symbols)) + encoder.finish()


def decompress(
    code: bytes | bytearray | memoryview, predictor: Predictor, *, max_size: int | None = None
) -> bytes:
    """The data that `compress` coded with an equal predictor.

    A good predictor can make a few bytes mean very many symbols: for code from strangers give a `max_size`.

    Raises TruncatedError if the code ends too early, CorruptError if it is no code of this predictor or more
    bytes follow, LimitError if it says more than `max_size` symbols, TypeError for str.
    """
    n_symbols, n_header_bytes = _count_from_bytes(_bytes(code))
    if max_size is not None and n_symbols > max_size:
        raise LimitError(f"the code holds {n_symbols} symbols, the limit is {max_size}")
    decoder = RangeDecoder(_bytes(code)[n_header_bytes:])
    data = bytearray()
    predictor.reset()
    for _ in range(n_symbols):
        cumulative = np.cumsum(predictor.distribution(), dtype=np.uint64)
        total = int(cumulative[-1])
        symbol = int(np.searchsorted(cumulative, decoder.peek(total), side="right"))
        start = int(cumulative[symbol - 1]) if symbol else 0
        decoder.consume(start, int(cumulative[symbol]) - start, total)
        predictor.update(symbol)
        data.append(symbol)
    decoder.finish()
    return bytes(data)


def check_symbol(symbol: int, alphabet_size: int) -> None:
    """Raise ValueError unless 0 <= symbol < alphabet_size: what every `update` does first."""
    if not 0 <= symbol < alphabet_size:
        raise ValueError(f"symbol {symbol} is outside the alphabet 0..{alphabet_size - 1}")


def _bytes(data: bytes | bytearray | memoryview) -> bytes:
    if isinstance(data, str):
        raise TypeError("a bytes-like object is required, not str")
    return memoryview(data).tobytes()


def _symbols(data: bytes | bytearray | memoryview, predictor: Predictor) -> bytes:
    symbols = _bytes(data)
    check_symbol(max(symbols, default=0), predictor.alphabet_size)
    return symbols


def _count_to_bytes(count: int) -> bytes:
    """Seven bits a byte, low ones first, the top bit set on all but the last (LEB128)."""
    out = bytearray()
    while count >= 128:
        out.append(count % 128 | 128)
        count //= 128
    return bytes([*out, count])


def _count_from_bytes(code: bytes) -> tuple[int, int]:
    """The count at the start of the code and the number of bytes that it took."""
    count = 0
    for i, byte in enumerate(code[:_MAX_COUNT_BYTES]):
        count |= (byte % 128) << 7 * i
        if byte < 128:
            if byte == 0 and i > 0:
                raise CorruptError("the symbol count has empty bytes at its end")
            return count, i + 1
    if len(code) < _MAX_COUNT_BYTES:
        raise TruncatedError("the code ends inside its symbol count")
    raise CorruptError("the symbol count does not end")
