"""The bootstrap over documents."""

from __future__ import annotations

import math
import random

import pytest

from codelength.measure.intervals import difference_interval, rate_interval


def test_equal_documents_leave_no_doubt() -> None:
    interval = rate_interval([20.0] * 5, [10] * 5)
    assert interval is not None
    assert (interval.low, interval.high) == (2.0, 2.0)


def test_the_seed_decides() -> None:
    choice = random.Random(1)
    bits = [choice.uniform(10, 90) for _ in range(20)]
    first = rate_interval(bits, [10] * 20, seed=3)
    assert first == rate_interval(bits, [10] * 20, seed=3)
    assert first != rate_interval(bits, [10] * 20, seed=4)


def test_covers_as_often_as_it_says() -> None:
    """Of 200 corpora with rate 2 about 95 % have 2 in their interval; small samples somewhat fewer."""
    choice = random.Random(5)
    n_inside = 0
    for _ in range(200):
        sizes = [choice.randrange(50, 150) for _ in range(30)]
        bits = [n * choice.gauss(2.0, 0.3) for n in sizes]
        interval = rate_interval(bits, sizes, n_resamples=300)
        assert interval is not None
        n_inside += interval.low <= 2.0 <= interval.high
    assert 0.88 <= n_inside / 200 <= 0.99


def test_pairs_are_surer_than_the_two_alone() -> None:
    choice = random.Random(2)
    sizes = [100] * 40
    one = [100 * choice.uniform(1, 5) for _ in sizes]
    other = [bits - 5 + choice.gauss(0, 1) for bits in one]
    difference = difference_interval(one, other, sizes)
    alone = rate_interval(one, sizes)
    assert difference is not None
    assert alone is not None
    assert 0.045 < difference.low < difference.high < 0.06
    assert difference.high - difference.low < 0.05 * (alone.high - alone.low)


def test_no_interval_where_there_can_be_none() -> None:
    assert rate_interval([], []) is None
    assert rate_interval([8.0], [1]) is None
    assert rate_interval([8.0, 0.0], [1, 0]) is None
    assert rate_interval([8.0, math.inf], [1, 1]) is None


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="fit"):
        rate_interval([1.0], [1, 2])
    with pytest.raises(ValueError, match="pair"):
        difference_interval([1.0], [1.0, 2.0], [1])
    with pytest.raises(ValueError, match="level"):
        rate_interval([1.0, 2.0], [1, 2], level=1.0)
