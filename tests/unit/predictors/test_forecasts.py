"""Lengths, ranks and guesses in one pass, against the slow way."""

from __future__ import annotations

import numpy as np
import pytest

from codelength.predictors import forecasts
from codelength.predictors.context_tree import ContextTreeWeighting
from codelength.predictors.counting import KT, Uniform
from codelength.predictors.forecasts import forecast
from codelength.predictors.network import Network
from codelength.predictors.protocol import Predictor, symbol_lengths

DATA = b"abracadabra, said the wizard. \xc3\xa9\x00abracadabra!" * 3


@pytest.mark.parametrize("predictor", [Uniform(), KT(0), KT(2), ContextTreeWeighting(2)], ids=repr)
def test_is_what_the_predictor_says(predictor: Predictor) -> None:
    lengths = forecast(DATA, predictor)
    assert np.array_equal(lengths.lengths_bits, symbol_lengths(DATA, predictor))
    assert np.array_equal(lengths.ends, np.arange(1, len(DATA) + 1))
    assert lengths.ranks is not None
    assert lengths.guesses is not None
    predictor.reset()
    for i, symbol in enumerate(DATA):
        frequencies = predictor.distribution().astype(int).tolist()
        order = sorted(range(256), key=lambda s: (-frequencies[s], s))
        total = sum(frequencies)
        assert lengths.ranks[i] == sum(f > frequencies[symbol] for f in frequencies)
        assert lengths.guesses[i] == [(bytes([s]), frequencies[s] / total) for s in order[:5]]
        predictor.update(symbol)


def test_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a whole and byte by byte, the same; the first place is that of rank 0."""
    network = Network()
    whole = forecast(DATA, network)
    assert np.array_equal(whole.lengths_bits, network.symbol_lengths(DATA))
    monkeypatch.setattr(forecasts, "_WHOLE_BYTES", 10)
    monkeypatch.setattr(forecasts, "_AT_ONCE", 7)
    again = forecast(DATA, network, n_guesses=2)
    assert np.array_equal(whole.lengths_bits, again.lengths_bits)
    assert whole.guesses is not None
    assert again.guesses == [best[:2] for best in whole.guesses]
    assert whole.ranks is not None
    assert again.ranks is not None
    assert np.array_equal(whole.ranks, again.ranks)
    for rank, best, length_bits in zip(
        whole.ranks.tolist(), whole.guesses, whole.lengths_bits.tolist(), strict=True
    ):
        if rank < 5:  # of equals, another may stand there
            assert best[rank][1] == pytest.approx(2.0**-length_bits)


def test_corners() -> None:
    empty = forecast(b"", KT(1))
    assert (empty.n_bytes, empty.length_bits, empty.guesses) == (0, 0.0, [])
    assert forecast(b"a", KT(1), n_guesses=0).guesses is None
    with pytest.raises(ValueError, match="predictor of bytes"):
        forecast(b"\x00\x01", KT(1, alphabet_size=2))
