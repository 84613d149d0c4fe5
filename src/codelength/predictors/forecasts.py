"""What a predictor of bytes thought before each byte: lengths, ranks and best guesses in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from codelength.predictors.lengths import SymbolLengths
from codelength.predictors.network import Network
from codelength.predictors.protocol import Predictor

__all__ = ["forecast"]

_AT_ONCE = 1 << 12  # positions whose frequencies are looked at together
_WHOLE_BYTES = 1 << 18
"""What `Network.distributions` may read in one go: 2 KiB of memory a byte."""


def forecast(data: bytes, predictor: Predictor, *, n_guesses: int = 5) -> SymbolLengths:
    """Lengths of all bytes of `data`, their ranks, and the `n_guesses` likeliest bytes before each.

    The lengths are those of `predictors.symbol_lengths`, to the last bit. Equally likely guesses come in the
    order of their byte values; the rank counts what was strictly likelier. The predictor is reset
    first, unless it is a Network, whose own state stays as it is.

    Raises ValueError if the predictor's alphabet is not that of bytes.
    """
    if predictor.alphabet_size != 256:
        raise ValueError(f"a predictor of bytes is needed, not of {predictor.alphabet_size} symbols")
    lengths_bits: list[float] = []
    ranks: list[NDArray[np.int32]] = []
    guesses: list[list[tuple[str | bytes, float]]] = []
    start = 0
    for frequencies in _blocks(data, predictor):
        n = len(frequencies)
        symbols = np.frombuffer(data, np.uint8, n, start)
        own = frequencies[np.arange(n), symbols]
        totals = frequencies.sum(axis=1, dtype=np.uint64)
        # Not numpy's log2, whose last bit depends on the machine.
        lengths_bits += [math.log2(ratio) for ratio in (totals / own).tolist()]
        ranks.append((frequencies > own[:, None]).sum(axis=1, dtype=np.int32))
        if n_guesses:
            guesses += _best(frequencies, totals, n_guesses)
        start += n
    return SymbolLengths(
        np.array(lengths_bits, np.float64),
        np.arange(1, len(data) + 1, dtype=np.int64),
        len(data),
        ranks=np.concatenate(ranks) if ranks else np.zeros(0, np.int32),
        guesses=guesses if n_guesses else None,
    )


def _blocks(data: bytes, predictor: Predictor) -> Iterator[NDArray[np.uint32]]:
    """Frequencies before each byte, uint32 (up to _AT_ONCE, 256) at a time."""
    if isinstance(predictor, Network) and len(data) <= _WHOLE_BYTES:
        whole = predictor.distributions(data)
        for start in range(0, len(data), _AT_ONCE):
            yield whole[start : start + _AT_ONCE]
        return
    predictor.reset()
    for start in range(0, len(data), _AT_ONCE):
        rows = []
        for symbol in data[start : start + _AT_ONCE]:
            rows.append(predictor.distribution())
            predictor.update(symbol)
        yield np.stack(rows)


_NAMES = [bytes([symbol]) for symbol in range(256)]


def _best(
    frequencies: NDArray[np.uint32], totals: NDArray[np.uint64], n_guesses: int
) -> list[list[tuple[str | bytes, float]]]:
    """The likeliest bytes of each row with their probabilities, best first."""
    # Frequency above, 255 - symbol below: no two keys are equal, so the order is the same everywhere.
    keys = frequencies.astype(np.uint64) << np.uint64(8) | np.arange(255, -1, -1, dtype=np.uint64)
    top = np.sort(np.partition(keys, 256 - n_guesses, axis=1)[:, 256 - n_guesses :], axis=1)[:, ::-1]
    symbols = (255 - (top & np.uint64(255)).astype(np.int64)).tolist()
    probabilities = ((top >> np.uint64(8)) / totals[:, None]).tolist()
    return [
        [(_NAMES[symbol], probability) for symbol, probability in zip(*row, strict=True)]
        for row in zip(symbols, probabilities, strict=True)
    ]
