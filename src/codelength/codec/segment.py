"""One segment: content to the bytes of an archive and back. What does not get smaller is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength import _native
from codelength.coding.frame import (
    BY_HASH,
    CRC_BYTES,
    STORED,
    SegmentHeader,
    checksum,
    pack_checksum,
    parse_checksum,
)
from codelength.coding.message import MAX_MESSAGE_BYTES, MessageHeader, parse_message
from codelength.errors import CorruptError, FormatError, ModelNotFoundError

if TYPE_CHECKING:
    from typing_extensions import Buffer


@dataclass(frozen=True, slots=True)
class CodedSegment:
    """A segment as it stands in an archive."""

    header: SegmentHeader
    check: bool
    body: Buffer
    """Payload, then the checksum if `check`."""
    where: str
    """Names the segment in messages."""


def encode_segment(
    content: Buffer, predictor: int, width: int, check: bool, monitor: _native.Monitor | None = None
) -> bytes:
    """The bytes of a segment, from model byte to checksum; `width` 0, 1, 2 is for fields of 1, 2, 4 bytes."""
    view = memoryview(content)
    kind, payload = _native.encode_segment(view, predictor, monitor) if view.nbytes else (0, b"")
    header = SegmentHeader(predictor, kind, view.nbytes, len(payload))
    tail = pack_checksum(view) if check else b""
    if len(payload) + (1 << width) < view.nbytes:  # a coded segment has one more size field than a stored one
        return b"".join((header.pack(width), payload, tail))
    stored = SegmentHeader(STORED, 0, view.nbytes, view.nbytes)
    return b"".join((stored.pack(width), view, tail))


def decode_segment(segment: CodedSegment, monitor: _native.Monitor | None = None) -> bytes:
    """The content of a segment.

    Raises CorruptError if it is damaged, FormatError for a kind of content that is not known,
    ModelNotFoundError if its predictor is not installed.
    """
    view = memoryview(segment.body)
    payload, tail = (view[:-CRC_BYTES], view[-CRC_BYTES:]) if segment.check else (view, None)
    content = _decode_payload(payload, segment.header, segment.where, monitor)
    if tail is not None and checksum(content) != parse_checksum(tail):
        raise CorruptError(f"{segment.where} is damaged: its checksum differs")
    return content


def encode_message(content: Buffer, predictor: int) -> bytes:
    """A message. Raises ValueError for a content of more than 65,535 bytes."""
    view = memoryview(content)
    if view.nbytes > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message holds at most {MAX_MESSAGE_BYTES} bytes, not {view.nbytes}")
    kind, payload = _native.encode_segment(view, predictor) if view.nbytes else (0, b"")
    coded = MessageHeader(predictor, kind, view.nbytes).pack() + payload
    stored = MessageHeader(STORED, 0, view.nbytes).pack() + bytes(view)
    return coded if len(coded) < len(stored) else stored


def decode_message(data: Buffer, max_size: int | None = None) -> bytes:
    """The content of a message. Raises as `decode_segment`, TruncatedError for an empty one, LimitError."""
    header, payload = parse_message(data, max_size)
    as_segment = SegmentHeader(header.predictor, header.kind, header.content_size, payload.nbytes)
    return _decode_payload(payload, as_segment, "the message", None)


def _decode_payload(
    payload: memoryview, header: SegmentHeader, where: str, monitor: _native.Monitor | None
) -> bytes:
    if header.predictor == STORED:
        return bytes(payload)
    if header.predictor == BY_HASH:
        raise ModelNotFoundError(f"{where} needs a predictor with weights {header.weights_hash.hex()}")
    if header.predictor > _native.N_PREDICTORS:
        raise ModelNotFoundError(f"{where} needs predictor {header.predictor}, which is not installed")
    try:
        return _native.decode_segment(payload, header.content_size, header.predictor, header.kind, monitor)
    except _native.CorruptPayload as error:
        raise CorruptError(f"{where} is damaged: {error}") from None
    except ValueError:
        raise FormatError(f"{where} has content of kind {header.kind}, which is not known here") from None
