"""The network of docs/format.md, section 5, as a predictor: the integers that archives are coded with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from codelength import _native
from codelength.predictors.protocol import check_symbol
from codelength.units import CodeLength

__all__ = ["Network"]

_HOME = "codelength.codec.networks"
"""Where networks are kept; imported by name, as it stands below, and only if no network is given."""

_STRETCH_BYTES = 1 << 18
"""Data up to this size is read as a whole, 2 KiB of memory a byte; more of it byte by byte, and slower."""

_AT_ONCE = 1 << 12  # positions that the kernels read in one call


class Network:
    """A pretrained byte-level recurrent network: knows languages and formats, learns nothing from the data.

    Frequencies are exact integers, the same on every machine; their sum is at most 2²⁹. Bytes before the
    first count as zeros. `symbol_lengths` and `code_length` are those of `codelength.predictors`, the same to
    the last bit and several times faster, as they read whole stretches.
    """

    def __init__(self, network: _native.Network | None = None) -> None:
        """Of the network that comes with the package, or of `network`, as in `NetworkFile.native`.

        Raises ModelNotFoundError if the package came without one.
        """
        self.alphabet_size = 256
        self._network: _native.Network = network or import_module(_HOME).default_network().native
        self.reset()

    def distribution(self) -> NDArray[np.uint32]:
        """Frequencies of the next byte, uint32 (256,)."""
        return np.frombuffer(self._run.frequencies(), np.uint32).copy()

    def update(self, symbol: int) -> None:
        """Read a byte: one step of the network."""
        check_symbol(symbol, self.alphabet_size)
        self._run.feed(bytes((symbol,)))

    def reset(self) -> None:
        """Back to the beginning of a sequence."""
        self._run = self._network.start(1)

    def distributions(self, data: bytes | bytearray | memoryview) -> NDArray[np.uint32]:
        """Frequencies before each byte of `data`, read from the beginning of a sequence: uint32 (N, 256).

        1 KiB a byte, and as much again while it is made. The predictor's own state stays as it is.
        """
        frequencies = self._network.frequencies([_bytes(data)], _AT_ONCE)
        return np.frombuffer(frequencies, np.uint32).reshape(-1, self.alphabet_size)

    def symbol_lengths(self, data: bytes | bytearray | memoryview) -> NDArray[np.float64]:
        """What each byte costs, float64 (N,), in bits: equal to `predictors.symbol_lengths(data, self)`.

        The predictor's own state stays as it is. Memory is bounded by half a gigabyte.
        """
        content = _bytes(data)
        lengths_bits = np.empty(len(content), np.float64)
        start = 0
        for frequencies in self._blocks(content):
            n = len(frequencies)
            symbols = np.frombuffer(content, np.uint8, n, start)
            ratios = frequencies.sum(axis=1, dtype=np.uint64) / frequencies[np.arange(n), symbols]
            # Not numpy's log2, whose last bit depends on the machine.
            lengths_bits[start : start + n] = [math.log2(ratio) for ratio in ratios.tolist()]
            start += n
        return lengths_bits

    def code_length(self, data: bytes | bytearray | memoryview) -> CodeLength:
        """Σ -log₂ p over the bytes, from `symbol_lengths`. The network itself is not counted."""
        lengths_bits = self.symbol_lengths(data)
        return CodeLength(math.fsum(lengths_bits), n_bytes=len(lengths_bits), n_symbols=len(lengths_bits))

    def _blocks(self, content: bytes) -> Iterator[NDArray[np.uint32]]:
        """The rows of `distributions`, some at a time, so that they need not all be held."""
        if len(content) <= _STRETCH_BYTES:
            yield self.distributions(content)
            return
        run = self._network.start(1)
        for start in range(0, len(content), _AT_ONCE):
            rows = []
            for symbol in content[start : start + _AT_ONCE]:
                rows.append(run.frequencies())
                run.feed(bytes((symbol,)))
            yield np.frombuffer(b"".join(rows), np.uint32).reshape(-1, self.alphabet_size)


def _bytes(data: bytes | bytearray | memoryview) -> bytes:
    if isinstance(data, str):
        raise TypeError("a bytes-like object is required, not str")
    return memoryview(data).tobytes()
