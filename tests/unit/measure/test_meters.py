"""Meters: each against what it says it is."""

from __future__ import annotations

import gzip
import io
import math
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import codelength
from codelength.codec.networks import default_network
from codelength.coding.range_coder import RangeEncoder
from codelength.errors import CorruptError, ModelNotFoundError
from codelength.measure import meters
from codelength.measure.coders import Coder
from codelength.measure.documents import Document
from codelength.measure.meters import Options
from codelength.measure.preparation import Piece
from codelength.measure.signals import Picture, Sound
from codelength.predictors.mixing import mixing_length
from codelength.predictors.network import Network
from codelength.predictors.protocol import code_length
from codelength.predictors.registry import get

CODERS = ["gzip", "bz2", "xz", "zstd", "brotli", "png", "webp", "flac", "clz:1", "gzip:1", "xz:0", "zstd:3"]
NEEDS = {"zstd": "zstandard", "brotli": "brotli", "png": "PIL", "webp": "PIL", "flac": "soundfile"}
TEXT = b"A model that predicts well is a compressor, and the length of its code measures it. " * 5


@pytest.fixture(params=CODERS)
def coder(request: pytest.FixtureRequest) -> Coder:
    pytest.importorskip(NEEDS.get(request.param.partition(":")[0], "zlib"))
    meter = meters.get(request.param)
    assert isinstance(meter, Coder)
    return meter


def test_coders_give_back(coder: Coder, samples: dict[str, bytes]) -> None:
    for name, data in samples.items():
        if not data and coder.name in ("png", "webp"):
            continue
        measurement = coder.measure(data)
        assert measurement.is_coded, name
        assert measurement.length_bits == 8 * len(coder.coded(Piece(data)))
        assert measurement.n_bytes == len(data)


@pytest.mark.parametrize("name", ["png", "webp"])
def test_there_is_no_picture_of_nothing(name: str) -> None:
    pytest.importorskip("PIL")
    if name == "png":
        with pytest.raises(ValueError, match="no picture"):
            meters.get(name).measure(b"")


@pytest.mark.parametrize("n_colours", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["png", "webp"])
def test_pictures_keep_their_layout(name: str, n_colours: int) -> None:
    pytest.importorskip("PIL")
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, n_colours), np.uint8)
    pixels[:, :, -1] &= 0xF0  # transparent pixels too
    pixels[3:6, :, -1] = 0
    meter = meters.get(name)
    assert isinstance(meter, Coder)
    code = meter.coded(Piece(pixels.tobytes(), Picture(30, 20, n_colours)))
    from PIL import Image

    with Image.open(io.BytesIO(code)) as image:
        assert image.size == (30, 20)


@pytest.mark.parametrize("sample_bytes", [1, 2, 3])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_flac_keeps_samples(sample_bytes: int, n_channels: int) -> None:
    pytest.importorskip("soundfile")
    data = random.Random(1).randbytes(600 * sample_bytes * n_channels)
    meter = meters.get("flac")
    assert isinstance(meter, Coder)
    assert meter.coded(Piece(data, Sound(44_100, n_channels, sample_bytes)))


def test_flac_refuses_what_it_cannot_hold() -> None:
    pytest.importorskip("soundfile")
    for sound in (Sound(8000, 1, 4), Sound(8000, 9, 1)):
        with pytest.raises(ValueError, match="at most"):
            next(meters.get("flac").costs([Piece(bytes(72), sound)]))


def test_a_coder_that_loses_is_found_out() -> None:
    lossy = Coder("lossy", Options(), lambda piece: piece.data[:-1], lambda code, _: code, {})
    with pytest.raises(CorruptError, match="does not give the data back"):
        lossy.measure(b"abc")


def test_xz_is_that_of_the_program(samples: dict[str, bytes]) -> None:
    import lzma

    for data in samples.values():
        expected = len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
        assert meters.get("xz").measure(data).length_bits == 8 * expected


def test_gzip_counts_headers_of_every_piece() -> None:
    from codelength.measure.documents import Content
    from codelength.measure.preparation import Preparation

    prepared = Preparation("bytes", 100).prepare(Content.of("x", TEXT))
    parts = [TEXT[i : i + 100] for i in range(0, len(TEXT), 100)]
    expected = sum(len(gzip.compress(part, 9, mtime=0)) for part in parts)
    assert meters.get("gzip").measure(prepared).length_bits == 8 * expected


@pytest.mark.parametrize("name", ["kt:2", "uniform", "ctw:3"])
def test_simple_predictors_are_those_of_the_registry(name: str) -> None:
    measurement = meters.get(name).measure(TEXT)
    assert measurement.length_bits == code_length(TEXT, get(name)).length_bits
    assert not measurement.is_coded
    assert measurement.weights_bytes == 0
    assert measurement.lengths is not None
    assert measurement.lengths[0].length_bits == measurement.length_bits


def test_network() -> None:
    measurement = meters.get("network").measure(TEXT)
    assert measurement.length_bits == Network().code_length(TEXT).length_bits
    assert measurement.weights_bytes == len(default_network().data)
    assert measurement.facts == {"network": default_network().hash.hex()}


def test_network_and_coded_bytes_agree() -> None:
    """The bar: a range coder with the network's frequencies needs 0.02 % + 64 bits more at most."""
    data = (Path(__file__).resolve().parents[3] / "README.md").read_bytes()[:4000]
    estimate_bits = meters.get("network").measure(data).length_bits
    encoder = RangeEncoder()
    for symbol, frequencies in zip(data, Network().distributions(data), strict=True):
        cumulative = np.cumsum(frequencies, dtype=np.uint64)
        start = int(cumulative[symbol - 1]) if symbol else 0
        encoder.encode(start, int(frequencies[symbol]), int(cumulative[-1]))
    coded_bits = 8 * len(encoder.finish())
    assert estimate_bits <= coded_bits <= 1.0002 * estimate_bits + 64


@pytest.mark.parametrize("level", [1, 3, 6])
def test_mix_and_coded_bytes_agree(level: int) -> None:
    """`mix:LEVEL` and `clz:LEVEL` differ by the frame and the rounding of the coder."""
    text = TEXT * 10
    estimate_bits = meters.get(f"mix:{level}").measure(text).length_bits
    coded_bits = meters.get(f"clz:{level}").measure(text).length_bits
    frame_bits = 8 * 32
    assert estimate_bits <= coded_bits <= 1.0002 * estimate_bits + frame_bits
    if level == 3:
        assert estimate_bits == mixing_length(text).length_bits


def test_clz_is_the_archive() -> None:
    for name, level in (("clz", None), ("clz:1", 1), ("clz:9", 9)):
        measurement = meters.get(name).measure(TEXT)
        assert measurement.length_bits == 8 * len(codelength.compress(TEXT, level))
        assert (measurement.weights_bytes > 0) == (level != 1)


def test_documents_are_measured_as_they_are_read() -> None:
    measurement = meters.get("uniform").measure(Document.of("a name", b"abc"))
    assert (measurement.document, measurement.length_bits) == ("a name", 24.0)
    assert measurement.settings == {"as": "bytes", "chunk_bytes": None}


def test_many_documents_in_order() -> None:
    documents = [b"a", b"", b"abc"]
    assert [m.n_bytes for m in meters.get("uniform").measure_many(documents)] == [1, 0, 3]
    assert math.isnan(meters.get("uniform").measure(b"").rate_bpb)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("gzi", ModelNotFoundError, "did you mean 'gzip"),
        ("qqq", ModelNotFoundError, "known are"),
        ("", ModelNotFoundError, "known are"),
        ("kt", ValueError, "should be 'kt:ORDER'"),
        ("kt:", ValueError, "should be 'kt:ORDER'"),
        ("kt:x", ValueError, "whole number"),
        ("kt:-1", ValueError, "whole number"),
        ("gzip:", ValueError, "should be"),
        ("gzip:10", ValueError, "0 to 9"),
        ("clz:0", ValueError, "1 to 9"),
        ("mix:10", ValueError, "1 to 9"),
        ("zstd:23", ValueError, "1 to 22"),
        ("png:1", ValueError, "takes no parameter"),
        ("hf:", ValueError, "hf:NAME"),
        ("hf:x?contxt=1", ValueError, "context"),
    ],
)
def test_names_that_are_none(name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        meters.get(name)


def test_names() -> None:
    assert {"network", "mix[:LEVEL]", "kt:ORDER", "hf:NAME", "zstd[:LEVEL]", "cmix"} <= set(meters.names())
    for pattern in meters.names():
        name = pattern.partition("[")[0].replace("ORDER", "1")
        meters.check(name)


@pytest.mark.parametrize(
    ("name", "module"), [("zstd", "zstandard"), ("png", "PIL.Image"), ("flac", "soundfile")]
)
def test_missing_extra_is_named(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=r"codelength\["):
        meters.get(name)


@pytest.mark.parametrize("program", ["zpaq", "cmix"])
def test_programs_that_are_not_installed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ModelNotFoundError, match="not installed"):
        meters.get(program)


@pytest.mark.skipif(shutil.which("zpaq") is None, reason="zpaq is not installed")
def test_the_real_zpaq() -> None:
    text = b"the same words again and again, " * 100
    measured = meters.get("zpaq:1").measure(text)
    assert 0 < measured.length_bits < 8 * len(text) / 2
    assert measured.is_coded


PROGRAM = """#!{python}
import shutil, sys
arguments = sys.argv[1:]
if sys.argv[0].endswith("zpaq"):
    source, target = arguments[2:0:-1] if arguments[0] == "add" else (arguments[1], arguments[4])
    assert arguments[1:3] == ["archive.zpaq", "content"]
else:
    source, target = arguments[1:3]
if open(source, "rb").read() == b"fail":
    sys.exit("no such luck")
shutil.copy(source, target)
"""


@pytest.mark.parametrize("program", ["zpaq", "cmix"])
def test_programs_that_are(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = tmp_path / program  # copies, where the real one compresses
    stub.write_text(PROGRAM.format(python=sys.executable))
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert meters.get(program).measure(b"abc").length_bits == 24
    with pytest.raises(OSError, match="no such luck"):
        meters.get(program).measure(b"fail")
