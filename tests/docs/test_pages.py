"""The pages' Python code blocks run as they stand: in order, one namespace a page.

A block is fenced with exactly ```python; use another word (pycon, text) for what is only to be looked at.
A page runs in an empty folder that holds a copy of LICENSE, so that what it writes goes nowhere.
"""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def python_blocks(page: str) -> list[str]:
    """The code blocks, each moved down to its line of the page, so that tracebacks point there."""
    return ["\n" * page[: match.start(1)].count("\n") + match[1] for match in BLOCK.finditer(page)]


@pytest.mark.parametrize("name", ["README.md", "docs/theory.md", "docs/measures.md"])
def test_code_blocks_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ROOT / name
    blocks = python_blocks(page.read_text(encoding="utf-8"))
    assert blocks, f"{name} has no python block"
    shutil.copy(ROOT / "LICENSE", tmp_path)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": name}
    for block in blocks:
        exec(compile(block, str(page), "exec"), namespace)


def test_blocks_are_found_at_their_lines() -> None:
    page = "# Page\n\n```python\nx = 1\n```\ntext\n```console\n$ ls\n```\n```python\ny = x\n```\n"
    assert python_blocks(page) == ["\n\n\nx = 1\n", "\n" * 10 + "y = x\n"]
