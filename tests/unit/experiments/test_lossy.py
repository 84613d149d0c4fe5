"""Loss: pictures, the copier, blurry text."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from codelength.experiments.lossy import likeness
from codelength.experiments.parts import embeddings
from codelength.experiments.parts.blurry import WORD, blur, edit_distance
from codelength.experiments.parts.copier import copy_page, page_of_digits
from codelength.experiments.result import Result
from codelength.experiments.task import Task
from codelength.predictors.counting import KT
from codelength.predictors.protocol import code_length

TEXT = b"the cat sat on the mat and the rat sat on the cat " * 4


def test_nothing_is_lost_with_all_letters() -> None:
    row = blur(TEXT, KT(1), None)
    assert row.text == TEXT
    assert row.length_bits == pytest.approx(code_length(TEXT, KT(1)).length_bits)


@pytest.mark.parametrize("n_letters", [1, 2, 3])
def test_words_keep_their_beginnings(n_letters: int) -> None:
    row = blur(TEXT, KT(1), n_letters)
    old, new = WORD.findall(TEXT), WORD.findall(row.text)
    assert len(old) == len(new)
    assert all(a[:n_letters] == b[:n_letters] for a, b in zip(old, new, strict=True))
    assert row.length_bits < blur(TEXT, KT(1), None).length_bits


def test_edits() -> None:
    assert edit_distance(b"kitten", b"sitting") == 3
    assert edit_distance(b"", b"abc") == 3
    assert edit_distance(b"abc", b"abc") == 0


def test_the_copier() -> None:
    glyphs = page_of_digits("6868", np.random.default_rng(0), noise=0.0)
    exact, careless = copy_page(glyphs, 0), copy_page(glyphs, 140)
    assert exact.sources == (0, 1, 0, 1)
    assert (exact.glyphs == glyphs).all()
    assert careless.sources == (0, 0, 0, 0)
    assert exact.length_bits == 2 * 140 + 4
    assert careless.length_bits < exact.length_bits


def test_run(tiny: Callable[..., Result]) -> None:
    pytest.importorskip("PIL")
    result = tiny("lossy")
    assert len(result.pictures) == 5
    assert len(result.panels) == 3
    assert result.quantity("text, all letters: edits").measured == 0.0
    if embeddings.packaged_folder() is None:  # and this text is too short to make vectors from
        assert not any("likeness" in quantity.name for quantity in result.quantities)
        return
    drawn = result.quantity("text, 4 letters a word: likeness of words drawn at random")
    wrong = result.quantity("text, 4 letters a word: likeness of wrong words to the right ones")
    assert drawn.measured is not None
    assert wrong.measured is not None
    assert wrong.measured > drawn.measured  # they begin alike, at least


def test_likeness_of_words() -> None:
    birds, tools = ("robin", "wren", "crow", "tit"), ("hammer", "saw", "drill", "rasp")
    some = random.Random(0)
    rest = [f"w{chr(97 + i)}{chr(97 + j)}" for i in range(5) for j in range(5)]
    lines = [f"a {some.choice(kind)} {verb} {' '.join(some.sample(rest, 9))}"
             for _ in range(300) for kind, verb in ((birds, "sings"), (tools, "cuts"))]  # fmt: skip
    text = " ".join(lines).encode()
    rows = {"alike": {"changed": [["robin", "wren"], ["saw", "drill"]] * 20 + [[w, w] for w in rest]},
            "one": {"changed": [["robin", "crow"]]}}  # fmt: skip
    found = likeness(Task("lossy"), rows, text, None)
    assert found["vectors"] == "made from the text"
    assert list(found["cosines"]) == ["alike"]  # of a single word nothing is said
    alike = found["cosines"]["alike"]
    assert np.mean(alike["wrong"][:40]) > np.mean(alike["drawn"]) + 0.2
    assert alike["wrong"][40:] == pytest.approx([1.0] * 25)
    assert likeness(Task("lossy"), rows, b"too few words", None)["cosines"] == {}
