"""Letters: F = frequencies of one symbol's distribution, each with the index of the symbol that came."""

import math
import random
from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate

import constriction
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength.coding.range_coder import MAX_TOTAL, RangeDecoder, RangeEncoder
from codelength.errors import CorruptError, TruncatedError

Step = tuple[list[int], int]  # frequencies, the symbol that came


def encode(steps: list[Step]) -> bytes:
    encoder = RangeEncoder()
    for frequencies, symbol in steps:
        encoder.encode(sum(frequencies[:symbol]), frequencies[symbol], sum(frequencies))
    return encoder.finish()


def decode(code: bytes, distributions: list[list[int]]) -> list[int]:
    decoder = RangeDecoder(code)
    symbols = []
    for frequencies in distributions:
        symbol = bisect_right(list(accumulate(frequencies)), decoder.peek(sum(frequencies)))
        decoder.consume(sum(frequencies[:symbol]), frequencies[symbol], sum(frequencies))
        symbols.append(symbol)
    decoder.finish()
    return symbols


def ideal_bits(steps: list[Step]) -> float:
    return math.fsum(math.log2(sum(frequencies) / frequencies[symbol]) for frequencies, symbol in steps)


def drawn(frequencies: list[int], n: int, seed: int = 7) -> list[Step]:
    """n symbols, each as often as its frequency says."""
    symbols = random.Random(seed).choices(range(len(frequencies)), frequencies, k=n)
    return [(frequencies, symbol) for symbol in symbols]


def test_literal_code_words() -> None:
    assert encode([]) == b"\x00"
    assert encode([([1] * 256, byte) for byte in b"codelength"]) == b"codelength"
    assert encode([([9, 1], toss) for toss in [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]]) == b"\xa8"
    assert encode([([1, 2, 3], symbol) for symbol in [2, 0, 1, 2, 2, 0, 1, 1]]) == b"\x88\xf5"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(1, MAX_TOTAL // 8), min_size=1, max_size=8).flatmap(
            lambda frequencies: st.tuples(st.just(frequencies), st.integers(0, len(frequencies) - 1))
        ),
        max_size=60,
    )
)
def test_any_message_comes_back_within_the_stated_length(steps: list[Step]) -> None:
    code = encode(steps)
    assert decode(code, [frequencies for frequencies, _ in steps]) == [symbol for _, symbol in steps]
    ideal = ideal_bits(steps)
    assert ideal - 1e-6 <= 8 * len(code) <= ideal + 8 + len(steps) * 2**-23


@pytest.mark.parametrize(
    "frequencies",
    [
        [1, 1],
        [9, 1],
        [1, (1 << 16) - 1],
        [1, MAX_TOTAL - 1],
        [MAX_TOTAL - 1, 1],
        [3] * 85 + [1],
        list(range(1, 257)),
    ],
    ids=["fair", "bent", "sure", "surest", "surest-first", "odd", "bytes"],
)
def test_length_of_many_symbols(frequencies: list[int]) -> None:
    steps = drawn(frequencies, 3_000)
    steps += [(frequencies, symbol) for symbol in range(min(len(frequencies), 20))]  # rare ones too
    code = encode(steps)
    assert decode(code, [frequencies] * len(steps)) == [symbol for _, symbol in steps]
    ideal = ideal_bits(steps)
    assert ideal <= 8 * len(code) <= ideal + 8 + len(steps) * 2**-23


def test_the_code_is_a_point_in_the_exact_interval() -> None:
    steps = drawn([5, 3, 2], 12) + drawn([1, 6], 12)
    low, width = Fraction(0), Fraction(1)
    for frequencies, symbol in steps:
        low += width * Fraction(sum(frequencies[:symbol]), sum(frequencies))
        width *= Fraction(frequencies[symbol], sum(frequencies))
    code = encode(steps)
    point = Fraction(int.from_bytes(code, "big"), 256 ** len(code))
    tolerance = Fraction(1, 1 << 60)  # rounding moves the interval's ends by less than this
    assert low - tolerance <= point < low + width + tolerance


def test_a_carry_runs_through_many_bytes() -> None:
    # The symbols whose intervals all hold the point one half: 0111.. or 1000.. until the last one decides.
    thirds = [1, 1, 1]
    decoder = RangeDecoder(b"\x80" + bytes(99))
    symbols: list[int] = []
    while len(symbols) < 200 or decoder.peek(3) != 1:
        symbols.append(decoder.peek(3))
        decoder.consume(symbols[-1], 1, 3)
    for last, first_bytes in [(0, b"\x7f" + b"\xff" * 34), (2, b"\x80" + b"\x00" * 34)]:
        message = [*symbols, last]
        code = encode([(thirds, symbol) for symbol in message])
        assert code[:35] == first_bytes
        assert decode(code, [thirds] * len(message)) == message


@pytest.mark.parametrize("n_middle", range(1, 40))
def test_a_carry_at_the_end(n_middle: int) -> None:
    steps: list[Step] = [([1, 1, 1], 1)] * n_middle
    assert decode(encode(steps), [[1, 1, 1]] * n_middle) == [1] * n_middle


def test_length_agrees_with_constriction() -> None:
    # An independent range coder on the same distributions, of total 2¹⁶, which its fixed point holds exactly.
    rng = np.random.default_rng(3)
    steps: list[Step] = []
    oracle = constriction.stream.queue.RangeEncoder()
    for _ in range(1_000):
        cuts = np.sort(rng.choice(np.arange(1, 1 << 16), size=15, replace=False))
        frequencies = np.diff(cuts, prepend=0, append=1 << 16)
        symbol = int(rng.choice(16, p=frequencies / (1 << 16)))
        steps.append((frequencies.tolist(), symbol))
        model = constriction.stream.model.Categorical(frequencies / (1 << 16), perfect=False)
        oracle.encode(np.array([symbol], dtype=np.int32), model)
    assert abs(8 * len(encode(steps)) - oracle.num_bits()) <= 3 * 32


@pytest.mark.parametrize("n_cut", range(1, 12))
def test_a_cut_code_says_so(n_cut: int) -> None:
    code = encode([([1] * 256, byte) for byte in b"codelength"])
    with pytest.raises(TruncatedError):
        decode(code[:-n_cut], [[1] * 256] * 10)


def test_what_follows_the_end_is_refused() -> None:
    code = encode([([1] * 256, byte) for byte in b"codelength"])
    with pytest.raises(CorruptError, match="follow"):
        decode(code + b"\x00", [[1] * 256] * 10)


def test_an_end_that_no_encoder_writes_is_refused() -> None:
    assert decode(b"\x00", []) == []
    with pytest.raises(CorruptError, match="end"):
        decode(b"\x01", [])


def test_a_point_in_nobodys_interval_is_refused() -> None:
    with pytest.raises(CorruptError, match="outside"):
        RangeDecoder(b"\xff" * 9).peek(3)  # 2⁶⁴ = 3 · step + 1: the last unit belongs to no symbol


@pytest.mark.parametrize(
    ("start", "frequency", "total"),
    [(0, 0, 2), (-1, 1, 2), (1, 2, 2), (2, 1, 2), (0, 1, 0), (0, 1, MAX_TOTAL + 1), (3, -1, 4)],
)
def test_impossible_intervals_are_refused(start: int, frequency: int, total: int) -> None:
    with pytest.raises(ValueError, match=r"total|outside"):
        RangeEncoder().encode(start, frequency, total)
    with pytest.raises(ValueError, match=r"total|outside"):
        RangeDecoder(b"\x00").consume(start, frequency, total)


@pytest.mark.parametrize("total", [-1, 0, MAX_TOTAL + 1])
def test_impossible_totals_are_refused(total: int) -> None:
    with pytest.raises(ValueError, match="total"):
        RangeDecoder(b"\x00").peek(total)


def test_consuming_another_symbol_is_refused() -> None:
    with pytest.raises(ValueError, match="not in"):
        RangeDecoder(encode([([1, 1], 0)])).consume(1, 1, 2)
