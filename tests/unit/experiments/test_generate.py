"""Continuations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from codelength.experiments.generate import continue_with, word_share
from codelength.experiments.parts.ngrams import NGrams
from codelength.experiments.result import Result
from codelength.predictors.counting import KT


def test_a_sure_predictor_goes_on_as_before() -> None:
    made = continue_with(KT(1, 2), b"\0\1" * 2000, 20, np.random.default_rng(0))
    assert made == b"\0\1" * 10


def test_distributions_of_n_grams_are_their_lengths() -> None:
    model = NGrams(2)
    model.learn(b"the cat sat on the mat")
    p = model.distribution(b"the ca")
    assert p.sum() == pytest.approx(1.0)
    assert -np.log2(p[ord("t")]) == pytest.approx(model.lengths_bits(b"the cat")[2, -1])


def test_ppm_by_hand() -> None:
    model = NGrams(1)
    model.learn(b"aabac")
    # after a: a, b and c once each, and 3 escapes of 6; below them nothing but what was never seen
    p = model.ppm_distribution(b"a")
    assert [p[ord(c)] for c in "abc"] == pytest.approx([1 / 6] * 3)
    assert p[ord("z")] == pytest.approx(3 / 6 / 253)
    # after b: a, 1 of 2; then b and c, once each of 4 without a; then the other 253
    p = model.ppm_distribution(b"b")
    assert [p[ord(c)] for c in "abc"] == pytest.approx([1 / 2, 1 / 8, 1 / 8])
    assert p[ord("z")] == pytest.approx(1 / 4 / 253)
    assert p.sum() == pytest.approx(1.0)


def test_words() -> None:
    assert word_share(b"the cat xqz is", {b"the", b"cat"}) == pytest.approx(2 / 3)
    assert word_share(b"a 1", {b"the"}) == 0.0


def test_run(tiny: Callable[..., Result]) -> None:
    result = tiny("generate")
    assert len(result.exhibits) == 5
    assert result.quantity("random bytes: cost for the judge").measured is not None
