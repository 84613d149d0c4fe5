"""1. Frames: an archive is a sequence of them."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from typing import Final

from network import Network
from payload import decode_payload
from predictors import PREDICTORS, check_model
from reading import FormatError, Reader, require

__all__ = ["decode"]

CONTENT_MAGIC: Final = b"\xc1\x5a"
SKIPPABLE_MAGIC: Final = b"\xc1\x5b"
END_MAGIC: Final = b"\x5a\xc1"
FORMAT_VERSION: Final = 1
END_OF_SEGMENTS: Final = 0x07
LARGEST_SEGMENT: Final = 1 << 25
NAMED_BY_HASH: Final = 31


def decode(archive: bytes, networks: Collection[Network] = ()) -> bytes:
    """The content of an archive: the contents of its frames, joined. ``networks``: those at hand."""
    reader = Reader(archive)
    content = bytearray()
    require(not reader.at_end(), "an archive holds at least one frame")
    while not reader.at_end():
        magic = reader.take(2)
        if magic == CONTENT_MAGIC:
            content += decode_content_frame(reader, networks)
        elif magic == SKIPPABLE_MAGIC:  # 1.6
            reader.take(reader.integer(4))
        else:
            raise FormatError("no frame begins here")
    return bytes(content)


def decode_content_frame(reader: Reader, networks: Collection[Network]) -> bytes:
    """A simple or segmented frame, whose two magic bytes have been read (1.1)."""
    frame_start = reader.position - 2
    descriptor = reader.integer(1)
    require(descriptor >> 5 == FORMAT_VERSION, "unknown format version")
    require(descriptor & 0b100 == 0, "a reserved bit of the descriptor is set")
    require(descriptor & 0b11 != 3, "reserved width of the size fields")
    has_checksum = bool(descriptor & 0b1000)
    width = 1 << (descriptor & 0b11)
    if descriptor & 0b10000:
        require(width == 4, "the size fields of a segmented frame have 4 bytes")
        return decode_segmented_frame(reader, networks, frame_start, has_checksum)
    content = decode_segment(reader, networks, reader.integer(1), width, has_checksum)  # 1.3
    smallest_width = 1 if len(content) < 1 << 8 else 2 if len(content) < 1 << 16 else 4
    require(width == smallest_width, "the size fields are wider than they need be")
    return content


def decode_segmented_frame(
    reader: Reader, networks: Collection[Network], frame_start: int, has_checksum: bool
) -> bytes:
    """Segments up to the byte 07, then the index and the trailer, which must agree with them (1.4)."""
    content = bytearray()
    sizes: list[tuple[int, int]] = []
    while True:
        segment_start = reader.position
        model_byte = reader.integer(1)
        if model_byte == END_OF_SEGMENTS:
            break
        part = decode_segment(reader, networks, model_byte, 4, has_checksum)
        require(len(part) >= 1, "an empty segment in a segmented frame")
        sizes.append((len(part), reader.position - segment_start))
        content += part
    require(len(sizes) >= 1, "a segmented frame without segments")

    index_start = reader.position
    for size_pair in sizes:
        require(
            (reader.integer(4), reader.integer(4)) == size_pair, "the index does not agree with the segments"
        )
    require(reader.integer(4) == len(sizes), "the trailer has another number of segments")
    require(reader.integer(8) == len(content), "the trailer has another size of the content")
    frame_size = reader.integer(8)
    covered = reader.data[index_start : reader.position]
    require(reader.integer(4) == zlib.crc32(covered), "the checksum of the index is wrong")
    require(reader.take(2) == END_MAGIC, "the trailer does not end in 5A C1")
    require(frame_size == reader.position - frame_start, "the trailer has another size of the frame")
    return bytes(content)


def decode_segment(
    reader: Reader, networks: Collection[Network], model_byte: int, width: int, has_checksum: bool
) -> bytes:
    """A segment whose model byte has been read (1.2)."""
    predictor, kind = model_byte >> 3, model_byte & 7
    network = None
    if predictor == NAMED_BY_HASH:
        wanted = reader.take(8)
        predictor = reader.integer(1)
        require(1 <= predictor < NAMED_BY_HASH, "a hash before something that is no predictor")
        check_model(predictor, kind)
        require(PREDICTORS[predictor].has_network, "a hash before a predictor that needs no network")
        network = find_network(networks, wanted)
    else:
        check_model(predictor, kind)
        require(predictor == 0 or not PREDICTORS[predictor].has_network, "a predictor without its network")
    content_size = reader.integer(width)
    require(content_size <= LARGEST_SEGMENT, "the content of a segment is larger than allowed")
    if predictor == 0:
        content = reader.take(content_size)
    else:
        coded_size = reader.integer(width)
        require(coded_size < content_size, "a payload that is not stored must be shorter than its content")
        content = decode_payload(predictor, kind, content_size, reader.take(coded_size), network)
    if has_checksum:
        require(reader.integer(4) == zlib.crc32(content), "the checksum of a segment is wrong")
    return content


def find_network(networks: Collection[Network], wanted: bytes) -> Network:
    """The network that has this hash."""
    for network in networks:
        if network.hash == wanted:
            return network
    raise FormatError(f"the network with the hash {wanted.hex()} is missing")
