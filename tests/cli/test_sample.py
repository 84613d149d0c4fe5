"""`codelength sample`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import codelength

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def test_bytes_as_they_are(run: Run) -> None:
    line = [
        "codelength",
        "sample",
        "--prompt",
        "Gr\u00fc\u00dfe ",
        "--bytes",
        "30",
        "--temperature",
        "0.8",
        "--seed",
        "5",
    ]
    text = codelength.sample(30, "Gr\u00fc\u00dfe ".encode(), 0.8, 5)
    done = run(*line)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == "Gr\u00fc\u00dfe ".encode() + text
    assert run(*line, "--no-prompt").stdout == text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--bytes", "-1"], "--bytes"),
        (["--temperature", "101"], "--temperature"),
        (["--temperature", "nan"], "temperature must be"),
        (["--seed", "x"], "--seed"),
        (["--network", "missing"], "--network"),
        (["--network", "bad"], "not a model file"),
    ],
)
def test_wrong_usage(run: Run, tmp_path: Path, arguments: list[str], reason: str) -> None:
    (tmp_path / "bad").write_bytes(b"nothing")
    done = run("codelength", "sample", *arguments)
    assert done.returncode in (1, 2)
    assert done.stdout == b""
    assert reason in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes of a shell")
def test_the_reader_may_go_away(start: Callable[..., subprocess.Popen[bytes]]) -> None:
    with start("codelength", "sample", "--bytes", "100000", "--prompt", "a line\n") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"a line\n"
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""
