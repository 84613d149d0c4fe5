"""An archive as a raw file of its content, read in order or from any point."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from codelength.codec.engine import Engine
from codelength.codec.table import SegmentTable
from codelength.codec.walk import StreamSource, decode_segments, walk_segments

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class ArchiveReader(io.RawIOBase):
    """The content of the archive that `file` holds from its present position to its end.

    In order, it is read as it comes, from a pipe too. The first seek out of the present segment builds a
    table of segments, if `file` can seek; from then on the segment that is wanted is decoded, from its
    beginning, and no other. Memory: the present segment, and on more than one thread those read ahead.
    """

    def __init__(self, file: BinaryIO, threads: int | None = 1) -> None:
        self._file = file
        self._threads = threads
        self._can_seek = bool(getattr(file, "seekable", bool)())
        self._start = file.tell() if self._can_seek else 0
        self._table: SegmentTable | None = None
        self._engine = Engine(threads)
        self._contents = decode_segments(walk_segments(StreamSource(file)), self._engine)
        self._error: Exception | None = None
        self._content = memoryview(b"")  # of the present segment
        self._content_start = 0
        self._position = 0

    def close(self) -> None:
        """Stops the threads; the file stays open."""
        try:
            if not self.closed:
                self._engine.close()
                self._content = memoryview(b"")
        finally:
            super().close()

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """True if the file can seek."""
        return self._can_seek

    def tell(self) -> int:
        """Position in the content, in bytes."""
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Reads some bytes, none at the end only. Raises what `decompress` does, again if called again."""
        with memoryview(buffer) as view, view.cast("B") as target:
            part = self._rest()[: len(target)]
            target[: len(part)] = part
        self._position += len(part)
        return len(part)

    def readall(self) -> bytes:
        """All content from here on."""
        parts = []
        while part := self._rest():
            self._position += len(part)
            parts.append(bytes(part))
        return b"".join(parts)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to a position, which is kept between the beginning and the end of the content, and returns
        it.

        Raises io.UnsupportedOperation if the file cannot seek, and what `list_frames` does.
        """
        if not self._can_seek:
            raise io.UnsupportedOperation("the underlying file cannot seek")
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            offset += self._segment_table().n_bytes
        elif whence != io.SEEK_SET:
            raise ValueError(f"whence must be 0, 1 or 2, not {whence}")
        offset = max(offset, 0)
        if not self._content_start <= offset <= self._content_start + len(self._content):
            table = self._segment_table()
            offset = min(offset, table.n_bytes)
            self._read_from(table, table.find(offset))
        self._position = offset
        return offset

    def _rest(self) -> memoryview:
        """What is left of the present segment, or the next one; empty at the end."""
        while self._position >= self._content_start + len(self._content):
            content = self._next_content()
            if content is None:
                return memoryview(b"")
            self._content_start += len(self._content)
            self._content = memoryview(content)
        return self._content[self._position - self._content_start :]

    def _next_content(self) -> bytes | None:
        if self._error is not None:
            raise self._error
        try:
            return next(self._contents, None)
        except Exception as error:
            self._error = error  # the iterator ends here; that must not pass for the end of the content
            raise
        except BaseException:
            self._error = ValueError("an earlier read was interrupted")
            raise

    def _segment_table(self) -> SegmentTable:
        if self._table is None:
            self._stop()
            try:
                self._table = SegmentTable(self._file, self._start)
            except Exception as error:
                self._error = error
                raise
            # The file has moved: what follows the present segment is found through the table from now on.
            following = self._table.find(self._content_start + len(self._content))
            self._contents = decode_segments(self._table.segments_from(following), self._engine)
        return self._table

    def _read_from(self, table: SegmentTable, number: int) -> None:
        self._stop()
        self._content = memoryview(b"")
        self._content_start = table.content_start(number)
        self._contents = decode_segments(table.segments_from(number), self._engine)

    def _stop(self) -> None:
        self._engine.close()
        self._engine = Engine(self._threads)
        self._error = None
