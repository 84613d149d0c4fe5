"""Bits per byte as others define it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from codelength.measure.definitions import DEFINITIONS, rate_bpb
from codelength.predictors.lengths import SymbolLengths


def tokens(*bits: float, n_bytes: int = 4) -> SymbolLengths:
    return SymbolLengths(np.array(bits), np.arange(1, len(bits) + 1) * n_bytes, n_bytes * len(bits))


PAGES = [tokens(10.0, 2.0, 2.0, 2.0), tokens(8.0)]


def test_lm_evaluation_harness() -> None:
    """-Σ log-likelihood / Σ bytes / ln 2, with the natural logarithms that it sums."""
    nats = [-math.log(2) * page.length_bits for page in PAGES]
    expected = -sum(nats) / sum([20, 5]) / math.log(2)
    given = rate_bpb(PAGES, "lm-evaluation-harness", n_reference_bytes=[20, 5])
    assert given == pytest.approx(expected, rel=1e-12)
    assert rate_bpb(PAGES, "lm-evaluation-harness") == rate_bpb(PAGES) == 24 / 20


@pytest.mark.parametrize("chunk_symbols", [1, 2, 3, 4, 1024])
def test_uncheatable_eval(chunk_symbols: int) -> None:
    """Mean over documents of the nats behind the first token of each chunk, over the mean of bytes."""
    nats = []
    for page in PAGES:
        bits = page.lengths_bits.tolist()
        chunks = [bits[i : i + chunk_symbols] for i in range(0, len(bits), chunk_symbols)]
        nats.append(math.log(2) * sum(sum(chunk[1:]) for chunk in chunks))
    expected = (sum(nats) / 2) / (20 / 2) / math.log(2)
    assert rate_bpb(PAGES, "uncheatable-eval", chunk_symbols=chunk_symbols) == pytest.approx(
        expected, rel=1e-12
    )


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="known are codelength"):
        rate_bpb(PAGES, "bpb")
    with pytest.raises(ValueError, match="do not fit"):
        rate_bpb(PAGES, n_reference_bytes=[1])
    with pytest.raises(ValueError, match="at least one"):
        rate_bpb(PAGES, "uncheatable-eval", chunk_symbols=0)


def test_no_bytes_have_no_rate() -> None:
    assert all(math.isnan(rate_bpb([], name)) for name in DEFINITIONS)
