"""fsspec and pandas know the name and the suffix, whoever is imported first, and importing costs nothing."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

import codelength
from codelength.codec import plugins
from codelength.codec.fsspec_plugin import open_stream
from codelength.codec.pandas_plugin import register as register_with_pandas


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    return done.stdout


ORDERS = pytest.mark.parametrize("order", ["codelength, {}", "{}, codelength"])


@ORDERS
def test_fsspec_knows_the_name(order: str, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    script = """
        import ORDER, sys
        path = sys.argv[1]
        for options in ({"compression": "infer"}, {"compression": "clz"}):
            with fsspec.open(path, "wb", **options) as file:
                file.write(b"a,b\\n1,2\\n")
            with open(path, "rb") as file:
                assert codelength.decompress(file.read()) == b"a,b\\n1,2\\n"
            with fsspec.open(path, "rt", **options) as file:
                print(file.read(), end="")
        with fsspec.filesystem("memory").open("/x.clz", "wb", compression="infer") as file:
            file.write(b"closed with the file\\n")
        with fsspec.filesystem("memory").open("/x.clz", compression="infer") as file:
            print(file.read().decode(), end="")
        print("clz" in fsspec.available_compressions())
        """
    out = run(script.replace("ORDER", order.format("fsspec")), str(tmp_path / "x.csv.clz"))
    assert out == "a,b\n1,2\n" * 2 + "closed with the file\nTrue\n"


@ORDERS
def test_pandas_knows_the_name(order: str, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    script = """
        import ORDER, io, pathlib, sys
        path = sys.argv[1]
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
        for options in ({}, {"compression": "clz"}, {"compression": {"method": "clz"}}):
            frame.to_csv(path, index=False, **options)
            with open(path, "rb") as file:
                assert codelength.decompress(file.read()) == b"a,b\\n1,x\\n2,y\\n"
            for name in (path, pathlib.Path(path)):
                assert pandas.read_csv(name, **options).equals(frame)
        frame.to_csv(path, index=False, compression={"method": "clz", "level": 1})
        assert pandas.read_csv(path, engine="python").equals(frame)
        assert [len(part) for part in pandas.read_csv(path, chunksize=1)] == [1, 1]
        with open(path, "rb") as file:
            assert pandas.read_csv(file, compression="clz").equals(frame)
            assert not file.closed
        frame.to_pickle(path)
        assert pandas.read_pickle(path).equals(frame)
        frame.to_json(path)
        assert pandas.read_json(path).equals(frame)
        frame.to_csv("memory://x.csv.clz", index=False)
        assert pandas.read_csv("memory://x.csv.clz").equals(frame)
        for other in ("x.csv.gz", "x.csv"):
            frame.to_csv(other_path := str(pathlib.Path(path).parent / other), index=False)
            assert pandas.read_csv(other_path).equals(frame)
        for wrong in ({"compression": "zzz"}, {"memory_map": True}):
            try:
                pandas.read_csv(path, **wrong)
            except ValueError:
                print("refused")
        """
    out = run(script.replace("ORDER", order.format("pandas")), str(tmp_path / "x.csv.clz"))
    assert out == "refused\n" * 2


def test_neither_is_imported() -> None:
    script = """
        import sys, codelength
        codelength.decompress(codelength.compress(b"abc" * 100))
        heavy = ("fsspec", "pandas", "numpy", "torch", "rich", "click")
        print([name for name in heavy if name in sys.modules])
        """
    assert run(script) == "[]\n"


def test_installing_again_changes_nothing() -> None:
    before = list(sys.meta_path)
    plugins.install()
    plugins.install()
    assert len(sys.meta_path) <= len(before) + 1


def test_a_pandas_that_looks_otherwise_is_left_alone() -> None:
    common = ModuleType("common")
    register_with_pandas(common)
    assert not hasattr(common, "_get_filepath_or_buffer")


def test_a_plugin_that_fails_only_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plugins.PLUGINS, "none", "codelength.codec.none")
    with pytest.warns(RuntimeWarning, match="codelength could not register with none"):
        plugins._register("none", ModuleType("none"))


def test_open_stream_closes_what_is_below() -> None:
    below = io.BytesIO(codelength.compress(b"abc"))
    with open_stream(below, "r") as file:
        assert file.read() == b"abc"
    assert below.closed
