"""The public names, as people and programs rely on them."""

from __future__ import annotations

import inspect
import io
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import codelength

ROOT = Path(__file__).resolve().parents[2]

NAMES = [
    "ClzFile",
    "CodecError",
    "Compressor",
    "CorruptError",
    "Decompressor",
    "FormatError",
    "FrameInfo",
    "LimitError",
    "ModelError",
    "ModelInfo",
    "ModelMismatchError",
    "ModelNotFoundError",
    "StreamStats",
    "TruncatedError",
    "__version__",
    "armor",
    "compress",
    "compress_many",
    "compress_stream",
    "decompress",
    "decompress_many",
    "decompress_stream",
    "format_version",
    "get_frame_info",
    "get_frame_size",
    "list_frames",
    "list_models",
    "measure",
    "measure_many",
    "open",
    "sample",
    "stream_lengths",
    "symbol_lengths",
    "unarmor",
]


def test_names() -> None:
    assert sorted(codelength.__all__) == NAMES
    assert dir(codelength) == sorted(codelength.__all__)
    for name in NAMES:
        assert getattr(codelength, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = codelength.nothing  # type: ignore[attr-defined]


def test_everything_public_is_documented() -> None:
    for name in NAMES:
        value = getattr(codelength, name)
        if callable(value):
            assert inspect.getdoc(value), name


def test_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert codelength.__version__ == project["version"]
    assert codelength.format_version == 1


def test_exceptions() -> None:
    parents = {
        "FormatError": codelength.CodecError,
        "CorruptError": codelength.CodecError,
        "TruncatedError": EOFError,
        "LimitError": codelength.CodecError,
        "ModelError": codelength.CodecError,
        "ModelNotFoundError": LookupError,
        "ModelMismatchError": codelength.ModelError,
    }
    for name, parent in parents.items():
        assert issubclass(getattr(codelength, name), parent)
        assert issubclass(getattr(codelength, name), codelength.CodecError)


def test_shapes() -> None:
    assert isinstance(codelength.ClzFile(io.BytesIO(), "w"), io.BufferedIOBase)
    shapes = {
        codelength.compress: "data level model check threads message",
        codelength.decompress: "data max_size threads message",
        codelength.compress_many: "records level threads",
        codelength.decompress_many: "messages max_size threads",
        codelength.armor: "data",
        codelength.unarmor: "text",
        codelength.sample: "n_bytes prompt temperature seed network",
        codelength.measure_many: "documents predictor preparation options",
        codelength.symbol_lengths: "data predictor context stride device dtype",
        codelength.stream_lengths: "parts predictor",
        codelength.Compressor: "level model check threads",
        codelength.ClzFile: "file mode level model check threads",
        codelength.open: "file mode level model check threads encoding errors newline",
        codelength.compress_stream: "source sink level model check threads on_progress",
        codelength.decompress_stream: "source sink threads max_size on_progress",
    }
    for function, names in shapes.items():
        assert " ".join(inspect.signature(function).parameters) == names


def test_importing_loads_nothing_heavy() -> None:
    heavy = ("numpy", "rich", "click", "torch", "codelength._native")
    script = f"import sys, codelength; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
