"""The self-contained page of an `Exhibit`: template, style, scripts and data joined into one HTML file.

The page may load nothing and connect to nothing: its content security policy allows the one style and the one
script that are in it, by their hashes. The document and all arrays are base64, names are escaped, so that no
content can end an element or begin one.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from dataclasses import asdict
from importlib.resources import files

import numpy as np

from codelength.report.exhibit import Column, Exhibit, in_context, running_bytes, share_of_half
from codelength.report.packing import (
    LENGTH_UNITS_PER_BIT,
    MOST_GUESS_BITS,
    Packed,
    pack_bytes,
    pack_guesses,
    pack_integers,
    quantise_lengths,
)
from codelength.report.palette import EXPONENT, FULL_BITS, LAST_LEVEL, differences, surprisals
from codelength.report.visible import safe_line

__all__ = ["build"]

_SCHEMA = "codelength.view"
_SCHEMA_VERSION = 1

_SCRIPTS = ("decode.js", "model.js", "paint.js", "text.js", "panel.js", "charts.js", "start.js")
"""In this order they are one script: each may use what those before it define."""


def build(exhibit: Exhibit) -> str:
    """The whole page, UTF-8 when it is written, ASCII but for names and the page's own words."""
    style = _resource("style.css") + _palette()
    script = '"use strict";\n(() => {\n' + "".join(map(_resource, _SCRIPTS)) + "})();\n"
    for source, end in ((style, "</style"), (script, "</script")):
        if end in source.lower():
            raise AssertionError(f"a resource of the page contains {end}")
    blobs: list[str] = []
    facts = _json(_facts(exhibit), blobs)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "TITLE": html.escape(f"{safe_line(exhibit.name)}: where the bits go"),
        "NAME": html.escape(safe_line(exhibit.name)),
        "POLICY": policy,
        "STYLE": style,
        "FACTS": facts,
        "BLOBS": "\n".join(
            f'<script type="application/octet-stream" id="blob-{i}">{blob}</script>'
            for i, blob in enumerate(blobs)
        ),
        "SCRIPT": script,
    }
    # One pass over the template, so that nothing that is put in is searched again.
    first, *rest = _resource("page.html").split("{{")
    page = [first]
    for piece in rest:
        name, _, after = piece.partition("}}")
        page += [parts[name], after]
    return "".join(page)


def _facts(exhibit: Exhibit) -> dict[str, object]:
    points = exhibit.points_bytes
    return {
        "schema": _SCHEMA,
        "schema_version": _SCHEMA_VERSION,
        "name": safe_line(exhibit.name),
        "n_bytes": len(exhibit.data),
        "sha256": hashlib.sha256(exhibit.data).hexdigest(),
        "as_hex": exhibit.as_hex,
        "made": exhibit.facts,
        "scale": {
            "last_level": LAST_LEVEL,
            "full_bits": FULL_BITS,
            "exponent": EXPONENT,
            "units_per_bit": LENGTH_UNITS_PER_BIT,
            "most_guess_bits": MOST_GUESS_BITS,
        },
        "data": pack_bytes(exhibit.data),
        "points_bytes": points.tolist(),
        "columns": [_column(column, exhibit) for column in exhibit.columns],
        "rivals": [
            {"name": rival.name, "sizes_bytes": rival.sizes_bytes.tolist()} for rival in exhibit.rivals
        ],
    }


def _column(column: Column, exhibit: Exhibit) -> dict[str, object]:
    lengths = column.lengths
    n_symbols = len(lengths.lengths_bits)
    positions, rates_bpb = in_context(lengths)
    is_of_bytes = n_symbols == lengths.n_bytes
    spans = None if is_of_bytes else pack_integers(np.diff(lengths.ends, prepend=0))
    return {
        "name": safe_line(column.name),
        "length_bits": _finite(lengths.length_bits),
        "n_symbols": n_symbols,
        "share_of_half": share_of_half(lengths),
        "lengths": pack_integers(quantise_lengths(lengths.lengths_bits)),
        "spans": spans,
        "ranks": None if lengths.ranks is None else pack_integers(lengths.ranks),
        "guesses": pack_guesses(lengths),
        "running_bytes": [
            _finite(value, 2) for value in running_bytes(lengths, exhibit.points_bytes).tolist()
        ],
        "curve": {
            "positions": [round(value, 2) for value in positions.tolist()],
            "rates_bpb": [_finite(value, 4) for value in rates_bpb.tolist()],
        },
    }


def _finite(value: float, digits: int = 3) -> float | None:
    """JSON has no infinity."""
    return round(value, digits) if np.isfinite(value) else None


def _json(tree: object, blobs: list[str]) -> str:
    """JSON that can stand in a script element; every `Packed` goes to `blobs` and leaves its number."""

    def packed(value: object) -> object:
        if not isinstance(value, Packed):
            raise TypeError(f"cannot write {type(value).__name__}")
        blobs.append(value.base64)
        return {"blob": len(blobs) - 1} | {k: v for k, v in asdict(value).items() if k != "base64"}

    return json.dumps(tree, default=packed, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _palette() -> str:
    """The tints of `palette` as classes: t1 .. t24 of bits, m24 .. m1 and p1 .. p24 of differences."""
    rules = []
    for prefix, scale, first in (("t", surprisals, 0), ("", differences, -LAST_LEVEL)):
        for i, (light, dark) in enumerate(zip(scale("light"), scale("dark"), strict=True), first):
            name = prefix + str(i) if prefix else f"p{i}" if i > 0 else f"m{-i}"
            background = f"background-color: light-dark({light.background}, {dark.background})"
            if i:
                rules.append(f".{name} {{ {background}; color: light-dark({light.text}, {dark.text}); }}\n")
    return "".join(rules)


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")


def _resource(name: str) -> str:
    return files("codelength.report").joinpath("page", name).read_text(encoding="utf-8")
