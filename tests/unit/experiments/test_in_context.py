"""Cost by place in the document."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codelength.experiments.in_context import positions_of
from codelength.experiments.result import Result
from codelength.measure import meters


def test_a_compressor_is_measured_by_its_beginnings() -> None:
    text = b"the cat sat on the mat; " * 20
    positions = positions_of(meters.get("gzip"), text)
    assert sum(positions.n_bytes) == len(text)
    whole, first = (meters.get("gzip").measure(data).length_bits for data in (text, text[:1]))
    assert sum(positions.bits) == pytest.approx(whole - first + 8)
    assert positions.starts[:4] == [0, 1, 2, 4]


def test_a_model_is_measured_by_its_bytes() -> None:
    positions = positions_of(meters.get("uniform"), bytes(100))
    assert set(positions.rates_bpb) == {8.0}


def test_run(tiny: Callable[..., Result]) -> None:
    result = tiny("in-context")
    gain = result.quantities[0]
    assert gain.low is not None
    assert gain.high is not None
    assert gain.measured is not None
    assert gain.low <= gain.measured <= gain.high
