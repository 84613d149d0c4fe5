"""The command `codelength view`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def poem(tmp_path: Path) -> str:
    (tmp_path / "poem.txt").write_bytes("Über allen Gipfeln\nist Ruh,\n".encode())
    return "poem.txt"


def test_terminal(run: Run, poem: str) -> None:
    done = run("codelength", "view", poem)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert text.startswith("poem.txt: 29 bytes\n")
    assert "network" in text
    assert "│ Über allen Gipfeln↵" in text
    assert "\x1b" not in text
    assert run("codelength", "view", "-p", "kt:0", poem, "--hex").stdout.count(b"\xe2\x94\x82") == 2
    first = run("codelength", "view", "-p", "kt:0", "-", "--first", "3", input=b"abcdef")
    assert first.stdout.startswith(b"standard input: 3 bytes")


def test_binary_is_shown_as_bytes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    assert b"00000000 " in run("codelength", "view", "-p", "kt:0", "binary").stdout


def test_closed_pipe(run: Run, tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"abc\n" * 50_000)
    done = run("sh", "-c", "(codelength view -p kt:0 long; echo $? >&2) | head -1")
    assert (done.stdout, done.stderr) == (b"long: 200,000 bytes\n", b"141\n")


def test_page(run: Run, poem: str, tmp_path: Path) -> None:
    done = run("codelength", "view", poem, "-p", "kt:1", "-p", "network", "--html", "out.html")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    page = (tmp_path / "out.html").read_bytes()
    assert page.startswith(b"<!doctype html>")
    assert b'"name":"kt:1"' in page
    assert b'"name":"network"' in page
    assert b'"command":"codelength view poem.txt -p kt:1 -p network --html out.html"' in page
    assert run("codelength", "view", poem, "-p", "kt:1", "--html", "-").stdout.startswith(b"<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.html", "poem.txt"]


def test_errors(run: Run, poem: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    cases = [
        (["empty"], 1, b"empty: an empty file has nothing to show"),
        (["missing"], 2, b"'missing' does not exist"),
        ([poem, "-p", "netwrok"], 2, b"did you mean 'network'?"),
        ([poem, "-p", "mix"], 2, b"'mix' does not say what each symbol costs; network, kt:N"),
        ([poem, "-p", "xz"], 2, b"'xz' does not say what each symbol costs"),
        ([poem, "-p", "kt:x"], 2, b"'kt:x' should be 'kt:ORDER'"),
        ([poem, "-p", "kt:1", "--html", poem], 2, b"would replace the file that it shows"),
        ([poem, "-p", "kt:1", "--html", "nowhere/out.html"], 1, b"nowhere/out.html: No such file"),
        ([poem, "--first", "0"], 2, b"--first"),
    ]
    for arguments, code, message in cases:
        done = run("codelength", "view", *arguments)
        assert (done.returncode, done.stdout) == (code, b""), arguments
        assert message in done.stderr
        assert b"Traceback" not in done.stderr


def test_page_has_a_limit(run: Run, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(2_000_001))
    done = run("codelength", "view", "large", "-p", "kt:0", "--html", "out.html")
    assert done.returncode == 2
    assert b"--first 2000000 takes the beginning" in done.stderr
    assert not (tmp_path / "out.html").exists()
