"""A run: predictors times documents, through an engine, into records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, cast

from codelength.measure.documents import Document
from codelength.measure.engines import Engine, Here
from codelength.measure.measurement import Measurement
from codelength.measure.records import Records
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

    What stands in `records` already is taken from there; what is measured anew is added, and the file written
    now and then and when the run ends, whatever ends it. With `plan.keeps_lengths` all is measured anew, as
    records hold no symbols. What fails is in the result and stops nothing else. Several calls with the same
    `facts` object are one run in the records. Raises OSError if the records cannot be written.
    """
    kept = Records() if records is None else records
    known = {} if plan.keeps_lengths else kept.finished()
    plan = replace(plan, finished=frozenset(known))
    result = Result(tuple(dict.fromkeys(predictors)))
    is_new = facts is not None and not any(facts is known_facts for known_facts in kept.runs)
    if facts is not None and is_new:
        kept.begin(facts)
    n_before = len(kept.measurements)
    outcomes = (engine or Here()).run(plan, cut(result.predictors, documents))
    try:
        with closing(cast(Any, outcomes)):
            for outcome in outcomes:
                _take(outcome, result, kept, known)
                on_outcome(outcome)
    finally:
        if len(kept.measurements) > n_before:
            kept.save()
        elif is_new:
            kept.runs.pop()  # nothing is of this run
    return result


def _take(
    outcome: Outcome, result: Result, records: Records, known: dict[tuple[str, str, str], Measurement]
) -> None:
    place = outcome.predictor, outcome.index
    if outcome.failure is not None:
        result.failures.append(outcome.failure)
    elif outcome.measurement is not None:
        result.cells[place] = outcome.measurement
        records.add(outcome.measurement)
    elif outcome.finished is not None:
        found = known[outcome.finished]
        result.cells[place] = replace(found, document=outcome.document)
        result.n_finished_before += 1
