import math

import pytest

from codelength.units import CodeLength, bits_to_nats, nats_to_bits


def test_one_bit_is_ln_2_nats() -> None:
    assert nats_to_bits(0.6931471805599453) == 1.0
    assert bits_to_nats(1.0) == 0.6931471805599453
    assert CodeLength.from_nats(8 * math.log(2), n_bytes=2, n_symbols=1) == CodeLength(8.0, 2, 1)


def test_rates_of_one_object() -> None:
    length = CodeLength(length_bits=300.0, n_bytes=100, n_symbols=40)
    assert length.rate_bpb == 3.0
    assert length.rate_bits_per_symbol == 7.5
    assert length.ratio == 0.375


def test_the_rate_of_a_corpus_is_all_bits_over_all_bytes() -> None:
    parts = [CodeLength(8.0, 1, 1), CodeLength(100.0, 99, 33)]
    corpus = sum(parts, CodeLength(0.0, 0, 0))
    assert corpus == CodeLength(108.0, 100, 34)
    assert corpus.rate_bpb == 1.08  # where the mean of the rates would be 4.5


def test_only_code_lengths_add_up() -> None:
    with pytest.raises(TypeError):
        CodeLength(1.0, 1, 1) + 1.0  # type: ignore[operator]


def test_no_data_has_no_rate() -> None:
    nothing = CodeLength(0.0, 0, 0)
    assert math.isnan(nothing.rate_bpb)
    assert math.isnan(nothing.rate_bits_per_symbol)
    assert math.isnan(nothing.ratio)


def test_what_was_held_impossible_costs_infinitely_much() -> None:
    assert CodeLength(math.inf, 1, 1).rate_bpb == math.inf


@pytest.mark.parametrize("fields", [(math.nan, 1, 1), (-1.0, 1, 1), (1.0, -1, 1), (1.0, 1, -1)])
def test_impossible_lengths_are_refused(fields: tuple[float, int, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        CodeLength(*fields)
