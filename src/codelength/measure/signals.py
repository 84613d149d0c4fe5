"""Pictures and sound as plain bytes: their samples and nothing else of the file.

Letters: H = rows, W = columns, C = colours or channels, N = moments of sound.
"""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codelength.measure.extras import need

__all__ = ["Picture", "Sound", "grey", "high_bytes", "read_picture", "read_sound"]

_MODES = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "YCbCr": 3, "HSV": 3, "LAB": 3}


@dataclass(frozen=True, slots=True)
class Picture:
    """Bytes that are a picture: H · W · C of them, row by row, the colours of a pixel side by side."""

    width: int
    height: int
    n_colours: int


@dataclass(frozen=True, slots=True)
class Sound:
    """Bytes that are sound: little-endian samples, the channels of a moment side by side.

    Samples of one byte are unsigned, with 128 for silence, and larger ones signed, as in a WAV file.
    """

    rate_hz: int
    n_channels: int
    sample_bytes: int


def read_picture(data: bytes) -> tuple[bytes, Picture]:
    """The pixels of a picture file of any format that Pillow reads, nothing lost.

    Eight bits a colour. A palette is looked up, two-level pictures become grey. Raises ValueError for what is
    no picture, is broken, or has more than eight bits a colour.
    """
    images = need("PIL.Image", "media", "--as image")
    try:
        with images.open(io.BytesIO(data)) as opened:
            image = opened
            if image.mode == "1":
                image = image.convert("L")
            elif image.mode in ("P", "PA"):
                image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
            if image.mode not in _MODES:
                raise ValueError(f"has pixels of the kind {image.mode}; eight bits a colour can be measured")
            width, height = image.size
            return image.tobytes(), Picture(width, height, _MODES[image.mode])
    except (OSError, SyntaxError, images.DecompressionBombError) as error:
        raise ValueError(f"is no picture that can be read: {error}") from error


def grey(data: bytes) -> NDArray[np.uint8]:
    """A picture file as Delétang et al. made it grey, uint8 (H, W): the mean of the colours, cut off."""
    images = need("PIL.Image", "media", "--as image:deletang")
    try:
        with images.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("RGB"))  # (H, W, 3)
    except (OSError, SyntaxError, images.DecompressionBombError) as error:
        raise ValueError(f"is no picture that can be read: {error}") from error
    mean: NDArray[np.uint8] = (pixels.sum(axis=-1, dtype=np.uint16) // 3).astype(np.uint8)
    return mean


def read_sound(data: bytes) -> tuple[bytes, Sound]:
    """The samples of a sound file, nothing lost: WAV with whole-number samples, or FLAC through soundfile.

    Raises ValueError for what is no sound, is broken, or has samples that are not whole numbers.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            sound = Sound(file.getframerate(), file.getnchannels(), file.getsampwidth())
            return file.readframes(file.getnframes()), sound
    except (wave.Error, EOFError):
        return _read_other_sound(data)


def _read_other_sound(data: bytes) -> tuple[bytes, Sound]:
    soundfile = need("soundfile", "media", "sound that is not plain WAV")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            sample_bytes = {"PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4}.get(file.subtype)
            if sample_bytes is None:
                raise ValueError(f"has samples of the kind {file.subtype}; whole numbers can be measured")
            sound = Sound(file.samplerate, file.channels, sample_bytes)
            samples: NDArray[np.int32] = file.read(dtype="int32", always_2d=True)  # (N, C), at the upper end
    except soundfile.SoundFileError as error:
        words = getattr(error, "error_string", str(error))
        raise ValueError(f"is no sound that can be read: {words}") from error
    samples = samples >> 8 * (4 - sample_bytes)
    if sample_bytes == 1:
        return (samples + 128).astype(np.uint8).tobytes(), sound
    as_bytes = samples.astype("<i4").reshape(-1, 1).view(np.uint8)  # (N · C, 4), the low byte first
    return as_bytes[:, :sample_bytes].tobytes(), sound


def high_bytes(samples: bytes, sound: Sound) -> bytes:
    """Each sample's highest byte, with 128 for silence: eight-bit sound as Delétang et al. made it."""
    if sound.sample_bytes == 1:
        return samples
    highest = np.frombuffer(samples, np.uint8).reshape(-1, sound.sample_bytes)[:, -1]
    return (highest + np.uint8(128)).tobytes()
