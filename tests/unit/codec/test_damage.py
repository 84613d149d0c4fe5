"""Small archives, cut at every byte and with flipped bits in every byte: a typed error or the original."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import codelength
from codelength.coding.frame import pack_skippable

Readers = dict[str, Callable[[bytes], bytes]]

TEXT = b"A model that predicts data well and a program that compresses it well are the same thing. " * 2


@pytest.fixture(params=["coded", "stored", "empty", "segmented", "skippable"])
def archive(request: pytest.FixtureRequest) -> tuple[bytes, bytes]:
    """An archive of one frame, or with skippable frames besides, and its content."""
    if request.param == "coded":
        return codelength.compress(TEXT, 1), TEXT
    if request.param == "stored":
        return codelength.compress(TEXT[:20]), TEXT[:20]
    if request.param == "empty":
        return codelength.compress(b""), b""
    if request.param == "skippable":
        return pack_skippable(TEXT[:20]) + codelength.compress(TEXT, 1), TEXT
    compressor = codelength.Compressor(1)
    parts = [compressor.compress(TEXT[i : i + 70], compressor.FLUSH_BLOCK) for i in (0, 70, 140)]
    return b"".join(parts) + compressor.flush(), TEXT


def test_a_cut_at_every_byte(archive: tuple[bytes, bytes], readers: Readers) -> None:
    data, content = archive
    reader = list(readers.values())
    assert all(read(data) == content for read in reader)
    n_skippable = len(data) - len(data[data.rfind(b"\xc1\x5a") :])
    for n_bytes in range(len(data)):
        if n_bytes == n_skippable > 0:
            continue  # what is left is an archive too, of skippable frames alone
        for read in (reader[0], reader[n_bytes % len(reader)]):
            with pytest.raises(codelength.TruncatedError):
                read(data[:n_bytes])


def test_a_flip_in_every_byte(archive: tuple[bytes, bytes], readers: Readers) -> None:
    data, content = archive
    reader = list(readers.values())
    for position in range(len(data)):
        in_structure = position < 7 or position >= len(data) - 7
        for bit in range(8) if in_structure else [position * 5 % 8]:
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            try:
                assert reader[(position + bit) % len(reader)](bytes(damaged)) == content
            except codelength.CodecError:
                continue


def test_bytes_inserted_and_removed(archive: tuple[bytes, bytes]) -> None:
    data, content = archive
    for position in range(0, len(data), 5):
        for wrong in (data[:position] + b"\0" + data[position:], data[:position] + data[position + 1 :]):
            try:
                assert codelength.decompress(wrong) == content
            except codelength.CodecError:
                continue
