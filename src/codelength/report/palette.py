"""Colours of bits and of differences in bits, for light and dark backgrounds.

Lightness alone orders the levels, so that they stay ordered for colour-blind readers and in greyscale; hue
only helps. Text on every level has a contrast of at least 4.5 (WCAG 2.2, 1.4.3), which the tests compute.

The space is OKLCH: B. Ottosson, "A perceptual color space for image processing", 2020. Luminance and contrast
are WCAG's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["EXPONENT", "FULL_BITS", "LAST_LEVEL", "Tint", "contrast", "differences", "level", "surprisals"]

LAST_LEVEL = 24
"""Levels are 0 .. LAST_LEVEL; a difference has one of -LAST_LEVEL .. LAST_LEVEL."""
FULL_BITS = 16.0
"""Bits from which a symbol, or a difference, has the last level."""

Rgb = tuple[int, int, int]
EXPONENT = 0.75
"""Between what shows small differences best, ½, and what shows large ones in proportion, 1."""

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_NEEDED_CONTRAST = 4.5


@dataclass(frozen=True, slots=True)
class Tint:
    """A background and the colour of the text on it, as ``#rrggbb``."""

    background: str
    text: str


def level(length_bits: float) -> int:
    """Level of a length: a root of it, so that ¼ bit can be told from none and 8 bits from 12."""
    share: float = min(1.0, length_bits / FULL_BITS) ** EXPONENT
    return math.floor(LAST_LEVEL * share + 0.5)


@lru_cache
def surprisals(theme: str) -> list[Tint]:
    """Tints of the levels 0 .. LAST_LEVEL in the theme "light" or "dark". Level 0 is the background."""
    return [_tint(_SURPRISALS[theme](i / LAST_LEVEL)) for i in range(LAST_LEVEL + 1)]


@lru_cache
def differences(theme: str) -> list[Tint]:
    """Tints of the levels -LAST_LEVEL .. LAST_LEVEL: blue where the first costs less, orange where more."""
    scale = range(-LAST_LEVEL, LAST_LEVEL + 1)
    return [_tint(_DIFFERENCES[theme](i / LAST_LEVEL)) for i in scale]


def contrast(a: str, b: str) -> float:
    """WCAG's contrast of two colours ``#rrggbb``, 1 .. 21."""
    low, high = sorted((_luminance(_parse(a)), _luminance(_parse(b))))
    return (high + 0.05) / (low + 0.05)


def _light_surprisal(t: float) -> Rgb:
    """White, yellow, orange, red: L from 1 to 0.61."""
    return _rgb(1.0 - 0.39 * t, 0.2 * t**0.7, 102 - 80 * t)


def _dark_surprisal(t: float) -> Rgb:
    """Near black, violet, red, orange, pale yellow: L from 0.19 to 0.92."""
    return _rgb(0.19 + 0.73 * t, 0.012 + 0.17 * math.sin(math.pi * min(1.0, 0.06 + 0.8 * t)), 285 + 180 * t)


def _light_difference(t: float) -> Rgb:
    return _rgb(1.0 - 0.33 * abs(t), 0.16 * abs(t) ** 0.8, 55 if t > 0 else 250)


def _dark_difference(t: float) -> Rgb:
    return _rgb(0.19 + 0.61 * abs(t), 0.012 + 0.14 * abs(t) ** 0.8, 60 if t > 0 else 245)


_SURPRISALS: dict[str, Callable[[float], Rgb]] = {"light": _light_surprisal, "dark": _dark_surprisal}
_DIFFERENCES: dict[str, Callable[[float], Rgb]] = {"light": _light_difference, "dark": _dark_difference}


def _tint(background: Rgb) -> Tint:
    """Dark text where it can be read, else white."""
    colour = _hex(background)
    black, white = _hex(_BLACK), _hex(_WHITE)
    text = black if contrast(colour, black) >= _NEEDED_CONTRAST else white
    return Tint(colour, text)


def _rgb(lightness: float, chroma: float, hue_degrees: float) -> Rgb:
    """sRGB of a colour in OKLCH, its chroma lowered until the screen can show it."""
    hue = math.radians(hue_degrees)
    while True:
        linear = _linear(lightness, chroma * math.cos(hue), chroma * math.sin(hue))
        if chroma <= 0 or all(-1e-4 <= c <= 1 + 1e-4 for c in linear):
            red, green, blue = (round(255 * _gamma(min(1.0, max(0.0, c)))) for c in linear)
            return red, green, blue
        chroma -= 0.002


def _linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    """Linear sRGB of OKLab."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _gamma(c: float) -> float:
    return 12.92 * c if c <= 0.0031308 else 1.055 * float(c ** (1 / 2.4)) - 0.055


def _luminance(colour: Rgb) -> float:
    red, green, blue = (
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _parse(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
