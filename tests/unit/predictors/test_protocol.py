"""What holds for every predictor: its frequencies, its code lengths, and real bytes there and back."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codelength.errors import CorruptError, LimitError, TruncatedError
from codelength.predictors import (
    KT,
    ContextTreeWeighting,
    Predictor,
    Uniform,
    code_length,
    compress,
    decompress,
    get,
    symbol_lengths,
)

NAMES = ["uniform", "kt:0", "kt:1", "kt:3", "ctw:0", "ctw:4"]
COMPRESSOR_NAMES = ["gzip", "bz2", "xz"]  # slow: 256 compressions a byte
SHORT_SAMPLES = {
    "empty": b"",
    "one byte": b"\xff",
    "text": b"to be, or",
    "unicode": "ï字🪙".encode(),
    "binary": bytes([0, 255, 0, 254, 0]),
}
LONG_SAMPLES = {
    "long text": b"".join(b"row %d of the table of squares: %d\n" % (i, i * i) for i in range(24)),
    "noise": random.Random(5).randbytes(300),
    "all equal": bytes(600),
}
CASES = [
    *((name, sample) for name in NAMES for sample in [*SHORT_SAMPLES, *LONG_SAMPLES]),
    *((name, sample) for name in COMPRESSOR_NAMES for sample in SHORT_SAMPLES),
]
COINS = [Uniform(2), KT(0, 2), KT(4, 2), ContextTreeWeighting(0, 2), ContextTreeWeighting(6, 2)]


def sample_data(sample: str) -> bytes:
    return {**SHORT_SAMPLES, **LONG_SAMPLES}[sample]


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_real_bytes_there_and_back_within_the_stated_length(name: str, sample: str) -> None:
    data, predictor = sample_data(sample), get(name)
    code = compress(data, predictor)
    assert decompress(code, get(name)) == data
    ideal_bits = code_length(data, predictor).length_bits
    assert ideal_bits <= 8 * len(code) <= 1.0002 * ideal_bits + 64


@pytest.mark.parametrize("predictor", COINS, ids=lambda coin: f"{type(coin).__name__}")
@pytest.mark.parametrize("n_tosses", [0, 1, 2_000])
def test_coins_there_and_back_within_the_stated_length(predictor: Predictor, n_tosses: int) -> None:
    coin = random.Random(n_tosses)
    tosses = bytes(coin.random() < 0.1 for _ in range(n_tosses))
    code = compress(tosses, predictor)
    assert decompress(code, predictor) == tosses
    ideal_bits = code_length(tosses, predictor).length_bits
    assert ideal_bits <= 8 * len(code) <= 1.0002 * ideal_bits + 64


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NAMES), st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
def test_any_bytes_there_and_back(name: str, data: bytes) -> None:
    assert decompress(compress(data, get(name)), get(name)) == data


@pytest.mark.parametrize("name", [*NAMES, *COMPRESSOR_NAMES])
def test_frequencies_are_positive_integers_that_the_coder_takes(name: str) -> None:
    predictor = get(name)
    assert isinstance(predictor, Predictor)
    for symbol in SHORT_SAMPLES["unicode"]:
        frequencies = predictor.distribution()
        assert frequencies.dtype == np.uint32
        assert frequencies.shape == (predictor.alphabet_size,) == (256,)
        assert frequencies.min() >= 1
        assert int(frequencies.sum(dtype=np.uint64)) <= 1 << 32
        predictor.update(symbol)


@pytest.mark.parametrize("name", NAMES)
def test_looking_changes_nothing_and_reset_forgets(name: str) -> None:
    predictor, other = get(name), get(name)
    for symbol in b"abracadabra":
        first = predictor.distribution()
        np.testing.assert_array_equal(first, predictor.distribution())
        np.testing.assert_array_equal(first, other.distribution())
        first[:] = 0  # the caller's copy, not the predictor's
        predictor.update(symbol)
        other.update(symbol)
    predictor.reset()
    np.testing.assert_array_equal(predictor.distribution(), get(name).distribution())
    assert compress(b"abracadabra", other) == compress(b"abracadabra", get(name))


@pytest.mark.parametrize(
    "predictor",
    [*COINS, *(get(name) for name in [*NAMES, *COMPRESSOR_NAMES])],
    ids=lambda p: type(p).__name__,
)
def test_symbols_outside_the_alphabet_are_refused(predictor: Predictor) -> None:
    for symbol in (-1, predictor.alphabet_size):
        with pytest.raises(ValueError, match="alphabet"):
            predictor.update(symbol)


class Fixed:
    """The same frequencies for ever."""

    def __init__(self, *frequencies: int) -> None:
        self.alphabet_size = len(frequencies)
        self._frequencies = np.array(frequencies, dtype=np.uint32)

    def distribution(self) -> NDArray[np.uint32]:
        return self._frequencies

    def update(self, symbol: int) -> None:
        pass

    def reset(self) -> None:
        pass


def test_lengths_are_those_of_the_frequencies() -> None:
    lengths_bits = symbol_lengths(b"\x00\x01\x02\x00", Fixed(4, 2, 2))
    assert lengths_bits.dtype == np.float64
    assert lengths_bits.tolist() == [1.0, 2.0, 2.0, 1.0]
    measured = code_length(b"\x00\x01\x02\x00", Fixed(4, 2, 2))
    assert (measured.length_bits, measured.n_bytes, measured.n_symbols) == (6.0, 4, 4)
    assert symbol_lengths(b"", Fixed(1, 1)).shape == (0,)
    assert symbol_lengths(b"\x00", Fixed(1, (1 << 32) - 1)).tolist() == [32.0]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_will_do(kind: type) -> None:
    data = kind(b"buffer")
    code = compress(data, KT(0))
    assert decompress(kind(code), KT(0)) == b"buffer"
    assert math.isclose(code_length(data, KT(0)).length_bits, symbol_lengths(b"buffer", KT(0)).sum())


def test_text_must_be_encoded_first() -> None:
    for function in (compress, decompress, code_length, symbol_lengths):
        with pytest.raises(TypeError, match="str"):
            function("text", Uniform())  # type: ignore[arg-type]


def test_data_outside_the_alphabet_is_refused() -> None:
    for function in (compress, code_length, symbol_lengths):
        with pytest.raises(ValueError, match="alphabet"):
            function(b"\x00\x02", KT(0, 2))


def test_what_a_predictor_excludes_cannot_be_coded() -> None:
    for function in (compress, code_length):
        with pytest.raises(ValueError, match=r"frequency 0|empty"):
            function(b"\x00\x01", Fixed(1, 0))


def test_literal_code_words() -> None:
    assert compress(b"", Uniform()).hex() == "0000"
    assert compress(b"coin", Uniform()) == b"\x04coin"
    assert compress(b"mississippi", KT(0)).hex() == "0b6d68a4564c476bb7f19b"
    assert compress(b"mississippi", KT(1)).hex() == "0b6d69737368a231e1ae586d"
    assert compress(b"mississippi", ContextTreeWeighting(3)).hex() == "0b6d73db72250f33"
    assert compress(b"\x00\x01\x00\x01\x01" * 20, ContextTreeWeighting(3, 2)).hex() == "646e0d0cc834bfad"


@pytest.mark.parametrize("n_symbols", [0, 1, 127, 128, 300, 16_384])
def test_the_symbol_count_takes_seven_bits_a_byte(n_symbols: int) -> None:
    code = compress(bytes(n_symbols), Fixed(1 << 31, 1))
    assert decompress(code, Fixed(1 << 31, 1)) == bytes(n_symbols)
    assert len(code) == 1 + max(1, math.ceil(n_symbols.bit_length() / 7))


@pytest.mark.parametrize("n_kept", range(11))
def test_a_cut_code_says_so(n_kept: int) -> None:
    code = compress(b"codelength", Uniform())
    assert len(code) == 11
    with pytest.raises(TruncatedError):
        decompress(code[:n_kept], Uniform())


def test_damaged_codes_are_refused() -> None:
    code = compress(b"codelength", Uniform())
    with pytest.raises(CorruptError, match="follow"):
        decompress(code + b"\x00", Uniform())
    with pytest.raises(CorruptError, match="empty bytes"):
        decompress(b"\x80\x00\x00", Uniform())
    with pytest.raises(CorruptError, match="does not end"):
        decompress(b"\xff" * 30, Uniform())
    with pytest.raises(TruncatedError, match="count"):
        decompress(b"\xff\xff", Uniform())


def test_a_short_code_cannot_claim_more_than_the_caller_allows() -> None:
    bomb = b"\xff" * 8 + b"\x7f" + b"\x00"  # 2⁶³ - 1 symbols
    with pytest.raises(LimitError):
        decompress(bomb, Fixed((1 << 32) - 1, 1), max_size=1_000_000)
    code = compress(b"codelength", Uniform())
    assert decompress(code, Uniform(), max_size=10) == b"codelength"
    with pytest.raises(LimitError):
        decompress(code, Uniform(), max_size=9)
