"""Training in several processes at once, each on streams of its own; now and then their weights are averaged.

Local SGD (Stich 2019, "Local SGD converges fast and communicates little"). On a CPU a step of one thread uses
its core better than a step of two threads uses two.
"""

import datetime
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Semaphore
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor

from codelength.training.network import is_table
from codelength.training.optimizers import RowAdam
from codelength.training.plan import Plan
from codelength.training.run import Limits, run
from codelength.training.trainer import Trainer

__all__ = ["Group", "Workers", "run_workers"]

ROUND_STEPS = 200
"""Steps from one average to the next."""


class Group(Protocol):
    """What workers say to each other. All call the same methods in the same order."""

    worker: int
    n_workers: int

    def add(self, values: Tensor) -> None:
        """In place: the sum over all workers."""

    def most(self, values: Tensor) -> None:
        """In place: the largest of each number."""

    def gather(self, said: Any) -> list[Any]:
        """What each worker says."""


class _Gloo:
    def __init__(self, worker: int, n_workers: int, rendezvous: Path) -> None:
        self.worker, self.n_workers = worker, n_workers
        # Nobody else is to listen to.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
        address, hour = f"file://{rendezvous}", datetime.timedelta(hours=1)
        dist.init_process_group("gloo", address, rank=worker, world_size=n_workers, timeout=hour)

    def add(self, values: Tensor) -> None:
        dist.all_reduce(values)

    def most(self, values: Tensor) -> None:
        dist.all_reduce(values, dist.ReduceOp.MAX)

    def gather(self, said: Any) -> list[Any]:
        found = [None] * self.n_workers
        dist.all_gather_object(found, said)
        return found


class Workers:
    """A worker among the others. Number 0 decides."""

    def __init__(self, group: Group, trainer: Trainer) -> None:
        self._group = group
        self._trainer = trainer
        self._steps_before = {table: state["steps"].clone() for table, state in self._tables()}

    def agree(self, reason: str | None) -> str | None:
        """What worker 0 says."""
        said: str | None = self._group.gather(reason)[0]
        return said

    def meet(self) -> bool:
        """After a step: averages the weights if a round has ended, and says whether one has."""
        trainer = self._trainer
        if trainer.n_steps % ROUND_STEPS and trainer.n_steps != trainer.schedule.end:
            return False
        self.average()
        trainer.others = self._group.gather(trainer.place())[1:]
        return True

    def _tables(self) -> list[tuple[Tensor, dict[str, Tensor]]]:
        rules = (rule for rule, _ in self._trainer.optimizers if isinstance(rule, RowAdam))
        return [(table, state) for rule in rules for table, state in rule.state.items() if state]

    @torch.no_grad()
    def average(self) -> None:
        """Of everything that a step changes but the place in the data.

        Rows of tables, and what RowAdam knows of them, count by how often each worker has moved them: a row
        that one alone has read moves as far as it did there.
        """
        group, trainer = self._group, self._trainer
        dense = [value for name, value in trainer.network.named_parameters() if not is_table(name)]
        for rule, _ in trainer.optimizers:
            for state in [] if isinstance(rule, RowAdam) else rule.state.values():
                dense += [value for value in state.values() if value.is_floating_point()]
        flat = torch.cat([value.flatten() for value in dense])
        group.add(flat)
        at = 0
        for value in dense:
            value.copy_(flat[at : at + value.numel()].view_as(value) / group.n_workers)
            at += value.numel()

        for table, state in self._tables():
            steps = state["steps"]
            moved = steps - self._steps_before.get(table, torch.zeros_like(steps))
            n_moved = moved.clone()
            group.add(n_moved)
            # What nobody has moved is the same everywhere, and stays so.
            unmoved = 1.0 if group.worker == 0 else 0.0
            share = torch.where(n_moved > 0, moved / n_moved.clamp(min=1), unmoved)
            for rows in (table, state["square"]):
                rows.mul_(share.unsqueeze(-1))
                group.add(rows)
            group.most(steps)
        self._steps_before = {table: state["steps"].clone() for table, state in self._tables()}


def _follow(plan: Plan, worker: int, rendezvous: Path, n_threads: int, ready: Semaphore) -> None:
    """What every worker but the first does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the first decides when to stop
    torch.set_num_threads(n_threads)
    trainer = plan.make_trainer(worker)
    ready.release()
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():
        return
    workers = Workers(_Gloo(worker, plan.n_workers, rendezvous), trainer)
    while workers.agree(None) is None:
        have_met = False
        while not have_met:
            trainer.step()
            have_met = workers.meet()
    dist.destroy_process_group()


def _wait_for(others: Sequence[BaseProcess], ready: Semaphore) -> None:
    """Until every worker has read its data; a ChildProcessError if one has died."""
    n_ready = 0
    while n_ready < len(others):
        n_ready += ready.acquire(timeout=0.5)
        if not all(process.is_alive() for process in others):
            raise ChildProcessError("a worker was lost before it began")


def run_workers(plan: Plan, out: Path, limits: Limits) -> str:
    """`run` with all workers of the plan. Raises ValueError, OSError, a ChildProcessError if one is lost."""
    trainer = plan.make_trainer()
    context = multiprocessing.get_context("spawn")
    ready = context.Semaphore(0)
    others: list[BaseProcess] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory() as folder:
        rendezvous = Path(folder) / "rendezvous"
        try:
            for worker in range(1, plan.n_workers):
                arguments = (plan, worker, rendezvous, torch.get_num_threads(), ready)
                others.append(context.Process(target=_follow, args=arguments, daemon=True))
                others[-1].start()
            _wait_for(others, ready)
            workers = Workers(_Gloo(0, plan.n_workers, rendezvous), trainer)
            reason = run(trainer, out, limits, workers=workers)
            for process in others:
                process.join()
        except RuntimeError as error:
            for process in others:
                process.join(5)
            if all(process.is_alive() for process in others):
                raise
            raise ChildProcessError("a worker was lost; --resume goes on from the last checkpoint") from error
        finally:
            signal.signal(signal.SIGTERM, before)
            for process in others:
                process.kill()
                process.join()
            if dist.is_initialized():
                dist.destroy_process_group()
    return reason
