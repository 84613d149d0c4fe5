"""Lines through points, and the published one found again."""

from __future__ import annotations

import json
import math
import random
import statistics
from pathlib import Path

import pytest

from codelength.measure.comparison import fits_of
from codelength.measure.fits import Point, fit
from codelength.measure.scores import Score, huang2024, published, read_scores


def points(n: int, noise: float = 0.1) -> list[Point]:
    choice = random.Random(n)
    rates = [choice.uniform(0.3, 0.9) for _ in range(n)]
    return [Point(str(i), rate, 1 - rate + choice.gauss(0, noise)) for i, rate in enumerate(rates)]


def ranks(values: list[float]) -> list[float]:
    """Of values that all differ."""
    return [float(sum(other < value for other in values)) for value in values]


def test_huang_2024() -> None:
    """To the third digit; mathematics as published, without the Qwen models."""
    fits = fits_of(huang2024())
    found = {area: (round(f.pearson_r, 3), round(f.rmse, 3)) for area, f in fits.items()}
    assert found == {
        "knowledge": (-0.935, 0.019),
        "coding": (-0.937, 0.040),
        "mathematics": (-0.953, 0.031),
    }
    left_out = [p.name for f in fits.values() for p in f.points if not p.is_fitted]
    assert left_out == ["Qwen-7b", "Qwen-14b", "Qwen-72b"]


def test_huang_2024_with_all_models() -> None:
    every = [Score(s.area, s.model, s.score, s.rate) for s in huang2024() if s.area == "mathematics"]
    found = fits_of(every)["mathematics"]
    assert (round(found.pearson_r, 3), round(found.rmse, 3)) == (-0.894, 0.050)


def test_the_copy_is_that_of_the_table(data_dir: Path) -> None:
    path = data_dir / "tables" / "huang2024_bpc_vs_scores.csv"
    if not path.is_file():
        pytest.skip("no table of published figures")
    theirs = [(s.area, s.model, s.score, s.rate) for s in read_scores([path])]
    ours = [(s.area.replace("mathematics", "math"), s.model, s.score, s.rate) for s in huang2024()]
    assert ours == theirs


@pytest.mark.parametrize("n", [3, 4, 10, 50])
def test_against_the_standard_library(n: int) -> None:
    some = points(n)
    x, y = [p.rate for p in some], [p.score for p in some]
    found = fit(some)
    slope, intercept = statistics.linear_regression(x, y)
    assert found.slope == pytest.approx(slope)
    assert found.intercept == pytest.approx(intercept)
    assert found.pearson_r == pytest.approx(statistics.correlation(x, y))
    assert found.rank_r == pytest.approx(statistics.correlation(ranks(x), ranks(y)))
    assert found.predict(0.5) == pytest.approx(intercept + slope / 2)


def test_leaving_one_out_is_that() -> None:
    some = points(12)
    squares = []
    for i, point in enumerate(some):
        others = fit(some[:i] + some[i + 1 :])
        squares.append((point.score - others.predict(point.rate)) ** 2)
    assert fit(some).rmse_left_out == pytest.approx(math.sqrt(sum(squares) / 12))


def test_points_that_are_not_fitted_do_not_move_the_line() -> None:
    some = points(6)
    with_more = fit([*some, Point("outlier", 0.5, 9.0, is_fitted=False)])
    assert with_more.slope == fit(some).slope
    assert len(with_more.points) == 7


def test_ties_share_their_rank() -> None:
    some = [Point("a", 1, 4), Point("b", 1, 3), Point("c", 2, 3), Point("d", 3, 0)]
    expected = statistics.correlation([1.5, 1.5, 3, 4], [4, 2.5, 2.5, 1])
    assert fit(some).rank_r == pytest.approx(expected)


def test_no_line() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        fit(points(2))
    with pytest.raises(ValueError, match="no line"):
        fit([Point("a", 1.0, y) for y in (0.1, 0.2, 0.3)])
    with pytest.raises(ValueError, match="no line"):
        fit([Point("a", x, 0.5) for x in (0.1, 0.2, 0.3)])


def test_rates_are_found_by_name() -> None:
    scores = [Score("", name, 0.1 * i) for i, name in enumerate(["a/one", "two", "hf:b/three", "four"])]
    rates = {"hf:a/one": 1.0, "hf:x/two?context=5": 0.8, "hf:b/three": 0.7, "five": 0.1}
    [found] = fits_of(scores, rates).values()
    assert [(p.name, p.rate) for p in found.points] == [("a/one", 1.0), ("two", 0.8), ("hf:b/three", 0.7)]
    with pytest.raises(ValueError, match="names must agree"):
        fits_of(scores, {})


def test_tables_of_scores(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("# a comment\nmodel,score,bpb,area\nm,50,1.5,x\nn,1,2.5,x\n")
    assert read_scores([tmp_path / "a.csv"]) == [Score("x", "m", 0.5, 1.5), Score("x", "n", 0.01, 2.5)]
    (tmp_path / "b.csv").write_text("\ufeffname,acc,fitted\nm,0.5,0\n")
    assert read_scores([tmp_path / "b.csv"]) == [Score("", "m", 0.5, None, is_fitted=False)]


def test_results_of_lm_evaluation_harness(tmp_path: Path) -> None:
    content = {
        "results": {
            "mmlu": {"alias": "mmlu", "acc,none": 0.4, "acc_stderr,none": 0.01},
            "mmlu_law": {"alias": "law", "acc,none": 0.3},
            "arc_easy": {"acc,none": 0.6, "acc_norm,none": 0.5, "acc_norm_stderr,none": "N/A"},
            "gsm8k": {"exact_match,strict-match": 0.1, "exact_match,flexible-extract": 0.2},
            "wikitext": {"bits_per_byte,none": 0.8},
        },
        "group_subtasks": {"mmlu": ["mmlu_law"], "arc_easy": []},
        "config": {"model": "hf", "model_args": "pretrained=owner/model,dtype=float32"},
    }
    (tmp_path / "results.json").write_text(json.dumps(content))
    scores = read_scores([tmp_path / "results.json"])
    assert {s.model for s in scores} == {"owner/model"}
    assert {s.area: s.score for s in scores} == {
        "mmlu_law": 0.3, "arc_easy": 0.5, "gsm8k": 0.1, "mean": pytest.approx(0.3),
    }  # fmt: skip
    content |= {"model_name": "named", "config": {"model_args": {"pretrained": "x"}}}
    (tmp_path / "results.json").write_text(json.dumps(content))
    assert read_scores([tmp_path / "results.json"])[0].model == "named"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "model,score\n",
        "a,b\n1,2\n",
        "model,score\nm,x\n",
        "model,score\nm,nan\n",
        "{}",
        '{"results": {}}',
        "{",
        '{"results": [1]}',
        '{"results": {"t": 5}}',
        '{"results": {"t": {"acc": NaN}}}',
        '{"a":' * 100_000,
        'model,score\n"' + "x" * 200_000 + '",1\n',
    ],
)
def test_what_holds_no_scores(text: str, tmp_path: Path) -> None:
    (tmp_path / "s").write_text(text)
    with pytest.raises(ValueError, match="s holds no scores"):
        read_scores([tmp_path / "s"])


def test_published_tables() -> None:
    rows = published("deletang2024")
    assert len(rows) == 16
    assert {row["predictor"] for row in rows} == {"gzip", "xz:6", "png", "flac"}
    assert len(published("huang2024")) == 69
