"""Concepts: the objective by hand, rate-distortion curves in closed form, vectors of words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codelength.experiments.concepts import Item, home_categories, items, judge
from codelength.experiments.parts import embeddings
from codelength.experiments.parts.bottleneck import complexity_bits, curve, lower_bound_bits
from codelength.experiments.parts.partitions import Cost, correlations, curve_of, spread, unseen
from codelength.experiments.result import Result, Verdict
from codelength.experiments.task import MissingInputError, Task


def entropy_bits(p: float) -> float:
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


@pytest.mark.parametrize("slope", [1.0, 2.0, 5.0])
def test_a_fair_bit(slope: float) -> None:
    [point] = curve(np.array([0.5, 0.5]), 1.0 - np.eye(2), [slope], 1e-6)
    assert point.distortion == pytest.approx(1 / (1 + 2**slope), abs=1e-4)
    assert point.rate_bits == pytest.approx(1 - entropy_bits(point.distortion), abs=1e-4)


def test_a_biased_bit() -> None:
    # R(D) = H(p) - H(D) for D below p
    for point in curve(np.array([0.8, 0.2]), 1.0 - np.eye(2), [3.0, 4.0, 6.0], 1e-7, 20_000):
        assert point.distortion < 0.2
        expected = entropy_bits(0.2) - entropy_bits(point.distortion)
        assert point.rate_bits == pytest.approx(expected, abs=1e-3)


def test_a_die() -> None:
    # R(D) = log2 K - H(D) - D log2(K - 1)
    for point in curve(np.full(6, 1 / 6), 1.0 - np.eye(6), [2.0, 5.0], 1e-7):
        d = point.distortion
        expected = math.log2(6) - entropy_bits(d) - d * math.log2(5)
        assert point.rate_bits == pytest.approx(expected, abs=1e-4)
        assert point.gap_bits < 1e-6


def test_lines_below_the_curve() -> None:
    points = curve(np.array([0.5, 0.5]), 1.0 - np.eye(2), [1.0, 2.0, 3.0, 4.0, 6.0], 1e-6)
    for d in (0.01, 0.05, 0.1, 0.2, 0.3, 0.45):
        bound = lower_bound_bits(points, d)
        assert 1 - entropy_bits(d) - 0.02 <= bound <= 1 - entropy_bits(d) + 1e-6
    assert lower_bound_bits(points, 0.7) == 0.0


def test_the_objective_by_hand() -> None:
    vectors = np.array([[0.0, 0.0], [2.0, 0.0], [10.0, 0.0], [10.0, 4.0]])
    labels = np.array([0, 0, 1, 1])
    assert complexity_bits(labels) == 1.0
    assert spread(vectors, labels).tolist() == [1.0, 1.0, 4.0, 4.0]
    assert Cost(vectors, labels).objective(3.0) == pytest.approx(1.0 + 3 * 2.5)
    assert complexity_bits(np.array([0, 1, 2, 2])) == pytest.approx(2 - 2 / 4)
    assert complexity_bits(np.zeros(9, np.int64)) == 0.0
    assert Cost(vectors, labels).place(np.array([0, 1, 2])) == pytest.approx((2.0, entropy_bits(1 / 3)))


def test_no_partition_is_below_the_curve() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(60, 3))
    vectors -= vectors.mean(axis=0)
    some = [random.integers(0, k, 60) for k in (2, 5, 20)] + [np.arange(60)]
    points = curve_of(vectors, some, [0.5, 2.0, 8.0, 30.0], 300)
    for labels in some:
        assert Cost(vectors, labels, points).excess_bits() >= -0.02


def test_the_published_ratings() -> None:
    rated = items()
    assert len(rated) == 565
    assert len({item.category for item in rated}) == 10
    assert all(1 <= item.rating <= 7 for item in rated)
    assert home_categories([Item("tomato", "fruit", 5.6), Item("tomato", "vegetable", 2.2)]) == {
        "tomato": "vegetable"
    }


def test_word_pieces() -> None:
    pieces = {piece: i for i, piece in enumerate(["[UNK]", "play", "##ing", "##s", "card", "-", "p"])}
    assert embeddings.word_pieces("Playing cards", pieces) == [1, 2, 4, 3]
    assert embeddings.word_pieces("play-card", pieces) == [1, 5, 4]
    assert embeddings.word_pieces("xyz card", pieces) == [4]


def test_letters() -> None:
    found = embeddings.from_letters(["robin", "robins", "axe"])
    assert all(np.linalg.norm(row) == pytest.approx(1.0) for row in found.values())
    assert found["robin"] @ found["robins"] > 0.5
    assert found["robin"] @ found["axe"] == 0.0


def test_positive_information() -> None:
    together = np.array([[8.0, 0.0], [0.0, 8.0]])
    assert embeddings.positive_information(together).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert embeddings.positive_information(np.ones((2, 2))).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_words_of_a_text() -> None:
    birds, tools = ("robin", "wren", "crow"), ("hammer", "saw", "drill")
    rest = [f"w{chr(97 + i)}{chr(97 + j)}" for i in range(5) for j in range(5)]
    random, lines = np.random.default_rng(0), []
    for _ in range(400):
        lines.append(
            f"the {random.choice(birds)} sings in a tree with a nest . " + " ".join(random.permutation(rest))
        )
        lines.append(
            f"a {random.choice(tools)} made of steel cuts wood . " + " ".join(random.permutation(rest))
        )
    found = embeddings.from_text([*birds, *tools, *rest, "crow drill", "absent"], " ".join(lines).encode())
    assert "absent" not in found
    assert found["crow drill"] == pytest.approx((found["crow"] + found["drill"]) / 2)

    def likeness(one: str, other: str) -> float:
        a, b = found[one], found[other]
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert likeness("robin", "wren") > likeness("robin", "saw") + 0.2


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16"])
def test_checkpoints(tmp_path: Path, kind: str) -> None:
    table = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, -4.0]], np.float32)
    stored = {"F32": table, "F16": table.astype(np.float16), "BF16": (table.view("<u4") >> 16).astype("<u2")}[
        kind
    ]
    header = {"bert.embeddings.word_embeddings.weight": {
        "dtype": kind, "shape": [3, 2], "data_offsets": [0, stored.nbytes]}}  # fmt: skip
    head = json.dumps(header).encode()
    (tmp_path / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + stored.tobytes())
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "vocab.txt").write_text("[UNK]\nsaw\n##dust\n")
    found = embeddings.from_checkpoint(str(tmp_path), ["saw", "sawdust", "plane"])
    assert found["saw"].tolist() == [1.0, 2.0]
    assert found["sawdust"].tolist() == [2.0, -1.0]
    assert "plane" not in found


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="no config"):
        embeddings.from_checkpoint(str(tmp_path), ["saw"])
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(MissingInputError, match="table of tokens"):
        embeddings.from_checkpoint(str(tmp_path), ["saw"])
    (tmp_path / "model.safetensors").write_bytes(b"\x05\0\0\0\0\0\0\0hello")
    with pytest.raises(MissingInputError, match="no file of safetensors"):
        embeddings.from_checkpoint(str(tmp_path), ["saw"])


_TABLE = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


@pytest.mark.parametrize(
    "header",
    [
        [1, 2],
        {"wte.weight": 3},
        {"wte.weight": {"dtype": "F32", "shape": [2, 2]}},
        {"wte.weight": {"shape": [2, 2], "data_offsets": [0, 16]}},
        {"wte.weight": _TABLE | {"data_offsets": [0, 8]}},
        {"wte.weight": _TABLE | {"data_offsets": [16, 0]}},
        {"wte.weight": _TABLE | {"data_offsets": [0, 10**15]}},
        {"wte.weight": _TABLE | {"shape": [4, 4]}},
        {"wte.weight": _TABLE | {"shape": [-2, -2]}},
        {"wte.weight": _TABLE | {"shape": [2**62, 2**62]}},
        {"wte.weight": _TABLE | {"dtype": "I32"}},
        {"wte.weight": _TABLE | {"dtype": "X1"}},
        {"wte.weight": {"dtype": "BF16", "shape": [2, 4], "data_offsets": [0, 10]}},
        {"wte.weight": {"dtype": "F32", "shape": [0, 4], "data_offsets": [0, 0]}},
    ],
)
def test_headers_that_lie(tmp_path: Path, header: object) -> None:
    head = json.dumps(header).encode()
    (tmp_path / "config.json").write_text("{}")
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(head).to_bytes(8, "little") + head + bytes(16))
    with pytest.raises(MissingInputError, match=r"safetensors|I32"):
        embeddings.from_checkpoint(str(tmp_path), ["saw"])


@pytest.mark.parametrize("start", [b"", b"\x05\0\0", b"\xff" * 8, (2**40).to_bytes(8, "little") + b"{}"])
def test_lengths_that_lie(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(start)
    with pytest.raises(MissingInputError, match="no file of safetensors"):
        embeddings.from_checkpoint(str(tmp_path), ["saw"])


def test_numbers_that_are_none(tmp_path: Path) -> None:
    head = json.dumps({"wte.weight": _TABLE}).encode()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(
        len(head).to_bytes(8, "little") + head + np.full(4, np.nan, "<f4").tobytes()
    )
    with pytest.raises(MissingInputError, match="not finite"):
        embeddings.from_checkpoint(str(tmp_path), ["saw"])


def test_wrong_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    from codelength.experiments.concepts import run

    with pytest.raises(MissingInputError, match="kt:3 has none"):
        run(Task("concepts", "tiny", predictors=("kt:3",)))
    with pytest.raises(MissingInputError, match="is none"):
        run(Task("concepts", "tiny", data=tmp_path))
    (tmp_path / "short.txt").write_text("no birds here")
    with pytest.raises(MissingInputError, match="has only 0 of the words"):
        run(Task("concepts", "tiny", data=tmp_path / "short.txt"))
    monkeypatch.setattr(embeddings, "packaged_folder", lambda: None)
    with pytest.raises(ModuleNotFoundError, match=r"codelength\[concepts\]"):
        run(Task("concepts", "small"))


def test_unseen_channels_of_every_item() -> None:
    pytest.importorskip("sklearn")
    random = np.random.default_rng(0)
    people = np.repeat([0, 1], 40)
    apart = random.normal(size=(80, 8)) + 10.0 * people[:, None]
    # clusters from half of the channels are people's: nothing is gained or lost in the other half
    assert unseen(apart, people, 3, 2, 0, random) == pytest.approx(np.zeros((3, 80)), abs=1e-12)
    shuffled = random.permutation(people)
    lost = unseen(apart, shuffled, 3, 2, 0, random)
    assert lost.shape == (3, 80)
    # people's classes lose nearly all of the variance, which is 1, and the clusters nearly none
    assert lost.mean() == pytest.approx(1 - abs(np.corrcoef(people, shuffled)[0, 1]) ** 2, abs=0.06)


def test_correlations() -> None:
    pytest.importorskip("scipy")
    x = np.arange(9.0)
    (mean, low, high), each = correlations(
        {"up": np.array([x, x**3]), "down": np.array([x, -np.exp(x)])}, 50, np.random.default_rng(0)
    )
    assert each == pytest.approx({"up": 1.0, "down": -1.0})
    assert (mean, low, high) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)


def test_the_verdict_follows_from_the_figures() -> None:
    keys = (
        "AMI",
        "typicality",
        "L people - clusters",
        "excess people - clusters",
        "unseen people - clusters",
    )
    values = ((0.05, 0.0, 0.1), (0.0, -0.1, 0.1), (0.3, 0.2, 0.4), (0.3, 0.2, 0.4), (0.0, 0.0, 0.0))
    letters = dict(zip(keys, values, strict=True))
    values = ((0.3, 0.2, 0.4), (0.2, 0.1, 0.3), (0.7, 0.6, 0.8), (0.7, 0.6, 0.8), (0.02, 0.01, 0.03))
    model = dict(zip(keys, values, strict=True))
    assert judge({"model": model, "letters": letters})[0] is Verdict.HOLDS
    for key, value in (
        ("AMI", (0.1, 0.05, 0.2)),
        ("typicality", (0.5, 0.4, 0.6)),
        ("unseen people - clusters", (0.0, -0.1, 0.1)),
        ("excess people - clusters", (0.35, 0.3, 0.4)),
    ):
        assert judge({"model": model | {key: value}, "letters": letters})[0] is Verdict.IN_PART
    # each of the three roads to a part alone
    agrees = {key: model[key] for key in ("AMI", "typicality")}
    beyond = {key: model[key] for key in ("L people - clusters", "excess people - clusters")}
    for part in (agrees, beyond, {keys[-1]: model[keys[-1]]}):
        assert judge({"model": letters | part, "letters": letters})[0] is Verdict.IN_PART
    assert judge({"model": letters | {"AMI": model["AMI"], "typicality": (0.5, 0.4, 0.6)},
                  "letters": letters})[0] is Verdict.FAILS  # fmt: skip
    # no better than letters, which are shorter than people's categories themselves
    assert judge({"model": letters, "letters": letters})[0] is Verdict.FAILS
    assert judge({"letters": letters})[0] is Verdict.FAILS
    assert judge({"model": model, "worse": letters, "letters": letters})[0] is Verdict.FAILS


def test_run(tiny: Callable[[str], Result]) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("scipy")
    result = tiny("concepts")
    letters = result.quantity("letters: clusters agree with people, AMI")
    assert letters.measured is not None
    assert -0.1 < letters.measured < 0.3
    plane = result.panels[0].series
    people_point = next(series for series in plane if series.label == "people's categories")
    people = result.quantity(f"{result.panels[0].title.partition(': ')[2]}: L of people's categories")
    assert people.measured == pytest.approx(people_point.y[0] + people_point.x[0])
