"""Frequent and rare wordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codelength.experiments.frequency import PAIRS, regress, sentences
from codelength.experiments.result import Result
from codelength.experiments.task import MissingInputError


def test_regression_takes_length_out() -> None:
    random = np.random.default_rng(0)
    ratios, extra = random.normal(size=50), random.normal(size=50)
    assert regress(ratios, extra, 0.7 * ratios + 4 * extra - 1) == pytest.approx((0.7, 4.0, -1.0))


def test_pairs_differ_in_a_word() -> None:
    assert len(set(PAIRS)) == len(PAIRS)
    for pair in PAIRS:
        frequent, rare = sentences(pair)
        assert frequent != rare
        assert frequent.split()[0] in (rare.split()[0], pair[1].encode())


def test_run(tiny: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text(" ".join(word for _, word, _ in PAIRS) * 20)
    result = tiny("frequency", path)
    assert result.facts["n_pairs"] == len(PAIRS)


def test_a_text_without_the_words(tiny: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("nothing of that here. " * 200)
    with pytest.raises(MissingInputError, match="too few"):
        tiny("frequency", path)
