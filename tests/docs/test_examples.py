"""The examples run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name: str, *arguments: str, folder: Path) -> list[str]:
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, capture_output=True, check=True, cwd=folder, encoding="utf-8")
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_messages_in_sqlite(tmp_path: Path) -> None:
    *said, sizes = run("messages_sqlite.py", "chat.db", folder=tmp_path)
    assert said[0] == "cleo: Can we talk about the release on Thursday? I am out of the office tomorrow."
    assert len(said) == 2
    n_plain, n_clz, n_zlib = (int(word) for word in sizes.split() if word.isdigit())
    assert n_clz < n_plain
    assert n_clz < n_zlib
    assert b"Thursday" not in (tmp_path / "chat.db").read_bytes()


def test_every_example_has_a_test() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{path.name}"' in tested for path in EXAMPLES.glob("*.py"))
