"""Programs of native/tests, built for the tests of this folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2] / "native" / "tests"


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"{command[0]} exits with {done.returncode}:\n{output[-6000:]}"
    return output


@pytest.fixture(scope="session")
def run() -> Callable[..., str]:
    """Gives the output of a command, which must succeed."""
    return _run


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Builds native/tests, or one target, with a compiler (None: cmake's choice) and options of cmake."""

    def build(name: str, compiler: str | None, *options: str, target: str = "all") -> Path:
        if shutil.which("cmake") is None:
            pytest.skip("no cmake")
        folder = tmp_path_factory.mktemp(name)
        chosen = [f"-DCMAKE_CXX_COMPILER={compiler}"] if compiler else []
        _run("cmake", "-S", TESTS, "-B", folder, *chosen, *options)
        output = _run("cmake", "--build", folder, "--target", target)
        assert "warning:" not in output
        return folder

    return build
