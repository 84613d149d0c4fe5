"""Generation, the inverse of compression: random bits, decoded by the network, are text.

**The bits** are those of SHAKE-256, read from the front. Block number b = 0, 1, ... is the digest of the
ASCII text "codelength sample, seed S, block B", S and B in decimal, and is decoded to 4096 bytes of text by
the range decoder of `codelength.coding.range_coder`, the next block to the next 4096. Bits that no encoder
writes (the coder leaves a share of less than 2⁻²⁴ of its range unused at each step) end a block early: the
next block goes on with the same byte.

**The temperature** is a whole number t of thousandths. At t = 1000 the frequencies are those of the network.
At t = 0 the likeliest byte is taken, of equals the lowest, and no bits are spent. Otherwise, with L_i = log2
of the 17 highest bits of the frequency of byte i in 1/65536, rounded down, and x_i = ⌊(max(L) - L_i) · 1000 /
t⌋, the frequency becomes 2^24 · 2^(-x_i / 65536), rounded down; the powers are products of 2^(-1/2),
2^(-1/4), ..., each rounded down to 32 bits. At most 256 · 2^24 = 2^32 in all, as the coder demands.

All of it is in integers: the same arguments and the same network give the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from functools import lru_cache
from operator import index
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codelength.codec.buffers import byte_view
from codelength.codec.networks import default_network, read_network
from codelength.coding.range_coder import RangeDecoder
from codelength.errors import CorruptError
from codelength.predictors.network import Network

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["generate", "sample"]

MAX_TEMPERATURE = 100.0

BLOCK_SYMBOLS = 4096
_BLOCK_BYTES = 4 * BLOCK_SYMBOLS + 64  # a symbol takes at most 32 bits, and the decoder reads 8 bytes ahead

_UNIT = 1000  # temperature 1
_FRACTION_BITS = 16  # of logarithms
_TOP_BITS = 24  # the largest frequency is 2²⁴


def sample(
    n_bytes: int,
    prompt: Buffer = b"",
    temperature: float = 1.0,
    seed: int = 0,
    network: str | os.PathLike[str] | None = None,
) -> bytes:
    """What a network goes on with after `prompt`: `n_bytes` bytes, decoded from random bits.

    The same arguments give the same bytes on every machine, and fewer bytes are the beginning of more.

    Args:
        n_bytes: how many; the prompt is not among them.
        prompt: what the network reads first.
        temperature: 1 draws with the network's own probabilities p; T with p^(1/T), normalised, so that less
            is more careful and 0 the likeliest byte each time. Rounded to thousandths.
        seed: of the random bits, any integer.
        network: path of a model file; None is the network that comes with the package.

    Raises:
        TypeError: the prompt is a str or holds no bytes.
        ValueError: n_bytes below 0, or a temperature outside 0 to 100.
        OSError: the model file cannot be read.
        FormatError: it is no model file.
    """
    return bytes(generate(n_bytes, prompt, temperature, seed, network))


def generate(
    n_bytes: int,
    prompt: Buffer = b"",
    temperature: float = 1.0,
    seed: int = 0,
    network: str | os.PathLike[str] | None = None,
) -> Iterator[int]:
    """The bytes of `sample`, one by one as they are made. Wrong arguments are met with at once."""
    n_symbols, number = index(n_bytes), index(seed)
    if n_symbols < 0:
        raise ValueError(f"n_bytes must be at least 0, not {n_symbols}")
    if not 0 <= temperature <= MAX_TEMPERATURE:  # also refuses nan, which compares false with everything
        raise ValueError(f"the temperature must be from 0 to {MAX_TEMPERATURE:g}, not {temperature}")
    start = byte_view(prompt).tobytes()
    file = default_network() if network is None else read_network(network)
    return _generate(n_symbols, start, round(temperature * _UNIT), number, Network(file.native))


def _generate(
    n_symbols: int, prompt: bytes, thousandths: int, seed: int, predictor: Network
) -> Iterator[int]:
    for symbol in prompt:
        predictor.update(symbol)
    source = _Source(seed)
    for position in range(n_symbols):
        frequencies = predictor.distribution()
        if thousandths == 0:
            symbol = int(frequencies.argmax())
        else:
            symbol = source.decode(np.cumsum(tempered(frequencies, thousandths), dtype=np.uint64))
        yield symbol
        if position + 1 < n_symbols:
            predictor.update(symbol)


class _Source:
    """Random bits, decoded to symbols."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._n_blocks = 0
        self._begin_block()

    def decode(self, cumulative: NDArray[np.uint64]) -> int:
        """The next symbol, under frequencies of which these are the sums up to each symbol, it included."""
        total = int(cumulative[-1])
        if self._n_left == 0:
            self._begin_block()
        while True:
            try:
                position = self._decoder.peek(total)
                break
            except CorruptError:  # bits that no encoder writes
                self._begin_block()
        symbol = int(np.searchsorted(cumulative, position, side="right"))
        start = int(cumulative[symbol - 1]) if symbol else 0
        self._decoder.consume(start, int(cumulative[symbol]) - start, total)
        self._n_left -= 1
        return symbol

    def _begin_block(self) -> None:
        self._decoder = RangeDecoder(random_block(self._seed, self._n_blocks))
        self._n_blocks += 1
        self._n_left = BLOCK_SYMBOLS


def random_block(seed: int, block: int) -> bytes:
    """Enough of the bits of a block for all its symbols, whatever their frequencies."""
    name = f"codelength sample, seed {seed}, block {block}"
    return hashlib.shake_256(name.encode("ascii")).digest(_BLOCK_BYTES)


def tempered(frequencies: NDArray[np.uint32], thousandths: int) -> NDArray[np.uint32]:
    """Frequencies in proportion to the 1000 / thousandths-th power of those given, uint32 (A,): see above.

    Those that come to less than 2^-24 of the largest are 0: what is that unlikely is never drawn.
    """
    if thousandths == _UNIT:
        return frequencies
    logarithms = _log2(frequencies)
    below = (logarithms.max() - logarithms) * _UNIT // thousandths
    whole = np.minimum(below >> _FRACTION_BITS, 31)
    weights: NDArray[np.int64] = _powers()[below & ((1 << _FRACTION_BITS) - 1)] >> whole
    return weights.astype(np.uint32)


def _log2(numbers: NDArray[np.uint32]) -> NDArray[np.int64]:
    """log2 in 1/65536, rounded down, of the 17 highest bits of numbers of at least 1."""
    mantissas = numbers.astype(np.int64)
    exponents = np.full(len(numbers), 31, np.int64)
    for shift in (16, 8, 4, 2, 1):  # the highest one bit goes to place 31
        shifts = np.where(mantissas < 1 << (32 - shift), shift, 0)
        mantissas <<= shifts
        exponents -= shifts
    result: NDArray[np.int64] = (exponents << _FRACTION_BITS) + _logarithms()[(mantissas >> 15) - (1 << 16)]
    return result


@lru_cache(maxsize=1)
def _logarithms() -> NDArray[np.int64]:
    """log2(1 + m / 65536) in 1/65536, rounded down, for m = 0 ... 65535: bit by bit, by squaring."""
    mantissas = np.arange(1 << 16, 1 << 17, dtype=np.uint64) << np.uint64(15)
    result = np.zeros(1 << 16, np.int64)
    for _ in range(_FRACTION_BITS):
        mantissas = mantissas * mantissas >> np.uint64(31)  # from 2^31 up to 2^33
        bits = mantissas >> np.uint64(32)
        mantissas >>= bits
        result = 2 * result + bits.astype(np.int64)
    return result


@lru_cache(maxsize=1)
def _powers() -> NDArray[np.int64]:
    """2^(24 - f / 65536) for f = 0 ... 65535, rounded down."""
    fractions = np.arange(1 << _FRACTION_BITS, dtype=np.uint64)
    result = np.full(len(fractions), 1 << 32, np.uint64)
    root = 1 << 63  # 2^-1, then 2^(-1/2), 2^(-1/4), ... in 2^-64
    for place in reversed(range(_FRACTION_BITS)):
        root = math.isqrt(root << 64)
        is_set = (fractions >> np.uint64(place)) & np.uint64(1) == 1
        result = np.where(is_set, result * np.uint64(root >> 32) >> np.uint64(32), result)
    return (result >> np.uint64(32 - _TOP_BITS)).astype(np.int64)
