"""An `Exhibit` in the terminal: sizes, a legend, and the document in the colours of its bits.

Where there are no colours, in a pipe or under NO_COLOR, the numbers at the left edge stay.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, NamedTuple

import numpy as np
from rich.console import Console
from rich.text import Text

from codelength.predictors.lengths import SymbolLengths
from codelength.report.exhibit import Column, Exhibit, share_of_half
from codelength.report.palette import Tint, level, surprisals
from codelength.report.visible import characters, safe_line

__all__ = ["Cell", "cells", "show"]

_LEGEND_BITS = (0, 0.25, 1, 2, 4, 8, 12, 16)
_BYTES_IN_LINE = 16


class Cell(NamedTuple):
    """The fewest characters that begin and end where symbols do."""

    start: int
    """Offset of its first byte."""
    end: int
    """Offset behind its last byte."""
    shown: str
    """As `visible.characters` shows it."""
    length_bits: float
    """What its symbols cost together."""


def cells(data: bytes, lengths: SymbolLengths) -> Iterator[Cell]:
    """The document as text, cell by cell. The lengths of all cells add up to that of the document."""
    lengths_bits = lengths.lengths_bits.tolist()
    numbers = np.searchsorted(lengths.ends, np.arange(len(data) + 1), side="right")  # symbols that have ended
    is_boundary = np.zeros(len(data) + 1, np.bool_)
    is_boundary[lengths.ends] = True
    start, shown = 0, ""
    for character in characters(data):
        shown += character.shown
        if is_boundary[character.end]:
            length_bits = sum(lengths_bits[numbers[start] : numbers[character.end]])
            yield Cell(start, character.end, shown, length_bits)
            start, shown = character.end, ""


def show(exhibit: Exhibit, file: IO[str]) -> None:
    """Write the whole exhibit, one predictor after the other.

    Raises BrokenPipeError if whoever reads has gone.
    """
    console = _Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=True)
    tints = surprisals(_theme())
    console.print(Text(f"{safe_line(exhibit.name)}: {len(exhibit.data):,} bytes", "bold"))
    _show_sizes(console, exhibit)
    if console.color_system is not None:
        console.print(_legend(tints))
    for column in exhibit.columns:
        share = 100 * share_of_half(column.lengths)
        half = f"half of the bits in {share:.{0 if share >= 10 else 1}f} % of the symbols"
        console.print(Text(f"\n{safe_line(column.name)}: {half}", "bold"))
        lines = _hex_lines if exhibit.as_hex else _text_lines
        for line in lines(exhibit.data, column, tints):
            console.print(line)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise it, as it is the command's to say how it ends."""
        raise


def _show_sizes(console: Console, exhibit: Exhibit) -> None:
    n_bytes = len(exhibit.data)
    sizes = [(safe_line(column.name), column.lengths.length_bits / 8) for column in exhibit.columns]
    sizes += [(rival.name, float(rival.sizes_bytes[-1])) for rival in exhibit.rivals]
    sizes.sort(key=lambda size: size[1])
    width = max(len(name) for name, _ in sizes)
    own = {safe_line(column.name) for column in exhibit.columns}
    for name, size in sizes:
        count = f"{math.ceil(size):,}" if math.isfinite(size) else "∞"
        row = (
            f"  {name:{width}}  {count:>12} bytes  {8 * size / n_bytes:7.3f} bits/byte  {size / n_bytes:7.1%}"
        )
        console.print(Text(row, "bold" if name in own else ""))


def _legend(tints: list[Tint]) -> Text:
    legend = Text("  bits ")
    for bits in _LEGEND_BITS:
        legend.append(f" {'¼' if bits == 0.25 else bits} ", _style(bits, tints))
    return legend


def _text_lines(data: bytes, column: Column, tints: list[Tint]) -> Iterator[Text]:
    """Lines of the document, each behind what it cost. A cell over several lines is paid for in its first."""
    pieces: list[tuple[str, str]] = []
    length_bits = 0.0
    for cell in cells(data, column.lengths):
        length_bits += cell.length_bits
        style = _style(cell.length_bits, tints)
        first, *more = cell.shown.split("\n")
        pieces.append((first, style))
        for text in more:
            yield _line(f"{length_bits:8.1f} │ ", pieces)
            pieces, length_bits = [(text, style)] if text else [], 0.0
    if pieces:
        yield _line(f"{length_bits:8.1f} │ ", pieces)


def _hex_lines(data: bytes, column: Column, tints: list[Tint]) -> Iterator[Text]:
    """Sixteen bytes a line, each in the colour of its symbol, behind their offset and what the line cost."""
    per_byte = column.lengths.per_byte()
    spans = np.diff(column.lengths.ends, prepend=0)
    of_symbol = np.repeat(column.lengths.lengths_bits, spans).tolist()
    starts = [*range(0, len(data), _BYTES_IN_LINE), len(data)]
    for start, end in pairwise(starts):
        styles = [_style(bits, tints) for bits in of_symbol[start:end]]
        pieces: list[tuple[str, str]] = []
        for byte, style in zip(data[start:end], styles, strict=True):
            pieces += [(f"{byte:02x}", style), (" ", "")]
        pieces.append(("   " * (_BYTES_IN_LINE - (end - start)) + " ", ""))
        for byte, style in zip(data[start:end], styles, strict=True):
            pieces.append((chr(byte) if 0x20 <= byte < 0x7F else "·", style))
        yield _line(f"{start:08x} {per_byte[start:end].sum():8.1f} │ ", pieces)


def _line(edge: str, pieces: list[tuple[str, str]]) -> Text:
    """One line; neighbours of one style become one span."""
    line = Text(edge, end="\n")
    merged: list[tuple[str, str]] = []
    for text, style in pieces:
        if merged and merged[-1][1] == style:
            merged[-1] = (merged[-1][0] + text, style)
        else:
            merged.append((text, style))
    for text, style in merged:
        line.append(text, style)
    return line


def _style(length_bits: float, tints: list[Tint]) -> str:
    """Of rich; level 0 has the terminal's own colours."""
    i = level(length_bits)
    return f"{tints[i].text} on {tints[i].background}" if i else ""


def _theme() -> str:
    """Of the terminal, where it says so: COLORFGBG is "foreground;background", 7 and 15 being white."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if background in ("7", "15") else "dark"
