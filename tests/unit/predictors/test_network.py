"""The network as a predictor: its fast ways give what its slow way gives, and real bytes come back."""

from __future__ import annotations

import numpy as np
import pytest

from codelength.codec.networks import default_network
from codelength.predictors import (
    Network,
    Predictor,
    code_length,
    compress,
    decompress,
    get,
    network,
    symbol_lengths,
)

SAMPLES = {
    "empty": b"",
    "one byte": b"\xff",
    "text": b"It was a dark and stormy night; the rain fell in torrents, except at occasional intervals.\n",
    "unicode": "Gr\u00fc\u00dfe, \u4e16\u754c! \U0001f642".encode(),
    "binary": bytes(range(256)),
}


@pytest.fixture(scope="module")
def predictor() -> Network:
    return Network()


def test_it_is_a_predictor_by_name() -> None:
    named = get("network")
    assert isinstance(named, Network)
    assert isinstance(named, Predictor)
    with pytest.raises(ValueError, match="no parameter"):
        get("network:3")


@pytest.mark.parametrize("name", SAMPLES)
def test_fast_equals_slow(predictor: Network, name: str) -> None:
    data = SAMPLES[name]
    fast = predictor.symbol_lengths(data)
    assert fast.dtype == np.float64
    assert fast.tolist() == symbol_lengths(data, predictor).tolist()
    assert predictor.code_length(data) == code_length(data, predictor)
    rows = predictor.distributions(data)
    assert rows.shape == (len(data), 256)
    predictor.reset()
    for row, symbol in zip(rows, data, strict=True):
        assert row.tolist() == predictor.distribution().tolist()
        predictor.update(symbol)


def test_data_that_is_too_long_to_be_read_at_once(
    predictor: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = SAMPLES["text"]
    whole = predictor.symbol_lengths(data).tolist()
    monkeypatch.setattr(network, "_STRETCH_BYTES", 50)
    for at_once in (1, 7, 1000):
        monkeypatch.setattr(network, "_AT_ONCE", at_once)
        assert predictor.symbol_lengths(data).tolist() == whole


@pytest.mark.parametrize("name", SAMPLES)
def test_real_bytes_there_and_back_within_the_stated_length(predictor: Network, name: str) -> None:
    data = SAMPLES[name]
    code = compress(data, predictor)
    assert decompress(code, Network()) == data
    ideal_bits = predictor.symbol_lengths(data).sum()
    assert ideal_bits <= 8 * len(code) <= 1.0002 * ideal_bits + 64


def test_frequencies(predictor: Network) -> None:
    rows = np.concatenate([predictor.distributions(data) for data in SAMPLES.values()])
    assert rows.dtype == np.uint32
    assert rows.min() >= 1
    assert rows.sum(axis=1, dtype=np.uint64).max() < 1 << 31


def test_looking_changes_nothing_and_reset_forgets(predictor: Network) -> None:
    predictor.reset()
    first = predictor.distribution()
    for symbol in b"abra":
        before = predictor.distribution()
        predictor.symbol_lengths(b"other")
        again = predictor.distribution()
        assert before.tolist() == again.tolist()
        again[:] = 0  # the caller's copy
        predictor.update(symbol)
    predictor.reset()
    assert predictor.distribution().tolist() == first.tolist()


def test_a_network_of_ones_own() -> None:
    own = Network(default_network().native)
    assert own.distribution().tolist() == Network().distribution().tolist()


def test_wrong_input(predictor: Network) -> None:
    for symbol in (-1, 256):
        with pytest.raises(ValueError, match="alphabet"):
            predictor.update(symbol)
    for method in (predictor.symbol_lengths, predictor.code_length, predictor.distributions):
        with pytest.raises(TypeError, match="str"):
            method("text")  # type: ignore[arg-type]
        method(memoryview(b"ab"))
