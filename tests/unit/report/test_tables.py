"""Tables, figures and reports from records alone."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

import codelength
from codelength.measure.comparison import fits_of
from codelength.measure.documents import Document
from codelength.measure.fits import Point, fit
from codelength.measure.preparation import Preparation
from codelength.measure.presets import Row
from codelength.measure.records import Records, facts_of_run
from codelength.measure.runs import run
from codelength.measure.scores import huang2024
from codelength.measure.shards import Plan
from codelength.measure.summary import Summary
from codelength.report.comparisons import comparison_sections, fits_section, table1_section
from codelength.report.document import Report, Section, summaries_of
from codelength.report.tables import Column, Table, documents_table, positions_table, summaries_table

DOCUMENTS = [Document.of(f"<{i}>", b"some words | " * i) for i in range(1, 5)]
TABLE = Table((Column("a|b", is_number=False), Column("n")), (("x|<y>", 1.5), (None, math.nan)))


@pytest.fixture(scope="module")
def records() -> Records:
    kept = Records()
    run(
        ["gzip", "kt:1"],
        DOCUMENTS,
        Plan(),
        records=kept,
        facts=facts_of_run(["codelength", "measure", "<x>"]),
    )
    return kept


def test_text() -> None:
    assert TABLE.to_text() == "a|b      n\nx|<y>  1.5\n-        -"
    empty = replace(TABLE, rows=(("x", None), ("y", math.nan)))
    assert empty.to_text() == "a|b\nx\ny"


def test_markdown() -> None:
    assert TABLE.to_markdown().splitlines()[1:] == ["| --- | ---: |", "| x\\|<y> | 1.5 |", "| - | - |"]


def test_csv() -> None:
    assert TABLE.to_csv() == "a|b,n\nx|<y>,1.5\n,"


def test_html() -> None:
    assert '<td>x|&lt;y&gt;</td><td class="number">1.5</td>' in TABLE.to_html()
    assert "<y>" not in TABLE.to_html()


def test_csv_is_not_rounded(records: Records) -> None:
    [row, _] = csv.DictReader(summaries_table(summaries_of([records])).to_csv().splitlines())
    [gzip, _] = summaries_of([records])
    assert float(row["bits/byte"]) == gzip.rate_bpb
    assert row["bits/token"] == ""


def test_documents(records: Records) -> None:
    table = documents_table(records.measurements)
    assert [row[-1] for row in table.rows] == ["<1>", "<2>", "<3>", "<4>"] * 2


def test_positions(records: Records) -> None:
    table = positions_table(summaries_of([records]))
    assert [row[0] for row in table.rows] == [0, 1, 2, 4, 8, 16, 32]
    assert sum(int(row[1] or 0) for row in table.rows) == 130
    assert positions_table([]).rows == ()


def test_documents_count_once(records: Records) -> None:
    both = summaries_of([records, records])
    assert [s.n_bytes for s in both] == [130, 130]


def test_ways_of_measuring_are_told_apart(records: Records) -> None:
    more = Records()
    run(["gzip"], DOCUMENTS, Plan(Preparation("text", 10)), records=more)
    names = [summary.predictor for summary in summaries_of([records, more])]
    assert names == ["gzip (as bytes, chunk whole)", "kt:1", "gzip (as text, chunk 10)"]


def test_report(records: Records) -> None:
    summaries = summaries_of([records])
    report = Report(
        "A <title>", (Section("One", summaries_table(summaries), note="A note."),), tuple(records.runs)
    )
    assert "A note." in report.to_text()
    assert "Made by `codelength measure '<x>'`" in report.to_markdown()
    page = report.to_html()
    assert "<x>" not in page
    assert "A &lt;title&gt;" in page
    assert not re.search(r"(src|href)=", page)


def test_names_on_figures_are_no_mathematics() -> None:
    pytest.importorskip("matplotlib")
    from codelength.report.figures import fits_figure, image, rates_figure

    name = "$\\frac{$ \x1b[31m \udcff"
    points = [Point(name, rate, score) for rate, score in ((1.0, 0.5), (0.9, 0.6), (0.7, 0.7))]
    svg = image(fits_figure({name: fit(points)}), "svg").decode()
    assert "$\\frac{$" in svg
    assert "\x1b" not in svg
    summary = Summary.of([replace(codelength.measure(b"text", "kt:1").measurements[0], predictor=name)])
    assert image(rates_figure([summary]))


def test_figures(records: Records) -> None:
    pytest.importorskip("matplotlib")
    from codelength.report.figures import curves_figure, image, rates_figure

    summaries = summaries_of([records])
    for kind, start in {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}.items():
        first, again = (image(rates_figure(summaries), kind) for _ in range(2))
        assert first == again
        assert first.startswith(start)
    curves = curves_figure(summaries)
    assert curves is not None
    assert len(curves.axes[0].lines) == 2
    assert curves_figure(summaries[:1]) is None
    with pytest.raises(ValueError, match="png, svg or pdf"):
        image(curves, "gif")
    page = Report("x", (Section("f", figure=curves),)).to_html()
    assert "<svg" in page
    assert "http" not in re.sub(
        r'xmlns(:\w+)?="[^"]*"|<metadata>.*?</metadata>|<!DOCTYPE[^>]*>', "", page, flags=re.S
    )


def test_infinite_lengths_are_drawn(records: Records) -> None:
    pytest.importorskip("matplotlib")
    from codelength.report.figures import image, rates_figure

    infinite = [
        replace(summary, length_bits=math.inf, measurements=()) for summary in summaries_of([records])
    ]
    assert image(rates_figure(infinite))


def test_comparison(records: Records) -> None:
    summaries = summaries_of([records])
    matrix, differences = comparison_sections({"one": summaries, "two": summaries[:1]})
    assert matrix.table is not None
    assert [row[0] for row in matrix.table.rows] == ["gzip", "kt:1"]
    assert matrix.table.rows[1][2] is None
    assert differences.table is not None
    [row] = differences.table.rows
    assert row[:4] == ("one", "kt:1", "gzip", 4)
    assert row[4] == pytest.approx(summaries[1].rate_bpb - summaries[0].rate_bpb)
    assert comparison_sections({"one": summaries}, rate="bpc")[0].title == "Bits per character"


def test_names_on_the_plot() -> None:
    pytest.importorskip("matplotlib")
    section = fits_section(fits_of(huang2024()), rate_name="bits per character", with_figure=True)
    panels = section.figure.axes
    names = [text.get_text() for panel in panels for text in panel.texts]
    assert sorted(names) == sorted(score.model for score in huang2024())
    assert "r = -0.935, RMSE 0.019" in panels[0].get_title()
    assert "Not part of the line: Qwen-7b, Qwen-14b, Qwen-72b." in section.note
    assert section.table is not None
    assert section.table.to_text().splitlines()[3].split()[:5] == [
        "mathematics",
        "19",
        "-0.953",
        "-0.943",
        "0.031",
    ]


def test_published_beside_ours() -> None:
    pytest.importorskip("matplotlib")
    from codelength.report.figures import image

    rows = [
        Row("text", "gzip", True, 9, 0.5, 0.49, 0.5, 0.4, 0.481, 0.323),
        Row("text", "network", False, 9, 0.2, None, 9.0, None, None, None),
    ]
    section = table1_section(rows, with_figure=True)
    assert section.table is not None
    line = section.table.to_text().splitlines()[1].split()
    assert line == [
        "text",
        "gzip",
        "coded",
        "9",
        "50.00%",
        "49.00%",
        "48.10%",
        "0.900",
        "50.00%",
        "40.00%",
        "32.30%",
    ]
    assert image(section.figure)


def test_report_needs_no_data(records: Records, tmp_path: Path) -> None:
    """What a report shows comes from the file: written, read, the same."""
    from codelength.measure.records import read

    records.path = tmp_path / "r.json"
    records.save()
    again = summaries_table(summaries_of([read(tmp_path / "r.json")]))
    assert again.rows == summaries_table(summaries_of([records])).rows
