"""The exhibit in the terminal."""

from __future__ import annotations

import io
import math
import re

import numpy as np
import pytest

from codelength.predictors.counting import KT
from codelength.predictors.forecasts import forecast
from codelength.predictors.lengths import SymbolLengths
from codelength.report.exhibit import Column, Exhibit
from codelength.report.rivals import points, rivals
from codelength.report.view import cells, show

TEXT = "Grüße\n\tan alle\r\n\x1b[31mrot\u202e \x00\n\nende".encode()


def shown(data: bytes, *columns: Column, as_hex: bool = False) -> str:
    columns = columns or (Column("kt:1", forecast(data, KT(1))),)
    out = io.StringIO()
    show(Exhibit("a\x1b.txt", data, columns, points(len(data)), rivals(data, points(len(data))), as_hex), out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLORFGBG", "TTY_COMPATIBLE", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


def test_pipe() -> None:
    """No escape sequence, neither ours nor the document's; every line behind what it cost, tabs as spaces."""
    text = shown(TEXT)
    assert "\x1b" not in text
    assert text.startswith("a\\x1b.txt: ")
    rows = re.findall(r"^ *([\d.]+) │ (.*)$", text, re.MULTILINE)
    assert [row[1] for row in rows] == [
        "Grüße↵",
        "     an alle\\r↵",
        "\\x1b[31mrot⟨U+202E⟩ \\x00↵",
        "↵",
        "ende",
    ]
    assert sum(float(row[0]) for row in rows) == pytest.approx(forecast(TEXT, KT(1)).length_bits, abs=0.3)


def test_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    dark = shown(TEXT)
    assert "\x1b[38;2;" in dark
    assert "bits" in dark
    monkeypatch.setenv("COLORFGBG", "0;15")
    light = shown(TEXT)
    assert light != dark
    plain = re.sub(r"\x1b\[[\d;]*m", "", light)
    assert "\x1b" not in plain
    assert plain == re.sub(r"\x1b\[[\d;]*m", "", dark)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "48;2" not in shown(TEXT)


def test_hex() -> None:
    data = bytes(range(40))
    rows = [line for line in shown(data, as_hex=True).splitlines() if "│" in line]
    assert rows[0].startswith("00000000 ")
    assert rows[0].endswith("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f  ················")
    assert rows[2].startswith("00000020 ")
    assert rows[2].endswith(" !\"#$%&'")


def test_columns_one_after_the_other() -> None:
    lengths = SymbolLengths.of_bytes(np.full(len(TEXT), 1.0))
    text = shown(TEXT, Column("one", lengths), Column("two", lengths))
    assert text.count("Grüße↵") == 2
    assert text.index("\none:") < text.index("\ntwo:")


def test_cells() -> None:
    """Characters and symbols that overlap become one cell; nothing is lost."""
    data = "aü字b".encode()  # 1 + 2 + 3 + 1 bytes
    ends = np.array([2, 4, 6, 7])
    lengths = SymbolLengths(np.array([1.0, 2.0, 4.0, 8.0]), ends, len(data))
    assert list(cells(data, lengths)) == [(0, 6, "aü字", 7.0), (6, 7, "b", 8.0)]
    of_bytes = SymbolLengths.of_bytes(np.arange(7.0))
    assert [cell.length_bits for cell in cells(data, of_bytes)] == [0.0, 3.0, 12.0, 6.0]


def test_cells_add_up() -> None:
    data = np.random.default_rng(5).bytes(3000)
    lengths = forecast(data, KT(0))
    found = list(cells(data, lengths))
    assert math.fsum(cell.length_bits for cell in found) == pytest.approx(lengths.length_bits)
    assert [cell.start for cell in found[1:]] == [cell.end for cell in found[:-1]]


def test_infinite_lengths() -> None:
    text = shown(b"ab", Column("one", SymbolLengths.of_bytes(np.array([1.0, np.inf]))))
    assert "∞ bytes" in text
    lengths = SymbolLengths.of_bytes(np.array([1.0, np.inf, 2.0]))
    assert [cell.length_bits for cell in cells(b"abc", lengths)] == [1.0, math.inf, 2.0]
