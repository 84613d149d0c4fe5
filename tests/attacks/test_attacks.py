"""Archives that somebody has made up to do harm: each gives a typed error, soon and in little memory.

One function makes one attack; what it makes goes through every way there is to read an archive.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

import codelength
from codelength import CorruptError, FormatError, LimitError, ModelNotFoundError, TruncatedError
from codelength.codec.networks import read_network
from codelength.coding.frame import IndexBuilder, SegmentHeader, pack_skippable

Attack = Callable[[], bytes]
ATTACKS: dict[str, tuple[Attack, type[Exception]]] = {}

TEXT = b"the quick brown fox jumps over the lazy dog, " * 4
TINY_NETWORK = Path(__file__).resolve().parents[1] / "golden" / "networks" / "tiny.safetensors"
MAX_SECONDS = 10.0
MAX_BYTES = 8_000_000


def attack(error: type[Exception]) -> Callable[[Attack], Attack]:
    def register(make: Attack) -> Attack:
        ATTACKS[make.__name__] = (make, error)
        return make

    return register


def crc(data: bytes) -> bytes:
    return struct.pack("<I", zlib.crc32(data))


def simple(header: bytes, payload: bytes, content: bytes = b"", descriptor: int = 0x28) -> bytes:
    return b"\xc1\x5a" + bytes((descriptor,)) + header + payload + crc(content)


def tiny_hash() -> bytes:
    return read_network(TINY_NETWORK).hash


def stored(content: bytes) -> bytes:
    return SegmentHeader(0, 0, len(content), len(content)).pack(2) + content + crc(content)


def index_of(*sizes: tuple[int, int], **wrong: int) -> bytes:
    """Index and trailer with a right checksum, for segments (content_size, segment_size); totals may lie."""
    entries = b"".join(struct.pack("<II", *pair) for pair in sizes)
    totals = {
        "n_segments": len(sizes),
        "content_size": sum(pair[0] for pair in sizes),
        "frame_size": 3 + sum(pair[1] for pair in sizes) + 1 + len(entries) + 26,
    } | wrong
    body = entries + struct.pack("<IQQ", *totals.values())
    return body + crc(body) + b"\x5a\xc1"


def segmented(segments: bytes, end: bytes) -> bytes:
    return b"\xc1\x5a\x3a" + segments + b"\x07" + end


# What is no archive


@attack(TruncatedError)
def nothing() -> bytes:
    return b""


@attack(FormatError)
def text() -> bytes:
    return TEXT


@attack(FormatError)
def a_gzip_file() -> bytes:
    return gzip.compress(TEXT)


@attack(FormatError)
def a_bzip2_file() -> bytes:
    return bz2.compress(TEXT)


@attack(FormatError)
def an_xz_file() -> bytes:
    return lzma.compress(TEXT)


@attack(FormatError)
def zeros() -> bytes:
    return bytes(1000)


@attack(FormatError)
def half_a_magic() -> bytes:
    return b"\xc1\x00" + codelength.compress(TEXT)[2:]


@attack(FormatError)
def junk_before_an_archive() -> bytes:
    return b"\0" + codelength.compress(TEXT)


# Junk behind the end


@attack(CorruptError)
def trailing_zero() -> bytes:
    return codelength.compress(TEXT) + b"\0"


@attack(CorruptError)
def trailing_text() -> bytes:
    return codelength.compress(TEXT) + TEXT


@attack(CorruptError)
def trailing_junk_that_begins_like_a_frame() -> bytes:
    return codelength.compress(TEXT) + b"\xc1\x00"


@attack(TruncatedError)
def trailing_first_byte() -> bytes:
    return codelength.compress(TEXT) + b"\xc1"


@attack(TruncatedError)
def trailing_half_of_a_frame() -> bytes:
    return codelength.compress(TEXT) + codelength.compress(TEXT)[:9]


@attack(CorruptError)
def trailing_trailer() -> bytes:
    return codelength.compress(TEXT) + index_of((5, 5))


# Descriptors


@attack(FormatError)
def version_0() -> bytes:
    return simple(b"\0\2", b"ab", b"ab", 0x08)


@attack(FormatError)
def version_2() -> bytes:
    return simple(b"\0\2", b"ab", b"ab", 0x48)


@attack(FormatError)
def a_reserved_bit() -> bytes:
    return simple(b"\0\2", b"ab", b"ab", 0x2C)


@attack(FormatError)
def a_reserved_width() -> bytes:
    return simple(b"\0\2\0\0\0\0\0\0\0", b"ab", b"ab", 0x2B)


@attack(CorruptError)
def a_segmented_frame_of_narrow_fields() -> bytes:
    return b"\xc1\x5a\x39" + stored(b"ab") + b"\x07" + index_of((2, 11))


@attack(CorruptError)
def a_simple_frame_of_wide_fields() -> bytes:
    return simple(b"\0\2\0\0\0", b"ab", b"ab", 0x2A)


@attack(CorruptError)
def no_checksums_after_all() -> bytes:
    data = bytearray(codelength.compress(TEXT))
    data[2] ^= 8
    return bytes(data)


# Segments


@attack(CorruptError)
def a_stored_segment_with_a_kind() -> bytes:
    return simple(b"\3\2", b"ab", b"ab")


@attack(CorruptError)
def the_end_of_segments_in_a_simple_frame() -> bytes:
    return simple(b"\7\2", b"ab", b"ab")


@attack(CorruptError)
def content_above_the_limit() -> bytes:
    return simple(struct.pack("<BII", 8, (1 << 25) + 1, 5), b"abcde", descriptor=0x2A)


@attack(CorruptError)
def content_of_4_gigabytes() -> bytes:
    return simple(struct.pack("<BII", 8, 0xFFFFFFFF, 5), b"abcde", descriptor=0x2A)


@attack(CorruptError)
def the_largest_content_from_five_bytes() -> bytes:
    return simple(struct.pack("<BII", 8, 1 << 25, 5), b"abcde", descriptor=0x2A)


@attack(CorruptError)
def the_largest_content_from_nothing() -> bytes:
    return simple(struct.pack("<BII", 8, 1 << 25, 0), b"", descriptor=0x2A)


@attack(TruncatedError)
def a_stored_segment_longer_than_the_file() -> bytes:
    return simple(struct.pack("<BI", 0, 1 << 25), b"abcde", descriptor=0x2A)


@attack(TruncatedError)
def a_payload_longer_than_the_file() -> bytes:
    return simple(struct.pack("<BII", 8, 1 << 25, (1 << 25) - 1), b"abcde", descriptor=0x2A)


@attack(CorruptError)
def a_payload_longer_than_its_content() -> bytes:
    return simple(b"\x08\2\3", b"abc", b"ab")


@attack(CorruptError)
def a_coded_segment_without_content() -> bytes:
    return simple(b"\x08\0\0", b"", b"")


@attack(CorruptError)
def a_payload_with_a_tail() -> bytes:
    data = codelength.compress(TEXT, 1)
    return data[:5] + bytes((data[5] + 9,)) + data[6:-4] + bytes(range(1, 10)) + data[-4:]


@attack(CorruptError)
def content_cut_short_by_its_size() -> bytes:
    data = bytearray(codelength.compress(TEXT, 1))
    data[4] -= 1
    return bytes(data)


@attack(CorruptError)
def content_made_longer_by_its_size() -> bytes:
    data = bytearray(codelength.compress(TEXT, 1))
    data[4] += 20
    return bytes(data)


@attack(CorruptError)
def a_wrong_checksum() -> bytes:
    return simple(b"\0\2", b"ab", b"ba")


@attack(CorruptError)
def another_predictor_than_it_was_written_with() -> bytes:
    data = bytearray(codelength.compress(TEXT, 1))
    data[3] += 16
    data[-1] ^= 1  # so that equal predictors do not save it
    return bytes(data)


@attack(ModelNotFoundError)
def an_unknown_predictor() -> bytes:
    return simple(bytes((30 << 3, 9, 4)), b"abcd")


@attack(ModelNotFoundError)
def an_unknown_hash() -> bytes:
    return simple(bytes((31 << 3 | 1,)) + b"12345678" + b"\x05\x09\x04", b"abcd")


@attack(ModelNotFoundError)
def an_unknown_predictor_with_a_network() -> bytes:
    return simple(bytes((31 << 3 | 1,)) + tiny_hash() + b"\x1e\x09\x04", b"abcd")


@attack(FormatError)
def a_predictor_without_the_network_that_it_needs() -> bytes:
    return simple(bytes((5 << 3 | 1, 9, 4)), b"abcd")


@attack(FormatError)
def a_network_where_none_is_needed() -> bytes:
    return simple(bytes((31 << 3 | 1,)) + tiny_hash() + b"\x01\x09\x04", b"abcd")


@attack(FormatError)
def a_network_for_what_is_no_text() -> bytes:
    return simple(bytes((31 << 3,)) + tiny_hash() + b"\x05\x09\x04", b"abcd")


@attack(CorruptError)
def a_network_for_a_stored_segment() -> bytes:
    return simple(bytes((31 << 3,)) + tiny_hash() + b"\0\x09\x04", b"abcd")


@attack(CorruptError)
def a_network_that_names_another() -> bytes:
    return simple(bytes((31 << 3 | 1,)) + tiny_hash() + b"\x1f\x09\x04", b"abcd")


@attack(CorruptError)
def the_largest_content_from_a_network_and_nothing() -> bytes:
    header = bytes((31 << 3 | 1,)) + tiny_hash() + b"\x06" + struct.pack("<II", 1 << 25, 0)
    return simple(header, b"", descriptor=0x2A)


@attack(TruncatedError)
def a_hash_cut_short() -> bytes:
    return b"\xc1\x5a\x28" + bytes((31 << 3 | 1,)) + tiny_hash()[:5]


@attack(CorruptError)
def a_payload_with_a_tail_and_a_network() -> bytes:
    data = codelength.compress(TEXT, 6, model=TINY_NETWORK)
    assert data[3] == 31 << 3 | 1
    return data[:14] + bytes((data[14] + 9,)) + data[15:-4] + bytes(range(1, 10)) + data[-4:]


@attack(CorruptError)
def content_with_a_network_made_longer_by_its_size() -> bytes:
    data = bytearray(codelength.compress(TEXT, 6, model=TINY_NETWORK))
    data[13] += 20
    return bytes(data)


@attack(ModelNotFoundError)
def an_unknown_predictor_after_a_good_segment() -> bytes:
    coded = bytes((30 << 3,)) + struct.pack("<II", 9, 4) + b"abcd" + crc(b"")
    return segmented(stored(b"ab") + coded, index_of((2, 11), (9, len(coded))))


# Segmented frames and their index


@attack(CorruptError)
def no_segments() -> bytes:
    return segmented(b"", index_of())


@attack(CorruptError)
def an_empty_segment() -> bytes:
    return segmented(stored(b""), index_of((0, 9)))


@attack(CorruptError)
def an_index_that_counts_too_many() -> bytes:
    return segmented(stored(b"ab"), index_of((2, 11), n_segments=2))


@attack(CorruptError)
def an_index_that_counts_4_billion() -> bytes:
    return segmented(stored(b"ab"), index_of((2, 11), n_segments=0xFFFFFFFF))


@attack(CorruptError)
def an_index_that_counts_none() -> bytes:
    return segmented(stored(b"ab"), index_of((2, 11), n_segments=0))


@attack(CorruptError)
def a_total_that_lies() -> bytes:
    return segmented(stored(b"ab"), index_of((2, 11), content_size=1 << 60))


@attack(CorruptError)
def a_frame_size_too_large() -> bytes:
    return segmented(stored(b"ab"), index_of((2, 11), frame_size=1 << 60))


@attack(CorruptError)
def a_frame_size_too_small() -> bytes:
    return segmented(stored(b"ab"), index_of((2, 11), frame_size=3))


@attack(CorruptError)
def an_index_with_swapped_content_sizes() -> bytes:
    return segmented(stored(b"ab") + stored(b"abcd"), index_of((4, 11), (2, 13)))


@attack(CorruptError)
def an_index_with_swapped_segment_sizes() -> bytes:
    return segmented(stored(b"ab") + stored(b"abcd"), index_of((2, 13), (4, 11)))


@attack(CorruptError)
def an_index_with_segments_of_no_bytes() -> bytes:
    return segmented(stored(b"ab") + stored(b"abcd"), index_of((2, 0), (4, 24)))


@attack(CorruptError)
def an_index_that_sees_a_segment_inside_a_payload() -> bytes:
    inner = stored(b"evil")
    outer = stored(inner)
    sizes = ((len(inner) - 4, 9), (4, len(inner)), (1, len(outer) - 9 - len(inner)))
    return segmented(outer, index_of(*sizes))


@attack(CorruptError)
def an_index_of_a_segment_above_the_limit() -> bytes:
    return segmented(stored(b"ab"), index_of((1 << 31, 11)))


@attack(CorruptError)
def an_index_with_a_wrong_checksum() -> bytes:
    end = bytearray(index_of((2, 11)))
    end[-3] ^= 1
    return segmented(stored(b"ab"), bytes(end))


@attack(CorruptError)
def an_index_with_a_wrong_end() -> bytes:
    return segmented(stored(b"ab"), index_of((2, 11))[:-1] + b"\xc2")


@attack(TruncatedError)
def segments_without_an_end() -> bytes:
    return b"\xc1\x5a\x3a" + stored(b"ab") * 3


# Skippable frames


@attack(TruncatedError)
def a_skippable_frame_longer_than_the_file() -> bytes:
    return codelength.compress(TEXT) + b"\xc1\x5b\xff\xff\xff\xff" + bytes(100)


@attack(TruncatedError)
def a_skippable_frame_alone_longer_than_the_file() -> bytes:
    return b"\xc1\x5b\xff\xff\xff\xff"


@attack(CorruptError)
def a_skippable_frame_shorter_than_said() -> bytes:
    return pack_skippable(b"abc") + b"d"


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(name: str, readers: dict[str, Callable[[bytes], bytes]], tiny_network: Path) -> None:
    assert tiny_network == TINY_NETWORK
    make, error = ATTACKS[name]
    archive = make()
    for reader, read in readers.items():
        start = time.monotonic()
        tracemalloc.start()
        try:
            with pytest.raises(error) as caught:
                read(archive)
            n_peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert type(caught.value) is error, reader
        assert time.monotonic() - start < MAX_SECONDS, reader
        assert n_peak < MAX_BYTES, reader


# What is right but much


def test_many_tiny_segments(readers: dict[str, Callable[[bytes], bytes]]) -> None:
    n = 2000
    index = IndexBuilder()
    for _ in range(n):
        index.add(1, 10)
    archive = segmented(stored(b"x") * n, index.pack())
    for reader, read in readers.items():
        assert read(archive) == b"x" * n, reader


def test_many_tiny_frames(readers: dict[str, Callable[[bytes], bytes]]) -> None:
    archive = (codelength.compress(b"") + codelength.compress(b"x") + pack_skippable(b"")) * 500
    for reader, read in readers.items():
        assert read(archive) == b"x" * 500, reader


def test_a_bomb_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would exceed the limit is not even decoded."""
    from codelength.codec import segment

    frame = codelength.compress(bytes(100_000), 1)
    assert len(frame) < 5000
    decoded = []
    decode = segment._native.decode_segment

    def note(payload: bytes, n_bytes: int, *rest: object) -> bytes:
        decoded.append(n_bytes)
        return decode(payload, n_bytes, *rest)

    monkeypatch.setattr(segment._native, "decode_segment", note)
    with pytest.raises(LimitError):
        codelength.decompress(frame * 1000, max_size=250_000, threads=2)
    assert len(decoded) <= 2


def test_a_bomb_comes_out_in_small_parts() -> None:
    decompressor = codelength.Decompressor()
    frame = codelength.compress(bytes(200_000), 1)
    assert len(decompressor.decompress(frame, 1000)) == 1000
    assert not decompressor.eof
    with codelength.ClzFile(io.BytesIO(frame * 100)) as file:
        assert file.read(10) == bytes(10)
