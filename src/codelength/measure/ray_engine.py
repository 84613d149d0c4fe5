"""Shards on a Ray cluster: the same code as in local processes, on other machines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from codelength.measure.engines import N_TRIES, lost
from codelength.measure.extras import need
from codelength.measure.shards import Outcome, Plan, Shard, measure_shard

__all__ = ["RayEngine"]

_AT_WORK_PER_CPU = 2
"""Shards handed to the cluster ahead of what it can do at once."""


class RayEngine:
    """A cluster that runs, or one that is started on this machine for the time of the run.

    The package must be installed on every machine, and the data must be reachable from there: object storage
    by URL, or a shared folder. A worker that is lost is replaced, and its shard begun again.
    """

    def __init__(self, address: str | None = None, n_jobs: int | None = None) -> None:
        """`address` as Ray takes it, "auto" or host:port; None: local, with `n_jobs` workers.

        Raises ModuleNotFoundError without the extra.
        """
        self._ray: Any = need("ray", "ray", "--engine ray")
        self._address = address
        self._n_jobs = n_jobs

    def run(self, plan: Plan, shards: Sequence[Shard]) -> Iterator[Outcome]:
        """What came of every document, as it comes. Raises ConnectionError if there is no such cluster."""
        ray = self._ray
        is_ours = not ray.is_initialized()
        if is_ours:
            self._connect()
        at_work: dict[Any, Shard] = {}
        waiting = deque(shards)
        try:
            shared = ray.put(plan)
            needs_gpu = plan.options.device is not None and plan.options.device.startswith("cuda")
            measure = ray.remote(
                num_cpus=1, num_gpus=1 if needs_gpu else 0, max_retries=N_TRIES - 1, retry_exceptions=False
            )(measure_shard)
            most = max(1, int(ray.cluster_resources().get("CPU", 1)) * _AT_WORK_PER_CPU)
            while waiting or at_work:
                while waiting and len(at_work) < most:
                    shard = waiting.popleft()
                    at_work[measure.remote(shared, shard)] = shard
                done, _ = ray.wait(list(at_work), num_returns=1)
                for reference in done:
                    shard = at_work.pop(reference)
                    try:
                        yield from ray.get(reference)
                    except ray.exceptions.RayError:
                        yield from lost(shard)
        finally:
            for reference in at_work:
                ray.cancel(reference, force=True)
            if is_ours:
                ray.shutdown()

    def _connect(self) -> None:
        local: dict[str, Any] = {"num_cpus": self._n_jobs, "include_dashboard": False}
        where = {"address": self._address} if self._address else local
        self._ray.init(log_to_driver=False, logging_level="ERROR", **where)
