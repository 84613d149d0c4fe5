"""The real command, as a process."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codelength.cli import codelength as codelength_cli

SCRIPTS = Path(sysconfig.get_path("scripts"))

Result = subprocess.CompletedProcess[bytes]
Run = Callable[..., Result]


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """What a command needs of the environment, with ours found before any other of the same name."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("_CLZ")}
    return kept | {"PATH": os.pathsep.join((str(SCRIPTS), os.environ.get("PATH", ""))), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Runs a command line in an empty folder; standard input is empty unless `input` is given."""

    def run_command(*arguments: str, **options: Any) -> Result:
        if "input" not in options and "stdin" not in options:
            options["stdin"] = subprocess.DEVNULL
        program = shutil.which(arguments[0], path=environment["PATH"]) or arguments[0]
        options = {"cwd": tmp_path, "env": environment, "timeout": 60} | options
        return subprocess.run([program, *arguments[1:]], capture_output=True, check=False, **options)

    return run_command


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """As `run` for `codelength`, without a new process, for the many small cases: status, output, errors."""

    def call_command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["codelength", *arguments])
        status = codelength_cli._run()
        return status, *capfd.readouterr()

    return call_command


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Callable[..., subprocess.Popen[bytes]]:
    """As `run`, but does not wait."""

    def start_command(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(list(arguments), **({"cwd": tmp_path, "env": environment} | pipes | options))

    return start_command


@pytest.fixture(scope="session")
def text() -> bytes:
    """Some thousand bytes that compress."""
    words = [
        "the",
        "of",
        "and",
        "to",
        "in",
        "he",
        "it",
        "was",
        "that",
        "with",
        "as",
        "for",
        "had",
        "not",
        "be",
    ]
    choice = random.Random(7).choice
    return (" ".join(choice(words) for _ in range(1000)) + "\n").encode()


@pytest.fixture(scope="session")
def long_text(text: bytes) -> bytes:
    """Enough to keep the highest level busy for seconds."""
    choices = random.Random(8).choices
    words = text.split()
    return b" ".join(word for _ in range(100) for word in choices(words, k=20_000))
