"""The work of one process or machine: some documents under one predictor, and what comes of it.

Every engine runs this and nothing else, on the same shards, so that where it runs makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from codelength.errors import CodecError
from codelength.measure import meters
from codelength.measure.documents import Document
from codelength.measure.measurement import Measurement
from codelength.measure.meters import Meter, Options
from codelength.measure.preparation import Preparation, Prepared
from codelength.measure.records import Cell, cell

__all__ = ["SHARD_DOCUMENTS", "Failure", "Outcome", "Plan", "Shard", "cut", "measure_shard"]

SHARD_DOCUMENTS = 16
"""Documents a shard. A model may measure those of one shard together, in batches."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What all shards of a run have in common; sent to every worker once."""

    preparation: Preparation = field(default_factory=Preparation)
    options: Options = field(default_factory=Options)
    finished: frozenset[Cell] = frozenset()
    """What is not measured again."""
    keeps_lengths: bool = False
    """Whether the length of every symbol is wanted."""
    data: str = ""
    """What the documents are part of."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Some documents under one predictor, each with its number in the run."""

    predictor: str
    documents: tuple[tuple[int, Document], ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document could not be measured."""

    document: str
    """Empty if no document can be measured under the predictor."""
    predictor: str
    """Empty if the document cannot be measured under any."""
    message: str
    is_note: bool = False
    """True if nobody asked for this document by name, and there is nothing in it."""

    def __str__(self) -> str:
        """One line."""
        if not self.document:
            return f"{self.predictor}: {self.message}"
        return f"{self.document}: {self.message}" + (f" ({self.predictor})" if self.predictor else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one document under one predictor: one of the three."""

    index: int
    """Number of the document."""
    predictor: str
    measurement: Measurement | None = None
    failure: Failure | None = None
    finished: Cell | None = None
    """Found finished, under this document's name."""
    document: str = ""


def cut(predictors: Sequence[str], documents: Sequence[Document]) -> list[Shard]:
    """The shards of a run, predictor by predictor, so that a worker seldom changes its model."""
    numbered = list(enumerate(documents))
    starts = range(0, len(numbered), SHARD_DOCUMENTS)
    parts = [tuple(numbered[start : start + SHARD_DOCUMENTS]) for start in starts]
    return [Shard(predictor, part) for predictor in predictors for part in parts]


def measure_shard(plan: Plan, shard: Shard) -> list[Outcome]:
    """Measure each document. What goes wrong with one is its outcome and does not concern the others."""
    return list(measure_documents(plan, shard))


def measure_documents(plan: Plan, shard: Shard) -> Iterator[Outcome]:
    """As `measure_shard`, one by one."""
    waiting: list[tuple[int, Prepared]] = []
    try:
        meter = _meter(shard.predictor, plan.options)
    except Exception as error:
        for index, _ in shard.documents:
            yield _failed(index, shard.predictor, Failure("", shard.predictor, _words(error)))
        return
    settings = meter.settings(plan.preparation)
    facts = {} if meter.takes_context else meter.facts()
    for index, document in shard.documents:
        try:
            content = document.read()
            key = cell(content.sha256, shard.predictor, settings, facts)
            if key in plan.finished:
                yield Outcome(index, shard.predictor, finished=key, document=document.name)
                continue
            if not content.data:
                failure = Failure(
                    document.name, "", "is empty: there is nothing to measure", document.is_listed
                )
                yield _failed(index, shard.predictor, failure)
                continue
            prepared = plan.preparation.prepare(content)
        except Exception as error:  # file systems of others have errors of their own
            yield _failed(index, shard.predictor, Failure(document.name, "", _words(error)))
            continue
        if meter.takes_context:  # such models are quicker with many documents at once
            waiting.append((index, prepared))
        else:
            yield from _measured(plan, meter, [(index, prepared)], settings)
    if waiting:
        yield from _measured_together(plan, meter, waiting, settings)


def _measured_together(
    plan: Plan, meter: Meter, documents: Sequence[tuple[int, Prepared]], settings: dict[str, object]
) -> Iterator[Outcome]:
    try:
        meter.load()
    except Exception as error:
        for index, _ in documents:
            yield _failed(index, meter.name, Failure("", meter.name, _words(error)))
        return
    yield from _measured(plan, meter, documents, settings)


def _measured(
    plan: Plan, meter: Meter, documents: Sequence[tuple[int, Prepared]], settings: dict[str, object]
) -> Iterator[Outcome]:
    """All together; if that fails, those that are left one by one, so that only the guilty one is lost."""
    n_done = 0
    try:
        for measurement in meter.measure_many((prepared for _, prepared in documents), settings):
            lengths = measurement.lengths if plan.keeps_lengths else None
            kept = replace(measurement, lengths=lengths, data=plan.data)
            yield Outcome(documents[n_done][0], meter.name, measurement=kept)
            n_done += 1
    except Exception as error:
        left = documents[n_done:]
        if len(documents) > 1:
            for document in left:
                yield from _measured(plan, meter, [document], settings)
        elif left:
            index, prepared = left[0]
            yield _failed(index, meter.name, Failure(prepared.name, meter.name, _words(error)))


_kept: tuple[str, Options, Meter] | None = None


def _meter(name: str, options: Options) -> Meter:
    """The meter of a name; the last one is kept, and only the last, as models are large."""
    global _kept
    if _kept is None or _kept[:2] != (name, options):
        _kept = None
        _kept = (name, options, meters.get(name, options))
    return _kept[2]


def _failed(index: int, predictor: str, failure: Failure) -> Outcome:
    return Outcome(index, predictor, failure=failure)


def _words(error: BaseException) -> str:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "out of memory; --chunk, or a smaller --context or --batch, needs less"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, (CodecError, ValueError, OSError, ImportError)):
        return str(error) or type(error).__name__
    return f"{type(error).__name__}: {error}"
