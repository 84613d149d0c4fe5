"""Where a content is cut: the rule, and the same rule for a content that comes in pieces."""

from __future__ import annotations

import random

import pytest

from codelength.codec import segmenter
from codelength.codec.segmenter import Segmenter, segment_sizes

M = 1_000_000


@pytest.mark.parametrize(
    ("n_bytes", "sizes"),
    [
        (0, []),
        (1, [1]),
        (32 * M - 1, [32 * M - 1]),
        (32 * M, [16 * M, 16 * M]),
        (40 * M + 1, [20 * M + 1, 20 * M]),
        (64 * M - 1, [32 * M, 32 * M - 1]),
        (64 * M, [16 * M, 16 * M, 16 * M, 16 * M]),
        (64 * M + 3, [16 * M, 16 * M, 16 * M + 2, 16 * M + 1]),
        (100 * M, [16 * M] * 4 + [18 * M] * 2),
        (150 * M, [16 * M] * 6 + [27 * M] * 2),
    ],
)
def test_sizes(n_bytes: int, sizes: list[int]) -> None:
    assert list(segment_sizes(n_bytes)) == sizes


def test_no_segment_is_larger_than_the_format_allows() -> None:
    assert max(segment_sizes(64 * M - 1)) <= 1 << 25


@pytest.mark.parametrize("n_bytes", [0, 1, 19, 20, 21, 39, 40, 41, 59, 60, 99, 200])
def test_pieces_are_cut_like_the_whole(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    monkeypatch.setattr(segmenter, "UNIT_BYTES", 10)
    content = random.Random(n_bytes).randbytes(n_bytes)
    for piece in (1, 3, 40, 1000):
        cutter = Segmenter()
        cut = []
        for start in range(0, n_bytes, piece):
            cut += cutter.write(memoryview(content)[start : start + piece])
        cut += cutter.finish()
        assert list(map(len, cut)) == list(segment_sizes(n_bytes))
        assert b"".join(cut) == content
