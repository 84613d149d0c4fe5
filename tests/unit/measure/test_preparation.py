"""From a document to the bytes that are measured."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from codelength.measure.documents import Content
from codelength.measure.preparation import FORMS, Piece, Preparation
from codelength.measure.signals import Picture, Sound


def pieces(data: bytes, form: str = "bytes", chunk_bytes: int | None = None) -> list[bytes]:
    return [piece.data for piece in Preparation(form, chunk_bytes).prepare(Content.of("x", data)).pieces]


def wav(samples: bytes, rate_hz: int = 16_000, n_channels: int = 1, sample_bytes: int = 2) -> bytes:
    sink = io.BytesIO()
    with wave.open(sink, "wb") as file:
        file.setframerate(rate_hz)
        file.setnchannels(n_channels)
        file.setsampwidth(sample_bytes)
        file.writeframes(samples)
    return sink.getvalue()


def png(pixels: np.ndarray, mode: str | None = None) -> bytes:
    images = pytest.importorskip("PIL.Image")
    sink = io.BytesIO()
    image = images.fromarray(pixels)
    (image.convert(mode) if mode else image).save(sink, "PNG")
    return sink.getvalue()


@pytest.mark.parametrize("n_bytes", [0, 1, 2, 3, 4, 7, 8, 9])
def test_chunks_are_the_whole(n_bytes: int) -> None:
    data = bytes(range(n_bytes))
    parts = pieces(data, chunk_bytes=4)
    assert b"".join(parts) == data
    assert len(parts) == max(1, -(-n_bytes // 4))
    assert all(len(part) == 4 for part in parts[:-1])


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 4, 5, 17, 1000])
def test_text_is_cut_between_characters(chunk_bytes: int) -> None:
    text = "Grüße, 世界! 🙂 äöü"
    parts = pieces(text.encode(), "text", chunk_bytes)
    assert "".join(part.decode() for part in parts) == text
    assert all(len(part) <= max(chunk_bytes, 4) for part in parts)


def test_characters_are_counted_in_text_only() -> None:
    assert Preparation().prepare(Content.of("x", "Grüße".encode())).n_characters == 5
    assert Preparation().prepare(Content.of("x", b"\xff")).n_characters is None
    assert Preparation("audio").prepare(Content.of("x", wav(b"abcd"))).n_characters is None


def test_what_is_not_text_is_refused_as_text() -> None:
    with pytest.raises(ValueError, match="byte 3 is 0xff"):
        pieces(b"abc\xff", "text")


def test_text_as_in_the_paper() -> None:
    assert [len(part) for part in pieces(b"x" * 5000, "text:deletang")] == [2048, 2048, 904]


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="no form"):
        Preparation("picture")
    with pytest.raises(ValueError, match="at least 1"):
        Preparation("bytes", 0)
    with pytest.raises(ValueError, match="no other size"):
        Preparation("image:deletang", 100)


def test_pictures_without_loss() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)
    prepared = Preparation("image").prepare(Content.of("x", png(pixels)))
    assert prepared.pieces == (Piece(pixels.tobytes(), Picture(7, 5, 3)),)
    assert prepared.n_bytes == 105
    assert prepared.n_source_bytes == len(png(pixels))
    grey = Preparation("image").prepare(Content.of("x", png(pixels[..., 0])))
    assert grey.pieces[0] == Piece(pixels[..., 0].tobytes(), Picture(7, 5, 1))
    palette = Preparation("image").prepare(Content.of("x", png(pixels[:, :, 0] // 200, "P")))
    assert isinstance(palette.pieces[0].layout, Picture)
    assert palette.pieces[0].layout.n_colours == 3


def test_patches_as_in_the_paper() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (70, 130, 3), np.uint8)
    patches = pieces(png(pixels), "image:deletang")
    grey = pixels.astype(float).mean(axis=-1).astype(np.uint8)
    expected = [
        grey[y : y + 32, x : x + 64].tobytes() for y in (0, 32) for x in (0, 64)
    ]  # 6 rows and 2 columns are left over
    assert patches == expected
    with pytest.raises(ValueError, match="less than one patch"):
        pieces(png(pixels[:31]), "image:deletang")


@pytest.mark.parametrize("sample_bytes", [1, 2, 3, 4])
def test_sound_without_loss(sample_bytes: int) -> None:
    samples = np.random.default_rng(3).bytes(12 * sample_bytes)
    prepared = Preparation("audio").prepare(Content.of("x", wav(samples, 8000, 2, sample_bytes)))
    assert prepared.pieces == (Piece(samples, Sound(8000, 2, sample_bytes)),)


@pytest.mark.parametrize(("subtype", "sample_bytes"), [("PCM_S8", 1), ("PCM_16", 2), ("PCM_24", 3)])
def test_flac_without_loss(subtype: str, sample_bytes: int) -> None:
    soundfile = pytest.importorskip("soundfile")
    values = np.random.default_rng(4).integers(
        -(2 ** (8 * sample_bytes - 1)), 2 ** (8 * sample_bytes - 1), (50, 2)
    )
    sink = io.BytesIO()
    upper = (values << 8 * (4 - sample_bytes)).astype(np.int32)
    soundfile.write(sink, upper, 44_100, format="FLAC", subtype=subtype)
    [piece] = Preparation("audio").prepare(Content.of("x", sink.getvalue())).pieces
    assert piece.layout == Sound(44_100, 2, sample_bytes)
    signed = values + 128 if sample_bytes == 1 else values
    expected = b"".join(
        int(v).to_bytes(sample_bytes, "little", signed=sample_bytes > 1) for v in signed.reshape(-1)
    )
    assert piece.data == expected


def test_speech_as_in_the_paper() -> None:
    samples = np.array([0, 255, 256, -1, 32767, -32768, *range(4094)], "<i2")
    [chunk, second] = pieces(wav(samples.tobytes()), "audio:deletang")
    assert chunk[:6] == bytes([128, 128, 129, 127, 255, 0])
    assert len(chunk) == len(second) == 2048
    for other in (wav(bytes(9000), 8000), wav(bytes(9000), n_channels=2), wav(bytes(100))):
        with pytest.raises(ValueError, match="has"):
            pieces(other, "audio:deletang")


@pytest.mark.parametrize("form", ["image", "image:deletang", "audio", "audio:deletang"])
@pytest.mark.parametrize("data", [b"", b"nothing of the kind", b"RIFF\0\0\0\0WAVE", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_or_sound(form: str, data: bytes) -> None:
    with pytest.raises(ValueError, match="can be read"):
        pieces(data, form)


def test_cut_picture() -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (64, 64, 3), np.uint8)
    with pytest.raises(ValueError, match="no picture"):
        pieces(png(pixels)[:5000], "image")


def test_every_form_is_documented() -> None:
    from codelength.measure import preparation

    assert all(f"    {form} " in (preparation.__doc__ or "") for form in FORMS)
