"""Reads the structure of an archive, step by step, from bytes that somebody else fetches.

The parser says how many bytes it needs and is given exactly these; payloads do not pass through it. It so
serves a pipe, a file that can seek, a buffer and bytes that come in pieces alike:

    while True:
        event = parser.step(take(parser.need))
        if isinstance(event, (SegmentHeader, Skippable)): read or pass over parser.n_body bytes
        elif isinstance(event, FrameInfo): a frame has ended
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength.coding.frame import (
    CONTENT_BYTE,
    CRC_BYTES,
    END_OF_SEGMENTS,
    FIRST_BYTE,
    FORMAT_VERSION,
    LANGUAGE_MODEL_BYTE,
    SKIPPABLE_BYTE,
    SKIPPABLE_SIZE_BYTES,
    TRAILER_BYTES,
    Descriptor,
    FrameInfo,
    IndexBuilder,
    SegmentHeader,
    Trailer,
    parse_index,
    parse_skippable_size,
    segment_header_size,
)
from codelength.errors import CodecError, CorruptError, FormatError

if TYPE_CHECKING:
    from typing_extensions import Buffer


@dataclass(frozen=True, slots=True)
class Skippable:
    """A frame to pass over; `n_bytes` of it follow."""

    n_bytes: int


Event = SegmentHeader | Skippable | FrameInfo


class FrameParser:
    """The state of reading one archive: frames, one after the other.

    Raises FormatError if the first frame does not begin as one, or any has a version or flag that is not
    known or is that of a language model; and CorruptError if a later one does not begin as one or an
    invariant of the format does not hold.
    """

    need: int
    """Bytes that `step` must be given next: exactly so many, may be 0."""
    n_body: int
    """Bytes of payload and checksum, or of a skippable frame, that follow the header just parsed."""
    segment_size: int
    """Bytes of the segment whose header was parsed last, from its model byte to its checksum."""
    position: int
    """Bytes of the archive up to the end of what has been parsed, the body just announced included."""
    n_frames: int
    """Frames that have ended."""
    descriptor: Descriptor
    known: FrameInfo | None
    """What the present frame has said about itself so far; None until its first segment's header."""

    def __init__(self, position: int = 0) -> None:
        self.position = position
        self.n_frames = 0
        self.n_body = 0
        self.segment_size = 0
        self.known = None
        self._segment_head = b""
        self._model_id = 0
        self._index = IndexBuilder()
        self._frame_start = position
        self._then: Callable[[Buffer], Event | None] = self._first_byte
        self.need = 1

    @property
    def at_boundary(self) -> bool:
        """True between frames: here, and only here, an archive may end (if it has a frame)."""
        return self._then == self._first_byte

    @property
    def n_segments(self) -> int:
        """Segments of the present frame whose headers have been parsed."""
        return self._index.n_segments

    def step(self, data: Buffer) -> Event | None:
        """Parses the next `need` bytes."""
        self.position += self.need
        return self._then(data)

    def _expect(self, need: int, then: Callable[[Buffer], Event | None]) -> None:
        self.need = need
        self._then = then

    def _not_a_frame(self) -> CodecError:
        if self.n_frames:
            return CorruptError(f"junk follows the end of the archive, at byte {self._frame_start}")
        return FormatError("this is not a clz archive")

    def _first_byte(self, data: Buffer) -> None:
        self._frame_start = self.position - 1
        self._index = IndexBuilder()
        self._model_id = 0
        self.known = None
        if memoryview(data)[0] != FIRST_BYTE:
            raise self._not_a_frame()
        self._expect(1, self._second_byte)

    def _second_byte(self, data: Buffer) -> None:
        byte = memoryview(data)[0]
        if byte == CONTENT_BYTE:
            self._expect(1, self._descriptor_byte)
        elif byte == SKIPPABLE_BYTE:
            self._expect(SKIPPABLE_SIZE_BYTES, self._skippable_size)
        elif byte == LANGUAGE_MODEL_BYTE:
            if self.n_frames:  # such archives stand alone
                raise self._not_a_frame()
            raise FormatError(
                "this is the archive of a language model, which clz -d decodes where the model is "
                "and the extra is installed: pip install 'codelength[hf]'"
            )
        else:
            raise self._not_a_frame()

    def _skippable_size(self, data: Buffer) -> Skippable:
        self.n_body = parse_skippable_size(data)
        self.position += self.n_body
        self.known = FrameInfo(0, self.position - self._frame_start, 0, 0, FORMAT_VERSION, False, True)
        self._expect(0, self._end_frame)
        return Skippable(self.n_body)

    def _descriptor_byte(self, data: Buffer) -> None:
        self.descriptor = Descriptor.parse(memoryview(data)[0])
        self._expect(1, self._model_byte)

    def _model_byte(self, data: Buffer) -> None:
        self._segment_head = bytes(data)
        model_byte = self._segment_head[0]
        if self.descriptor.segmented and model_byte == END_OF_SEGMENTS:
            if not self._index.n_segments:
                raise CorruptError("a segmented frame must have a segment")
            self._expect(self._index.size, self._index_and_trailer)
        else:
            self._expect(segment_header_size(model_byte, self.descriptor.width) - 1, self._segment_fields)

    def _segment_fields(self, data: Buffer) -> SegmentHeader:
        head = self._segment_head + bytes(data)
        header = SegmentHeader.parse(head, self.descriptor)
        self._model_id = self._model_id or header.predictor
        self.n_body = header.payload_size + (CRC_BYTES if self.descriptor.check else 0)
        self.position += self.n_body
        self.segment_size = len(head) + self.n_body
        self._index.add(header.content_size, self.segment_size)
        if self.descriptor.segmented:
            self.known = FrameInfo(None, None, None, self._model_id, FORMAT_VERSION, self.descriptor.check)
            self._expect(1, self._model_byte)
        else:
            self.known = self._content_info()
            self._expect(0, self._end_frame)
        return header

    def _index_and_trailer(self, data: Buffer) -> FrameInfo:
        # The segments leave no byte of the index open, so comparing with what they call for checks every
        # field.
        if bytes(data) != self._index.pack():
            trailer = Trailer.parse(memoryview(data)[-TRAILER_BYTES:])
            damaged = trailer is None or parse_index(data) is None
            what = "is damaged" if damaged else "does not agree with its segments"
            raise CorruptError(f"the index of the frame at byte {self._frame_start} {what}")
        self.known = self._content_info()
        return self._end_frame(b"")

    def _content_info(self) -> FrameInfo:
        return FrameInfo(
            content_size=self._index.content_size,
            frame_size=self.position - self._frame_start,
            n_segments=self._index.n_segments,
            model_id=self._model_id,
            format_version=FORMAT_VERSION,
            check=self.descriptor.check,
        )

    def _end_frame(self, _: Buffer) -> FrameInfo:
        info = self.known
        if info is None:
            raise RuntimeError("a frame cannot end before it has begun")
        self.n_frames += 1
        self._expect(1, self._first_byte)
        return info
