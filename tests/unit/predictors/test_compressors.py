import zlib

import pytest

from codelength.predictors import code_length, from_compressor, get


def test_frequencies_are_powers_of_the_length_differences() -> None:
    extra_bytes = {ord("a"): 0, ord("b"): 1, ord("c"): 2, ord("d"): 3, ord("e"): 4}

    def compress(data: bytes) -> bytes:
        return bytes(100 + sum(extra_bytes.get(byte, 9) for byte in data))  # a header of 100 cancels

    predictor = from_compressor(compress)
    for _ in range(2):  # and so does the past
        frequencies = predictor.distribution()
        assert frequencies[list(b"abcde")].tolist() == [1 << 24, 1 << 16, 1 << 8, 1, 1]
        assert frequencies.sum() == (1 << 24) + (1 << 16) + (1 << 8) + 253
        predictor.update(ord("c"))


def test_the_compressor_sees_the_whole_past_and_each_next_byte() -> None:
    calls: list[bytes] = []

    def compress(data: bytes) -> bytes:
        calls.append(data)
        return data

    predictor = from_compressor(compress)
    predictor.update(7)
    predictor.update(8)
    assert predictor.distribution().tolist() == [1 << 24] * 256
    assert calls == [bytes([7, 8, symbol]) for symbol in range(256)]
    predictor.reset()
    calls.clear()
    predictor.distribution()
    assert calls == [bytes([symbol]) for symbol in range(256)]


@pytest.mark.parametrize(
    ("name", "data"), [("gzip", b"spam, spam, spam"), ("xz", bytes(12)), ("bz2", bytes(12))]
)
def test_repetition_is_expected(name: str, data: bytes) -> None:
    assert code_length(data, get(name)).rate_bpb < 7.5


def test_gzip_expects_what_makes_the_stream_shorter() -> None:
    predictor = get("gzip")
    past = b"the quick brown fox; the quick brown f"
    for symbol in past:
        predictor.update(symbol)
    frequencies = predictor.distribution()
    assert frequencies[ord("o")] == frequencies.max() == 1 << 24
    lengths = {symbol: len(zlib.compress(past + bytes([symbol]), 9)) for symbol in b"oz"}
    assert lengths[ord("o")] < lengths[ord("z")]
    assert frequencies[ord("z")] == 1 << 24 - 8 * (lengths[ord("z")] - lengths[ord("o")])
