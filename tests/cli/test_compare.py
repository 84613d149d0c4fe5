"""`codelength compare` and `codelength report`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[bytes]]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(tmp_path: Path, text: bytes) -> Path:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for i in range(4):
            (tmp_path / folder / f"{i}.txt").write_bytes(folder.encode() + text[i * 200 : i * 300 + 200])
    return tmp_path


def lines(output: bytes) -> list[list[str]]:
    return [line.split() for line in output.decode().splitlines() if line]


def test_predictors_and_data(run: Run, data: Path) -> None:
    done = run("codelength", "compare", "gzip,kt:1,uniform", "one", "two/*.txt")
    assert (done.returncode, done.stderr) == (0, b"")
    table = lines(done.stdout)
    assert table[1] == ["Predictor", "one", "two/*.txt"]
    assert table[4] == ["uniform", "8.0000", "8.0000"]
    assert table[5] == ["Differences", "in", "bits/byte"] or table[5][:1] == ["Differences"]
    assert table[7][:4] == ["one", "kt:1", "gzip", "4"]
    assert table[7][-1] == "yes"


def test_finished_cells_are_read(run: Run, data: Path) -> None:
    first = run("codelength", "compare", "gzip,kt:1", "one", "--out", "r.json")
    before = json.loads((data / "r.json").read_text())
    assert len(before["runs"]) == 1
    second = run("codelength", "compare", "gzip,kt:1", "one", "--out", "r.json")
    assert second.stdout == first.stdout
    assert json.loads((data / "r.json").read_text()) == before
    run("codelength", "compare", "gzip,kt:1", "one", "two", "--out", "r.json")
    after = json.loads((data / "r.json").read_text())
    assert len(after["runs"]) == 2
    assert after["measurements"][:8] == before["measurements"]
    assert {row["data"] for row in after["measurements"]} == {"one", "two"}
    # the same bytes under another name are not measured again, but found in reports
    again = run("codelength", "compare", "gzip,kt:1", "./one", "--out", "r.json")
    assert [line[1:] for line in lines(again.stdout)[2:4]] == [line[1:] for line in lines(first.stdout)[2:4]]
    final = json.loads((data / "r.json").read_text())
    assert (len(final["runs"]), len(final["measurements"])) == (2, 24)
    shown = lines(run("codelength", "report", "r.json").stdout)
    assert [row[:2] for row in shown[2:8]] == [
        [d, p] for d in ("one", "two", "./one") for p in ("gzip", "kt:1")
    ]


def test_huang(run: Run) -> None:
    done = run("codelength", "compare", "--preset", "huang")
    assert done.returncode == 0, done.stderr
    table = {line[0]: line[1:] for line in lines(done.stdout)}
    assert table["knowledge"][1:4:2] == ["-0.935", "0.019"]
    assert table["coding"][1:4:2] == ["-0.937", "0.040"]
    assert table["mathematics"][1:4:2] == ["-0.953", "0.031"]


def test_huang_measures_texts(run: Run, data: Path) -> None:
    done = run("codelength", "compare", "gzip,kt:1", "one", "--preset", "huang")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"Bits per character")
    (data / "one" / "binary").write_bytes(b"\xff")
    done = run("codelength", "compare", "gzip", "one", "--preset", "huang")
    assert done.returncode == 1
    assert b"binary: is not UTF-8 text" in done.stderr


def test_against_scores(run: Run, data: Path) -> None:
    (data / "s.csv").write_text("model,score\nuniform,10\nkt:0,30\ngzip,50\nother,70\n")
    done = run("codelength", "compare", "gzip,kt:0,uniform", "one", "--against", "s.csv")
    assert done.returncode == 0, done.stderr
    assert lines(done.stdout)[-2][:2] == ["scores", "3"]
    done = run("codelength", "compare", "gzip", "one", "--against", "s.csv")
    assert done.returncode == 1
    assert b"at least 3 points, not 1" in done.stderr
    (data / "s.csv").write_text("model,score,bpc\na,10,1\nb,30,0.9\nc,40,0.8\n")
    done = run("codelength", "compare", "--against", "s.csv")
    assert lines(done.stdout)[-2][:2] == ["scores", "3"]


def test_published_table(run: Run, data: Path) -> None:
    (data / "enwik").write_bytes((data / "one" / "3.txt").read_bytes() * 5)
    preset = ["--preset", "language-modeling-is-compression", "--data", "."]
    done = run("codelength", "compare", "gzip,uniform", *preset)
    assert done.returncode == 0, done.stderr
    table = lines(done.stdout)
    assert [row[:3] for row in table[2:6]] == [
        ["text", "gzip", "coded"],
        ["text", "uniform", "estimate"],
        ["random", "gzip", "coded"],
        ["random", "uniform", "estimate"],
    ]
    assert table[4][4:8] == ["101.12%", "100.10%", "100.10%", "0.002"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name PREDICTORs and DATA"),
        (["gzip"], "name PREDICTORs and DATA"),
        (["gzi", "one"], "did you mean"),
        (["gzip", "nowhere"], "no such file"),
        (["gzip", "--against", "nowhere"], "does not exist"),
        (["gzip", "one", "--data", "one"], "are for --preset"),
        (["--preset", "language-modeling-is-compression"], "--data FOLDER"),
        (["--preset", "language-modeling-is-compression", "--data", "one"], "no enwik* file"),
        (["gzip", "one", "--as", "picture"], "no form"),
        (["gzip", "one", "--context", "9"], "for hf: predictors"),
        (["--preset", "huang", "gzip"], "name DATA"),
        (["gzip", "one", "--html", "no/r.html"], "there is no folder no"),
    ],
)
def test_usage(call: Call, data: Path, arguments: list[str], words: str) -> None:
    status, output, errors = call("compare", *arguments)
    assert (status, output) == (2, "")
    assert words in errors


def test_report(run: Run, data: Path) -> None:
    pytest.importorskip("matplotlib")
    run("codelength", "measure", "gzip,kt:1", "one", "--out", "a.json")
    run("codelength", "measure", "gzip", "two", "--out", "b.json")
    done = run("codelength", "report", "a.json", "b.json")
    assert done.returncode == 0, done.stderr
    assert lines(done.stdout)[2][:3] == ["gzip", "coded", "8"]
    outputs = ["--html", "r.html", "--png", "r.png", "--csv", "r.csv", "--md", "r.md"]
    done = run("codelength", "report", "a.json", "b.json", *outputs)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert "codelength measure gzip two --out b.json" in (data / "r.html").read_text()
    assert (data / "r.html").read_text().count("<svg") == 2
    assert (data / "r.png").read_bytes().startswith(b"\x89PNG")
    assert (data / "r-2.png").read_bytes().startswith(b"\x89PNG")
    assert (data / "r.csv").read_text().startswith("Data,Predictor,Length,Documents")
    assert (data / "r.md").read_text().startswith("# Code lengths")
    done = run("codelength", "report", "a.json", "--png", "-")
    assert done.stdout.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nowhere.json"], 2, "nowhere.json: No such file"),
        (["other.json"], 1, "holds no measurements"),
        (["a.json", "--png", "a.gif"], 2, ".png, .svg or .pdf"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_reported(
    call: Call, data: Path, arguments: list[str], status: int, words: str
) -> None:
    (data / "other.json").write_text("{}")
    assert call("measure", "gzip", "one", "--out", "a.json")[0] == 0
    found, output, errors = call("report", *arguments)
    assert (found, output) == (status, "")
    assert words in errors


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_names_that_are_no_text(run: Run, data: Path) -> None:
    name = os.fsencode(data) + b"/one/\xff"
    with open(name, "wb") as file:
        file.write(b"some words")
    done = run("codelength", "compare", "gzip,xz", "one", "--out", "r.json")
    assert done.returncode == 0, done.stderr
    done = run("codelength", "measure", "gzip", os.fsdecode(name), "--out", "r.json", "--each")
    assert (done.returncode, rb"\udcff" in done.stdout) == (0, True)
    run("codelength", "measure", "bz2", os.fsdecode(name), "--out", "r.json")
    done = run("codelength", "report", "r.json", "--md", "-")
    assert (done.returncode, rb"\udcff" in done.stdout) == (0, True)


def test_figures_name_their_extra(run: Run, data: Path, environment: dict[str, str]) -> None:
    # Stands in for an installation without matplotlib.
    (data / "matplotlib.py").write_text("raise ModuleNotFoundError('no', name='matplotlib')")
    run("codelength", "measure", "gzip", "one", "--out", "a.json")
    environment = environment | {"PYTHONPATH": str(data)}
    for arguments in (["report", "a.json", "--png", "a.png"], ["compare", "gzip", "one", "--html", "a.html"]):
        done = run("codelength", *arguments, env=environment)
        assert done.returncode == 1
        assert b"codelength[report]" in done.stderr
    assert sys.modules.get("matplotlib.pyplot") is None
