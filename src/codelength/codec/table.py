"""Where the segments of an archive are, so that a file can be read from any point."""

from __future__ import annotations

import io
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import BinaryIO

from codelength.codec.segment import CodedSegment
from codelength.codec.walk import SeekingSource, StreamSource, walk_headers
from codelength.coding.frame import (
    CRC_BYTES,
    MAX_SEGMENT_BYTES,
    TRAILER_BYTES,
    Descriptor,
    SegmentHeader,
    Trailer,
    parse_index,
    segment_header_size,
)
from codelength.coding.parser import FrameParser
from codelength.errors import CodecError, CorruptError, TruncatedError


class SegmentTable:
    """The segments of the archive that a file holds from `start` to its end. All sizes are in bytes.

    If the archive is one segmented frame, its index at the end of the file is enough; else the headers of all
    segments are read, from the front. Raises FormatError, CorruptError, TruncatedError.
    """

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = file
        # Arrays, as an archive may have a segment every ten bytes: at most 2.5 bytes of table for each of its
        # bytes.
        self._content_ends = array("Q")
        self._offsets = array("Q")
        self._sizes = array("Q")
        self._descriptors = array("B")
        file.seek(start)
        if not self._read_index(start):
            self._read_headers(start)

    @property
    def n_bytes(self) -> int:
        """Bytes of content of all segments."""
        return self._content_ends[-1] if self._content_ends else 0

    def find(self, position: int) -> int:
        """The segment with the byte of content at `position`, or the number of segments, past the end."""
        return bisect_right(self._content_ends, position)

    def content_start(self, number: int) -> int:
        """Where the content of a segment begins; past the last segment, where all content ends."""
        return self._content_ends[number - 1] if number else 0

    def segments_from(self, number: int) -> Iterator[CodedSegment]:
        """The segments from `number` on, read from the file when they are asked for."""
        while number < len(self._offsets):
            yield self._segment(number)
            number += 1

    def _add(self, offset: int, size: int, content_size: int, descriptor: Descriptor) -> None:
        self._content_ends.append(self.n_bytes + content_size)
        self._offsets.append(offset)
        self._sizes.append(size)
        self._descriptors.append(descriptor.pack()[-1])

    def _read_index(self, start: int) -> bool:
        n_file = self._file.seek(0, io.SEEK_END)
        self._file.seek(start)
        source = StreamSource(self._file)
        head = source.take(3)
        try:
            descriptor = Descriptor.parse(head[2]) if len(head) == 3 else None
        except CodecError:
            return False
        if descriptor is None or not descriptor.segmented or head != descriptor.pack():
            return False
        if n_file - start < TRAILER_BYTES:
            return False
        self._file.seek(n_file - TRAILER_BYTES)
        trailer = Trailer.parse(source.take(TRAILER_BYTES))
        if trailer is None or trailer.frame_size != n_file - start or trailer.index_size > n_file - start:
            return False
        self._file.seek(n_file - TRAILER_BYTES - trailer.index_size)
        entries = parse_index(source.take(trailer.index_size + TRAILER_BYTES))
        if (
            entries is None
            or not entries
            or sum(size for _, size in entries)
            != (trailer.frame_size - TRAILER_BYTES - trailer.index_size - 4)
        ):
            return False
        if not all(0 < content_size <= MAX_SEGMENT_BYTES for content_size, _ in entries):
            return False
        offset = start + 3
        for content_size, size in entries:
            self._add(offset, size, content_size, descriptor)
            offset += size
        return self.n_bytes == trailer.content_size

    def _read_headers(self, start: int) -> None:
        for numbers in (self._content_ends, self._offsets, self._sizes, self._descriptors):
            del numbers[:]
        self._file.seek(start)
        parser = FrameParser(start)
        for event in walk_headers(SeekingSource(self._file), parser):
            if isinstance(event, SegmentHeader) and event.content_size:
                size = parser.segment_size
                self._add(parser.position - size, size, event.content_size, parser.descriptor)

    def _segment(self, number: int) -> CodedSegment:
        where = f"segment {number + 1}"
        self._file.seek(self._offsets[number])
        data = StreamSource(self._file).take(self._sizes[number])
        if len(data) < self._sizes[number]:
            raise TruncatedError(f"the input ends inside {where}")
        descriptor = Descriptor.parse(self._descriptors[number])
        n_head = segment_header_size(data[0], descriptor.width) if data else 1
        if len(data) >= n_head:
            header = SegmentHeader.parse(data[:n_head], descriptor)
            body = memoryview(data)[n_head:]
            n_body = header.payload_size + (CRC_BYTES if descriptor.check else 0)
            n_content = self._content_ends[number] - self.content_start(number)
            if header.content_size == n_content and len(body) == n_body:
                return CodedSegment(header, descriptor, body, where)
        raise CorruptError(f"{where} does not agree with the index")
