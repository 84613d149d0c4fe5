"""`codelength measure`."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import codelength
from codelength.predictors.protocol import code_length
from codelength.predictors.registry import get

Run = Callable[..., subprocess.CompletedProcess[bytes]]
Call = Callable[..., tuple[int, str, str]]


def rows(table: bytes) -> list[list[str]]:
    return [line.split() for line in table.decode().splitlines() if line]


def test_record(run: Run, tmp_path: Path, text: bytes) -> None:
    content = text[:500]
    (tmp_path / "a").write_bytes(content)
    done = run("codelength", "measure", "kt:2,clz:1,network", "a", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["schema"] == "codelength.measurements"
    assert record["runs"][0]["command"] == ["codelength", "measure", "kt:2,clz:1,network", "a", "--json"]
    estimate, coded, network = record["measurements"]
    assert estimate["document"] == "a"
    assert estimate["sha256"] == hashlib.sha256(content).hexdigest()
    assert estimate["length_bits"] == code_length(content, get("kt:2")).length_bits
    assert estimate["rate_bpb"] == code_length(content, get("kt:2")).rate_bpb
    assert not estimate["is_coded"]
    assert coded["is_coded"]
    assert coded["length_bits"] == 8 * len(codelength.compress(content, 1))
    assert network["length_bits"] == code_length(content, get("network")).length_bits


def test_table(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("Grüße".encode())
    (tmp_path / "b").write_bytes(b"123")
    done = run("codelength", "measure", "uniform", "a", "b", "--each")
    assert done.returncode == 0, done.stderr
    table = rows(done.stdout)
    assert table[0][:5] == ["Predictor", "Length", "Documents", "Bytes", "Bits"]
    assert table[1][:8] == ["uniform", "estimate", "2", "10", "80.0", "8.0000", "8.0000", "8.0000"]
    assert table[1][8:11] == ["10.0000", "100.00%", "100.00%"]  # no tokens, no column of them
    assert table[3] == ["uniform", "56.0", "8.0000", "7", "estimate", "a"]


def test_standard_input_and_folders(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    for name in ("x.txt", "y.bin", "empty"):
        (tmp_path / "f" / name).write_bytes(name.encode() if name != "empty" else b"")
    done = run("codelength", "measure", "gzip", "-", "f", "f/*.txt", "--each", input=b"piped")
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"codelength: f{os.sep}empty: is empty: there is nothing to measure\n".encode()
    assert [row[-1] for row in rows(done.stdout)[3:]] == ["-", "f/x.txt", "f/y.bin", "f/x.txt"]


def test_by_position(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a").write_bytes(text[:1000])
    done = run("codelength", "measure", "kt:1,gzip", "a", "--by-position")
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert lines[4].split() == ["From", "byte", "Bytes", "kt:1,", "bits/byte"]
    assert lines[5].split() == ["0", "1", "8.0000"]
    assert lines[-1].startswith("kt:1: about ")


def test_symbols(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a").write_bytes(text[:300])
    done = run("codelength", "measure", "kt:1", "a", "--per-symbol", "s.npz")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "s.npz") as arrays:
        assert arrays["0/lengths_bits"].shape == (300,)
    done = run("codelength", "measure", "gzip", "a", "--per-symbol", "s.npz")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"compressors do not know" in done.stderr


def test_pictures_and_chunks(run: Run, tmp_path: Path) -> None:
    images = pytest.importorskip("PIL.Image")
    images.new("RGB", (64, 32), (1, 2, 3)).save(tmp_path / "a.png")
    done = run("codelength", "measure", "uniform", "a.png", "--as", "image:deletang", "--json")
    [row] = json.loads(done.stdout)["measurements"]
    assert (row["n_bytes"], row["settings"]["as"]) == (2048, "image:deletang")
    done = run("codelength", "measure", "uniform", "a.png", "--as", "image", "--chunk", "1000", "--json")
    [row] = json.loads(done.stdout)["measurements"]
    assert (row["n_bytes"], row["n_pieces"], row["settings"]["chunk_bytes"]) == (6144, 7, 1000)


def test_a_record_is_gone_on_with(run: Run, tmp_path: Path, text: bytes) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode() + text[:200])
    assert run("codelength", "measure", "kt:1", "a", "b", "--out", "r.json").returncode == 0
    first = json.loads((tmp_path / "r.json").read_text())
    done = run("codelength", "measure", "kt:1", "c", "b", "a", "--out", "r.json", "--json")
    second = json.loads((tmp_path / "r.json").read_text())
    assert second["measurements"][:2] == first["measurements"]
    assert [(row["document"], row["run"]) for row in second["measurements"]] == [("a", 0), ("b", 0), ("c", 1)]
    assert [row["document"] for row in json.loads(done.stdout)["measurements"]] == ["c", "b", "a"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_jobs_make_no_difference(run: Run, tmp_path: Path, text: bytes, jobs: str) -> None:
    for i in range(20):
        (tmp_path / f"{i:02}").write_bytes(text[: 20 * i + 1])
    done = run("codelength", "measure", "gzip,kt:0", ".", "--jobs", jobs, "--json")
    measured = [(row["predictor"], row["length_bits"]) for row in json.loads(done.stdout)["measurements"]]
    expected = [
        (predictor, codelength.measure(text[: 20 * i + 1], predictor).length_bits)
        for predictor in ("gzip", "kt:0")
        for i in range(20)
    ]
    assert measured == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gzi", "a"], "did you mean 'gzip"),
        (["kt:x", "a"], "whole number"),
        ([",", "a"], "no predictor"),
        (["gzip"], "Missing argument"),
        (["gzip", "nowhere"], "no such file or folder: nowhere"),
        (["gzip", "*.nothing"], "no files"),
        (["gzip", "hf-dataset:x"], "hf-dataset:NAME:SPLIT:COLUMN"),
        (["gzip", "a", "--as", "picture"], "no form is called 'picture'"),
        (["gzip", "a", "--chunk", "0"], "above 0, or whole"),
        (["gzip", "a", "--as", "text:deletang", "--chunk", "7"], "takes no other size"),
        (["gzip", "a", "--context", "10"], "for hf: predictors"),
        (["hf:x?contxt=3", "a"], "contxt"),
        (["gzip", "a", "--address", "auto"], "--engine ray"),
        (["gzip", "a", "--jobs", "0"], "jobs"),
        (["gzip", "a", "--out", "no/r.json"], "there is no folder no"),
        (["kt:1", "a", "--per-symbol", "no/s.npz"], "there is no folder no"),
    ],
)
def test_usage(call: Call, tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "a").write_bytes(b"a")
    status, output, errors = call("measure", *arguments)
    assert (status, output) == (2, "")
    assert words in errors
    assert errors.startswith("codelength: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gzip", "empty"], "empty: is empty: there is nothing to measure"),
        (
            ["gzip", "binary", "--as", "text"],
            "binary: is not UTF-8 text: byte 0 is 0xff; --as bytes takes anything",
        ),
        (["clz:12", "binary"], "clz:12: the number of 'clz:12' should be 1 to 9"),
        (["gzip", "binary", "--as", "audio"], "binary: is no sound that can be read: Format not recognised."),
    ],
)
def test_what_cannot_be_measured(call: Call, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert call("measure", *arguments) == (1, "", f"codelength: {message}\n")


def test_what_can_be_measured_is_shown_and_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "locked").write_bytes(b"\xff")
    done = run("codelength", "measure", "uniform", "locked", "a", "--as", "text", "--out", "r.json")
    assert done.returncode == 1
    assert rows(done.stdout)[1][4] == "24.0"
    assert len(json.loads((tmp_path / "r.json").read_text())["measurements"]) == 1


def test_a_file_that_is_no_record_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "r.json").write_text("mine")
    done = run("codelength", "measure", "uniform", "a", "--out", "r.json")
    assert done.returncode == 1
    assert b"r.json holds no measurements" in done.stderr
    assert (tmp_path / "r.json").read_text() == "mine"


def test_names_are_safe_on_a_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m").write_bytes(b"abc")
    done = run("codelength", "measure", "uniform", ".", "--each")
    assert b"\x1b" not in done.stdout
    assert rb"a\x1b[31m" in done.stdout


def test_missing_program(run: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    scripts = str(Path(sys.executable).parent)
    done = run("codelength", "measure", "cmix,uniform", "a", env=environment | {"PATH": scripts})
    assert done.returncode == 1
    assert done.stderr == b"codelength: cmix: cmix needs the program cmix, which is not installed\n"
    assert rows(done.stdout)[1][0] == "uniform"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of its own")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interruption_keeps_what_is_done(
    start: Callable[..., subprocess.Popen[bytes]], run: Run, tmp_path: Path, text: bytes, jobs: str
) -> None:
    (tmp_path / "data").mkdir()
    for i in range(17):
        (tmp_path / "data" / f"{i:02}").write_bytes(bytes([i]))
    (tmp_path / "data" / "99").write_bytes(text * 2000)  # minutes of work, in the second shard
    process = start("codelength", "measure", "ctw", "data", "--out", "r.json", "--jobs", jobs)
    deadline = time.monotonic() + 30
    while not (tmp_path / "r.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.strip()) == (130, b"")
    assert len(json.loads((tmp_path / "r.json").read_text())["measurements"]) >= 1


def test_progress_at_a_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    for i in range(3):
        (tmp_path / str(i)).write_bytes(b"some words")
    ours, theirs = pty.openpty()
    command = ["codelength", "measure", "kt:1", "0", "1", "2"]
    environment = environment | {"TERM": "xterm"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=theirs)
    output, _ = process.communicate(timeout=30)
    os.close(theirs)
    shown = os.read(ours, 1 << 20)
    os.close(ours)
    assert process.returncode == 0
    assert b"3/3" in shown
    assert b"\x1b" not in output
    assert rows(output)[1][2] == "3"
