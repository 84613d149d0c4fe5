"""Results, tasks, records: to a file and back, and hostile files."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from codelength.experiments.record import read
from codelength.experiments.result import Exhibit, Panel, Picture, Quantity, Result, Series, Verdict
from codelength.experiments.task import MissingInputError, Task, text_of
from codelength.report.experiments import digits, experiment_figure, experiments_report, quantities_table

RESULT = Result(
    "x", "claim", "source", Verdict.IN_PART, "why",
    (Quantity("a", "bits", 1.0, 0.5, 1.5, 2.0, "paper", "note"), Quantity("b", "bits")),
    (Panel("p", "x", "y", (Series("s", (1.0, 2.0), (3.0, 4.0)), Series("t", (0.0,), (1.0,), "bars")), "log2"),
     Panel("q", "", "y", (Series("u", (0.0, 1.0), (3.0, 4.0), "points"),), x_ticks=("long name", "b"))),
    (Exhibit("e", "text <b>"),),
    (Picture("grey", ((0, 255), (255, 0))), Picture("colours", (((0, 1, 2), (3, 4, 5)),))),
    {"n": 3},
)  # fmt: skip


def test_to_json_and_back() -> None:
    again = Result.from_json(json.loads(json.dumps(RESULT.to_json())))
    assert again.to_json() == RESULT.to_json()
    assert again.verdict is Verdict.IN_PART
    assert again.panels == RESULT.panels
    assert again.quantity("a") == RESULT.quantity("a")
    with pytest.raises(KeyError):
        again.quantity("c")


def test_what_is_no_number_becomes_null() -> None:
    assert Series("s", (1.0,), (math.inf,)).y == (math.inf,)
    result = Result("x", "c", "s", Verdict.HOLDS, "", (Quantity("a", "1", math.nan),))
    assert json.loads(json.dumps(result.to_json(), allow_nan=False))["quantities"][0]["measured"] is None


@pytest.mark.parametrize(
    "change",
    [{"verdict": "maybe"}, {"quantities": 3}, {"extra": 1}, {"panels": [{"title": "t"}]}, {"name": 3}],
)
def test_what_is_no_result(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Result.from_json(RESULT.to_json() | change)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "codelength.experiment", "schema_version": 9}', "\0"]
)
def test_what_is_no_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="holds no experiment"):
        read(path)


def test_series_must_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Series("s", (1.0,), ())


def test_parts_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "parts.json"
    assert Task("x", parts_path=path).once("a", lambda: (1, 2)) == [1, 2]
    assert Task("x", parts_path=path).once("a", lambda: 1 / 0) == [1, 2]
    assert Task("x", seed=1, parts_path=path).once("a", lambda: 7) == 7
    path.write_text("{cut")
    assert Task("x", parts_path=path).once("a", lambda: 8) == 8


def test_tasks() -> None:
    with pytest.raises(ValueError, match="tiny"):
        Task("x", "huge")
    task = Task("x", "full", seed=3)
    assert task.pick(1, 2, 3) == 3
    assert task.random(1).integers(1000) == Task("y", seed=3).random(1).integers(1000)
    assert task.random(1).integers(1 << 40) != task.random(2).integers(1 << 40)


def test_texts(tmp_path: Path) -> None:
    text, facts = text_of(Task("x"), 5000)
    assert len(text) == 5000 == facts["n_bytes"]
    with pytest.raises(MissingInputError):
        text_of(Task("x", data=tmp_path), 5000)
    (tmp_path / "short").write_bytes(b"abc")
    with pytest.raises(MissingInputError, match="too few"):
        text_of(Task("x", data=tmp_path / "short"), 5000)
    with pytest.raises(MissingInputError, match="no file"):
        Task("x", data=tmp_path / "none").key()


def test_figures_and_tables() -> None:
    pytest.importorskip("matplotlib")
    from codelength.report.figures import image

    figure = experiment_figure(RESULT)
    assert image(figure).startswith(b"\x89PNG")
    assert experiment_figure(Result("x", "c", "s", Verdict.HOLDS, "", ())) is None
    assert "Published" in quantities_table(RESULT).to_text()
    assert [digits(v) for v in (1, 2.0, 0.123456789, 123456.7, "a")] == ["1", "2", "0.12346", "123,457", "a"]
    del figure
    assert experiments_report([]).to_html()
