"""Compressors of pictures and sound as meters, of data that is such or is taken for it."""

from __future__ import annotations

import io
import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.measure.coders import Coder
from codelength.measure.extras import need
from codelength.measure.meters import Meter, Options
from codelength.measure.preparation import Piece
from codelength.measure.signals import Picture, Sound

__all__ = ["flac_meter", "png_meter", "webp_meter"]

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_MOST_PIXELS = 1 << 26
"""Pillow warns of larger pictures as bombs."""
_WEBP_MOST_SIDE = 16383
_OTHER = zlib.Z_DEFAULT_STRATEGY
_SIZE_BYTES = 4
"""Added to a picture that had to be filled up: how many bytes of it are data."""


def png_meter(name: str, options: Options) -> Meter:
    """PNG by Pillow, zlib's level 9, its strategy for filtered or for other data, whichever gives less.

    Data of unknown layout is a grey picture, as square as its size has factors: that is how Delétang et al.
    used it; what has a layout (--as image) keeps it.
    """
    images = need("PIL.Image", "media", name)

    def compress(piece: Piece) -> bytes:
        picture = _picture(piece) or _nearly_square(piece.data)
        filtered = _save(images, picture, piece.data, format="PNG", optimize=True)
        other = _save(images, picture, piece.data, format="PNG", compress_type=_OTHER, compress_level=9)
        return min(filtered, other, key=len)

    def decompress(code: bytes, _: Piece) -> bytes:
        with images.open(io.BytesIO(code)) as image:
            pixels: bytes = image.tobytes()
            return pixels

    return Coder(name, options, compress, decompress, _pillow_facts(images))


def webp_meter(name: str, options: Options) -> Meter:
    """Lossless WebP at its slowest, by Pillow.

    Data of unknown layout is a grey picture, nearly square, filled up with zeros; its size adds 4 bytes.
    Transparent pixels keep their colours.
    """
    images = need("PIL.Image", "media", name)

    def compress(piece: Piece) -> bytes:
        picture = _picture(piece)
        if picture is not None and max(picture.width, picture.height) <= _WEBP_MOST_SIDE:
            return _save_webp(images, picture, piece.data)
        width = math.isqrt(max(0, len(piece.data) - 1)) + 1
        picture = Picture(width, -(-len(piece.data) // width) or 1, 1)
        filled = piece.data.ljust(width * picture.height, b"\0")
        size = len(piece.data).to_bytes(_SIZE_BYTES, "little")
        return size + _save_webp(images, picture, filled)

    def decompress(code: bytes, piece: Piece) -> bytes:
        picture = _picture(piece)
        is_whole = picture is not None and max(picture.width, picture.height) <= _WEBP_MOST_SIDE
        start = 0 if is_whole else _SIZE_BYTES
        with images.open(io.BytesIO(code[start:])) as image:
            mode = _MODES[picture.n_colours] if picture is not None and is_whole else "L"
            # A file without transparent pixels is read back without the channel that says so.
            pixels: bytes = image.convert("RGBA").convert(mode).tobytes()
        return pixels if is_whole else pixels[: int.from_bytes(code[:_SIZE_BYTES], "little")]

    return Coder(name, options, compress, decompress, _pillow_facts(images))


def flac_meter(name: str, options: Options) -> Meter:
    """FLAC at its highest level, by libsndfile. Data of unknown layout is 8-bit sound, 16 kHz, mono."""
    soundfile = need("soundfile", "media", name)

    def compress(piece: Piece) -> bytes:
        sound = _sound(piece)
        if not piece.data:
            return b""
        sink = io.BytesIO()
        subtype = {1: "PCM_S8", 2: "PCM_16", 3: "PCM_24"}[sound.sample_bytes]
        soundfile.write(
            sink,
            _upper(piece.data, sound),
            sound.rate_hz,
            format="FLAC",
            subtype=subtype,
            compression_level=1.0,
        )
        return sink.getvalue()

    def decompress(code: bytes, piece: Piece) -> bytes:
        if not code:
            return b""
        samples, _ = soundfile.read(io.BytesIO(code), dtype="int32", always_2d=True)
        return _lower(samples, _sound(piece))

    version = str(soundfile.__libsndfile_version__)
    return Coder(name, options, compress, decompress, {"libsndfile": version})


def _picture(piece: Piece) -> Picture | None:
    is_known = isinstance(piece.layout, Picture) and piece.layout.n_colours in _MODES
    return piece.layout if is_known and isinstance(piece.layout, Picture) else None


def _nearly_square(data: bytes) -> Picture:
    """The two factors of the size that are nearest each other, the smaller one the width."""
    width = math.isqrt(len(data))
    while width > 1 and len(data) % width:
        width -= 1
    return Picture(width, len(data) // width if width else 0, 1)


def _save_webp(images: Any, picture: Picture, pixels: bytes) -> bytes:
    return _save(images, picture, pixels, format="WEBP", lossless=True, quality=100, method=6, exact=True)


def _save(images: Any, picture: Picture, pixels: bytes, **options: Any) -> bytes:
    if not pixels:
        raise ValueError("there is no picture of no bytes")
    if picture.width * picture.height > _MOST_PIXELS:
        raise ValueError(f"a picture may have {_MOST_PIXELS} bytes at most: use --chunk")
    sink = io.BytesIO()
    image = images.frombytes(_MODES[picture.n_colours], (picture.width, picture.height), pixels)
    image.save(sink, **options)
    return sink.getvalue()


def _pillow_facts(images: Any) -> dict[str, str]:
    features = need("PIL.features", "media", "Pillow")
    facts = {"Pillow": str(images.__version__), "zlib": str(features.version("zlib"))}
    zlib_ng = features.version("zlib_ng") if "zlib_ng" in features.features else None
    return facts | ({"zlib-ng": str(zlib_ng)} if zlib_ng else {})


_SPEECH = Sound(rate_hz=16_000, n_channels=1, sample_bytes=1)


def _sound(piece: Piece) -> Sound:
    sound = piece.layout if isinstance(piece.layout, Sound) else _SPEECH
    if sound.sample_bytes > 3:
        raise ValueError(f"flac holds samples of 3 bytes at most, not of {sound.sample_bytes}")
    if sound.n_channels > 8:
        raise ValueError(f"flac holds 8 channels at most, not {sound.n_channels}")
    return sound


def _upper(data: bytes, sound: Sound) -> NDArray[np.int32]:
    """Samples at the upper end of 32 bits, as libsndfile takes them, int32 (N, C)."""
    size = sound.sample_bytes
    if size == 1:
        samples = (np.frombuffer(data, np.uint8).astype(np.int32) - 128) << 24
    else:
        parts = np.zeros((len(data) // size, 4), np.uint8)
        parts[:, 4 - size :] = np.frombuffer(data, np.uint8).reshape(-1, size)
        samples = parts.view("<i4")
    return samples.astype(np.int32).reshape(-1, sound.n_channels)


def _lower(samples: NDArray[np.int32], sound: Sound) -> bytes:
    """The reverse of `_upper`."""
    size = sound.sample_bytes
    if size == 1:
        return ((samples >> 24) + 128).astype(np.uint8).tobytes()
    parts = samples.astype("<i4").reshape(-1, 1).view(np.uint8)  # (N · C, 4), the low byte first
    return parts[:, 4 - size :].tobytes()
