"""One segment: content to the bytes of an archive and back. What does not get smaller is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codelength import _native
from codelength.codec.levels import Model
from codelength.codec.networks import NetworkFile, default_network, find_network
from codelength.coding.frame import (
    CRC_BYTES,
    NETWORK_NAME_BYTES,
    STORED,
    Descriptor,
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
    descriptor: Descriptor
    """That of its frame."""
    body: Buffer
    """Payload, then the checksum if the frame has them."""
    where: str
    """Names the segment in messages."""


def encode_segment(
    content: Buffer,
    model: Model,
    width: int,
    check: bool,
    threads: int = 1,
    monitor: _native.Monitor | None = None,
) -> bytes:
    """The bytes of a segment, from model byte to checksum; `width` 0, 1, 2 is for fields of 1, 2, 4 bytes.

    `threads` is how many a network may use.
    """
    view = memoryview(content)
    used, kind, payload, network = _encode_payload(view, model, NETWORK_NAME_BYTES, threads, monitor)
    tail = pack_checksum(view) if check else b""
    stored_head = SegmentHeader(STORED, 0, view.nbytes, view.nbytes).pack(width)
    if len(payload) < view.nbytes:
        header = SegmentHeader(used, kind, view.nbytes, len(payload), network.hash if network else b"")
        head = header.pack(width)
        if len(head) + len(payload) < len(stored_head) + view.nbytes:
            return b"".join((head, payload, tail))
    return b"".join((stored_head, view, tail))


def decode_segment(segment: CodedSegment, threads: int = 1, monitor: _native.Monitor | None = None) -> bytes:
    """The content of a segment.

    Raises CorruptError if it is damaged, FormatError for a kind of content that is not known,
    ModelNotFoundError if its predictor or its network is not installed.
    """
    view = memoryview(segment.body)
    payload, tail = (view[:-CRC_BYTES], view[-CRC_BYTES:]) if segment.descriptor.check else (view, None)
    content = _decode_payload(payload, segment.header, segment.where, threads, monitor)
    if tail is not None and checksum(content) != parse_checksum(tail):
        raise CorruptError(f"{segment.where} is damaged: its checksum differs")
    return content


def encode_message(content: Buffer, model: Model) -> bytes:
    """A message. Raises ValueError for a content of more than 65,535 bytes or a network of one's own."""
    view = memoryview(content)
    if model.network is not None:
        raise ValueError("a message cannot name a network: it uses the one that comes with the package")
    if view.nbytes > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message holds at most {MAX_MESSAGE_BYTES} bytes, not {view.nbytes}")
    used, kind, payload, _ = _encode_payload(view, model, 0, 1, None)
    coded = MessageHeader(used, kind, view.nbytes).pack() + payload
    stored = MessageHeader(STORED, 0, view.nbytes).pack() + bytes(view)
    return coded if len(coded) < len(stored) else stored


def decode_message(data: Buffer, max_size: int | None = None) -> bytes:
    """The content of a message. Raises as `decode_segment`, TruncatedError for an empty one, LimitError."""
    header, payload = parse_message(data, max_size)
    as_segment = SegmentHeader(header.predictor, header.kind, header.content_size, payload.nbytes)
    if header.predictor != STORED and _native.is_networked(header.predictor):
        as_segment = replace(as_segment, network=default_network().hash)
    return _decode_payload(payload, as_segment, "the message", 1, None)


def _encode_payload(
    view: memoryview, model: Model, name_bytes: int, threads: int, monitor: _native.Monitor | None
) -> tuple[int, int, bytes, NetworkFile | None]:
    """Predictor used, kind, payload, and the network if that predictor needs one.

    The network that comes with the package, whose name takes `name_bytes`, is left out where the content
    turns out smaller without it; one that the caller chose is not.
    """
    if not view.nbytes:
        return STORED, 0, b"", None
    networked = _native.is_networked(model.predictor)
    network = (model.network or default_network()) if networked else None
    native = network.native if network else None
    used, kind, payload = _native.encode_segment(
        view, model.predictor, native, threads, monitor, None if model.network else name_bytes
    )
    return used, kind, payload, network if _native.is_networked(used) else None


def _decode_payload(
    payload: memoryview, header: SegmentHeader, where: str, threads: int, monitor: _native.Monitor | None
) -> bytes:
    if header.predictor == STORED:
        return bytes(payload)
    if header.predictor > _native.N_PREDICTORS:
        raise ModelNotFoundError(f"{where} needs predictor {header.predictor}, which is not known here")
    if _native.is_networked(header.predictor) != bool(header.network):
        raise FormatError(f"{where} names a network where its predictor has none, or none where it needs one")
    network = find_network(header.network).native if header.network else None
    try:
        return _native.decode_segment(
            payload, header.content_size, header.predictor, header.kind, network, threads, monitor
        )
    except _native.CorruptPayload as error:
        raise CorruptError(f"{where} is damaged: {error}") from None
    except ValueError:
        raise FormatError(
            f"{where} has content of kind {header.kind}, which its predictor does not take"
        ) from None
