"""Compressor and Decompressor: pieces, flushes, limits, ends."""

from __future__ import annotations

import lzma
from collections.abc import Iterator

import pytest

import codelength
from codelength import Compressor, Decompressor
from codelength.coding.frame import pack_skippable


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[i : i + size] for i in range(0, len(data), size))


def test_flush_block_lets_all_be_read(samples: dict[str, bytes]) -> None:
    text = samples["text"][:3000]
    compressor, decompressor = Compressor(1), Decompressor()
    for piece in pieces(text, 700):
        assert compressor.compress(piece) == b""
        assert decompressor.decompress(compressor.flush(Compressor.FLUSH_BLOCK)) == piece
        assert not decompressor.eof
        assert compressor.flush(Compressor.FLUSH_BLOCK) == b""
    assert decompressor.decompress(compressor.flush()) == b""
    assert decompressor.eof


def test_last_mode() -> None:
    compressor = Compressor()
    assert compressor.last_mode == Compressor.FLUSH_FRAME
    compressor.compress(b"a")
    assert compressor.last_mode == Compressor.CONTINUE
    compressor.flush(Compressor.FLUSH_BLOCK)
    assert compressor.last_mode == Compressor.FLUSH_BLOCK
    compressor.compress(b"a", Compressor.FLUSH_FRAME)
    assert compressor.last_mode == Compressor.FLUSH_FRAME


def test_a_compressor_can_be_used_again(small_segments: int, samples: dict[str, bytes]) -> None:
    compressor = Compressor(threads=2)
    for name in ("text", "empty", "1 byte", "text"):
        content = samples[name]
        assert compressor.compress(content) + compressor.flush() == codelength.compress(content)


def test_wrong_modes_and_types() -> None:
    compressor = Compressor()
    for mode in (Compressor.CONTINUE, 3, -1, "2"):
        with pytest.raises(ValueError, match="mode"):
            compressor.flush(mode)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mode"):
        compressor.compress(b"a", 3)
    with pytest.raises(TypeError):
        compressor.compress("a")  # type: ignore[arg-type]
    assert compressor.flush() == codelength.compress(b"")
    with pytest.raises(ValueError, match="level"):
        Compressor(10)
    with pytest.raises(ValueError, match="threads"):
        Compressor(threads=0)


def test_an_interrupted_compressor_refuses_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from codelength.codec import segment

    def interrupt(*_: object) -> tuple[int, bytes]:
        raise KeyboardInterrupt

    compressor = Compressor()
    monkeypatch.setattr(segment._native, "encode_segment", interrupt)
    with pytest.raises(KeyboardInterrupt):
        compressor.compress(b"a" * 100, Compressor.FLUSH_BLOCK)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="closed"):
        compressor.flush()


@pytest.mark.parametrize("size", [1, 2, 3, 17, 1000])
def test_input_in_pieces(small_segments: int, samples: dict[str, bytes], size: int) -> None:
    text = samples["text"][:2600]
    decompressor = Decompressor()
    out = []
    for piece in pieces(codelength.compress(text, 1), size):
        assert decompressor.needs_input
        out.append(decompressor.decompress(piece))
    assert decompressor.eof
    assert not decompressor.needs_input
    assert decompressor.unused_data == b""
    assert b"".join(out) == text


@pytest.mark.parametrize("max_length", [1, 7, 499, 500, 501, 100_000])
def test_output_in_pieces(small_segments: int, samples: dict[str, bytes], max_length: int) -> None:
    text = samples["text"][:2600]
    decompressor = Decompressor()
    out = [decompressor.decompress(codelength.compress(text, 1) + b"rest", max_length)]
    while not decompressor.eof:
        assert not decompressor.needs_input
        assert decompressor.unused_data == b""
        out.append(decompressor.decompress(b"", max_length))
    assert b"".join(out) == text
    assert max(map(len, out)) <= max_length
    assert decompressor.unused_data == b"rest"


def test_zero_length(samples: dict[str, bytes]) -> None:
    decompressor = Decompressor()
    archive = codelength.compress(samples["text"])
    assert decompressor.decompress(archive, 0) == b""
    assert not decompressor.needs_input
    assert decompressor.decompress(b"") == samples["text"]


def test_one_frame_only(samples: dict[str, bytes]) -> None:
    archive = codelength.compress(samples["text"])
    decompressor = Decompressor()
    assert decompressor.decompress(archive + archive) == samples["text"]
    assert decompressor.unused_data == archive
    with pytest.raises(EOFError):
        decompressor.decompress(b"")


def test_a_skippable_frame_is_a_frame() -> None:
    decompressor = Decompressor()
    frame = pack_skippable(b"x" * 1000)
    for piece in pieces(frame[:-1], 100):
        assert decompressor.decompress(piece) == b""
        assert not decompressor.eof
    assert decompressor.decompress(frame[-1:] + b"next") == b""
    assert decompressor.eof
    assert decompressor.unused_data == b"next"


def test_an_error_stays() -> None:
    archive = bytearray(codelength.compress(b"abcdefgh" * 30))
    archive[-1] ^= 1
    decompressor = Decompressor()
    for data in (bytes(archive), b"", b"more"):
        with pytest.raises(codelength.CorruptError):
            decompressor.decompress(data)
    assert not decompressor.eof


def test_the_shape_is_that_of_lzma(samples: dict[str, bytes]) -> None:
    text = samples["text"]
    ours, theirs = Decompressor(), lzma.LZMADecompressor()
    archives = (codelength.compress(text), lzma.compress(text))
    for decompressor, archive in zip((ours, theirs), archives, strict=True):
        assert decompressor.needs_input
        assert not decompressor.eof
        assert decompressor.decompress(archive[:-5] + archive[-5:] + b"junk", max_length=10) == text[:10]
        assert not decompressor.needs_input
        assert not decompressor.eof
        assert decompressor.unused_data == b""
        assert decompressor.decompress(b"", max_length=-1) == text[10:]
        assert decompressor.eof
        assert not decompressor.needs_input
        assert decompressor.unused_data == b"junk"
        with pytest.raises(EOFError):
            decompressor.decompress(b"")
