"""A model trained on text compresses pictures and sound, if it is large enough.

The chunks of the paper: 2048 bytes of text, grey patches of 32 x 64 pixels, the high bytes of 16 kHz speech,
and random bytes. Small transformers are trained here, each on one kind alone, and measured on chunks of every
kind that none of them has seen; beside them compressors of bytes, pictures, sound, and the shipped network.
That one was trained on text above all, but on some pictures and sounds too: it is no witness for the claim.

Raw: what the data costs. Adjusted: with the parameters, two bytes each, as in the paper, or with the file of
the shipped network. Compressors write bytes that are decoded again, their header counted once for all chunks,
as in the paper; of models it is the sum of -log2 p.

Source: G. Delétang et al., "Language modeling is compression", ICLR 2024, table 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import MissingInputError, Task, text_of
from codelength.measure import meters, presets
from codelength.measure.documents import Document
from codelength.measure.extras import need
from codelength.measure.intervals import rate_interval
from codelength.measure.preparation import CHUNK_BYTES, Piece, Preparation
from codelength.measure.presets import DataSet, data_sets
from codelength.measure.scores import published
from codelength.predictors.causal_lm.settings import PREFIX

__all__ = ["Measured", "adjusted", "models", "rate", "run", "split"]

_COMPRESSORS = tuple(name for name in presets.LMIC_PREDICTORS if name != "network")
_GIGABYTE = 10**9
"""What the paper measured of each kind, and so spread the parameters over."""
_BYTES_A_PARAMETER = 2
_RANDOM_CHUNKS = 256


@dataclass(frozen=True, slots=True)
class Kind:
    """Chunks of one kind of data, those to train on apart from those to measure."""

    name: str
    train: tuple[Piece, ...]
    test: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One predictor on one kind."""

    bits: tuple[float, ...]
    """Of each chunk."""
    header_bits: float
    """Bits of what a compressor makes of one byte 0, as in the paper; 0 of models."""
    weights_bytes: int
    """What the predictor weighs."""

    @property
    def n_bytes(self) -> int:
        """Bytes that were measured."""
        return len(self.bits) * CHUNK_BYTES


def run(task: Task) -> Result:
    """Prepare the chunks, run the compressors, train the transformers, measure all on all."""
    need("torch", "lab", "universal")
    kinds, facts = _kinds(task, task.pick(4, 600, 100_000), task.pick(2, 48, 100_000))
    learnt = [kind for kind in kinds if kind.train]
    models_asked = task.predictors or (() if task.size == "tiny" else ("network",))
    names = (*(_COMPRESSORS[:2] if task.size == "tiny" else _COMPRESSORS), *models_asked)
    task.n_parts = len(names) + len(learnt)
    found = {name: task.once(name, partial(_measure, task, name, kinds)) for name in names}
    for kind in learnt:
        name = _trained_on(kind.name)
        found[name] = task.once(name, partial(_train, task, kind, kinds))
    table = {name: {kind: Measured(**cell) for kind, cell in row.items()} for name, row in found.items()}
    foreign = [kind.name for kind in kinds if kind.name in ("images", "audio")]
    readers = [_trained_on("text"), *(name for name in models_asked if name.startswith(PREFIX))]
    quantities, high = _quantities(task, table)
    pairs = [(name, kind) for name in readers for kind in foreign]
    below = [pair for pair in pairs if high[pair] < 100.0]
    told = ", ".join(f"{name} on {kind} {_per_cent(table[name][kind]):.0f} %" for name, kind in pairs)
    small, large = _range("Transformer", foreign), _range("Chinchilla", foreign)
    return Result(
        task.name,
        "a model trained on text compresses images and audio",
        "Delétang et al. 2024",
        Verdict.HOLDS if len(below) == len(pairs) else Verdict.IN_PART if below else Verdict.FAILS,
        f"of models trained on text alone, {len(below)} of {len(pairs)} stay below 100 % of the raw size of "
        f"what they never saw, with their 95 % interval: {told}. In the paper it is {small} for transformers "
        f"of 0.2 to 3.2 million parameters, and {large} for models of 1 to 70 billion",
        (*quantities, *_published_only(foreign)),
        (_compressor_panel(table, kinds), _transformer_panel(table, kinds)),
        facts=facts,
    )


def rate(bits: Sequence[float], header_bits: float = 0.0) -> float:
    """Share of the raw size of chunks, the header counted once: (Σ bits - (chunks - 1) header) / raw bits."""
    return (sum(bits) - (len(bits) - 1) * header_bits) / (8 * CHUNK_BYTES * len(bits))


def adjusted(raw: float, weights_bytes: int, n_bytes: int) -> float:
    """The same with what the predictor weighs, spread over so many bytes of data."""
    return raw + weights_bytes / n_bytes


def split(documents: Sequence[Sequence[Piece]], n_train: int, n_test: int) -> tuple[list[Piece], list[Piece]]:
    """Whole chunks to train on and to measure, of each at most so many, evenly from all there are.

    The last fifth of the documents is measured; of a single document the last quarter of its chunks.
    """
    whole = [[piece for piece in pieces if len(piece.data) == CHUNK_BYTES] for pieces in documents]
    whole = [pieces for pieces in whole if pieces]
    if len(whole) == 1:
        [pieces] = whole
        cut = len(pieces) - len(pieces) // 4
        return _evenly(pieces[:cut], n_train), _evenly(pieces[cut:], n_test)
    cut = len(whole) - max(1, len(whole) // 5)
    first, last = ([piece for pieces in part for piece in pieces] for part in (whole[:cut], whole[cut:]))
    return _evenly(first, n_train), _evenly(last, n_test)


def _evenly(pieces: list[Piece], n: int) -> list[Piece]:
    n = min(n, len(pieces))
    return [pieces[i * len(pieces) // n] for i in range(n)]


def models() -> list[dict[str, Any]]:
    """The paper's models: name, and rates in per cent by kind of data."""
    rows = published("deletang2024_models", "codelength.experiments")
    return [
        {key: value if key == "predictor" else float(value) for key, value in row.items()} for row in rows
    ]


def _range(family: str, kinds: Sequence[str]) -> str:
    rates = [row[kind] for row in models() if row["predictor"].startswith(family) for kind in kinds]
    return f"{min(rates):.0f} to {max(rates):.0f} %"


def _kinds(task: Task, n_train: int, n_test: int) -> tuple[list[Kind], dict[str, Any]]:
    """What there is of the four kinds, and what to say of it in the record. Raises MissingInputError."""
    if task.data is None:
        sets, facts = _shipped(task)
    elif task.data.is_dir():
        sets, facts = _given(task.data), {"data": task.data.name}
    else:
        raise MissingInputError(
            f"universal takes a folder with enwik*, imagenet/ and audio/, not {task.data}"
        )
    kinds, unfit = [], []
    for data in sets:
        documents, names = _prepared(data)
        unfit += names
        train, test = (
            split(documents, n_train, n_test) if data.name != "random" else ([], documents[0][:n_test])
        )
        if not test or (data.name != "random" and not train):
            raise MissingInputError(
                f"there is too little {data.name} to train on one part and measure another"
            )
        kinds.append(Kind(data.name, tuple(train), tuple(test)))
    names = [kind.name for kind in kinds]
    if "text" not in names or len(names) < 3:
        raise MissingInputError(f"universal needs text, and images or audio; there is {', '.join(names)}")
    left_out = [name for name in ("images", "audio") if name not in names]
    chunks = {kind.name: [len(kind.train), len(kind.test)] for kind in kinds}
    return kinds, facts | {"chunks_to_train_and_measure": chunks, "kinds_left_out": left_out,
                           "documents_left_out": unfit}  # fmt: skip


def _shipped(task: Task) -> tuple[list[DataSet], dict[str, Any]]:
    """Text that comes with Python, the two photographs of scikit-learn; no library ships sound."""
    text, facts = text_of(task, task.pick(20_000, 4_000_000, 4_000_000))
    datasets = need("sklearn.datasets", "lab", "universal without --data")
    paths = [Path(path) for path in sorted(datasets.load_sample_images().filenames)]
    noise = task.random().bytes(_RANDOM_CHUNKS * CHUNK_BYTES)
    photographs = tuple(Document.of(path.name, path.read_bytes()) for path in paths)
    sets = [
        DataSet("text", "text:deletang", (Document.of("text", text),)),
        DataSet("images", "image:deletang", photographs),
        DataSet("random", "text:deletang", (Document.of("random", noise),)),
    ]
    return sets, facts | {"images": [path.name for path in paths]}


def _given(folder: Path) -> list[DataSet]:
    try:
        return data_sets(folder)
    except FileNotFoundError as error:
        raise MissingInputError(str(error)) from None


def _prepared(data: DataSet) -> tuple[list[tuple[Piece, ...]], list[str]]:
    """The pieces of each document, and the names of those that cannot be prepared: pictures below a patch."""
    preparation = Preparation(data.form)
    pieces, unfit = [], []
    for document in data.documents:
        try:
            pieces.append(preparation.prepare(document.read()).pieces)
        except ValueError as error:
            unfit.append(f"{document.name} {error}")
    return pieces, unfit


def _trained_on(kind: str) -> str:
    return f"transformer on {kind}"


def _measure(task: Task, name: str, kinds: Sequence[Kind]) -> dict[str, Any]:
    """What a predictor that is there already makes of each kind."""
    meter = meters.get(name)
    meter.load()
    header_bits = meter.measure(b"\0").length_bits if meter.is_coded else 0.0
    found = {}
    for i, kind in enumerate(kinds):
        bits = [cost.length_bits for cost in meter.costs(kind.test)]
        found[kind.name] = {"bits": bits, "header_bits": header_bits, "weights_bytes": meter.weights_bytes}
        task.inside(name, (i + 1) / len(kinds))
    return found


def _train(task: Task, kind: Kind, kinds: Sequence[Kind]) -> dict[str, Any]:
    """What a transformer that has read one kind makes of each."""
    from codelength.experiments.parts.byte_network import ByteNetwork, Size

    size = task.pick(
        Size(16, 1, 2, 64, 4, 6), Size(64, 4, 8, 256, 8, 250), Size(64, 4, 8, CHUNK_BYTES, 32, 50_000)
    )
    chunks = [piece.data for piece in kind.train]

    def watch(step: int) -> None:
        task.inside(_trained_on(kind.name), 0.8 * step / size.n_steps)

    network = ByteNetwork(chunks, size, task.seed, watch)
    found = {}
    for i, each in enumerate(kinds):
        bits = network.lengths_bits([piece.data for piece in each.test])
        weights_bytes = _BYTES_A_PARAMETER * network.n_parameters
        found[each.name] = {"bits": bits, "header_bits": 0.0, "weights_bytes": weights_bytes}
        task.inside(_trained_on(kind.name), 0.8 + 0.2 * (i + 1) / len(kinds))
    return found


def _quantities(
    task: Task, table: Mapping[str, Mapping[str, Measured]]
) -> tuple[list[Quantity], dict[tuple[str, str], float]]:
    """Raw and adjusted rates in per cent, and the upper ends of the raw ones by predictor and kind."""
    quantities, high = [], {}
    paper = {(row["predictor"], row["data"]): float(row["chunked"]) for row in published("deletang2024")}
    source = "Delétang et al. 2024, table 1"
    smallest = models()[0]
    for name, row in table.items():
        for kind, cell in row.items():
            raw = rate(cell.bits, cell.header_bits)
            interval = rate_interval(cell.bits, [CHUNK_BYTES] * len(cell.bits), seed=task.seed)
            shift = raw - rate(cell.bits)  # of one header instead of one for each chunk
            low, upper = (100 * (end / 8 + shift) for end in (interval.low, interval.high)) if interval else (
                None, None)  # fmt: skip
            high[name, kind] = 100 * raw if upper is None else upper
            known, said = paper.get((name, kind)), source
            if name == _trained_on("text"):
                known, said = float(smallest[kind]), f"{smallest['predictor']} on enwik8; {source}"
            said = said if known is not None else ""
            quantities.append(Quantity(f"{name}, {kind}: raw", "%", 100 * raw, low, upper, known, said))
            if cell.weights_bytes:
                here = 100 * adjusted(raw, cell.weights_bytes, cell.n_bytes)
                whole = 100 * adjusted(raw, cell.weights_bytes, _GIGABYTE)
                note = f"{here:,.0f} % over the {cell.n_bytes:,} bytes measured here"
                if known is not None:
                    known += float(smallest["parameters_add"])
                quantities.append(
                    Quantity(
                        f"{name}, {kind}: adjusted, over 1 GB", "%", whole, None, None, known, said, note
                    )
                )
    return quantities, high


def _published_only(foreign: Sequence[str]) -> list[Quantity]:
    """The paper's larger models, which are not run here."""
    source = "Delétang et al. 2024, table 1"
    return [
        Quantity(f"{row['predictor']}, {kind}: raw", "%", published=float(row[kind]), source=source)
        for row in models()[1:]
        for kind in ("text", *foreign)
    ]


def _per_cent(cell: Measured) -> float:
    return 100 * rate(cell.bits, cell.header_bits)


def _compressor_panel(table: Mapping[str, Mapping[str, Measured]], kinds: Sequence[Kind]) -> Panel:
    series = [
        _bars(name, [_per_cent(row[kind.name]) for kind in kinds])
        for name, row in table.items()
        if not name.startswith(_trained_on(""))
    ]
    return _panel("Compressors, and models at hand", series, kinds)


def _transformer_panel(table: Mapping[str, Mapping[str, Measured]], kinds: Sequence[Kind]) -> Panel:
    series = [
        _bars(name, [_per_cent(row[kind.name]) for kind in kinds])
        for name, row in table.items()
        if name.startswith(_trained_on(""))
    ]
    places = tuple(float(i) for i in range(len(kinds)))
    series.append(Series("as it is", (-0.5, len(kinds) - 0.5), (100.0, 100.0), "dashes"))
    for row, style in ((models()[0], "points"), (models()[-1], "points")):
        label = f"{row['predictor']}, published"
        series.append(Series(label, places, tuple(float(row[kind.name]) for kind in kinds), style))
    return _panel("Transformers trained on one kind", series, kinds)


def _bars(label: str, rates: Sequence[float]) -> Series:
    return Series(label, tuple(float(i) for i in range(len(rates))), tuple(rates), "bars")


def _panel(title: str, series: Sequence[Series], kinds: Sequence[Kind]) -> Panel:
    names = tuple(kind.name for kind in kinds)
    return Panel(title, "data", "% of the raw size", tuple(series), x_ticks=names)
