"""`codelength report`: tables and figures from records alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from codelength.measure.summary import Summary
    from codelength.report.document import Report

__all__ = ["check_folder", "outputs", "report", "write"]

_F = TypeVar("_F", bound=Callable[..., Any])


def outputs(command: _F) -> _F:
    """The options that say where a report goes."""
    file = click.Path(dir_okay=False)
    options = [
        click.option("--html", type=file, metavar="FILE", help="One page, with figures."),
        click.option("--png", type=file, metavar="FILE", help="Figures; FILE may end in .svg or .pdf."),
        click.option("--csv", type=file, metavar="FILE", help="Tables, numbers unrounded."),
        click.option("--md", type=file, metavar="FILE", help="Tables as Markdown."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("records", nargs=-1, required=True, metavar="RECORDS...", type=click.Path(dir_okay=False))
@outputs
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")
def report(
    records: tuple[str, ...], html: str | None, png: str | None, csv: str | None, md: str | None, seed: int
) -> None:
    """Tables and figures from RECORDS, the files that measure and compare keep with --out.

    Nothing is measured and no data is read. A file "-" is standard output; without any, tables are shown.
    """
    from codelength.measure.records import read

    for option, path in {"--html": html, "--png": png, "--csv": csv, "--md": md}.items():
        check_folder(path, option)
    from codelength.report.comparisons import differences_section
    from codelength.report.document import Report, Section, summaries_of
    from codelength.report.tables import positions_table, summaries_table

    try:
        files = [read(path) for path in records]
    except OSError as error:
        raise click.BadParameter(f"{error.filename}: {error.strerror}", param_hint="RECORDS") from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    summaries = summaries_of(files)
    if not summaries:
        raise click.ClickException("the records are empty")
    with_figures = html is not None or png is not None
    sections = [Section("Code lengths", summaries_table(summaries, seed=seed))]
    by_data: dict[str, list[Summary]] = {}
    for summary in summaries:
        by_data.setdefault(summary.data, []).append(summary)
    differences = differences_section(by_data, seed=seed)
    if differences is not None:
        sections.append(differences)
    if any(summary.positions for summary in summaries):
        sections.append(Section("By position", positions_table(summaries)))
    if with_figures:
        from codelength.report.figures import curves_figure, rates_figure

        try:
            for data, some in by_data.items():
                sections.append(Section(data or "Rates", figure=rates_figure(some, seed=seed)))
                curves = curves_figure(some)
                if curves is not None:
                    sections.append(Section(f"In-context learning {data}".strip(), figure=curves))
        except ImportError as error:
            raise click.ClickException(str(error)) from error
    runs = tuple(run for file in files for run in file.runs)
    write(Report("Code lengths", tuple(sections), runs), html=html, png=png, csv=csv, md=md)


def check_folder(path: str | None, option: str) -> None:
    """Raise click's error if there is no folder to write a file to: before the work, and not after it."""
    if path is not None and not os.path.isdir(os.path.dirname(path) or "."):
        raise click.BadParameter(f"there is no folder {os.path.dirname(path)}", param_hint=option)


def write(report: Report, *, html: str | None, png: str | None, csv: str | None, md: str | None) -> None:
    """Write what was asked for; if nothing was, show the tables."""
    from codelength.cli.files import printable

    if html is not None:
        _write(html, report.to_html().encode(errors="backslashreplace"))
    if csv is not None:
        _write(csv, report.to_csv().encode(errors="backslashreplace"))
    if md is not None:
        _write(md, report.to_markdown().encode(errors="backslashreplace"))
    if png is not None:
        _write_figures(png, report)
    if (html, png, csv, md) == (None, None, None, None):
        lines = report.to_text().split("\n")
        click.echo("\n".join(printable(line) for line in lines))


def _write_figures(path: str, report: Report) -> None:
    """The first figure at this path, others beside it: a.png, a-2.png ..."""
    from codelength.report.figures import image

    kind = "png" if path == "-" else Path(path).suffix.removeprefix(".").lower() or "png"
    if not report.figures():
        raise click.ClickException("there is nothing to draw")
    if kind not in ("png", "svg", "pdf"):
        raise click.BadParameter("should end in .png, .svg or .pdf", param_hint="--png")
    for i, figure in enumerate(report.figures()):
        stem, suffix = os.path.splitext(path)
        _write(path if i == 0 else f"{stem}-{i + 1}{suffix}", image(figure, kind))
        if path == "-":
            return


def _write(path: str, content: bytes) -> None:
    if path == "-":
        sys.stdout.buffer.write(content)
    else:
        Path(path).write_bytes(content)
