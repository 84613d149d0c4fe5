"""`clz --model hf:...`, as a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from codelength.cli.clz import main
from codelength.codec.language_model import compress_with_model


class Done(NamedTuple):
    """How a command went."""

    returncode: int
    stdout: bytes
    stderr: bytes


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs `clz` in an empty folder, but in this process: the libraries take seconds to load."""

    def run_command(*arguments: str) -> Done:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["clz", *arguments])
        code = main()
        return Done(code, *capfdbinary.readouterr())

    return run_command


@pytest.fixture(scope="session")
def folder(model_folders: dict[str, Path]) -> Path:
    return model_folders["neox"]


def test_there_and_back(run: Run, tmp_path: Path, folder: Path, prose: str) -> None:
    data = prose.encode()[:900]
    (tmp_path / "a").write_bytes(data)
    done = run("--model", f"hf:{folder}?context=64&stride=32", "--rm", "a")
    assert (done.returncode, os.listdir(tmp_path)) == (0, ["a.clz"]), done.stderr
    assert done.stderr.startswith(b"a : ")  # nothing but our own words
    assert done.stderr.count(b"\n") == 1
    listed = run("-lv", "a.clz")
    assert listed.returncode == 0
    assert f"hf:{folder}".encode() in listed.stdout
    assert b"CRC32" in listed.stdout
    assert run("-t", "a.clz").returncode == 0
    assert run("-d", "a.clz").returncode == 0
    assert (tmp_path / "a").read_bytes() == data
    # The same bytes as from Python, in the same settings.
    assert (tmp_path / "a.clz").read_bytes() == compress_with_model(data, f"hf:{folder}?context=64&stride=32")


def test_processes_pipes_and_armor(folder: Path, prose: str) -> None:
    data = prose.encode()[:200] + b"\xff"
    program = shutil.which("clz", path=sysconfig.get_path("scripts"))
    assert program is not None
    environment = os.environ | {"OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}

    def run(*arguments: str, content: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [program, *arguments], input=content, env=environment, capture_output=True, check=False
        )

    packed = run("-a", "--model", f"hf:{folder}", content=data)
    assert packed.stdout.startswith(b"clz:"), packed.stderr
    done = run("-d", content=packed.stdout)
    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"")


def test_several_files_into_one(run: Run, tmp_path: Path, folder: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"The cat sees " + name.encode())
    assert run("--model", f"hf:{folder}", "-fo", "both", "a", "b").returncode == 0
    assert run("-dc", "both").stdout == b"The cat sees aThe cat sees b"


def test_refusals(run: Run, tmp_path: Path, folder: Path, model_folders: dict[str, Path]) -> None:
    (tmp_path / "a").write_bytes(b"The cat sees the rain.")
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    assert run("--model", f"hf:{moved}", "a").returncode == 0
    shutil.rmtree(moved)
    (tmp_path / "a").unlink()
    gone = run("-d", "a.clz")
    assert (gone.returncode, b"there is no folder" in gone.stderr) == (1, True)
    other = run("-d", "--model", f"hf:{model_folders['gpt2']}", "a.clz")
    assert (other.returncode, b"SHA-256" in other.stderr, b"--force" in other.stderr) == (1, True, True)
    forced = run("-df", "--model", f"hf:{model_folders['gpt2']}", "a.clz")
    assert (forced.returncode, b"other numbers" in forced.stderr) == (1, True)
    limited = run("-d", "-M", "1G", "a.clz")
    assert (limited.returncode, b"-M cannot limit" in limited.stderr) == (1, True)
    assert os.listdir(tmp_path) == ["a.clz"]
    assert run("-d", "--model", f"hf:{folder}", "a.clz").returncode == 0
    assert (tmp_path / "a").read_bytes() == b"The cat sees the rain."
    for result in (gone, other, forced, limited):
        assert b"Traceback" not in result.stderr
        assert result.stderr.count(b"\n") == 1


def test_what_cannot_be_asked_for(run: Run, tmp_path: Path, folder: Path) -> None:
    (tmp_path / "a").write_bytes(b"The cat")
    for arguments in (
        ["--model", "gpt2", "a"], ["--model", "hf:", "a"], ["--model", "hf:m?stride=x", "a"],
        ["--model", f"hf:{folder}", "-3", "a"], ["--model", f"hf:{folder}", "-l", "a"],
        ["--model", f"hf:{folder}", "--message", "-c", "a"],
    ):  # fmt: skip
        assert run(*arguments).returncode == 2, arguments
    for name, message in (("hf:/no/such", "no folder"), (f"hf:{folder}?context=9999", "at most 256"),
                          ("hf:no/such", "there is no model")):  # fmt: skip
        done = run("--model", name, "a")
        assert (done.returncode, message in done.stderr.decode()) == (1, True), done.stderr
    assert os.listdir(tmp_path) == ["a"]
