"""Training in several processes at once, each on streams of its own; now and then their weights are averaged.

Local SGD (Stich 2019, "Local SGD converges fast and communicates little"). On a CPU a step of one thread uses
its core better than a step of two threads uses two.
"""

import multiprocessing
import signal
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from codelength.training.network import is_table
from codelength.training.optimizers import RowAdam
from codelength.training.plan import Plan
from codelength.training.run import Limits, run
from codelength.training.trainer import Trainer

__all__ = ["Workers", "run_workers"]

ROUND_STEPS = 200
"""Steps from one average to the next."""


class Workers:
    """The meeting of all workers. Each calls the same methods in the same order; number 0 decides."""

    def __init__(self, worker: int, n_workers: int, meeting: Path, trainer: Trainer) -> None:
        dist.init_process_group("gloo", f"file://{meeting}", rank=worker, world_size=n_workers)
        self._n_workers = n_workers
        self._trainer = trainer
        self._steps_before = {table: steps.clone() for table, steps in self._row_steps().items()}

    def close(self) -> None:
        dist.destroy_process_group()

    def agree(self, reason: str | None) -> str | None:
        """What worker 0 says."""
        said = [reason]
        dist.broadcast_object_list(said, 0)
        return said[0]

    def meet(self) -> bool:
        """After a step: averages the weights if a round has ended, and says whether one has."""
        trainer = self._trainer
        if trainer.n_steps % ROUND_STEPS and trainer.n_steps != trainer.schedule.end:
            return False
        self._average()
        places: list[object] = [None] * self._n_workers
        dist.all_gather_object(places, trainer.place())
        trainer.others = places[1:]
        return True

    def _row_steps(self) -> dict[Tensor, Tensor]:
        rules = (rule for rule, _ in self._trainer.optimizers if isinstance(rule, RowAdam))
        return {table: state["steps"] for rule in rules for table, state in rule.state.items() if state}

    @torch.no_grad()
    def _average(self) -> None:
        """Of everything that a step changes but the place in the data.

        Rows of tables, and what RowAdam knows of them, count by how often each worker has moved them: a row
        that one alone has read moves as far as it did there.
        """
        trainer = self._trainer
        dense = [value for name, value in trainer.network.named_parameters() if not is_table(name)]
        for rule, _ in trainer.optimizers:
            for state in [] if isinstance(rule, RowAdam) else rule.state.values():
                dense += [value for value in state.values() if value.is_floating_point()]
        flat = torch.cat([value.flatten() for value in dense])
        dist.all_reduce(flat)
        at = 0
        for value in dense:
            value.copy_(flat[at : at + value.numel()].view_as(value) / self._n_workers)
            at += value.numel()

        for rule, _ in trainer.optimizers:
            for table, state in rule.state.items() if isinstance(rule, RowAdam) else ():
                before = self._steps_before.get(table, torch.zeros_like(state["steps"]))
                moved = state["steps"] - before
                n_moved = moved.clone()
                dist.all_reduce(n_moved)
                share = torch.where(n_moved > 0, moved / n_moved.clamp(min=1), 1 / self._n_workers)
                for rows in (table, state["square"]):
                    rows.mul_(share.unsqueeze(-1))
                    dist.all_reduce(rows)
                dist.all_reduce(state["steps"], dist.ReduceOp.MAX)
        self._steps_before = {table: steps.clone() for table, steps in self._row_steps().items()}


def _follow(plan: Plan, worker: int, meeting: Path, n_threads: int) -> None:
    """What every worker but the first does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first decides when to stop
    torch.set_num_threads(n_threads)
    trainer = plan.trainer(worker)
    workers = Workers(worker, plan.n_workers, meeting, trainer)
    while workers.agree(None) is None:
        trainer.step()
        while not workers.meet():
            trainer.step()
    workers.close()


def run_workers(plan: Plan, out: Path, limits: Limits) -> str:
    """`run` with all workers of the plan. Raises ValueError, OSError, a ChildProcessError if one is lost."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        others = [
            context.Process(target=_follow, args=(plan, n, meeting, torch.get_num_threads()), daemon=True)
            for n in range(1, plan.n_workers)
        ]
        for process in others:
            process.start()
        try:
            trainer = plan.trainer()
            workers = Workers(0, plan.n_workers, meeting, trainer)
            reason = run(trainer, out, limits, workers=workers)
            workers.close()
            for process in others:
                process.join()
        except RuntimeError as error:
            if all(process.is_alive() for process in others):
                raise
            raise ChildProcessError("a worker was lost; --resume goes on from the last checkpoint") from error
        finally:
            for process in others:
                process.kill()
    return reason
