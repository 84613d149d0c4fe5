"""Scores against bits per character."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from codelength.experiments.intelligence import wrong_area
from codelength.experiments.result import Result, Verdict
from codelength.experiments.task import MissingInputError
from codelength.measure.fits import Point


def test_the_published_table(tiny: Callable[..., Result]) -> None:
    result = tiny("intelligence")
    assert result.verdict is Verdict.HOLDS
    for area in ("knowledge", "coding", "mathematics"):
        r = result.quantity(f"{area}: Pearson r")
        assert r.measured == pytest.approx(r.published, abs=0.002)
        assert r.low is not None
        assert r.high is not None
        assert r.low <= r.high < -0.8


def test_own_checkpoints(tiny: Callable[..., Result], tmp_path: Path) -> None:
    rows = [f"m,{i},{1.2 - 0.05 * i},{0.3 + 0.04 * i},{[0.2, 0.3][i % 2]}" for i in range(8)]
    path = tmp_path / "own.csv"
    path.write_text("model,step,bits_per_byte,good_acc,chance_acc\n" + "\n".join(rows) + "\n")
    result = tiny("intelligence", path)
    assert result.quantity("own, good: Pearson r").measured == pytest.approx(-1.0)
    assert result.verdict is Verdict.IN_PART
    assert "breaks" in result.reason


def test_wrong_input(tiny: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("no table\n")
    with pytest.raises(MissingInputError):
        tiny("intelligence", path)


def test_areas_cross_where_models_are_the_same() -> None:
    points = [Point(f"m{i}", 1.0 - i / 10, i / 10) for i in range(4)]
    others = [Point(f"m{i}", float(i), 0.5) for i in range(5)]
    crossed = wrong_area({"a": points, "b": others})
    assert [p.rate for p in crossed["a", "b"]] == [0.0, 1.0, 2.0, 3.0]
    assert [p.score for p in crossed["a", "b"]] == [0.0, 0.1, 0.2, 0.3]
