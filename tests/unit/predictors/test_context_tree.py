"""Context-tree weighting against its definition in exact fractions, and against its proven bound."""

import math
import random
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength.predictors import KT, ContextTreeWeighting, code_length, symbol_lengths


def weighted_probability(bits: list[int], pasts: list[tuple[int, ...]], depth: int) -> Fraction:
    """P_w of the bits seen in one context, as the paper defines it; pasts[i] is what lies further back."""
    estimated = Fraction(1)
    for i, bit in enumerate(bits):
        estimated *= (bits[:i].count(bit) + Fraction(1, 2)) / (i + 1)
    if depth == 0 or not bits:
        return estimated
    children = Fraction(1)
    for symbol in {past[-1] for past in pasts}:
        here = [i for i, past in enumerate(pasts) if past[-1] == symbol]
        children *= weighted_probability([bits[i] for i in here], [pasts[i][:-1] for i in here], depth - 1)
    return estimated / 2 + children / 2


def exact_length_bits(data: bytes, depth: int, alphabet_size: int) -> float:
    """-log₂ of the product over the binary decisions of each one's weighted probability at the root."""
    n_bits = alphabet_size.bit_length() - 1
    padded = (0,) * depth + tuple(data)
    decisions: dict[int, tuple[list[int], list[tuple[int, ...]]]] = {}
    for i, symbol in enumerate(data):
        for position in range(n_bits):
            decision = (alphabet_size | symbol) >> (n_bits - position)
            bits, pasts = decisions.setdefault(decision, ([], []))
            bits.append(symbol >> (n_bits - 1 - position) & 1)
            pasts.append(padded[i : i + depth])
    probability = math.prod(weighted_probability(*decision, depth) for decision in decisions.values())
    return math.log2(probability.denominator) - math.log2(probability.numerator) if data else 0.0


# Each rounded probability is off by a few parts in 2³², on sequences as short as these by under 2⁻²⁰ in all.
TOLERANCE_BITS = 2**-20


@pytest.mark.parametrize("depth", range(4))
def test_all_short_sequences_of_tosses_cost_what_the_definition_says(depth: int) -> None:
    predictor = ContextTreeWeighting(depth, alphabet_size=2)
    for tosses in product(range(2), repeat=7):
        measured = code_length(bytes(tosses), predictor).length_bits
        assert abs(measured - exact_length_bits(bytes(tosses), depth, 2)) < TOLERANCE_BITS


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 3),
    st.sampled_from([2, 4, 16, 256]).flatmap(
        lambda size: st.tuples(
            st.just(size), st.lists(st.integers(0, size - 1) | st.sampled_from([0, 1]), max_size=30)
        )
    ),
)
def test_any_short_sequence_costs_what_the_definition_says(depth: int, drawn: tuple[int, list[int]]) -> None:
    alphabet_size, symbols = drawn
    measured = code_length(bytes(symbols), ContextTreeWeighting(depth, alphabet_size)).length_bits
    assert abs(measured - exact_length_bits(bytes(symbols), depth, alphabet_size)) < TOLERANCE_BITS


def test_text_costs_what_the_definition_says() -> None:
    text = b"she sells sea shells by the sea shore; the shells she sells are sea shells"
    measured = code_length(text, ContextTreeWeighting(3)).length_bits
    assert abs(measured - exact_length_bits(text, 3, 256)) < TOLERANCE_BITS


def test_depth_0_is_krichevsky_and_trofimov() -> None:
    tosses = bytes(random.Random(4).choices([0, 1], [9, 1], k=500))
    weighted = symbol_lengths(tosses, ContextTreeWeighting(0, alphabet_size=2))
    assert abs(weighted - symbol_lengths(tosses, KT(0, alphabet_size=2))).max() < 1e-6


def best_tree_bound_bits(tosses: bytes, order: int) -> float:
    """What the tree of all contexts of this order guarantees: best coins, ½ log₂ n + 1 a leaf, its name."""
    padded = bytes(order) + tosses
    leaves: dict[bytes, list[int]] = {}
    for i, toss in enumerate(tosses):
        leaves.setdefault(padded[i : i + order], []).append(toss)
    best_bits = math.fsum(
        k * math.log2(len(leaf) / k) for leaf in leaves.values() for k in (leaf.count(0), leaf.count(1)) if k
    )
    regret_bits = math.fsum(0.5 * math.log2(len(leaf)) + 1 for leaf in leaves.values())
    return best_bits + regret_bits + (2 << order) - 1


@pytest.mark.parametrize("source", ["sticky", "second order", "fair", "changes its mind"])
def test_never_longer_than_any_tree_and_its_name(source: str) -> None:
    coin = random.Random(source)
    tosses = [0, 0]
    for i in range(4_000):
        if source == "sticky":
            toss = tosses[-1] ^ (coin.random() < 0.05)
        elif source == "second order":
            toss = tosses[-1] ^ tosses[-2] ^ (coin.random() < 0.1)
        elif source == "fair":
            toss = coin.randrange(2)
        else:  # long without need of a context, then in need of one
            toss = 0 if i < 2_000 else 1 - tosses[-1]
        tosses.append(toss)
    data = bytes(tosses[2:])
    measured = code_length(data, ContextTreeWeighting(6, alphabet_size=2)).length_bits
    for order in range(4):
        assert measured <= best_tree_bound_bits(data, order) + 1e-3


def test_a_node_that_was_sure_for_long_changes_its_mind() -> None:
    # 1,000 alternations: one toss of context is 2⁹⁰⁰ times better than none, and yet β stays at 2⁻³².
    # Then each toss costs at most the one bit that the root asks, and 32 bits for having trusted the context.
    coin = random.Random(6)
    tosses = bytes([1, 0] * 500) + bytes(coin.randrange(2) for _ in range(100))
    lengths_bits = symbol_lengths(tosses, ContextTreeWeighting(1, alphabet_size=2))
    assert lengths_bits[:1000].sum() < 20
    assert lengths_bits[1000:].sum() < 100 * 1.01 + 33


@pytest.mark.parametrize("limit", [1 << 32, 1 << 96])
def test_the_ratio_of_each_node_stays_within_its_limits(limit: int) -> None:
    predictor = ContextTreeWeighting(1, alphabet_size=32)
    dice = random.Random(8)
    for i in range(3_000):  # context is all, or nothing: towards either limit
        predictor.update(i % 32 if limit == 1 << 32 else dice.randrange(32))
    ratios = [beta for level in predictor._nodes.values() for _, _, beta in level.values()]
    assert limit in (min(ratios), max(ratios))
    assert min(ratios) >= 1 << 32
    assert max(ratios) <= 1 << 96


def test_every_symbol_keeps_a_frequency_however_sure_all_decisions_are() -> None:
    predictor = ContextTreeWeighting(0)
    # No data short enough for a test does this: a million zeros and no one, at each of the 255 decisions.
    predictor._nodes = {b"": {decision: [1 << 20, 0, 1 << 64] for decision in range(1, 256)}}
    frequencies = predictor.distribution()
    assert frequencies[255] == 1  # of probability 2⁻¹⁶⁸
    assert frequencies.min() == 1
    assert frequencies.argmax() == 0
    assert frequencies.sum(dtype="uint64") == 1 << 32


@pytest.mark.parametrize("alphabet_size", [-2, 0, 1, 3, 255, 512])
def test_impossible_alphabets_are_refused(alphabet_size: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        ContextTreeWeighting(1, alphabet_size)


def test_negative_depths_are_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        ContextTreeWeighting(-1)
