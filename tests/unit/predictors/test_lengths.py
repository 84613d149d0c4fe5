"""What each symbol of a document costs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from codelength.predictors.lengths import SymbolLengths


def test_spreads_over_bytes() -> None:
    lengths = SymbolLengths(np.array([3.0, 4.0, 0.5]), np.array([1, 5, 6]), 6)
    assert lengths.length_bits == 7.5
    assert lengths.per_byte().tolist() == [3.0, 1.0, 1.0, 1.0, 1.0, 0.5]


def test_bytes_are_symbols() -> None:
    lengths = SymbolLengths.of_bytes(np.array([1.0, 2.0]))
    assert lengths.ends.tolist() == [1, 2]
    assert lengths.per_byte().tolist() == [1.0, 2.0]


def test_empty() -> None:
    lengths = SymbolLengths.of_bytes(np.empty(0))
    assert (lengths.length_bits, lengths.n_bytes, len(lengths.per_byte())) == (0.0, 0, 0)


def test_sum_is_rounded_once() -> None:
    lengths = SymbolLengths.of_bytes(np.full(10, 0.1))
    assert lengths.length_bits == math.fsum([0.1] * 10)


def test_infinite_length_is_allowed() -> None:
    assert SymbolLengths.of_bytes(np.array([math.inf, 1.0])).length_bits == math.inf


@pytest.mark.parametrize(
    ("lengths_bits", "ends", "n_bytes"),
    [
        ([1.0], [1, 2], 2),
        ([1.0, 1.0], [1, 2], 3),
        ([1.0, 1.0], [2, 1], 1),
        ([1.0, 1.0], [1, 1], 1),
        ([1.0, 1.0], [0, 1], 1),
        ([-1.0], [1], 1),
        ([math.nan], [1], 1),
        ([], [], 1),
    ],
)
def test_what_does_not_fit_is_refused(lengths_bits: list[float], ends: list[int], n_bytes: int) -> None:
    with pytest.raises(ValueError, match=r"fit|must"):
        SymbolLengths(np.array(lengths_bits), np.array(ends, np.int64), n_bytes)


def test_ranks_and_guesses_must_fit() -> None:
    one, end = np.ones(1), np.ones(1, np.int64)
    with pytest.raises(ValueError, match="ranks"):
        SymbolLengths(one, end, 1, ranks=np.zeros(2, np.int32))
    with pytest.raises(ValueError, match="guesses"):
        SymbolLengths(one, end, 1, guesses=[])
    with pytest.raises(ValueError, match="not made of 0 tokens"):
        SymbolLengths(one, end, 1, n_tokens=0)
