"""Colours that can be read and told apart, in order, by everybody."""

from __future__ import annotations

from itertools import pairwise

import pytest

from codelength.report.palette import LAST_LEVEL, contrast, differences, level, surprisals

# Viénot, Brettel and Mollon, 1999: what protanopes and deuteranopes see, in linear sRGB.
VISIONS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanope": ((0.11238, 0.88762, 0), (0.11238, 0.88762, 0), (0.00401, -0.00401, 1)),
    "deuteranope": ((0.29275, 0.70725, 0), (0.29275, 0.70725, 0), (-0.02234, 0.02234, 1)),
}


def luminance(colour: str, vision: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    ]
    seen = [sum(w * c for w, c in zip(row, linear, strict=True)) for row in VISIONS[vision]]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), seen, strict=True))


def test_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme: str) -> None:
    for tint in surprisals(theme) + differences(theme):
        assert contrast(tint.background, tint.text) >= 4.5, tint


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISIONS)
def test_lightness_orders_the_levels(theme: str, vision: str) -> None:
    """Monotone to every eye; a difference away from its middle to both sides."""
    scales = [surprisals(theme), differences(theme)[LAST_LEVEL:], differences(theme)[LAST_LEVEL::-1]]
    for tints in scales:
        assert len(tints) == LAST_LEVEL + 1
        values = [luminance(tint.background, vision) for tint in tints]
        if theme == "light":
            values.reverse()
        assert all(low < high for low, high in pairwise(values))
        ratio = (values[-1] + 0.05) / (values[0] + 0.05)
        assert ratio > 2


def test_levels() -> None:
    assert level(0.0) == 0
    assert level(16.0) == level(1e9) == level(float("inf")) == LAST_LEVEL
    assert level(0.25) >= 1
    assert len({level(bits) for bits in (0, 0.25, 1, 2, 4, 8, 12, 16)}) == 8
