"""File to file: bounded memory, progress, errors in their place."""

from __future__ import annotations

import io
import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import pytest

import codelength
from codelength import StreamStats, compress_stream, decompress_stream, list_frames
from codelength.codec import segment, stream
from codelength.coding.frame import FrameInfo, pack_skippable


def restored(archive: bytes, **arguments: object) -> tuple[bytes, StreamStats]:
    sink = io.BytesIO()
    stats = decompress_stream(io.BytesIO(archive), sink, **arguments)  # type: ignore[arg-type]
    return sink.getvalue(), stats


def test_stats(samples: dict[str, bytes]) -> None:
    text = samples["text"]
    sink = io.BytesIO()
    stats = compress_stream(io.BytesIO(text), sink)
    archive = sink.getvalue()
    assert stats == StreamStats(len(text), len(archive))
    assert restored(archive * 2) == (text * 2, StreamStats(2 * len(archive), 2 * len(text)))


def test_the_position_of_the_source_counts(samples: dict[str, bytes]) -> None:
    source = io.BytesIO(b"xxx" + samples["text"])
    source.seek(3)
    sink = io.BytesIO()
    compress_stream(source, sink)
    source = io.BytesIO(b"xxx" + sink.getvalue())
    source.seek(3)
    assert list_frames(source)[0].content_size == len(samples["text"])


def test_through_pipes(samples: dict[str, bytes], small_segments: int) -> None:
    text = samples["text"]
    read_end, write_end = os.pipe()
    with open(read_end, "rb", buffering=0) as source, open(write_end, "wb", buffering=0) as sink:

        def produce() -> None:
            with sink:
                compress_stream(io.BytesIO(text), sink, threads=2)

        producer = threading.Thread(target=produce)
        producer.start()
        out = io.BytesIO()
        decompress_stream(source, out, threads=2)
        producer.join()
    assert out.getvalue() == text


class Trickle(io.RawIOBase):
    """Takes a few bytes at a time, as a pipe may."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += data[:7]
        return min(len(data), 7)


def test_a_sink_that_takes_little(samples: dict[str, bytes]) -> None:
    sink = Trickle()
    compress_stream(io.BytesIO(samples["text"]), sink)
    assert sink.data == codelength.compress(samples["text"])


def test_a_source_that_does_not_block() -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    with open(read_end, "rb", buffering=0) as source, open(write_end, "wb"), pytest.raises(BlockingIOError):
        compress_stream(source, io.BytesIO())


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_progress(small_segments: int, monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(stream, "REPORT_SECONDS", 0)
    content = bytes(range(256)) * 20
    calls: list[tuple[int, int]] = []

    def note(n_in: int, n_out: int) -> None:
        assert threading.current_thread() is caller
        calls.append((n_in, n_out))

    caller = threading.current_thread()
    sink = io.BytesIO()
    compress_stream(io.BytesIO(content), sink, threads=threads, on_progress=note)
    archive = sink.getvalue()
    for total in ((len(content), len(archive)), (len(archive), len(content))):
        assert calls[-1] == total
        assert len(calls) > 1
        for before, after in pairwise(calls):
            assert before[0] <= after[0]
            assert before[1] <= after[1]
        calls.clear()
        if total[0] == len(content):
            decompress_stream(io.BytesIO(archive), io.BytesIO(), threads=threads, on_progress=note)


def test_progress_inside_a_segment() -> None:
    content = bytes(3_000_000)
    calls: list[tuple[int, int]] = []
    seen: list[float] = []

    def note(n_in: int, n_out: int) -> None:
        calls.append((n_in, n_out))
        seen.append(time.monotonic())
        if 0 < n_in < len(content):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        compress_stream(io.BytesIO(content), io.BytesIO(), level=1, on_progress=note)
    assert 0 < calls[-1][0] < len(content)


def test_a_failing_sink_stops_everything(small_segments: int, samples: dict[str, bytes]) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    for threads in (1, 2):
        with pytest.raises(OSError, match="No space"):
            compress_stream(io.BytesIO(samples["text"]), Full(), threads=threads)
        with pytest.raises(OSError, match="No space"):
            decompress_stream(io.BytesIO(codelength.compress(samples["text"])), Full(), threads=threads)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_what_precedes_an_error_is_written(
    small_segments: int, samples: dict[str, bytes], threads: int
) -> None:
    text = samples["text"][:2600]
    archive = codelength.compress(text, 1)
    for wrong, error in (
        (archive + b"junk", codelength.CorruptError),
        (archive[:-1], codelength.TruncatedError),
        (archive[:-30] + b"\0" + archive[-29:], codelength.CorruptError),
    ):
        sink = io.BytesIO()
        with pytest.raises(error):
            decompress_stream(io.BytesIO(wrong), sink, threads=threads)
        assert sink.getvalue() == text
    sink = io.BytesIO()
    with pytest.raises(codelength.LimitError):
        decompress_stream(io.BytesIO(archive), sink, threads=threads, max_size=1600)
    assert sink.getvalue() == text[:1000]


def test_a_damaged_segment_ends_the_output(small_segments: int, samples: dict[str, bytes]) -> None:
    text = samples["text"]
    archive = bytearray(codelength.compress(text, 1))
    n_half = len(archive) // 2
    archive[n_half] ^= 1
    sink = io.BytesIO()
    with pytest.raises(codelength.CorruptError, match=r"segment \d+ of frame 1"):
        decompress_stream(io.BytesIO(archive), sink, threads=2)
    assert text.startswith(sink.getvalue())
    assert 0 < len(sink.getvalue()) < len(text)
    assert len(sink.getvalue()) % small_segments == 0


def test_list_frames(small_segments: int, samples: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    text, random = samples["text"], samples["random"][:900]
    frames = [codelength.compress(text, 1), codelength.compress(random, check=False), pack_skippable(b"abc")]

    def refuse(*_: object) -> bytes:
        raise AssertionError("nothing is to be decoded")

    monkeypatch.setattr(segment._native, "decode_segment", refuse)
    listed = list_frames(io.BytesIO(b"".join(frames)))
    assert listed == [codelength.get_frame_info(frame) for frame in frames]
    assert listed[1:] == [
        FrameInfo(900, len(frames[1]), 1, 0, 1, False),
        FrameInfo(0, 9, 0, 0, 1, False, skippable=True),
    ]
    whole = b"".join(frames)
    for wrong, error in (
        (b"", codelength.TruncatedError),
        (whole[:-1], codelength.TruncatedError),
        (whole[: len(frames[0]) + 500], codelength.TruncatedError),
        (whole + b"junk", codelength.CorruptError),
        (b"junk", codelength.FormatError),
    ):
        with pytest.raises(error):
            list_frames(io.BytesIO(wrong))


def test_memory_does_not_grow_with_the_input(
    small_segments: int, pipe: Callable[..., io.RawIOBase], monkeypatch: pytest.MonkeyPatch
) -> None:
    def store(content: bytes, *_: object) -> tuple[int, int, bytes]:
        return 1, 0, bytes(content)  # no smaller, so it is stored

    class Nowhere(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            return len(data)

    monkeypatch.setattr(segment._native, "encode_segment", store)
    peaks = []
    for n_bytes in (20_000, 20_000, 200_000):
        source = pipe(bytes(n_bytes), 1000)
        archive = codelength.compress(bytes(n_bytes))
        tracemalloc.start()
        compress_stream(source, Nowhere(), threads=2)
        decompress_stream(pipe(archive, 1000), Nowhere(), threads=2)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 20_000  # the first run pays for what is loaded once
