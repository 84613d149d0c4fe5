"""`codelength compare`: predictors side by side, on data and against scores."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codelength.cli.measure import (
    Progress,
    choose_engine,
    end,
    engine_options,
    find_documents,
    model_options,
    parse_predictors,
)
from codelength.cli.report import check_folder, outputs, write

if TYPE_CHECKING:
    from codelength.measure.records import Records
    from codelength.measure.runs import Result
    from codelength.measure.shards import Plan
    from codelength.report.document import Section

__all__ = ["compare"]

_LMIC, _HUANG = "language-modeling-is-compression", "huang"


@click.command()
@click.argument("predictors", required=False, metavar="[PREDICTOR,PREDICTOR...]")
@click.argument("data", nargs=-1, metavar="[DATA]...")
@click.option("--preset", type=click.Choice([_LMIC, _HUANG]), help="A comparison that was published.")
@click.option(
    "--data", "folder", type=click.Path(exists=True, file_okay=False), metavar="FOLDER",
    help="language-modeling-is-compression: where enwik*, imagenet/ and audio/ are.",
)  # fmt: skip
@click.option(
    "--documents", type=click.IntRange(1), metavar="N", help="The same: at most N pictures, N sounds."
)
@click.option("--text-bytes", type=click.IntRange(2048), metavar="N", help="The same: only N bytes of text.")
@click.option(
    "--against", "score_files", multiple=True, type=click.Path(exists=True, dir_okay=False), metavar="FILE",
    help="Benchmark scores, CSV or results of lm-evaluation-harness, to fit by code length. May be repeated.",
)  # fmt: skip
@click.option("--as", "form", default=None, metavar="FORM", help="As for measure.")
@click.option("--chunk", "chunk_bytes", type=click.IntRange(1), metavar="N", help="As for measure.")
@model_options
@click.option(
    "--rate", type=click.Choice(["bpb", "bpc"]), default=None, help="Per byte, or per character (huang)."
)
@click.option(
    "--out", type=click.Path(dir_okay=False), metavar="FILE",
    help="Keep the record here. What an existing one holds is not measured again.",
)  # fmt: skip
@outputs
@engine_options
def compare(
    predictors: str | None,
    data: tuple[str, ...],
    preset: str | None,
    folder: str | None,
    documents: int | None,
    text_bytes: int | None,
    score_files: tuple[str, ...],
    form: str | None,
    chunk_bytes: int | None,
    context: int | None,
    stride: int | None,
    device: str | None,
    dtype: str | None,
    batch_size: int | None,
    rate: str | None,
    out: str | None,
    html: str | None,
    png: str | None,
    csv: str | None,
    md: str | None,
    jobs: int | None,
    engine: str,
    address: str | None,
    seed: int,
) -> None:
    """PREDICTORs side by side on each DATA, and their differences, paired by document, with intervals.

    The first predictor is the one that the others are compared with. Each DATA (a file, folder, glob, URL) is
    one column.

    --preset language-modeling-is-compression fills table 1 of Delétang et al. 2024 from --data FOLDER, with
    the published figures beside ours. --preset huang measures as Huang et al. 2024 did (windows of 1900
    tokens, 512 new ones each; bits per character) and shows their lines through scores. --against FILE fits
    scores by code length; a file that has rates of its own needs no predictor.
    """
    from codelength.measure.meters import Options
    from codelength.measure.presets import HUANG_CONTEXT, HUANG_STRIDE, LMIC_PREDICTORS
    from codelength.measure.records import Records, facts_of_run

    if preset == _LMIC:
        predictors = predictors or ",".join(LMIC_PREDICTORS)
        if folder is None or data or form or chunk_bytes:
            raise click.UsageError(f"--preset {_LMIC} wants --data FOLDER, and no DATA, --as or --chunk")
    elif folder is not None or documents is not None or text_bytes is not None:
        raise click.UsageError(f"--data, --documents and --text-bytes are for --preset {_LMIC}")
    elif preset is None and not score_files and (predictors is None or not data):
        raise click.UsageError("name PREDICTORs and DATA, or a --preset, or --against FILE")
    if predictors is not None and preset != _LMIC and not data:
        raise click.UsageError("name DATA to measure")
    if preset == _HUANG:
        rate, form = rate or "bpc", form or "text"
        is_windowed = predictors is not None and "hf:" in predictors
        context = context or (HUANG_CONTEXT if is_windowed else None)
        stride = stride or (min(HUANG_STRIDE, context) if is_windowed and context else None)
    options = Options(context, stride, device, dtype, batch_size)
    files = {"--out": out, "--html": html, "--png": png, "--csv": csv, "--md": md}
    for option, path in files.items():
        check_folder(path, option)
    names = parse_predictors(predictors, needs_options=options != Options()) if predictors else []
    try:
        records = Records.at(out)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    facts = facts_of_run(["codelength", *sys.argv[1:]], seed)
    work = _Work(names, options, records, facts, engine, address, jobs)
    with_figures = html is not None or png is not None
    try:
        if preset == _LMIC and folder is not None:
            sections = work.table1(Path(folder), documents, text_bytes, with_figures)
        else:
            sections = work.columns(data, form or "bytes", chunk_bytes, rate or "bpb", with_figures, seed)
            sections += _fits(work, score_files, preset, rate or "bpb", with_figures)
    except ImportError as error:
        raise click.ClickException(str(error)) from error
    from codelength.report.document import Report

    if sections:
        write(Report("Comparison", tuple(sections), (facts,)), html=html, png=png, csv=csv, md=md)
    end(*work.results)


class _Work:
    """What one command line measures, all of it into the same records."""

    def __init__(
        self,
        names: list[str],
        options: Any,
        records: Records,
        facts: dict[str, Any],
        engine: str,
        address: str | None,
        jobs: int | None,
    ) -> None:
        self.names = names
        self.results: list[Result] = []
        self._options = options
        self._records = records
        self._facts = facts
        self._engine, self._address, self._jobs = engine, address, jobs

    def _run(
        self, data: str, names: list[str], documents: Any, form: str, chunk_bytes: int | None = None
    ) -> Result:
        from codelength.measure.preparation import Preparation
        from codelength.measure.runs import run
        from codelength.measure.shards import Plan

        try:
            plan: Plan = Plan(Preparation(form, chunk_bytes), self._options, data=data)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        with Progress(len(names) * len(documents)) as progress:
            result = run(
                names,
                documents,
                plan,
                records=self._records,
                facts=self._facts,
                engine=choose_engine(self._engine, self._address, self._jobs, names, documents),
                on_outcome=progress.advance,
            )
        self.results.append(result)
        return result

    def columns(
        self,
        data: tuple[str, ...],
        form: str,
        chunk_bytes: int | None,
        rate: str,
        with_figures: bool,
        seed: int,
    ) -> list[Section]:
        """Each word of the command line as a column."""
        from codelength.report.comparisons import comparison_sections

        if not self.names:
            return []
        found = {spec: find_documents([spec]) for spec in data}
        measured = {
            spec: self._run(spec, self.names, docs, form, chunk_bytes) for spec, docs in found.items()
        }
        self.by_data = {spec: result.summaries() for spec, result in measured.items() if result.cells}
        if not self.by_data:
            return []
        return comparison_sections(self.by_data, rate=rate, with_figures=with_figures, seed=seed)

    def rates(self, rate: str) -> dict[str, float]:
        """The mean rate of each predictor over the columns."""
        by_name: dict[str, list[float]] = {}
        for summaries in getattr(self, "by_data", {}).values():
            for summary in summaries:
                by_name.setdefault(summary.predictor, []).append(getattr(summary, f"rate_{rate}"))
        return {name: sum(rates) / len(rates) for name, rates in by_name.items()}

    def table1(
        self, folder: Path, n_documents: int | None, n_text_bytes: int | None, with_figures: bool
    ) -> list[Section]:
        """The table of Delétang et al."""
        from codelength.measure.presets import data_sets, rows
        from codelength.report.comparisons import table1_section

        try:
            kinds = data_sets(folder, n_documents, n_text_bytes)
        except FileNotFoundError as error:
            raise click.BadParameter(str(error), param_hint="--data") from error
        table = []
        for kind in kinds:
            chunked = self._run(kind.name, self.names, kind.documents, kind.form)
            whole_name = f"{kind.name}, whole"
            compressors = [name for name in self.names if _is_compressor(name)]
            whole = self._run(whole_name, compressors, [kind.whole()], "bytes") if compressors else None
            table.append((kind, chunked.summaries(), whole.summaries() if whole else []))
        found = rows(table)
        return [table1_section(found, with_figure=with_figures)] if found else []


def _fits(
    work: _Work, score_files: tuple[str, ...], preset: str | None, rate: str, with_figures: bool
) -> list[Section]:
    from codelength.measure.comparison import fits_of
    from codelength.measure.scores import huang2024, read_scores
    from codelength.report.comparisons import fits_section

    unit = {"bpb": "bits per byte", "bpc": "bits per character"}[rate]
    sections = []
    try:
        if score_files:
            fits = fits_of(read_scores(score_files), work.rates(rate))
            sections.append(fits_section(fits, rate_name=unit, with_figure=with_figures))
        if preset == _HUANG:
            section = fits_section(
                fits_of(huang2024()), rate_name="bits per character", with_figure=with_figures
            )
            sections.append(type(section)("Huang et al. 2024", section.table, section.figure, section.note))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    return sections


def _is_compressor(name: str) -> bool:
    return name.partition(":")[0] not in ("network", "mix", "kt", "ctw", "uniform", "hf")
