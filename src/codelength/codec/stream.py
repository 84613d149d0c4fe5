"""File to file, in bounded memory, on all processors."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from codelength.codec.engine import Engine
from codelength.codec.frame_encoder import FrameEncoder
from codelength.codec.levels import resolve_model
from codelength.codec.partial_io import CHUNK_BYTES, Readable, read_some, write_all
from codelength.codec.walk import SeekingSource, StreamSource, decode_segments, walk_headers, walk_segments
from codelength.coding.frame import FrameInfo
from codelength.coding.parser import FrameParser

REPORT_SECONDS = 0.1

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class StreamStats:
    """What went through."""

    n_bytes_in: int
    """Bytes read from the source."""
    n_bytes_out: int
    """Bytes written to the sink."""


class _Reporter:
    """Calls `on_progress` from time to time, with numbers that never fall."""

    def __init__(self, on_progress: Progress | None, count: Callable[[], tuple[int, int]]) -> None:
        self._on_progress = on_progress
        self._count = count
        self._next_time = time.monotonic() + REPORT_SECONDS

    def __call__(self) -> None:
        if self._on_progress is not None and time.monotonic() >= self._next_time:
            self._on_progress(*self._count())
            self._next_time = time.monotonic() + REPORT_SECONDS


def compress_stream(
    source: BinaryIO,
    sink: BinaryIO,
    *,
    level: int | None = None,
    model: int | str | os.PathLike[str] | None = None,
    check: bool = True,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> StreamStats:
    """Compresses what `source` holds, from its present position, into one frame.

    The frame is the one that `compress` makes of the same bytes. Memory: at most 64,000,000 bytes of content
    held back, two segments (up to 32,000,000 bytes each) a thread, and what `list_models` states for each
    thread.

    Args:
        source: a binary file open for reading; a pipe will do.
        sink: a binary file open for writing.
        level, model, check: as of `compress`.
        threads: how many to use at most; None is one for each CPU.
        on_progress: called in this thread several times a second with (bytes of content coded, bytes
            written), inside long segments too, and once at the end.

    Raises OSError as the files do, TypeError and ValueError for arguments that do not exist. An exception,
    Ctrl-C for one, stops all threads before it leaves.
    """
    n_out = 0
    with FrameEncoder(resolve_model(level, model), check, threads, lambda: report()) as encoder:
        report = _Reporter(on_progress, lambda: (encoder.n_content_done, n_out))
        n_in = 0
        while chunk := read_some(source, CHUNK_BYTES):
            n_in += len(chunk)
            for part in encoder.write(memoryview(chunk)):
                n_out += write_all(sink, part)
            report()
        for part in encoder.end_frame():
            n_out += write_all(sink, part)
    if on_progress is not None:
        on_progress(n_in, n_out)
    return StreamStats(n_in, n_out)


def decompress_stream(
    source: BinaryIO,
    sink: BinaryIO,
    *,
    threads: int | None = None,
    max_size: int | None = None,
    on_progress: Progress | None = None,
) -> StreamStats:
    """Restores the archive that `source` holds, from its present position to its end.

    Where the archive is wrong at some point, the content before that point is written before the error is
    raised.
    Memory: two segments (archive and content, up to 32 MiB each) a thread, and the predictor's for each
    thread.

    Args:
        source: a binary file open for reading; a pipe will do.
        sink: a binary file open for writing.
        threads: how many to use at most; None is one for each CPU.
        max_size: the most bytes of content to restore; None is no limit.
        on_progress: called in this thread several times a second with (bytes of archive done, bytes of
            content done), inside long segments too, and once at the end.

    Raises FormatError, CorruptError, TruncatedError, LimitError and ModelNotFoundError as `decompress` does,
    and OSError as the files do. An exception, Ctrl-C for one, stops all threads before it leaves.
    """
    n_out = 0
    counted = _CountingReader(source)

    def count() -> tuple[int, int]:
        tasks = list(engine.running)
        waiting = sum(task.n_archive - task.n_archive_done for task in tasks)
        return counted.n_bytes - waiting, n_out + sum(task.n_content_done for task in tasks)

    report = _Reporter(on_progress, count)
    with Engine(threads, report) as engine:
        for content in decode_segments(walk_segments(StreamSource(counted)), engine, max_size):
            n_out += write_all(sink, content)
            report()
    if on_progress is not None:
        on_progress(counted.n_bytes, n_out)
    return StreamStats(counted.n_bytes, n_out)


def list_frames(source: BinaryIO) -> list[FrameInfo]:
    """What the frames of an archive say about themselves, from the present position of a file that can seek.

    Reads headers and indexes only; contents are neither read nor decoded. Raises FormatError, CorruptError,
    TruncatedError.
    """
    events = walk_headers(SeekingSource(source), FrameParser())
    return [event for event in events if isinstance(event, FrameInfo)]


class _CountingReader:
    def __init__(self, file: Readable) -> None:
        self._file = file
        self.n_bytes = 0

    def read(self, n_bytes: int, /) -> bytes:
        data = read_some(self._file, n_bytes)
        self.n_bytes += len(data)
        return data
