"""The figures of an exhibit: running totals, half of the bits, the curve, the compressors beside it."""

from __future__ import annotations

import gzip
import lzma

import numpy as np
import pytest

from codelength.predictors.lengths import SymbolLengths
from codelength.report.exhibit import Column, Exhibit, in_context, running_bytes, share_of_half
from codelength.report.rivals import points, rivals

LENGTHS = SymbolLengths(np.array([8.0, 4.0, 16.0]), np.array([1, 3, 4]), 4)


def test_running_bytes() -> None:
    assert running_bytes(LENGTHS, np.array([1, 2, 3, 4])).tolist() == [1.0, 1.25, 1.5, 3.5]


def test_share_of_half() -> None:
    assert share_of_half(LENGTHS) == pytest.approx(1 / 3)
    assert share_of_half(SymbolLengths.of_bytes(np.ones(100))) == 0.5
    assert share_of_half(SymbolLengths.of_bytes(np.zeros(3))) == 0.0


def test_in_context() -> None:
    positions, rates_bpb = in_context(SymbolLengths.of_bytes(np.full(10_000, 2.5)))
    assert rates_bpb == pytest.approx(np.full(80, 2.5))
    assert (positions[0], positions[-1]) == pytest.approx((1, 10_000))
    falling = 8 / np.sqrt(np.arange(1, 10_001))
    _, rates_bpb = in_context(SymbolLengths.of_bytes(falling))
    assert np.all(np.diff(rates_bpb) < 0)
    assert rates_bpb[40] == pytest.approx(0.8, rel=0.1)  # at position 100
    positions, rates_bpb = in_context(SymbolLengths.of_bytes(np.array([3.0])))
    assert (positions.tolist(), rates_bpb.tolist()) == ([1.0], [3.0])


def test_points() -> None:
    assert points(1).tolist() == [1]
    assert points(3).tolist() == [1, 2, 3]
    assert len(points(200_000)) == 100
    assert len(points(2_000_000)) == 12
    assert points(2_000_000)[-1] == 2_000_000


def test_rivals() -> None:
    data = b"the cat sat on the mat; " * 40
    found = {rival.name: rival.sizes_bytes.tolist() for rival in rivals(data, np.array([10, len(data)]))}
    assert found["gzip -9"] == [len(gzip.compress(data[:10], 9)), len(gzip.compress(data, 9))]
    xz = lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)
    assert found["xz -9e"][1] == len(xz)
    zstandard = pytest.importorskip("zstandard")
    assert found["zstd -22"][1] == len(zstandard.ZstdCompressor(level=22).compress(data))


def test_what_does_not_fit() -> None:
    column, end = Column("one", LENGTHS), np.array([4])
    with pytest.raises(ValueError, match="empty"):
        Exhibit("a", b"", [column], end)
    with pytest.raises(ValueError, match="at least one"):
        Exhibit("a", b"abcd", [], end)
    with pytest.raises(ValueError, match="about 4 bytes, not 3"):
        Exhibit("a", b"abc", [column], end)
