"""The bytes of frames and messages, against literal ones."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

import codelength
from codelength.codec.networks import read_network
from codelength.coding.frame import (
    Descriptor,
    FrameInfo,
    IndexBuilder,
    SegmentHeader,
    Trailer,
    pack_skippable,
    parse_index,
    segment_header_size,
)
from codelength.coding.message import MessageHeader, parse_message
from codelength.errors import CorruptError, FormatError, LimitError, ModelNotFoundError, TruncatedError


def crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")


def test_the_empty_frame() -> None:
    assert codelength.compress(b"") == bytes.fromhex("c15a 28 00 00 00000000")
    assert codelength.compress(b"", check=False) == bytes.fromhex("c15a 20 00 00")


def test_a_stored_frame() -> None:
    assert codelength.compress(b"ab") == bytes.fromhex("c15a 28 00 02 6162") + crc(b"ab")


@pytest.mark.parametrize(("n_bytes", "most"), [(1, 10), (255, 10), (256, 12), (65535, 12), (65536, 16)])
def test_a_frame_costs_no_more_than_stated(n_bytes: int, most: int) -> None:
    archive = codelength.compress(bytes(n_bytes))
    header = SegmentHeader.parse(
        archive[3 : 3 + segment_header_size(archive[3], archive[2] & 3)], Descriptor.parse(archive[2])
    )
    assert len(archive) - header.payload_size <= most


def test_what_does_not_get_smaller_is_stored(samples: dict[str, bytes]) -> None:
    for n_bytes, cost in ((255, 9), (256, 10), (3000, 10)):
        content = samples["random"][:n_bytes]
        assert codelength.compress(content)[4:].endswith(content + crc(content))
        assert len(codelength.compress(content)) == n_bytes + cost
    assert codelength.get_frame_info(codelength.compress(samples["random"])).model_id == 0


def test_a_segmented_frame() -> None:
    compressor = codelength.Compressor()
    archive = compressor.compress(b"ab", compressor.FLUSH_BLOCK)
    archive += compressor.compress(b"c") + compressor.flush()
    index = bytes.fromhex("02000000 0b000000 01000000 0a000000")
    total = bytes.fromhex("02000000 0300000000000000 4300000000000000")
    assert archive == (
        bytes.fromhex("c15a 3a")
        + bytes.fromhex("00 02000000 6162")
        + crc(b"ab")
        + bytes.fromhex("00 01000000 63")
        + crc(b"c")
        + bytes.fromhex("07")
        + index
        + total
        + crc(index + total)
        + bytes.fromhex("5ac1")
    )
    assert len(archive) == 0x43


def test_a_skippable_frame() -> None:
    assert pack_skippable(b"ab") == bytes.fromhex("c15b 02000000 6162")


def test_messages() -> None:
    assert codelength.compress(b"", message=True) == b"\0"
    assert codelength.compress(b"ab", message=True) == b"\0ab"
    for n_bytes in (1, 30, 255, 256, 65535):
        message = codelength.compress(bytes(n_bytes), message=True)
        assert codelength.decompress(message, message=True) == bytes(n_bytes)
        header, payload = parse_message(message)
        assert len(message) - len(payload) == (1 if header.predictor == 0 else 2 if n_bytes < 256 else 3)
    with pytest.raises(ValueError, match="65535"):
        codelength.compress(bytes(65536), message=True)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (b"", TruncatedError),
        (b"\x10", TruncatedError),
        (b"\x18\x00", TruncatedError),
        (b"\x01a", CorruptError),
        (b"\x08a", CorruptError),
        (b"\0" + bytes(65536), CorruptError),
        (b"\x10\x01a", CorruptError),
        (b"\x18\xff\0a", CorruptError),
        (b"\x59\xff\x07a", CorruptError),  # the short header holds this size
        (b"\x51\x05a", CorruptError),
        (b"\x70", TruncatedError),
        (b"\x70\x01a", CorruptError),
        (b"\xc0\x05a", FormatError),
        (b"\xf0\x05a", FormatError),
    ],
)
def test_wrong_messages(message: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        codelength.decompress(message, message=True)


def test_a_message_has_a_limit_too() -> None:
    for content in (b"abc", bytes(100)):
        message = codelength.compress(content, message=True)
        assert codelength.decompress(message, message=True, max_size=len(content)) == content
        with pytest.raises(LimitError):
            codelength.decompress(message, message=True, max_size=len(content) - 1)


def test_message_header() -> None:
    assert MessageHeader(3, 5, 0xFF).pack() == b"\x35\xff"
    assert MessageHeader(3, 5, 0x100).pack() == b"\x3d\0\1"
    assert MessageHeader(5, 1, 1).pack() == b"\x70\1"
    assert MessageHeader(6, 7, 2047).pack() == b"\xbf\xff"
    assert MessageHeader(6, 7, 2048).pack() == b"\x6f\0\x08"
    assert MessageHeader(5, 3, 30).pack() == b"\x53\x1e"


def test_an_archive_is_no_message() -> None:
    with pytest.raises(FormatError, match="an archive, not a message"):
        codelength.decompress(codelength.compress(b"ab"), message=True)


@pytest.mark.parametrize("segmented", [False, True])
@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("width", [0, 1, 2])
def test_descriptor(segmented: bool, check: bool, width: int) -> None:
    descriptor = Descriptor(segmented, check, width)
    byte = descriptor.pack()[2]
    assert byte == 0x20 | segmented << 4 | check << 3 | width
    if segmented and width != 2:
        with pytest.raises(CorruptError):
            Descriptor.parse(byte)
    else:
        assert Descriptor.parse(byte) == descriptor


@pytest.mark.parametrize("byte", [0x08, 0x48, 0xE8, 0x2C, 0x2B])
def test_unknown_descriptors(byte: int) -> None:
    with pytest.raises(FormatError):
        Descriptor.parse(byte)


def test_segment_header_with_a_hash() -> None:
    header = SegmentHeader(5, 1, 1000, 400, b"12345678")
    packed = header.pack(1)
    assert packed == b"\xf912345678\x05\xe8\x03\x90\x01"
    assert segment_header_size(packed[0], 1) == len(packed)
    assert SegmentHeader.parse(packed, Descriptor(False, True, 1)) == header


def test_index() -> None:
    index = IndexBuilder()
    index.add(10, 20)
    index.add(30, 25)
    packed = index.pack()
    assert index.size == len(packed) == 2 * 8 + 26
    assert parse_index(packed) == [(10, 20), (30, 25)]
    assert Trailer.parse(packed[-26:]) == Trailer(2, 40, 3 + 45 + 1 + len(packed))
    assert parse_index(packed[:3] + b"\1" + packed[4:]) is None
    assert Trailer.parse(packed[-27:-1]) is None


def test_frame_info(samples: dict[str, bytes]) -> None:
    text = samples["text"]
    archive = codelength.compress(text, 2, check=False)
    info = FrameInfo(len(text), len(archive), 1, 2, 1, False)
    assert codelength.get_frame_info(archive) == codelength.get_frame_info(archive[:8]) == info
    assert codelength.get_frame_size(archive + b"whatever") == len(archive)
    for n_bytes in range(8):
        with pytest.raises(TruncatedError):
            codelength.get_frame_info(archive[:n_bytes])
    with pytest.raises(TruncatedError):
        codelength.get_frame_size(archive[:-1])
    with pytest.raises(FormatError):
        codelength.get_frame_info(b"\x28\xb5\x2f\xfd")


def test_frame_info_of_a_segmented_frame(small_segments: int, samples: dict[str, bytes]) -> None:
    text = samples["text"]
    archive = codelength.compress(text, 3)
    info = codelength.get_frame_info(archive)
    assert info.content_size == len(text)
    assert info.frame_size == codelength.get_frame_size(archive) == len(archive)
    assert info.n_segments is not None
    assert info.n_segments >= 8
    assert codelength.get_frame_info(archive[:-1]) == FrameInfo(None, None, None, 3, 1, True)


def test_frame_info_of_a_skippable_frame() -> None:
    frame = pack_skippable(b"abc")
    assert codelength.get_frame_info(frame) == FrameInfo(0, 9, 0, 0, 1, False, skippable=True)
    assert codelength.get_frame_size(frame) == 9


@pytest.mark.parametrize(("predictor", "network"), [(30, b""), (30, b"12345678"), (5, b"12345678")])
def test_what_is_missing_is_named(predictor: int, network: bytes) -> None:
    header = SegmentHeader(predictor, 1, 9, 4, network)
    archive = Descriptor(False, False, 0).pack() + header.pack(0) + b"abcd"
    assert codelength.get_frame_info(archive).model_id == predictor
    with pytest.raises(ModelNotFoundError, match="30" if predictor == 30 else network.hex()):
        codelength.decompress(archive)


@pytest.mark.parametrize("predictor", [0, 31, 32, 255])
def test_what_needs_a_network_is_a_predictor(predictor: int) -> None:
    archive = Descriptor(False, False, 0).pack() + b"\xf912345678" + bytes((predictor, 9, 4)) + b"abcd"
    for read in (codelength.decompress, codelength.get_frame_info):
        with pytest.raises(CorruptError):
            read(archive)


@pytest.mark.parametrize(("predictor", "network"), [(5, b""), (1, b"12345678")])
def test_a_network_is_named_where_one_is_needed(predictor: int, network: bytes) -> None:
    header = SegmentHeader(predictor, 1, 9, 4, network)
    archive = Descriptor(False, False, 0).pack() + header.pack(0) + b"abcd"
    with pytest.raises(FormatError, match="network"):
        codelength.decompress(archive)


@pytest.mark.parametrize(("n_bytes", "most"), [(90, 19), (255, 19), (256, 21), (65535, 21), (65536, 25)])
def test_a_frame_with_a_network_costs_no_more_than_stated(
    n_bytes: int, most: int, tiny_network: Path
) -> None:
    archive = codelength.compress((b"and so on, " * 6000)[:n_bytes], 6, model=tiny_network)
    n_head = segment_header_size(archive[3], archive[2] & 3)
    header = SegmentHeader.parse(archive[3 : 3 + n_head], Descriptor.parse(archive[2]))
    assert header.network == read_network(tiny_network).hash
    assert header.predictor == 5
    assert len(archive) - header.payload_size == most
