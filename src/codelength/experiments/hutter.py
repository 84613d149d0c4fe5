"""The rule of the Hutter prize: what counts is the archive and the program that decodes it, S = A + P.

A text is compressed at several levels, decoded again and compared. The program is the reference decoder,
plain Python without its comments, as a zip archive that Python runs, with the dictionary and, where the level
uses it, the network. It is run on a piece, alone, and what that takes of time and memory is told. Whoever
brings knowledge along pays for it once: from some size on that is worth it, and below not. The prize is for
enwik9, 10^9 bytes; on less, S says how much the program weighs, and the archive alone how good the prediction
is.

Source: M. Hutter, prize.hutter1.net; the rules there, with their limits on time and memory.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tempfile
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import codelength
from codelength.codec.networks import default_network
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import MissingInputError, Task, text_of
from codelength.measure import meters

__all__ = ["LADDER", "break_even_bytes", "minified", "program", "run"]

LADDER = {
    "phda9 v1.8, 2019 (the baseline)": 116_673_681,
    "starlit, 2021": 115_352_938,
    "fast cmix, 2023": 114_156_155,
    "fx-cmix, 2024": 112_578_322,
    "fx2-cmix, 2024": 110_793_128,
}
"""S in bytes of the records on enwik9, as the prize's page lists them up to September 2024."""
_ENWIK9_BYTES = 10**9
_LIMIT_HOURS, _LIMIT_BYTES = 70_000 / 1427, 10 * 10**9
"""The rules: 70,000 / T hours, T the Geekbench 5 score, 1427 for the prize's Windows machine; 10 GB."""
_START = """import sys,tempfile as t,zipfile
with t.TemporaryDirectory() as f:
 zipfile.ZipFile(sys.path[0]).extractall(f);sys.path[0]=f
 import decoder;c=decoder.main()
sys.exit(c)
"""
"""Of the program: it unpacks itself, as the decoder reads the dictionary from beside its modules."""
_RECORD = LADDER["fx2-cmix, 2024"] * 8 / _ENWIK9_BYTES


def run(task: Task) -> Result:
    """Compress, weigh the program, add up."""
    text, facts = text_of(task, task.pick(6000, 1_000_000, _ENWIK9_BYTES))
    names = ("clz:4", "xz") if task.size == "tiny" else ("clz:4", "clz:9", "xz", "bz2", "gzip")
    task.n_parts = len(names) + 1
    rows = {name: task.once(name, partial(_measure, name, text)) for name in names}
    decoder = task.once("decoder", partial(_decoder, text[: task.pick(300, 2000, 2000)]))
    weights = len(default_network().data)
    quantities, totals = [], {}
    for name, row in rows.items():
        rate = 8 * row["archive"] / len(text)
        quantities.append(Quantity(f"{name}: archive", "bits/byte", rate, note=f"{row['archive']:,} bytes"))
        if name.startswith("clz"):
            is_networked = name == "clz:9"
            totals[name] = row["archive"] + decoder["bytes"] + (weights if is_networked else 0)
            rate_s = 8 * totals[name] / len(text)
            quantities.append(
                Quantity(f"{name}: S = archive + program", "bits/byte", rate_s, published=round(_RECORD, 4),
                         source="fx2-cmix on enwik9, prize.hutter1.net", note=f"{totals[name]:,} bytes")
            )  # fmt: skip
            hours = row["seconds"] / len(text) * _ENWIK9_BYTES / 3600
            quantities.append(
                Quantity(f"{name}: hours for 10^9 bytes, there and back", "h", hours,
                         published=round(_LIMIT_HOURS, 1), source="limit each way, on the prize's machine")
            )  # fmt: skip
    quantities.append(
        Quantity("decoder: zip archive of Python, with the dictionary", "bytes", decoder["bytes"],
                 note="decodes a piece" if decoder["decodes"] else "DOES NOT DECODE")
    )  # fmt: skip
    quantities += [
        Quantity("decoder: time for a piece, its start included", "s", decoder["seconds"],
                 note=f"{decoder['piece']:,} bytes, in plain Python"),
        Quantity("decoder: memory", "bytes", decoder["memory"], published=_LIMIT_BYTES,
                 source="the rule's limit"),
        Quantity("network", "bytes", weights),
    ]  # fmt: skip
    if "clz:9" in rows:
        even = break_even_bytes(rows["clz:4"]["archive"], rows["clz:9"]["archive"], weights, len(text))
        note = (
            "from this size on the network is worth its weight" if even else "it saves nothing on this text"
        )
        quantities.append(Quantity("break-even of the network", "bytes", even, note=note))
    peak = max(row["memory"] for row in rows.values())
    quantities.append(
        Quantity(
            "memory, this process with its data",
            "bytes",
            peak,
            published=_LIMIT_BYTES,
            source="the rule's limit",
        )
    )
    quantities += [
        Quantity(f"record: {name}", "bytes", None, published=size, source="enwik9, prize.hutter1.net")
        for name, size in LADDER.items()
    ]
    best = min(totals, key=lambda name: totals[name])
    rate = 8 * totals[best] / len(text)
    return Result(
        task.name,
        "archive plus program comes near the record of the prize",
        "Hutter 2006; records on prize.hutter1.net",
        Verdict.HOLDS if rate <= _RECORD else Verdict.IN_PART if rate <= 1.1 * _RECORD else Verdict.FAILS,
        f"on {len(text):,} bytes the smallest S is {totals[best]:,} bytes ({best}), {rate:.3f} bits a byte "
        f"against {_RECORD:.3f} for the record on the whole of enwik9; no archive is an estimate, all were "
        "decoded and compared",
        tuple(quantities),
        (_panel(rows, decoder["bytes"], weights, len(text)),),
        facts=facts | {"network": default_network().hash.hex()},
    )


def break_even_bytes(plain: int, networked: int, weights: int, n_bytes: int) -> float | None:
    """How long a text of this kind must be for the network to pay for itself; None if it never does.

    Archives of `n_bytes` bytes without and with it; the saving is taken to grow in proportion.
    """
    saving = (plain - networked) / n_bytes
    return weights / saving if saving > 0 else None


def _measure(name: str, text: bytes) -> dict[str, Any]:
    started = time.perf_counter()
    measurement = meters.get(name).measure(text)  # coded, decoded again and compared
    return {
        "archive": round(measurement.length_bits / 8),
        "seconds": time.perf_counter() - started,
        "memory": measurement.peak_memory_bytes,
    }


def minified(source: str) -> str:
    """Python without comments, docstrings and annotations of layout: what the program needs of it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            body = [
                s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
            ]
            node.body = body or [ast.Pass()]
    return ast.unparse(tree)


def program(folder: Path) -> bytes:
    """The reference decoder of a folder as one zip archive that Python runs: `python program.pyz FILE`."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(folder.iterdir()):
            if path.suffix == ".py" and not path.name.startswith("make_"):
                archive.writestr(zipfile.ZipInfo(path.name), minified(path.read_text("utf-8")), 8, 9)
            elif path.suffix == ".txt":
                archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), 8, 9)
        archive.writestr(zipfile.ZipInfo("__main__.py"), _START, 8, 9)
    return sink.getvalue()


def _reference() -> Path:
    """The reference decoder: of the source that the package runs from, or that one stands in."""
    for root in (Path(codelength.__file__).resolve().parents[2], Path.cwd()):
        if (root / "reference" / "decoder.py").is_file():
            return root / "reference"
    raise MissingInputError("hutter weighs the reference decoder, which comes with the source: run it there")


_WATCH = """import subprocess,sys
code=subprocess.call(sys.argv[1:])
try:
 import resource
 n=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
 sys.stderr.write(str(n if sys.platform=="darwin" else 1024*n))
except ImportError:
 pass
sys.exit(code)
"""
"""Runs a command and says on standard error how much memory it took at most, where that can be told."""


def _decoder(piece: bytes) -> dict[str, Any]:
    """The size of the program, whether it decodes a piece of the text, and what that takes."""
    packed = program(_reference())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.pyz").write_bytes(packed)
        (Path(folder) / "piece.clz").write_bytes(codelength.compress(piece, level=4))
        # alone in a folder and without this process's paths: nothing but the program is there to decode
        command = [sys.executable, "-c", _WATCH, sys.executable, "-I", "program.pyz", "piece.clz"]
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False, cwd=folder, timeout=600)
        seconds = time.perf_counter() - started
    memory = int(done.stderr) if done.stderr.isdigit() else None
    return {"bytes": len(packed), "decodes": done.returncode == 0 and done.stdout == piece,
            "piece": len(piece), "seconds": seconds, "memory": memory}  # fmt: skip


def _panel(rows: dict[str, Any], decoder: int, weights: int, n: int) -> Panel:
    names = tuple(rows)
    places = tuple(float(i) for i in range(len(names)))
    archives = tuple(8 * rows[name]["archive"] / n for name in names)
    programs = {"clz:4": decoder, "clz:9": decoder + weights}
    totals = tuple(8 * (rows[name]["archive"] + programs.get(name, 0)) / n for name in names)
    return Panel(
        "Archive, and archive plus program (not counted for xz, bz2, gzip)",
        "",
        "bits a byte",
        (
            Series("archive", places, archives, "bars"),
            Series("S", places, totals, "bars"),
            Series("record on enwik9", (places[0] - 0.5, places[-1] + 0.5), (_RECORD, _RECORD), "dashes"),
        ),
        y_scale="log",
        x_ticks=names,
    )
