"""Bits of answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codelength.experiments.embers import answer_bits
from codelength.experiments.result import Result
from codelength.experiments.task import MissingInputError
from codelength.measure import meters


def write(path: Path, answers: list[str]) -> None:
    rows = [{"instruction_plus_input": "Say aaaa bbbb aaaa:", "correct_output": answer} for answer in answers]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_only_the_answer_counts() -> None:
    row = answer_bits(meters.get("uniform"), "What is this?", "abc")
    assert row["bits"] == 24.0
    assert row["n_bytes"] == 3


def test_run(tiny: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "stimuli"
    folder.mkdir()
    write(folder / "rot13dec_highprob.jsonl", ["aaaa bbbb", "aaaa", "bbbb aaaa"])
    write(folder / "rot13dec_lowprob.jsonl", ["zqxj wvkp", "qqzx", "jxzq ppwv"])
    result = tiny("embers", folder)
    difference = result.quantity("kt:2, rot13dec: improbable less probable")
    assert difference.low is not None
    assert difference.low > 0
    assert result.quantity("kt:2, rot13dec, highprob: exact").published == 0.51


@pytest.mark.parametrize("content", [None, "", "{}\n", "[1]\n", "no json\n"])
def test_wrong_input(tiny: Callable[..., Result], tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "stimuli"
    folder.mkdir()
    if content is not None:
        for condition in ("highprob", "lowprob"):
            (folder / f"rot13dec_{condition}.jsonl").write_text(content)
    with pytest.raises(MissingInputError):
        tiny("embers", folder)


def test_no_input(tiny: Callable[..., Result]) -> None:
    with pytest.raises(MissingInputError, match="--data"):
        tiny("embers")
