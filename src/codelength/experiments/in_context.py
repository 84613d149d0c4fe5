"""Compression improves along the context: learning without updates.

The text is cut into documents, each measured from nothing, and the cost of a byte is gathered by its place in
the document. Counting models learn by counting; the network's weights stay as they are, and yet its bytes
become cheaper; compressors are given longer and longer beginnings, and what each doubling adds is counted.

Sources: J. Kaplan et al., "Scaling laws for neural language models", 2020 (loss by
position as a power law); G. Delétang et al., 2024 (compressors in context).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import Task, text_of
from codelength.measure import meters
from codelength.measure.positions import Positions

__all__ = ["positions_of", "run"]

_PREDICTORS = ("kt:1", "kt:2", "ctw:4", "network", "mix", "gzip", "xz")
_EARLY = 4
"""Bin of the positions 8 to 15: the first that has seen a word or two."""


def run(task: Task) -> Result:
    """Measure, bin, fit, compare the last bin with an early one."""
    n_bytes, n_documents = task.pick((256, 4), (4096, 64), (16384, 200))
    text, facts = text_of(task, n_bytes * n_documents)
    documents = [text[i : i + n_bytes] for i in range(0, len(text) - n_bytes + 1, n_bytes)]
    names = task.predictors or (("kt:1", "gzip") if task.size == "tiny" else _PREDICTORS)
    task.n_parts = len(names)
    curves = {name: task.once(name, partial(_measure, name, documents)) for name in names}
    quantities, falls, series = [], {}, []
    for name, rows in curves.items():
        each = [Positions(tuple(row["bits"]), tuple(row["n_bytes"])) for row in rows]
        total = _sum(each)
        gain, low, high = _gain(each, task)
        falls[name] = low > 0
        law = total.power_law()
        note = "" if law is None else f"{law.floor_bits:.3f} + {law.scale_bits:.3f} t^-{law.exponent:.3f}"
        last = f"bytes {total.starts[-1]:,} on"
        quantities.append(
            Quantity(f"{name}: gain, bytes 8-15 to {last}", "bits/byte", gain, low, high, note=note)
        )
        quantities.append(Quantity(f"{name}: rate, {last}", "bits/byte", total.rates_bpb[-1]))
        if law is not None:
            quantities.append(Quantity(f"{name}: exponent of the power law", "1", law.exponent))
        series.append(Series(name, tuple(total.middles), tuple(total.rates_bpb)))
        if law is not None and name == "network":
            series.append(Series("power law", tuple(total.middles), tuple(map(law, total.middles)), "dashes"))
    n_falling = sum(falls.values())
    still = [name for name, is_falling in falls.items() if not is_falling]
    return Result(
        task.name,
        "compression improves along the context, without any update of weights",
        "Kaplan et al. 2020; Delétang et al. 2024",
        Verdict.HOLDS if not still else Verdict.IN_PART if n_falling else Verdict.FAILS,
        f"over {len(documents)} documents of {n_bytes:,} bytes, the last are cheaper than bytes 8 to 15 "
        f"for {n_falling} of {len(falls)} predictors, with a 95 % interval above 0"
        + (f"; not for {', '.join(still)}" if still else ""),
        tuple(quantities),
        (Panel("Cost by place", "byte in the document", "bits a byte", tuple(series), "log2"),),
        facts=facts | {"document_bytes": n_bytes, "n_documents": len(documents)},
    )


def positions_of(meter: meters.Meter, document: bytes) -> Positions:
    """Bits by place; of a compressor from what each doubling of the beginning adds to its output.

    The first byte counts as 8 bits: what is written beside it is the header, and left out.
    """
    if meter.has_symbols:
        lengths = meter.measure(document).lengths
        assert lengths is not None
        return Positions.of(lengths)
    ends = [1 << k for k in range(len(document).bit_length()) if 1 << k < len(document)] + [len(document)]
    totals = [meter.measure(document[:end]).length_bits for end in ends]
    header = totals[0] - 8.0
    bits = np.maximum(np.diff(totals, prepend=header), 0.0).tolist()
    return Positions(tuple(bits), tuple(np.diff(ends, prepend=0).tolist()))


def _measure(name: str, documents: Sequence[bytes]) -> list[dict[str, Any]]:
    meter = meters.get(name)
    found = [positions_of(meter, document) for document in documents]
    return [{"bits": list(p.bits), "n_bytes": list(p.n_bytes)} for p in found]


def _sum(each: Sequence[Positions]) -> Positions:
    total = Positions((), ())
    for positions in each:
        total += positions
    return total


def _gain(each: Sequence[Positions], task: Task) -> tuple[float, float, float]:
    """Early rate less last rate, with its 95 % interval over documents."""

    def gain(some: Sequence[Positions]) -> float:
        rates = _sum(some).rates_bpb
        return rates[_EARLY] - rates[-1]

    random = task.random()
    drawn = sorted(gain([each[i] for i in random.integers(0, len(each), len(each))]) for _ in range(200))
    return gain(each), drawn[5], drawn[-6]
