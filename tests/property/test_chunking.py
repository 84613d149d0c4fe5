"""However the bytes are cut on their way in and out, the archive and the content are the same."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import codelength
from codelength.codec import engine, segmenter

BUDGET = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

CONTENTS = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(str.encode),
    st.builds(lambda piece, n: piece * n, st.binary(min_size=1, max_size=9), st.integers(0, 60)),
)
SIZES = st.lists(st.integers(0, 120), min_size=1, max_size=6).filter(any)
MODES = st.lists(st.sampled_from((0, 0, 0, 1, 2)), min_size=1, max_size=6)
THREADS = st.sampled_from((1, 2, 3))


@pytest.fixture(autouse=True)
def _tiny_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmenter, "UNIT_BYTES", 60)
    monkeypatch.setattr(engine, "INLINE_BYTES", 50)


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Pieces of `data`, of these sizes in turn, until it is used up."""
    start = turn = 0
    while start < len(data):
        size = sizes[turn % len(sizes)]
        yield data[start : start + size]
        start += size
        turn += 1


class Chunked(io.RawIOBase):
    """A file that cannot seek and gives and takes these numbers of bytes in turn."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self.left = data
        self.taken = b""
        self._sizes = [size for size in sizes if size]
        self._turn = 0

    def _next_size(self) -> int:
        self._turn += 1
        return self._sizes[self._turn % len(self._sizes)]

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        part = self.left[: min(len(buffer), self._next_size())]
        self.left = self.left[len(part) :]
        buffer[: len(part)] = part
        return len(part)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        part = bytes(data[: self._next_size()])
        self.taken += part
        return len(part)


@BUDGET
@given(CONTENTS, SIZES, THREADS)
def test_compressor(content: bytes, sizes: list[int], threads: int) -> None:
    compressor = codelength.Compressor(1, threads=threads)
    out = b"".join(map(compressor.compress, cut(content, sizes))) + compressor.flush()
    assert out == codelength.compress(content, 1)


@BUDGET
@given(CONTENTS, SIZES, SIZES, st.integers(1, 100))
def test_decompressor(content: bytes, in_sizes: list[int], out_sizes: list[int], first: int) -> None:
    decompressor = codelength.Decompressor()
    out = b""
    turn = 0
    for piece in cut(codelength.compress(content, 1), in_sizes):
        data = piece
        while not decompressor.eof:
            limit = out_sizes[turn % len(out_sizes)]
            turn += 1
            part = decompressor.decompress(data, limit)
            assert len(part) <= limit
            out += part
            data = b""
            if decompressor.needs_input:
                break
    assert decompressor.eof
    assert out == content


@BUDGET
@given(CONTENTS, SIZES, MODES, THREADS)
def test_flush_points(content: bytes, sizes: list[int], modes: list[int], threads: int) -> None:
    compressor = codelength.Compressor(1, threads=threads)
    archive = b""
    n_in = 0
    for turn, piece in enumerate(cut(content, sizes)):
        mode = modes[turn % len(modes)]
        archive += compressor.compress(piece, mode)
        n_in += len(piece)
        if mode != compressor.CONTINUE:
            assert restore_so_far(archive) == content[:n_in]
    archive += compressor.flush()
    assert codelength.decompress(archive) == content
    with codelength.ClzFile(io.BytesIO(archive)) as file:
        assert file.seek(0, io.SEEK_END) == len(content)
        half = len(content) // 2
        file.seek(half)
        assert file.read() == content[half:]
    assert sum(info.content_size or 0 for info in codelength.list_frames(io.BytesIO(archive))) == len(content)


def restore_so_far(archive: bytes) -> bytes:
    out = b""
    while archive:
        decompressor = codelength.Decompressor()
        out += decompressor.decompress(archive)
        archive = decompressor.unused_data
    return out


@BUDGET
@given(CONTENTS, SIZES, SIZES, THREADS)
def test_streams(content: bytes, in_sizes: list[int], out_sizes: list[int], threads: int) -> None:
    sink = Chunked(b"", out_sizes)
    codelength.compress_stream(Chunked(content, in_sizes), sink, level=1, threads=threads)
    assert sink.taken == codelength.compress(content, 1)
    back = Chunked(b"", in_sizes)
    codelength.decompress_stream(Chunked(sink.taken, out_sizes), back, threads=threads)
    assert back.taken == content


@BUDGET
@given(CONTENTS, st.lists(st.tuples(st.integers(-50, 400), st.integers(0, 90)), max_size=8), THREADS)
def test_seeks(content: bytes, moves: list[tuple[int, int]], threads: int) -> None:
    archive = codelength.compress(content, 1)
    with codelength.ClzFile(io.BytesIO(archive), threads=threads) as file:
        for offset, n_bytes in moves:
            position = file.seek(offset)
            assert position == min(max(offset, 0), len(content))
            assert file.read(n_bytes) == content[position : position + n_bytes]


@BUDGET
@given(st.binary(max_size=80), st.booleans())
def test_no_bytes_are_too_strange(data: bytes, begins_right: bool) -> None:
    archive = b"\xc1\x5a" + data if begins_right else data
    try:
        codelength.decompress(archive, max_size=10_000)
    except codelength.CodecError:
        return


@BUDGET
@given(st.binary(max_size=80))
def test_no_message_is_too_strange(data: bytes) -> None:
    try:
        codelength.decompress(data, message=True, max_size=10_000)
    except codelength.CodecError:
        return


@BUDGET
@given(CONTENTS)
def test_messages(content: bytes) -> None:
    message = codelength.compress(content, 1, message=True)
    assert len(message) <= len(content) + 1
    assert codelength.decompress(message, message=True) == content


@pytest.mark.slow
@settings(BUDGET, max_examples=1000, derandomize=False)
@given(CONTENTS, SIZES, MODES, THREADS)
def test_flush_points_at_length(content: bytes, sizes: list[int], modes: list[int], threads: int) -> None:
    test_flush_points.hypothesis.inner_test(content, sizes, modes, threads)  # type: ignore[attr-defined]
