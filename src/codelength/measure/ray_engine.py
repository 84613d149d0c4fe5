"""Shards on a Ray cluster: the same code as in local processes, on other machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codelength.measure.cluster import Cluster
from codelength.measure.engines import lost
from codelength.measure.shards import Outcome, Plan, Shard, measure_shard

__all__ = ["RayEngine"]


class RayEngine:
    """A cluster that runs, or one that is started on this machine for the time of the run.

    The package must be installed on every machine, and the data must be reachable from there: object storage
    by URL, or a shared folder. A worker that is lost is replaced, and its shard begun again.
    """

    def __init__(self, address: str | None = None, n_jobs: int | None = None) -> None:
        """`address` as Ray takes it, "auto" or host:port; None: local, with `n_jobs` workers.

        Raises ModuleNotFoundError without the extra.
        """
        self._cluster = Cluster(address, n_jobs)

    def run(self, plan: Plan, shards: Sequence[Shard]) -> Iterator[Outcome]:
        """What came of every document, as it comes. Raises ConnectionError if there is no such cluster."""
        needs_gpu = plan.options.device is not None and plan.options.device.startswith("cuda")
        for done in self._cluster.run(measure_shard, plan, shards, n_gpus=1 if needs_gpu else 0):
            yield from lost(done.task, done.failure) if done.result is None else done.result
