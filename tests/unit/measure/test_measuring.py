"""Measuring from Python."""

from __future__ import annotations

import importlib
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import codelength
from codelength.measure.documents import Document
from codelength.measure.measurement import Measurement
from codelength.measure.summary import Summary
from codelength.predictors.protocol import code_length
from codelength.predictors.registry import get
from codelength.units import CodeLength

TEXT = b"to be or not to be, that is the question"


def test_bytes() -> None:
    result = codelength.measure(TEXT, "kt:2")
    assert isinstance(result, CodeLength)
    assert result.length_bits == code_length(TEXT, get("kt:2")).length_bits
    assert result.rate_bpb == result.rate_bpc == result.length_bits / len(TEXT)
    assert math.isnan(result.rate_bpt)
    assert result.interval() is None
    assert result + result == CodeLength(2 * result.length_bits, 80, 80)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_buffers(kind: type) -> None:
    assert codelength.measure(kind(TEXT), "uniform").length_bits == 320.0


def test_files_and_many(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(TEXT)
    (tmp_path / "b").write_bytes(TEXT[:7])
    one = codelength.measure(tmp_path / "a", "gzip")
    assert one.measurements[0].document == str(tmp_path / "a")
    both = codelength.measure(tmp_path, "gzip")
    assert len(both.measurements) == 2
    assert both.n_bytes == 47
    assert both.rate_bpb == both.length_bits / 47
    assert both.interval() is not None
    again = codelength.measure([TEXT, tmp_path / "b", Document.of("c", b"c")], "uniform")
    assert [m.n_bytes for m in again.measurements] == [40, 7, 1]


def test_preparation() -> None:
    assert codelength.measure("zwölf".encode(), "uniform", form="text").n_characters == 5
    chunked = codelength.measure(TEXT, "gzip", chunk_bytes=10)
    assert chunked.length_bits == sum(
        codelength.measure(TEXT[i : i + 10], "gzip").length_bits for i in (0, 10, 20, 30)
    )


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="Path"):
        codelength.measure("text", "kt:1")  # type: ignore[arg-type]
    with pytest.raises(codelength.ModelNotFoundError, match="network"):
        codelength.measure(TEXT, "netwrk")
    with pytest.raises(FileNotFoundError):
        codelength.measure(Path("nowhere"), "kt:1")
    with pytest.raises(ValueError, match="not of 0"):
        codelength.measure([], "kt:1")


def test_symbol_lengths() -> None:
    lengths = codelength.symbol_lengths(TEXT, "kt:1")
    assert lengths.length_bits == code_length(TEXT, get("kt:1")).length_bits
    assert lengths.n_bytes == len(TEXT)
    with pytest.raises(ValueError, match="single symbols"):
        codelength.symbol_lengths(TEXT, "gzip")


def test_streams_of_documents_are_not_read_ahead() -> None:
    read = []

    def documents() -> Iterator[bytes]:
        for i in range(3):
            read.append(i)
            yield bytes(i + 1)

    measured = codelength.measure_many(documents(), "uniform")
    first = next(measured)
    assert isinstance(first, Measurement)
    assert (first.n_bytes, read) == (1, [0])
    assert [m.n_bytes for m in measured] == [2, 3]


@pytest.mark.parametrize("predictor", ["kt:2", "network"])
@pytest.mark.parametrize("n_bytes", [1, 7, 40])
def test_streams_are_the_whole(predictor: str, n_bytes: int) -> None:
    parts = [TEXT[i : i + n_bytes] for i in range(0, len(TEXT), n_bytes)]
    lengths = list(codelength.stream_lengths([b"", *parts], predictor))
    assert [len(part) for part in lengths] == [0, *map(len, parts)]
    assert (
        np.concatenate(lengths).tolist() == codelength.symbol_lengths(TEXT, predictor).lengths_bits.tolist()
    )


def test_notebook_display() -> None:
    shown = codelength.measure([TEXT, TEXT[:9]], "network")._repr_html_()
    assert "Bits per byte" in shown
    assert "network" in shown
    assert "nan" not in shown
    escaped = Summary(1.0, 1, 1, "<b>", ())._repr_html_()
    assert "&lt;b&gt;" in escaped


def test_adjusted_ratio_counts_the_weights() -> None:
    result = codelength.measure(TEXT, "network")
    weights_bytes = result.measurements[0].weights_bytes
    assert result.ratio_adjusted == (result.length_bits / 8 + weights_bytes) / len(TEXT)
    assert codelength.measure(TEXT, "gzip").ratio_adjusted == codelength.measure(TEXT, "gzip").ratio


def test_the_package_is_the_function() -> None:
    package = importlib.import_module("codelength.measure")
    assert package is codelength.measure
    script = "import codelength; from codelength.measure import meters\n"
    script += "print(codelength.measure(b'a', 'uniform').ratio)"
    for first in ("", "import codelength.measure; "):
        done = subprocess.run(
            [sys.executable, "-c", first + script], capture_output=True, text=True, check=True
        )
        assert done.stdout == "1.0\n"


def test_measuring_loads_no_deep_learning() -> None:
    script = """
import sys, codelength
codelength.measure(b"abc", "network"), codelength.measure(b"abc", "gzip")
heavy = ("torch", "transformers", "PIL", "ray", "datasets", "matplotlib")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
