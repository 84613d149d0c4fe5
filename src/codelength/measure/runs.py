"""A run: predictors times documents, through an engine, into records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, cast

from codelength.measure.documents import Document
from codelength.measure.engines import Engine, Here
from codelength.measure.measurement import Measurement
from codelength.measure.records import Cell, Records, cell_of
from codelength.measure.shards import Failure, Outcome, Plan, cut
from codelength.measure.summary import Summary

__all__ = ["Result", "run"]


@dataclass(slots=True)
class Result:
    """What a run gave."""

    predictors: tuple[str, ...]
    cells: dict[tuple[str, int], Measurement] = field(default_factory=dict)
    """By predictor and number of the document."""
    failures: list[Failure] = field(default_factory=list)
    n_finished_before: int = 0
    """Measurements that were in the records already."""

    def of(self, predictor: str) -> list[Measurement]:
        """The measurements under a predictor, in the order of the documents."""
        indices = sorted(index for name, index in self.cells if name == predictor)
        return [self.cells[predictor, index] for index in indices]

    def summaries(self) -> list[Summary]:
        """One for each predictor under which anything was measured, in the order of the predictors."""
        return [Summary.of(documents) for name in self.predictors if (documents := self.of(name))]


def run(
    predictors: Sequence[str],
    documents: Sequence[Document],
    plan: Plan,
    *,
    records: Records | None = None,
    facts: dict[str, Any] | None = None,
    engine: Engine | None = None,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
) -> Result:
    """Measure every document under every predictor.

    What stands in `records` already is taken from there, by the hash of the document, whatever its name; what
    is measured anew is added, and the file written now and then and when the run ends, whatever ends it. With
    `plan.keeps_lengths` all is measured anew, as records hold no symbols. What fails is in the result and
    stops nothing else. Several calls with the same `facts` object are one run in the records. Raises OSError
    if the records cannot be written.
    """
    kept = Records() if records is None else records
    result = Result(tuple(dict.fromkeys(predictors)))
    book = _Book(plan, kept, result)
    plan = replace(plan, finished=frozenset(book.known))
    is_new = facts is not None and not any(facts is known_facts for known_facts in kept.runs)
    if facts is not None and is_new:
        kept.begin(facts)
    outcomes = (engine or Here()).run(plan, cut(result.predictors, documents))
    try:
        with closing(cast(Any, outcomes)):
            for outcome in outcomes:
                book.enter(outcome)
                on_outcome(outcome)
    finally:
        if is_new and not book.n_measured:
            kept.runs.pop()  # nothing is of this run
        if book.n_entered:
            kept.save()
    return result


class _Book:
    """Enters outcomes into the result and the records."""

    def __init__(self, plan: Plan, records: Records, result: Result) -> None:
        self.known: dict[Cell, tuple[Measurement, int]] = {}
        self.n_measured = 0
        self.n_entered = 0
        self._data = plan.data
        self._records = records
        self._result = result
        self._lines: set[tuple[Cell, str, str]] = set()
        if not plan.keeps_lengths:
            for measurement, run_number in zip(records.measurements, records.run_of, strict=True):
                self.known[cell_of(measurement)] = measurement, run_number
                self._lines.add((cell_of(measurement), measurement.document, measurement.data))

    def enter(self, outcome: Outcome) -> None:
        place = outcome.predictor, outcome.index
        if outcome.failure is not None:
            self._result.failures.append(outcome.failure)
        elif outcome.measurement is not None:
            self._result.cells[place] = outcome.measurement
            self._records.add(outcome.measurement)
            self.n_measured += 1
            self.n_entered += 1
        elif outcome.finished is not None:
            found, run_number = self.known[outcome.finished]
            self._result.cells[place] = replace(found, document=outcome.document, data=self._data)
            self._result.n_finished_before += 1
            line = outcome.finished, outcome.document, self._data
            if line not in self._lines:  # the same bytes under another name: reports shall find them there
                self._lines.add(line)
                self._records.add(self._result.cells[place], run_number)
                self.n_entered += 1
