"""Arrays for a page, read again as the page reads them."""

from __future__ import annotations

import base64
import math
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from codelength.predictors.lengths import SymbolLengths
from codelength.report.packing import (
    LENGTH_UNITS_PER_BIT,
    MOST_GUESS_BITS,
    Packed,
    pack_bytes,
    pack_guesses,
    pack_integers,
    quantise_lengths,
)


def unpacked(packed: object) -> NDArray[np.uint32]:
    assert isinstance(packed, Packed)
    planes = np.frombuffer(zlib.decompress(base64.b64decode(packed.base64), -15), np.uint8)
    planes = planes.reshape(packed.width, packed.count).astype(np.uint32)
    return np.sum([plane << 8 * i for i, plane in enumerate(planes)], axis=0, dtype=np.uint32)


@pytest.mark.parametrize(
    ("values", "width"),
    [([], 1), ([0], 1), ([255, 3], 1), ([256, 1], 2), ([65535], 2), ([65536, 7], 4), ([2**32 - 1, 0], 4)],
)
def test_integers(values: list[int], width: int) -> None:
    packed = pack_integers(np.array(values, np.int64))
    assert packed.width == width
    assert unpacked(packed).tolist() == values


@pytest.mark.parametrize("value", [-1, 2**32])
def test_integers_that_do_not_fit(value: int) -> None:
    with pytest.raises(ValueError, match="from 0"):
        pack_integers(np.array([value]))


def test_bytes() -> None:
    assert bytes(unpacked(pack_bytes(bytes(range(256)))).astype(np.uint8)) == bytes(range(256))


def test_lengths() -> None:
    lengths_bits = np.array([0.0, 0.001, 1.0, 7.77, 127.99, 128.0, 5000.0, np.inf])
    units = quantise_lengths(lengths_bits)
    assert units[-3:].tolist() == [65535] * 3
    assert np.all(np.abs(units[:5] / LENGTH_UNITS_PER_BIT - lengths_bits[:5]) <= 0.5 / LENGTH_UNITS_PER_BIT)


def test_guesses() -> None:
    best: list[list[tuple[str | bytes, float]]] = [
        [(b"a", 0.9), (" the", 0.05), ("\ud800", 0.01)],
        [],
        [(b"\xff", 1.0), (b"a", 0.0)],
    ]
    lengths = SymbolLengths(np.ones(3), np.array([1, 2, 3]), 3, guesses=best)
    packed = pack_guesses(lengths)
    assert packed is not None
    assert packed["places"] == 3
    table, sizes = unpacked(packed["table"]).astype(np.uint8).tobytes(), unpacked(packed["table_lengths"])
    ends = np.cumsum(sizes).tolist()
    symbols = [table[end - size : end] for end, size in zip(ends, sizes.tolist(), strict=True)]
    indices = unpacked(packed["indices"]).reshape(3, 3)
    roots = unpacked(packed["probabilities"]).reshape(3, 3) / 255
    for i, row in enumerate(best):
        for place in range(3):
            symbol = symbols[indices[place, i]]
            if place >= len(row):
                assert symbol == b""
                continue
            text, probability = row[place]
            assert symbol == (text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
            read = 2 ** (-MOST_GUESS_BITS * float(roots[place, i]) ** 2)
            assert read == pytest.approx(probability, abs=0.007)
    assert pack_guesses(SymbolLengths(np.ones(1), np.array([1]), 1)) is None


def test_probabilities_are_near() -> None:
    probabilities = np.exp(np.linspace(math.log(0.001), 0, 2000))
    best: list[list[tuple[str | bytes, float]]] = [[(b"a", float(p))] for p in probabilities]
    packed = pack_guesses(SymbolLengths(np.ones(2000), np.arange(1, 2001), 2000, guesses=best))
    assert packed is not None
    read = 2 ** (-MOST_GUESS_BITS * (unpacked(packed["probabilities"]) / 255.0) ** 2)
    assert np.max(np.abs(read - probabilities)) < 0.007
    assert np.max(np.abs(read / probabilities - 1)[probabilities > 0.01]) < 0.04
