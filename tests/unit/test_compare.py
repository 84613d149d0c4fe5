"""benchmarks/compare.py, on small files with gzip and our own."""

from __future__ import annotations

import importlib
import json
import lzma
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(shutil.which("gzip") is None, reason="no gzip here")


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    if not BENCHMARKS.is_dir():
        pytest.skip("the benchmarks are not part of this installation")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("compare")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "texts/a": b"some text, " * 300,
        "texts/b": b"other text, " * 200,
        "texts/same as a": b"some text, " * 300,
        "packed/c.xz": lzma.compress(b"packed text, " * 100),
        "packed/README.md": b"not data",
        "empty": b"",
    }
    for name, content in files.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "data"


def run(compare: ModuleType, *arguments: object) -> int:
    code: int = compare.main(list(map(str, arguments)))
    return code


def cells(record: dict[str, Any], name: str) -> dict[str, Any]:
    """The cells of a file, by compressor."""
    (sha256,) = {file["sha256"] for file in record["files"] if file["name"] == name}
    return {cell["compressor"]: cell for cell in record["cells"] if cell["sha256"] == sha256}


def test_record_and_table(
    compare: ModuleType, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results" / "small.json"
    options = ["--record", path, "--compressors", "clz -1,gzip -9", "--unpack-xz", "--exclude", "README.md"]
    assert run(compare, folder, *options) == 0
    shown = capsys.readouterr()
    record = json.loads(path.read_text())
    assert (record["schema"], record["schema_version"]) == ("codelength.compare", 1)

    groups = [(file["group"], file["name"]) for file in record["files"]]
    assert groups == [
        ("data", "empty"), ("packed", "c"), ("texts", "a"), ("texts", "b"), ("texts", "same as a")
    ]  # fmt: skip
    assert [file["n_bytes"] for file in record["files"]] == [0, 1300, 3300, 2400, 3300]
    assert len(record["cells"]) == 8  # equal files are measured once
    for cell in record["cells"]:
        assert cell["verified"]
        assert cell["compress_seconds"] > 0
        assert cell["decompress_seconds"] > 0
        assert cell["compress_cpu_seconds"] >= 0
        assert cell["compress_peak_bytes"] > 100_000
    ours, gzip = cells(record, "a")["clz -1"], cells(record, "a")["gzip -9"]
    assert ours["n_bytes_in"] == gzip["n_bytes_in"] == 3300
    assert 9 < ours["n_bytes_out"] < 3300
    import codelength

    assert ours["n_bytes_out"] == len(codelength.compress(b"some text, " * 300, 1))
    # Compressors take turns, file by file.
    assert [cell["compressor"] for cell in record["cells"]] == ["clz -1", "gzip -9"] * 4

    (about,) = record["runs"]
    assert set(about) == {
        "date", "command", "git_commit", "machine", "python", "peak_floor_bytes", "compressors"
    }  # fmt: skip
    assert about["compressors"]["gzip -9"]["version"].startswith("gzip ")
    assert about["compressors"]["clz -1"]["version"].startswith("clz ")
    assert str(tmp_path) not in path.read_text()

    assert "### texts: 3 files, 9,000 bytes" in shown.out
    assert "### all: 5 files, 10,300 bytes" in shown.out
    assert "| clz -1 | " in shown.out

    # Only the table, of the same record; by file and by processor time if asked.
    assert run(compare, "--table", path) == 0
    assert capsys.readouterr().out == shown.out
    assert run(compare, "--table", path, "--per-file", "--cpu") == 0
    detailed = capsys.readouterr().out
    assert f"| a | 3,300 | {ours['n_bytes_out']} | {gzip['n_bytes_out']} |" in detailed
    assert "MB/CPU s" in detailed


def test_goes_on_where_it_was(
    compare: ModuleType, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.json"
    assert run(compare, folder / "texts" / "a", "--record", path, "--compressors", "gzip -9") == 0
    first = json.loads(path.read_text())
    capsys.readouterr()
    assert run(compare, folder / "texts", "--record", path, "--compressors", "gzip -9") == 0
    assert capsys.readouterr().err.splitlines() == ["texts/b: gzip -9"]
    second = json.loads(path.read_text())
    assert second["cells"][0] == first["cells"][0]
    assert [cell["run"] for cell in second["cells"]] == [0, 1]
    # Nothing is left to do: the record stays as it is.
    assert run(compare, folder / "texts", "--record", path, "--compressors", "gzip -9") == 0
    assert json.loads(path.read_text()) == second
    # Unless some are wanted again.
    arguments = ["--record", path, "--compressors", "gzip -9", "--again", "gzip -9"]
    assert run(compare, folder / "texts" / "b", *arguments) == 0
    assert [cell["run"] for cell in json.loads(path.read_text())["cells"]] == [2]


def test_wrong_archives_are_not_counted(
    compare: ModuleType,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lossy = compare.Compressor("lossy", "head", ("-c", "10", "content"), ("-c", "10"), writes_archive=False)
    broken = compare.Compressor("broken", "false", (), (), writes_archive=False)
    absent = compare.Compressor("absent", "no program has this name", (), ())
    for compressor in (lossy, broken, absent):
        monkeypatch.setitem(compare.COMPRESSORS, compressor.name, compressor)
    path = tmp_path / "small.json"
    arguments = ["--record", path, "--compressors", "lossy,broken,absent,gzip -9"]
    assert run(compare, folder / "texts" / "a", *arguments) == 1
    shown = capsys.readouterr()
    assert "texts/a: lossy: FAILED: the decoded bytes differ\n" in shown.err
    assert "texts/a: broken: FAILED: exit code 1" in shown.err
    assert "absent: not installed, left out\n" in shown.err
    assert "lossy |" not in shown.out
    verified = {cell["compressor"]: cell["verified"] for cell in json.loads(path.read_text())["cells"]}
    assert verified == {"lossy": False, "broken": False, "gzip -9": True}


def test_usage(compare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        [],
        [tmp_path / "nothing"],
        [tmp_path, "--compressors", "zip"],
        [tmp_path, "--table", "x"],
    ):
        with pytest.raises(SystemExit) as caught:
            run(compare, *arguments)
        assert caught.value.code == 2
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ValueError, match="is no record"):
        run(compare, "--table", tmp_path / "x.json")
