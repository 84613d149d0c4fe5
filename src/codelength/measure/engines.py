"""Where the shards of a run are measured: in this process, in several, or on a Ray cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from codelength.measure.shards import Failure, Outcome, Plan, Shard, measure_documents, measure_shard

__all__ = ["LOST", "N_TRIES", "Engine", "Here", "Processes", "lost", "usual_jobs"]

_LITTLE_BYTES = 200_000
"""A second or two of work for the slower of our predictors."""

N_TRIES = 3
"""How often a shard is begun before the loss of its worker is taken to be its own fault."""
LOST = f"the process at work on it was lost {N_TRIES} times; perhaps memory ran out"


class Engine(Protocol):
    """Measures shards, each of them once, in any order."""

    def run(self, plan: Plan, shards: Sequence[Shard]) -> Iterator[Outcome]:
        """What came of every document, as it comes. Closing the iterator stops the work."""


def usual_jobs(shards: Sequence[Shard]) -> int:
    """How many processes, if nobody says: one a shard, at most one a processor.

    One for language models, which take the whole machine anyway, and where there is so little to do that
    starting others would take longer.
    """
    if any(shard.predictor.startswith("hf:") for shard in shards):
        return 1
    sizes = [document.n_bytes for shard in shards for _, document in shard.documents]
    if sum(_LITTLE_BYTES if size is None else size for size in sizes) < _LITTLE_BYTES:
        return 1
    return max(1, min(os.cpu_count() or 1, len(shards)))


class Here:
    """One shard after the other, in this process."""

    def run(self, plan: Plan, shards: Sequence[Shard]) -> Iterator[Outcome]:
        for shard in shards:
            yield from measure_documents(plan, shard)


class Processes:
    """Some processes of this machine, started afresh (spawn), each with a shard at a time.

    A process that ends by itself, as when memory runs out, is replaced, and its shard begun again.
    """

    def __init__(self, n_jobs: int) -> None:
        """Raises ValueError for fewer than one."""
        if n_jobs < 1:
            raise ValueError(f"at least one process is needed, not {n_jobs}")
        self.n_jobs = n_jobs

    def run(self, plan: Plan, shards: Sequence[Shard]) -> Iterator[Outcome]:
        waiting = deque((shard, 1) for shard in shards)
        while waiting:
            try:
                yield from self._round(plan, waiting)
            except _LostWorker as loss:
                # Any of those at work may have ended it: each gets another try.
                for shard, n_tries in loss.at_work:
                    if n_tries < N_TRIES:
                        waiting.append((shard, n_tries + 1))
                    else:
                        yield from lost(shard)

    def _round(self, plan: Plan, waiting: deque[tuple[Shard, int]]) -> Iterator[Outcome]:
        """Until all is done or a worker is lost."""
        context = multiprocessing.get_context("spawn")
        before = set(multiprocessing.active_children())
        pool = ProcessPoolExecutor(self.n_jobs, context, _begin, (plan,))
        at_work: dict[Future[list[Outcome]], tuple[Shard, int]] = {}
        try:
            while waiting or at_work:
                while waiting and len(at_work) < self.n_jobs:
                    shard, n_tries = waiting.popleft()
                    try:
                        at_work[pool.submit(_measure, shard)] = (shard, n_tries)
                    except BrokenProcessPool:
                        waiting.appendleft((shard, n_tries))
                        if not at_work:  # one that had nothing to do has ended
                            raise _LostWorker([]) from None
                        break
                done, _ = wait(at_work, return_when=FIRST_COMPLETED)
                for future in done:
                    if isinstance(future.exception(), BrokenProcessPool):
                        continue  # stays among those at work
                    del at_work[future]
                    yield from future.result()
                if any(future.done() for future in at_work):
                    raise _LostWorker(list(at_work.values()))
        finally:
            if at_work:  # left early: nobody wants what is still being measured
                for process in set(multiprocessing.active_children()) - before:
                    process.terminate()
            pool.shutdown(cancel_futures=True)


class _LostWorker(Exception):
    """A process ended in the middle of its work."""

    def __init__(self, at_work: list[tuple[Shard, int]]) -> None:
        super().__init__(at_work)
        self.at_work = at_work


def lost(shard: Shard, message: str = LOST) -> Iterator[Outcome]:
    """What came of the documents of a shard whose worker was lost each time."""
    for index, document in shard.documents:
        yield Outcome(index, shard.predictor, failure=Failure(document.name, shard.predictor, message))


_plan = Plan()


def _begin(plan: Plan) -> None:
    """First thing in a new process."""
    global _plan
    _plan = plan
    signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: object) -> None:
    """Ctrl-C goes to all processes of a terminal; the first one says what there is to say."""
    os._exit(130)


def _measure(shard: Shard) -> list[Outcome]:
    return measure_shard(_plan, shard)
