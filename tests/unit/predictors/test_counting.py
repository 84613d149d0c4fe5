import math
import random
from fractions import Fraction

import pytest

from codelength.predictors import KT, Uniform, code_length, symbol_lengths


def probability(data: bytes, predictor: KT) -> Fraction:
    """The exact probability of all of the data."""
    predictor.reset()
    product = Fraction(1)
    for symbol in data:
        frequencies = predictor.distribution().tolist()
        product *= Fraction(frequencies[symbol], sum(frequencies))
        predictor.update(symbol)
    return product


@pytest.mark.parametrize(
    ("tosses", "by_hand"),
    [
        # P(a zeros and b ones) = (1/2 · 3/2 · .. · (a - 1/2)) · (1/2 · .. · (b - 1/2)) / (a + b)!
        (b"\x00", Fraction(1, 2)),
        (b"\x00\x00", Fraction(3, 8)),
        (b"\x00\x01", Fraction(1, 8)),
        (b"\x00\x00\x00", Fraction(5, 16)),
        (b"\x01\x00\x01", Fraction(1, 16)),
        (b"\x01\x01\x00\x00", Fraction(3, 128)),
        (b"\x00\x00\x00\x00\x01", Fraction(7, 256)),
    ],
)
def test_coins_by_hand(tosses: bytes, by_hand: Fraction) -> None:
    assert probability(tosses, KT(0, 2)) == by_hand


def test_bytes_by_hand() -> None:
    # 1/256, then (0 + 1/2) / (1 + 128), then (1 + 1/2) / (2 + 128)
    assert probability(b"aba", KT(0)) == Fraction(1, 256) * Fraction(1, 258) * Fraction(3, 260)


def test_each_context_counts_for_itself() -> None:
    # After a past of zeros. Contexts: 0->1, 1->0, 0->1, 1->0, 0->0; each predicted from its own counts.
    tosses = b"\x01\x00\x01\x00\x00"
    by_hand = Fraction(1, 2) * Fraction(1, 2) * Fraction(3, 4) * Fraction(3, 4) * Fraction(1, 6)
    assert probability(tosses, KT(1, 2)) == by_hand


def test_order_k_is_order_0_in_each_context() -> None:
    data = random.Random(2).choices(b"abc", k=300)
    order = 2
    past = [0] * order + data
    seen: dict[tuple[int, ...], list[int]] = {}
    for i, symbol in enumerate(data):
        seen.setdefault(tuple(past[i : i + order]), []).append(symbol)
    product = math.prod(probability(bytes(symbols), KT(0)) for symbols in seen.values())
    assert probability(bytes(data), KT(order)) == product


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5])
def test_regret_of_a_coin_is_at_most_half_a_log_and_one_bit(share: float) -> None:
    coin = random.Random(round(share * 100))
    tosses = bytes(coin.random() < share for _ in range(2_000))
    lengths_bits = symbol_lengths(tosses, KT(0, 2)).cumsum()
    for n in range(1, len(tosses) + 1):
        ones = tosses[:n].count(1)
        best_bits = math.fsum(k * math.log2(n / k) for k in (ones, n - ones) if k)
        assert lengths_bits[n - 1] <= best_bits + 0.5 * math.log2(n) + 1 + 1e-9


def test_uniform_costs_the_log_of_the_alphabet() -> None:
    assert symbol_lengths(bytes(range(256)), Uniform()).tolist() == [8.0] * 256
    assert symbol_lengths(b"\x00\x01\x01", Uniform(2)).tolist() == [1.0] * 3
    assert code_length(b"\x02\x01\x00", Uniform(3)).rate_bits_per_symbol == pytest.approx(math.log2(3))


@pytest.mark.parametrize("alphabet_size", [-1, 0, 1, 257])
def test_impossible_alphabets_are_refused(alphabet_size: int) -> None:
    with pytest.raises(ValueError, match="alphabet_size"):
        Uniform(alphabet_size)
    with pytest.raises(ValueError, match="alphabet_size"):
        KT(0, alphabet_size)


def test_negative_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        KT(-1)
