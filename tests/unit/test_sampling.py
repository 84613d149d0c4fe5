"""Generation is decoding: what comes out is what the random bits say, to the last bit."""

from __future__ import annotations

import hashlib
import math
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codelength import FormatError, sample, sampling
from codelength.codec import networks
from codelength.coding.range_coder import RangeEncoder
from codelength.predictors import Network

PROMPT = b"It was a dark night, and "


@pytest.mark.parametrize("thousandths", [1000, 700, 1500])
def test_the_text_codes_to_the_random_bits(thousandths: int) -> None:
    text = sample(60, PROMPT, thousandths / 1000, seed=7)
    assert len(text) == 60
    predictor, encoder = Network(), RangeEncoder()
    for symbol in PROMPT:
        predictor.update(symbol)
    for symbol in text:
        sums = np.cumsum(sampling.tempered(predictor.distribution(), thousandths), dtype=np.uint64).tolist()
        start = sums[symbol - 1] if symbol else 0
        encoder.encode(start, sums[symbol] - start, sums[-1])
        predictor.update(symbol)
    code = encoder.finish()[:-1]  # the last byte is only one of those that the interval allows
    bits = hashlib.shake_256(b"codelength sample, seed 7, block 0").digest(len(code) + 1)
    low = int.from_bytes(bits, "big") >> 8
    # The bits lie in the last interval, of which the code is the low end.
    assert 0 <= low - int.from_bytes(code, "big") <= 1
    assert len(code) > 5


def test_same_arguments_same_text_and_less_is_the_beginning_of_more() -> None:
    text = sample(40, PROMPT, 0.9, 3)
    assert sample(40, bytearray(PROMPT), 0.9, 3) == text
    assert sample(25, PROMPT, 0.9, 3) == text[:25]
    assert sample(0, PROMPT) == b""
    assert len({sample(40, PROMPT, 1.0, seed) for seed in (-1, 0, 1, 1 << 70)}) == 4
    assert sample(3) == sample(3, b"", 1.0, 0, None)


def test_temperature_0_is_the_likeliest_byte() -> None:
    predictor = Network()
    for symbol in PROMPT:
        predictor.update(symbol)
    greedy = bytearray()
    for _ in range(20):
        greedy.append(int(predictor.distribution().argmax()))
        predictor.update(greedy[-1])
    assert sample(20, PROMPT, 0) == sample(20, PROMPT, 0.0004, seed=9) == greedy


class Ties:
    """Stands in for a network with two likeliest bytes."""

    def distribution(self) -> Any:
        frequencies = np.ones(256, np.uint32)
        frequencies[[9, 200]] = 1 << 21
        return frequencies

    def update(self, symbol: int) -> None:
        pass


def test_of_equals_the_lowest() -> None:
    assert list(sampling._generate(3, b"", 0, 0, Ties())) == [9, 9, 9]  # type: ignore[arg-type]


def test_blocks_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "BLOCK_SYMBOLS", 5)
    source = sampling._Source(4)
    uniform = np.arange(1, 257, dtype=np.uint64)
    symbols = bytes(source.decode(uniform) for _ in range(12))
    assert symbols == b"".join(sampling.random_block(4, block)[:5] for block in range(3))[:12]


def test_bits_that_no_encoder_writes_end_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = {0: b"\xff" * 100, 1: b"\x05" * 100}
    monkeypatch.setattr(sampling, "random_block", lambda seed, block: blocks[block])
    source = sampling._Source(0)
    # 2^64 is 1 more than a multiple of 255: the last of these points lies in no symbol.
    assert [source.decode(np.arange(1, 256, dtype=np.uint64)) for _ in range(2)] == [5, 0]


@pytest.mark.parametrize("thousandths", [1, 50, 500, 999, 1000, 1001, 3000, 100_000])
def test_tempered_frequencies(thousandths: int) -> None:
    rng = np.random.default_rng(thousandths)
    frequencies = np.maximum(1, (1 << 21) >> rng.integers(0, 22, 256)).astype(np.uint32)
    frequencies += rng.integers(0, 5, 256).astype(np.uint32) * frequencies // 7
    weights = sampling.tempered(frequencies, thousandths)
    assert weights.dtype == np.uint32
    assert 0 < int(weights.sum(dtype=np.uint64)) <= 1 << 32
    if thousandths == 1000:
        assert weights.tolist() == frequencies.tolist()
        return
    powers = (frequencies / frequencies.max()) ** (1000 / thousandths) * 2.0**24
    # Off by the roundings of the logarithm: 2/65536, times 1000/t, of a power of two.
    slack = 1 + powers * (2 ** (2 * (1 + 1000 / thousandths) / 65536) - 1)
    assert (np.abs(weights - powers) <= slack + 1).all()


def test_the_tables() -> None:
    logarithms, powers = sampling._logarithms(), sampling._powers()
    assert (logarithms[0], powers[0]) == (0, 1 << 24)
    for i in range(1, 1 << 16, 1021):
        exact = 65536 * math.log2(Fraction(65536 + i, 65536))
        assert -1 - 1e-6 < logarithms[i] - exact <= 1e-6
        assert abs(powers[i] - 2 ** (24 - i / 65536)) < 2
    assert (np.diff(logarithms) >= 0).all()
    assert (np.diff(powers) <= 0).all()


def test_logarithms_of_all_sizes() -> None:
    numbers = np.array([1 << k for k in range(32)] + [(1 << 32) - 1, 3, 65537], np.uint32)
    exact = 65536 * np.log2(numbers)
    assert sampling._log2(numbers)[:32].tolist() == [k << 16 for k in range(32)]
    assert (np.abs(sampling._log2(numbers) - exact) < 3).all()


def test_another_network(tmp_path: Path) -> None:
    (tmp_path / "none.safetensors").write_bytes(b"nothing")
    with pytest.raises(FormatError):
        sample(1, network=tmp_path / "none.safetensors")
    with pytest.raises(FileNotFoundError):
        sample(1, network=tmp_path / "missing.safetensors")
    shipped = Path(networks.__file__).parent.parent / "models" / f"{networks.DEFAULT}.safetensors"
    shutil.copy(shipped, tmp_path / "own.safetensors")
    assert sample(5, PROMPT, network=tmp_path / "own.safetensors") == sample(5, PROMPT)


@pytest.mark.parametrize("temperature", [-0.1, 100.1, math.nan, math.inf])
def test_impossible_temperatures(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature"):
        sample(1, temperature=temperature)


def test_other_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="n_bytes"):
        sample(-1)
    with pytest.raises(TypeError):
        sample(1, "text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sample(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sample(1, seed="x")  # type: ignore[arg-type]
