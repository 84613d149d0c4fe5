"""Entropy: closed forms, real codes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from codelength.experiments.entropy import (
    Source,
    blocked_huffman_rate,
    coded_bits,
    divergence_bits,
    entropy_bits,
    frequencies_of,
    huffman_lengths,
)
from codelength.experiments.result import Result, Verdict


def test_entropies() -> None:
    assert entropy_bits((0.5, 0.5)) == 1.0
    assert entropy_bits((0.9, 0.1)) == pytest.approx(0.468996, abs=1e-6)
    assert entropy_bits((1.0, 0.0)) == 0.0
    assert entropy_bits((1 / 6,) * 6) == pytest.approx(math.log2(6))


def test_divergence() -> None:
    assert divergence_bits((0.3, 0.7), (0.3, 0.7)) == 0.0
    expected = 0.9 * math.log2(0.9 / 0.5) + 0.1 * math.log2(0.1 / 0.5)
    assert divergence_bits((0.9, 0.1), (0.5, 0.5)) == pytest.approx(expected)
    assert expected == pytest.approx(1 - entropy_bits((0.9, 0.1)))


def test_a_source_with_memory() -> None:
    source = Source("", ((0.9, 0.1), (0.3, 0.7)))
    assert source.stationary() == pytest.approx([0.75, 0.25])
    expected = 0.75 * entropy_bits((0.9, 0.1)) + 0.25 * entropy_bits((0.3, 0.7))
    assert source.entropy_bits() == pytest.approx(expected)
    symbols = source.draw(20_000, np.random.default_rng(1))
    assert symbols.mean() == pytest.approx(0.25, abs=0.02)
    assert source.information(symbols).mean() == pytest.approx(expected, abs=0.02)


def test_huffman() -> None:
    assert huffman_lengths((0.5, 0.25, 0.125, 0.125)) == [1, 2, 3, 3]
    assert huffman_lengths((0.99, 0.01)) == [1, 1]
    rates = [blocked_huffman_rate((0.9, 0.1), k) for k in (1, 2, 4, 8)]
    assert rates[0] == 1.0
    assert rates[1] == pytest.approx(0.645)  # the textbook's figure
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > entropy_bits((0.9, 0.1))


def test_codes_are_as_long_as_the_information() -> None:
    source = Source("", ((0.9, 0.1),))
    symbols = source.draw(5000, np.random.default_rng(2))
    ideal = math.fsum(source.information(symbols))
    assert ideal <= coded_bits(symbols, [frequencies_of((0.9, 0.1))]) <= ideal * 1.0002 + 16


def test_frequencies_are_whole() -> None:
    assert sum(frequencies_of((1 / 6,) * 6)) == 1 << 16
    assert frequencies_of((1.0, 0.0)) == [(1 << 16) - 1, 1]


def test_run(tiny: Callable[[str], Result]) -> None:
    result = tiny("entropy")
    coin = result.quantity("coin 0.9/0.1")
    assert coin.published == 0.469
    assert coin.measured == pytest.approx(0.469, abs=0.03)
    assert result.verdict in (Verdict.HOLDS, Verdict.IN_PART)
    assert len(result.panels) == 2
