"""A report: tables and figures with what made them, as Markdown, CSV or one page of HTML."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codelength.measure.measurement import Measurement
from codelength.measure.records import Records
from codelength.measure.summary import Summary
from codelength.report.figures import Figure, image
from codelength.report.tables import Table

__all__ = ["Report", "Section", "summaries_of"]


@dataclass(frozen=True, slots=True)
class Section:
    """A title, a table or a figure or both, and words below them."""

    title: str
    table: Table | None = None
    figure: Figure | None = None
    note: str = ""
    text: str = ""
    """To look at as it stands, every line a line."""


@dataclass(frozen=True, slots=True)
class Report:
    """Sections, and the runs that their figures come from."""

    title: str
    sections: tuple[Section, ...]
    runs: tuple[Mapping[str, Any], ...] = ()

    def to_text(self) -> str:
        """Tables for a terminal."""
        parts = []
        for section in self.sections:
            if section.table is not None:
                parts.append(section.title)
                parts.append(section.table.to_text())
            if section.note:
                parts.append(section.note)
            if section.text:
                parts += [section.title, section.text]
        return "\n\n".join(parts)

    def to_markdown(self) -> str:
        """Tables and notes; figures are files of their own."""
        parts = [f"# {self.title}"]
        for section in self.sections:
            if section.table is not None:
                parts.append(f"## {section.title}")
                parts.append(section.table.to_markdown())
            if section.note:
                parts.append(section.note)
            if section.text:
                parts += [f"## {section.title}", f"```text\n{section.text}\n```"]
        parts += [f"Made by `{command}`" for command in self._commands()]
        return "\n\n".join(parts) + "\n"

    def to_csv(self) -> str:
        """The tables one below the other, each under its titles, with an empty line between."""
        return "\n\n".join(s.table.to_csv() for s in self.sections if s.table is not None) + "\n"

    def to_html(self) -> str:
        """One page that loads nothing: tables, and figures as SVG inside."""
        body = [f"<h1>{html.escape(self.title)}</h1>"]
        for section in self.sections:
            body.append(f"<h2>{html.escape(section.title)}</h2>")
            if section.table is not None:
                body.append(f'<div class="wide">{section.table.to_html()}</div>')
            if section.figure is not None:
                body.append(f"<figure>{_svg(section.figure)}</figure>")
            if section.note:
                body.append(f"<p>{html.escape(section.note)}</p>")
            if section.text:
                body.append(f"<pre>{html.escape(section.text)}</pre>")
        body.append("<h2>Made by</h2>")
        body += [f"<p><code>{html.escape(command)}</code></p>" for command in self._commands()]
        if self.runs:
            facts = json.dumps(list(self.runs), indent=1, ensure_ascii=False)
            body.append(
                f"<details><summary>Versions and machines</summary><pre>{html.escape(facts)}</pre></details>"
            )
        return _PAGE.format(title=html.escape(self.title), body="\n".join(body))

    def figures(self) -> list[Figure]:
        """Every figure, in order."""
        return [section.figure for section in self.sections if section.figure is not None]

    def _commands(self) -> list[str]:
        import shlex

        return list(dict.fromkeys(shlex.join(run.get("command", [])) for run in self.runs))


def summaries_of(files: Iterable[Records]) -> list[Summary]:
    """One summary for each data set, predictor and way of measuring in some records, as they first occur.

    A document that stands there twice counts once, as it was measured last. Where one predictor was used in
    several ways on the same data, what differs is added to its name.
    """
    groups: dict[tuple[str, str, str], dict[tuple[str, str], Measurement]] = {}
    for records in files:
        for measurement in records.measurements:
            way = json.dumps(dict(measurement.settings), sort_keys=True)
            group = groups.setdefault((measurement.data, measurement.predictor, way), {})
            group[measurement.document, measurement.sha256] = measurement
    ways: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for data, predictor, way in groups:
        ways.setdefault((data, predictor), []).append(json.loads(way))
    summaries = []
    for (data, predictor, way), group in groups.items():
        name = predictor + _what_differs(json.loads(way), ways[data, predictor])
        summaries.append(replace(Summary.of(group.values()), predictor=name))
    return summaries


def _what_differs(way: Mapping[str, Any], ways: Sequence[Mapping[str, Any]]) -> str:
    differing = [key for key in way if len({json.dumps(other.get(key)) for other in ways}) > 1]
    parts = [f"{key.removesuffix('_bytes')} {'whole' if way[key] is None else way[key]}" for key in differing]
    return f" ({', '.join(parts)})" if parts else ""


def _svg(figure: Figure) -> str:
    text = image(figure, "svg").decode()
    return text[text.index("<svg") :]


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  color: #202020; background: #fff; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; padding: .25rem .75rem; border-bottom: 1px solid #ddd; white-space: nowrap; }}
.number {{ text-align: right; }}
figure {{ margin: 1.5rem 0; }}
svg {{ max-width: 100%; height: auto; }}
code, pre {{ font-size: .85rem; overflow-wrap: anywhere; white-space: pre-wrap; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
