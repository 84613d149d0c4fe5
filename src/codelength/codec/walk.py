"""Goes through an archive from front to back: its segments, to be decoded, or only what its headers say."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Protocol

from codelength.codec.engine import Engine, Task
from codelength.codec.partial_io import CHUNK_BYTES, Readable, read_some
from codelength.codec.segment import CodedSegment, decode_segment
from codelength.coding.frame import FrameInfo, SegmentHeader
from codelength.coding.parser import Event, FrameParser, Skippable
from codelength.errors import CodecError, LimitError, TruncatedError

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Source(Protocol):
    """Where the bytes of an archive come from."""

    def take(self, n_bytes: int) -> Buffer:
        """The next `n_bytes` bytes; fewer only at the end."""

    def skip(self, n_bytes: int) -> bool:
        """Passes over `n_bytes` bytes; False if the end comes first."""


class MemorySource:
    """An archive in memory; what is taken is not copied."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._position = 0

    def take(self, n_bytes: int) -> memoryview:
        """See `Source`."""
        data = self._view[self._position : self._position + n_bytes]
        self._position += data.nbytes
        return data

    def skip(self, n_bytes: int) -> bool:
        """See `Source`."""
        self._position += n_bytes
        return self._position <= self._view.nbytes


class StreamSource:
    """An archive that is read from a file or a pipe."""

    def __init__(self, file: Readable) -> None:
        self._file = file

    def _chunks(self, n_bytes: int) -> Iterator[bytes]:
        while n_bytes and (chunk := read_some(self._file, min(n_bytes, CHUNK_BYTES))):
            n_bytes -= len(chunk)
            yield chunk

    def take(self, n_bytes: int) -> bytes:
        """See `Source`."""
        return b"".join(self._chunks(n_bytes))

    def skip(self, n_bytes: int) -> bool:
        """See `Source`."""
        return sum(map(len, self._chunks(n_bytes))) == n_bytes


class SeekingSource(StreamSource):
    """A file that can seek; what is passed over is not read."""

    _file: BinaryIO

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        start = file.tell()
        self._n_bytes = file.seek(0, io.SEEK_END)
        file.seek(start)

    def skip(self, n_bytes: int) -> bool:
        """See `Source`."""
        return self._file.seek(n_bytes, io.SEEK_CUR) <= self._n_bytes


def _steps(source: Source, parser: FrameParser) -> Iterator[Event]:
    while True:
        data = source.take(parser.need)
        n_taken = memoryview(data).nbytes
        if n_taken < parser.need:
            if parser.at_boundary and parser.n_frames:
                return
            raise _truncated(parser)
        event = parser.step(data)
        if event is not None:
            yield event


def _truncated(parser: FrameParser) -> TruncatedError:
    if parser.at_boundary and not parser.n_frames:
        return TruncatedError("the input is empty: an archive has at least one frame")
    return TruncatedError(f"the input ends inside frame {parser.n_frames + 1} of the archive")


def walk_headers(source: Source, parser: FrameParser) -> Iterator[Event]:
    """What stands in an archive, without its contents: nothing is decoded.

    At a SegmentHeader, `parser.position` is the end of the segment. Raises FormatError, CorruptError,
    TruncatedError.
    """
    for event in _steps(source, parser):
        yield event
        if not isinstance(event, FrameInfo) and not source.skip(parser.n_body):
            raise _truncated(parser)


def walk_segments(source: Source) -> Iterator[CodedSegment]:
    """The segments of an archive, not yet decoded. Raises FormatError, CorruptError, TruncatedError."""
    parser = FrameParser()
    for event in _steps(source, parser):
        if isinstance(event, SegmentHeader):
            body = source.take(parser.n_body)
            if memoryview(body).nbytes < parser.n_body:
                raise _truncated(parser)
            where = f"segment {parser.n_segments} of frame {parser.n_frames + 1}"
            yield CodedSegment(event, parser.descriptor, body, where)
        elif isinstance(event, Skippable) and not source.skip(parser.n_body):
            raise _truncated(parser)


def decode_task(segment: CodedSegment, n_threads: int) -> Task:
    """The work of decoding a segment: on several threads if no other segment of its frame needs them."""
    n_archive = memoryview(segment.body).nbytes
    threads = 1 if segment.descriptor.segmented else n_threads
    return Task(partial(decode_segment, segment, threads), segment.header.content_size, n_archive)


def decode_segments(
    segments: Iterator[CodedSegment], engine: Engine, max_size: int | None = None
) -> Iterator[bytes]:
    """Contents of the segments, in order, decoded on the threads of `engine`.

    What can be read before the first error comes first, however many threads there are. Raises LimitError
    before more than `max_size` bytes come out, and what `segments` and `decode_segment` raise.
    """
    n_bytes = 0
    error: CodecError | None = None
    while error is None:
        try:
            segment = next(segments, None)
        except CodecError as caught:
            error = caught
            break
        if segment is None:
            break
        n_bytes += segment.header.content_size
        if max_size is not None and n_bytes > max_size:
            error = LimitError(f"the content is larger than the limit of {max_size} bytes")
            break
        engine.submit(decode_task(segment, engine.n_threads))
        del segment
        while engine.is_full:
            yield engine.result()
    yield from engine.drain()
    if error is not None:
        raise error
