"""The bytes of a frame (docs/format.md, section 1): constants, fields, packing and parsing. No input or
output.

A frame is read by `codelength.coding.parser`, which drives these functions; a message has `coding.message`.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength.errors import CorruptError, FormatError

if TYPE_CHECKING:
    from typing_extensions import Buffer

FORMAT_VERSION = 1
MAX_SEGMENT_BYTES = 1 << 25
"""Bytes of content in a segment, at most: bounds the memory that a hostile frame can ask for."""

FIRST_BYTE = 0xC1
CONTENT_BYTE = 0x5A
SKIPPABLE_BYTE = 0x5B
LANGUAGE_MODEL_BYTE = 0x5C
"""Frames of language models are read by `codec.language_model`, and only known here by this."""
END_OF_SEGMENTS = 0x07
END_MAGIC = b"\x5a\xc1"

STORED = 0
"""The predictor number of a segment that is kept as it is."""
BY_HASH = 31
"""The predictor number that announces the hash of a network, and then the predictor that needs it."""

CRC_BYTES = 4
HASH_BYTES = 8
NETWORK_NAME_BYTES = HASH_BYTES + 1
"""What a segment spends on naming a network: the hash, and the predictor that needs it."""
SEGMENTED_WIDTH = 2

_SEGMENTED_BIT = 1 << 4
_CHECK_BIT = 1 << 3
_RESERVED_BIT = 1 << 2
_FIELD = (struct.Struct("<B"), struct.Struct("<H"), struct.Struct("<I"))
_INDEX_ENTRY = struct.Struct("<II")
_TOTALS = struct.Struct("<IQQ")
_CRC = struct.Struct("<I")

SKIPPABLE_SIZE_BYTES = 4
INDEX_ENTRY_BYTES = _INDEX_ENTRY.size
TRAILER_BYTES = _TOTALS.size + CRC_BYTES + len(END_MAGIC)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The third byte of a content frame."""

    segmented: bool
    check: bool
    width: int
    """0, 1, 2: the size fields have 1, 2, 4 bytes."""

    def pack(self) -> bytes:
        """The first three bytes of the frame."""
        flags = (_SEGMENTED_BIT if self.segmented else 0) | (_CHECK_BIT if self.check else 0)
        return bytes((FIRST_BYTE, CONTENT_BYTE, FORMAT_VERSION << 5 | flags | self.width))

    @classmethod
    def parse(cls, byte: int) -> Descriptor:
        """Raises FormatError for a version or reserved value not known, CorruptError for a wrong width."""
        version = byte >> 5
        if version != FORMAT_VERSION:
            raise FormatError(f"format version {version} is not known here ({FORMAT_VERSION} is)")
        width = byte & 3
        if byte & _RESERVED_BIT or width == 3:
            raise FormatError(f"the frame descriptor {byte:#04x} uses a reserved value")
        descriptor = cls(bool(byte & _SEGMENTED_BIT), bool(byte & _CHECK_BIT), width)
        if descriptor.segmented and width != SEGMENTED_WIDTH:
            raise CorruptError("a segmented frame must have size fields of 4 bytes")
        return descriptor


def smallest_width(n_bytes: int) -> int:
    """The width of the size fields that a simple frame of `n_bytes` of content must have."""
    return 0 if n_bytes < 1 << 8 else 1 if n_bytes < 1 << 16 else 2


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What stands before the payload of a segment. Sizes are in bytes."""

    predictor: int
    kind: int
    content_size: int
    payload_size: int
    network: bytes = b""
    """First 8 bytes of the SHA-256 of the model file, if the predictor needs a network."""

    def pack(self, width: int) -> bytes:
        """The header with size fields of the given width."""
        field = _FIELD[width]
        number = BY_HASH if self.network else self.predictor
        head = bytes((number << 3 | self.kind,))
        if self.network:
            head += self.network + bytes((self.predictor,))
        head += field.pack(self.content_size)
        return head if self.predictor == STORED else head + field.pack(self.payload_size)

    @classmethod
    def parse(cls, data: Buffer, descriptor: Descriptor) -> SegmentHeader:
        """Parses `segment_header_size` bytes. Raises CorruptError where an invariant does not hold."""
        view = memoryview(data)
        predictor, kind = view[0] >> 3, view[0] & 7
        field = _FIELD[descriptor.width]
        at, network = 1, b""
        if predictor == BY_HASH:
            at = 2 + HASH_BYTES
            network, predictor = bytes(view[1 : at - 1]), view[at - 1]
            if not 0 < predictor < BY_HASH:
                raise CorruptError("a segment names a network and no predictor that could need it")
        content_size: int = field.unpack_from(view, at)[0]
        payload_size: int = content_size
        if predictor != STORED:
            payload_size = field.unpack_from(view, at + field.size)[0]
        if content_size > MAX_SEGMENT_BYTES:
            raise CorruptError(f"a segment claims {content_size} bytes, more than {MAX_SEGMENT_BYTES}")
        if predictor == STORED and kind:
            raise CorruptError("a stored segment must have content of kind 0")
        if predictor != STORED and payload_size >= content_size:
            raise CorruptError("a coded segment must be smaller than its content")
        if descriptor.segmented and content_size == 0:
            raise CorruptError("a segment of a segmented frame must not be empty")
        if not descriptor.segmented and descriptor.width != smallest_width(content_size):
            raise CorruptError("a simple frame must use the smallest size fields that hold its size")
        return cls(predictor, kind, content_size, payload_size, network)


def segment_header_size(model_byte: int, width: int) -> int:
    """Bytes of a segment's header, the model byte included."""
    predictor = model_byte >> 3
    n_fields = 1 if predictor == STORED else 2
    return 1 + (NETWORK_NAME_BYTES if predictor == BY_HASH else 0) + n_fields * _FIELD[width].size


def checksum(data: Buffer) -> int:
    """CRC-32, as in zlib, gzip and PNG."""
    return zlib.crc32(data)


def pack_checksum(data: Buffer) -> bytes:
    """The four bytes that follow a content."""
    return _CRC.pack(zlib.crc32(data))


def parse_checksum(data: Buffer) -> int:
    """The CRC-32 in exactly four bytes."""
    value: int = _CRC.unpack(data)[0]
    return value


def pack_skippable(data: Buffer) -> bytes:
    """A frame that decoders pass over. Raises ValueError if `data` has 4 GiB or more."""
    view = memoryview(data).cast("B")
    if view.nbytes >= 1 << 32:
        raise ValueError("a skippable frame holds less than 4 GiB")
    return bytes((FIRST_BYTE, SKIPPABLE_BYTE)) + _CRC.pack(view.nbytes) + view


def parse_skippable_size(data: Buffer) -> int:
    """The number of bytes to pass over, from exactly four bytes."""
    size: int = _CRC.unpack(data)[0]
    return size


class IndexBuilder:
    """Index and trailer of one segmented frame, gathered while its segments go by, written or read."""

    def __init__(self) -> None:
        self.n_segments = 0
        self.content_size = 0
        self.segments_size = 0
        # Eight bytes a segment, never more than the segments themselves take: no input can blow this up.
        self._entries = bytearray()

    def add(self, content_size: int, segment_size: int) -> None:
        """Notes a segment; sizes in bytes, `segment_size` from its model byte to its checksum."""
        self.n_segments += 1
        self.content_size += content_size
        self.segments_size += segment_size
        self._entries += _INDEX_ENTRY.pack(content_size, segment_size)

    @property
    def size(self) -> int:
        """Bytes of index and trailer."""
        return len(self._entries) + TRAILER_BYTES

    def pack(self) -> bytes:
        """Index and trailer, which the byte 07 precedes."""
        frame_size = 3 + self.segments_size + 1 + self.size
        body = bytes(self._entries) + _TOTALS.pack(self.n_segments, self.content_size, frame_size)
        return body + pack_checksum(body) + END_MAGIC


@dataclass(frozen=True, slots=True)
class Trailer:
    """The end of a segmented frame. Sizes are in bytes."""

    n_segments: int
    content_size: int
    frame_size: int

    @classmethod
    def parse(cls, data: Buffer) -> Trailer | None:
        """Parses exactly `TRAILER_BYTES` bytes; None if they are not the end of a segmented frame."""
        view = memoryview(data)
        if view[-2:] != END_MAGIC:
            return None
        return cls(*_TOTALS.unpack_from(view, 0))

    @property
    def index_size(self) -> int:
        """Bytes of the index that precedes the trailer, as the trailer claims."""
        return self.n_segments * INDEX_ENTRY_BYTES


def parse_index(data: Buffer) -> list[tuple[int, int]] | None:
    """(content_size, segment_size) of each segment, from index and trailer; None if the checksum differs."""
    view = memoryview(data)
    body, end = view[: -CRC_BYTES - len(END_MAGIC)], view[-CRC_BYTES - len(END_MAGIC) : -len(END_MAGIC)]
    if checksum(body) != parse_checksum(end):
        return None
    return list(_INDEX_ENTRY.iter_unpack(body[: -_TOTALS.size]))


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """What a frame says about itself. Sizes are in bytes; they are claims until it has been decoded."""

    content_size: int | None
    """Bytes of content; None if only the end of the frame, which is not at hand, tells."""
    frame_size: int | None
    """Bytes of the frame itself; None likewise."""
    n_segments: int | None
    """Segments of the frame; None likewise."""
    model_id: int
    """Number of the predictor (docs/format.md, section 3) of the first coded segment; 0 if all are stored."""
    format_version: int
    check: bool
    """True if contents are followed by their checksum."""
    skippable: bool = False
    """True if the frame has no content and decoders pass over it."""
