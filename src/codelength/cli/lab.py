"""`codelength lab`: the claims, each as an experiment."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codelength.cli.report import check_folder

if TYPE_CHECKING:
    from codelength.experiments.batch import Order
    from codelength.experiments.record import Record

__all__ = ["lab"]


@click.command()
@click.argument("name", required=False)
@click.option(
    "--size", type=click.Choice(["tiny", "small", "full"]), default="small", show_default=True,
    help="Seconds, to see that it runs; minutes on a laptop; the paper's.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is random.")
@click.option(
    "--data", "inputs", multiple=True, metavar="[NAME=]PATH",
    help="Input of the experiment; with all, of the one named. May be repeated.",
)  # fmt: skip
@click.option(
    "--predictor", "predictors", multiple=True, metavar="NAME",
    help="Measure under these, where an experiment can; names as for measure. May be repeated.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(file_okay=False), default="lab", show_default=True, metavar="DIR",
    help="Where records and figures go. What is finished there is read and not done again.",
)  # fmt: skip
@click.option(
    "-j", "--jobs", "n_jobs", type=click.IntRange(1), metavar="N",
    help="Do as many experiments beside each other; one a processor if not said.",
)  # fmt: skip
@click.option("--html", type=click.Path(dir_okay=False), metavar="FILE", help="One page, with figures.")
@click.option("--json", "as_json", is_flag=True, help="Show the records.")
def lab(
    name: str | None,
    size: str,
    seed: int,
    inputs: tuple[str, ...],
    predictors: tuple[str, ...],
    out: str,
    n_jobs: int | None,
    html: str | None,
    as_json: bool,
) -> None:
    """Run the experiment NAME, or all of them; without NAME, list them.

    Shows published and measured figures side by side, and a verdict: holds, holds in part, does not hold
    here. The record (NAME.json) and the figure (NAME.svg, NAME.png) go into --out. A run that was stopped
    goes on where it was. What each does, and how to read it: docs/lab/.
    """
    from codelength.codec.engine import thread_count
    from codelength.experiments.batch import Order
    from codelength.experiments.registry import entries, get

    if name is None:
        if inputs or html or as_json:
            raise click.UsageError("name an experiment, or all")
        _list()
        return
    if name != "all":
        try:
            get(name)
        except LookupError as error:
            raise click.BadParameter(str(error), param_hint="NAME") from error
    check_folder(html, "--html")
    chosen = list(entries()) if name == "all" else [name]
    data = _data(inputs, chosen)
    takers = {each for each in chosen if entries()[each].takes_predictors}
    if predictors and not takers:
        raise click.BadParameter(f"{name} takes no predictors", param_hint="--predictor")
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"{out}: {error.strerror}", param_hint="--out") from error
    if predictors:
        from codelength.cli.measure import parse_predictors

        predictors = tuple(parse_predictors(",".join(predictors)))
    orders = [
        Order(each, size, seed, data.get(each), predictors if each in takers else ()) for each in chosen
    ]
    records, left_out, has_failed = _run(orders, folder, n_jobs or min(len(orders), thread_count(None)))
    if as_json:
        import json

        shown = [record.to_json() for record in records]
        click.echo(json.dumps(shown if name == "all" else shown[0] if shown else {}, indent=1))
    else:
        _show(records, folder)
    if html is not None and records:
        from codelength.report.experiments import experiments_report

        report = experiments_report(records, left_out=left_out)
        Path(html).write_bytes(report.to_html().encode(errors="backslashreplace"))
    if has_failed or not records:
        raise click.exceptions.Exit(1)


def _list() -> None:
    from codelength.experiments.registry import entries

    width = max(len(name) for name in entries())
    for name, entry in entries().items():
        needs = f" Needs --data: {entry.data}." if entry.needs_data else ""
        click.echo(f"{name.ljust(width)}  {entry.claim} ({entry.source}){needs}")


def _data(inputs: Sequence[str], chosen: Sequence[str]) -> dict[str, Path]:
    """Which input is whose. Raises click's errors."""
    from codelength.experiments.registry import entries

    data = {}
    for text in inputs:
        name, equals, path = text.partition("=")
        if not equals or name not in entries():
            if len(chosen) > 1:
                raise click.BadParameter(f"say whose input it is: NAME={text}", param_hint="--data")
            name, path = chosen[0], text
        if not entries()[name].data:
            raise click.BadParameter(f"{name} takes no input", param_hint="--data")
        if not Path(path).exists():
            raise click.BadParameter(f"there is no {path}", param_hint="--data")
        data[name] = Path(path)
    return data


def _run(orders: Sequence[Order], folder: Path, n_jobs: int) -> tuple[list[Record], list[str], bool]:
    """The records in the order of the orders, what was left out and why, and whether any failed."""
    from codelength.experiments.batch import run_all

    records: dict[str, Record] = {}
    left_out: list[str] = []
    has_failed = False
    with (
        _Bar(len(orders)) as bar,
        closing(run_all(orders, folder, ["codelength", *sys.argv[1:]], n_jobs, bar.step)) as outcomes,
    ):
        for outcome in outcomes:
            bar.end(outcome.name)
            if outcome.record is None:
                has_failed |= outcome.has_failed
                left_out.append(f"{outcome.name}: {outcome.left_out}")
                bar.say(f"codelength: {left_out[-1]}")
            else:
                records[outcome.name] = outcome.record
                _keep_figure(outcome.record, folder, bar)
    return [records[order.name] for order in orders if order.name in records], left_out, has_failed


def _keep_figure(record: Record, folder: Path, bar: _Bar) -> None:
    """The figure beside the record, as SVG and PNG; without matplotlib there is none, and that is said."""
    from codelength.report.experiments import experiment_figure
    from codelength.report.figures import image

    paths = {kind: folder / f"{record.result.name}.{kind}" for kind in ("svg", "png")}
    if record.was_read and all(path.exists() for path in paths.values()):
        return
    try:
        figure = experiment_figure(record.result)
    except ModuleNotFoundError as error:
        bar.say(f"codelength: {record.result.name}: {error}")
        return
    if figure is not None:
        for kind, path in paths.items():
            path.write_bytes(image(figure, kind))


def _show(records: Sequence[Record], folder: Path) -> None:
    from codelength.cli.files import printable
    from codelength.report.experiments import sections
    from codelength.report.tables import Column, Table

    for record in records:
        for section in sections(record):
            parts = [section.table.to_text() if section.table else "", section.note, section.text]
            text = "\n\n".join(part for part in (section.title, *parts) if part)
            click.echo("\n".join(printable(line) for line in text.split("\n")) + "\n")
        read = ", read from an earlier run" if record.was_read else ""
        path = folder / (record.result.name + ".json")
        click.echo(f"Record: {path} ({record.seconds:.0f} s{read})\n")
    if len(records) > 1:
        columns = (Column("Experiment", is_number=False), Column("Verdict", is_number=False))
        rows = tuple((record.result.name, record.result.verdict.value) for record in records)
        click.echo(Table(columns, rows).to_text())


class _Bar:
    """How far the work is, on standard error where somebody watches."""

    def __init__(self, n_experiments: int) -> None:
        self._n = n_experiments
        self._n_done = 0
        self._shares: dict[str, float] = {}
        """Of those at work."""
        self._bar: Any = None

    def __enter__(self) -> _Bar:
        from codelength.cli.messages import Messages

        if Messages("codelength", 2).is_terminal():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("", total=float(self._n))
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, name: str, words: str, share: float) -> None:
        """What an experiment is doing, and the share of it that is behind it."""
        self._shares[name] = share
        self._show(f"{name}: {words}" if words else name)

    def end(self, name: str) -> None:
        """An experiment has ended."""
        self._shares.pop(name, None)
        self._n_done += 1
        self._show(name)

    def _show(self, text: str) -> None:
        if self._bar is not None:
            from rich.markup import escape

            n_done = self._n_done + sum(self._shares.values())
            self._bar.update(self._task, completed=n_done, description=escape(text[:60]))

    def say(self, line: str) -> None:
        """A line on standard error."""
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            click.echo(line, err=True)
