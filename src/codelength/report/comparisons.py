"""Reports of comparisons: tables and figures of predictors side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codelength.measure.comparison import Difference, compare
from codelength.measure.fits import Fit
from codelength.measure.presets import Row
from codelength.measure.summary import Summary
from codelength.report.document import Section
from codelength.report.figures import fits_figure, rates_figure, table1_figure
from codelength.report.tables import Column, Table, Value, four, percent, points, whole

__all__ = ["comparison_sections", "differences_section", "fits_section", "table1_section"]


def comparison_sections(
    data: Mapping[str, Sequence[Summary]], *, rate: str = "bpb", with_figures: bool = False, seed: int = 0
) -> list[Section]:
    """A matrix of rates, predictors by data, and the differences to the first predictor, data by data.

    `rate` is "bpb" or "bpc", bits per byte or per character.
    """
    unit = {"bpb": "bits per byte", "bpc": "bits per character"}[rate]
    names = list(dict.fromkeys(s.predictor for summaries in data.values() for s in summaries))
    rates = {(kind, s.predictor): getattr(s, f"rate_{rate}") for kind, ss in data.items() for s in ss}
    matrix = Table(
        (Column("Predictor", is_number=False), *(Column(kind, four) for kind in data)),
        tuple((name, *(rates.get((kind, name)) for kind in data)) for name in names),
    )
    figures: list[Any] = [rates_figure(summaries, seed=seed) for summaries in data.values() if with_figures]
    sections = [Section(unit.capitalize(), matrix)]
    differences = differences_section(data, seed=seed)
    if differences is not None:
        sections.append(differences)
    sections += [Section(kind, figure=figure) for kind, figure in zip(data, figures, strict=False)]
    return sections


def differences_section(data: Mapping[str, Sequence[Summary]], *, seed: int = 0) -> Section | None:
    """Each predictor less the first one, on documents that both have measured as the same bytes.

    None if there is nothing to compare.
    """
    rows = []
    for kind, summaries in data.items():
        for summary in summaries[1:]:
            try:
                rows.append(_difference(kind, compare(summary, summaries[0], seed=seed)))
            except ValueError:  # nothing in common
                continue
    if not rows:
        return None
    columns = (
        Column("Data", is_number=False),
        Column("Predictor", is_number=False),
        Column("less", is_number=False),
        Column("Documents", whole),
        Column("bits/byte", four),
        Column("from", four),
        Column("to", four),
        Column("sure", is_number=False),
    )
    note = "Differences are paired by document; from and to are their 95 % interval over documents."
    return Section("Differences in bits per byte", Table(columns, tuple(rows)), note=note)


def _difference(kind: str, difference: Difference) -> tuple[Value, ...]:
    interval = difference.interval
    return (
        kind,
        difference.predictor,
        difference.baseline,
        difference.n_documents,
        difference.rate_bpb,
        interval.low if interval else None,
        interval.high if interval else None,
        None if interval is None else "yes" if difference.is_sure else "no",
    )


def fits_section(fits: Mapping[str, Fit], *, rate_name: str, with_figure: bool = False) -> Section:
    """Score against rate, area by area."""
    columns = (
        Column("Area", is_number=False),
        Column("Models", whole),
        Column("Pearson r", points),
        Column("Spearman r", points),
        Column("RMSE", points),
        Column("RMSE, one left out", points),
        Column("slope", points),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            area or "scores",
            sum(point.is_fitted for point in fit.points),
            fit.pearson_r,
            fit.rank_r,
            fit.rmse,
            fit.rmse_left_out,
            fit.slope,
        )
        for area, fit in fits.items()
    )
    left_out = [point.name for fit in fits.values() for point in fit.points if not point.is_fitted]
    note = f"Scores are shares of 1; rates are in {rate_name}."
    if left_out:
        note += f" Not part of the line: {', '.join(left_out)}."
    figure = fits_figure(fits, rate_name) if with_figure else None
    return Section("Code length and scores", Table(columns, rows), figure, note)


def table1_section(rows: Sequence[Row], *, with_figure: bool = False) -> Section:
    """The table of "Language modeling is compression", ours beside the published."""
    columns = (
        Column("Data", is_number=False),
        Column("Predictor", is_number=False),
        Column("Length", is_number=False),
        Column("Chunks", whole),
        Column("Ours", percent),
        Column("one header", percent),
        Column("published", percent),
        Column("points apart", points),
        Column("adjusted", percent),
        Column("whole", percent),
        Column("published", percent),
    )
    table = Table(
        columns,
        tuple(
            (
                row.data,
                row.predictor,
                "coded" if row.is_coded else "estimate",
                row.n_chunks,
                row.rate,
                row.rate_one_header,
                row.published_chunked,
                row.distance,
                row.rate_adjusted,
                row.rate_whole,
                row.published_whole,
            )
            for row in rows
        ),
    )
    note = (
        "Share of the raw size, in chunks of 2048 bytes. Ours counts the header of every chunk, one header "
        "that of the first alone, as the paper does. Published: Delétang et al. 2024, table 1, of 1 GB each. "
        "Whole: all chunks at once."
    )
    return Section(
        "Language modeling is compression", table, table1_figure(rows) if with_figure else None, note
    )
