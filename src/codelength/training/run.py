"""A training run: limits, checkpoints, log, progress and signals around `Trainer.step`."""

import contextlib
import dataclasses
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import torch
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from codelength.training.checkpoint import save_checkpoint
from codelength.training.trainer import Trainer

__all__ = ["Limits", "Meeting", "choose_device", "run"]


@dataclasses.dataclass(frozen=True)
class Limits:
    """When a run ends and what it does on the way; None is no limit. The end of a decay always ends it."""

    seconds: float | None = None
    n_bytes: int | None = None
    """Bytes trained on in all, those before a resume included."""
    checkpoint_seconds: float = 300.0
    validate_seconds: float = 600.0
    log_steps: int = 100


def choose_device(name: str | None, n_threads: int | None) -> str:
    """The device called `name`, or a GPU if there is one, or the CPU; limits the CPU's threads."""
    if n_threads is not None:
        torch.set_num_threads(n_threads)
    return name or ("cuda" if torch.cuda.is_available() else "cpu")


@contextlib.contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether SIGINT or SIGTERM came; the step in hand is finished first."""
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Gives a function that shows a line, on a terminal only: a log file is not for progress."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    with Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("reading the first windows", total=None)
        yield lambda text: progress.update(task, description=text)


class _Log:
    """JSON lines: one object a record, each with the step and the bytes so far."""

    def __init__(self, path: Path, trainer: Trainer, clock: Callable[[], float]) -> None:
        self._file = path.open("a", buffering=1)
        self._trainer = trainer
        self._clock = clock
        self._start = clock()

    def write(self, event: str, **values: Any) -> None:
        record = {
            "event": event,
            "step": self._trainer.n_steps,
            "n_bytes": self._trainer.n_bytes,
            "elapsed_s": round(self._clock() - self._start, 1),
            **values,
        }
        self._file.write(json.dumps(record) + "\n")

    def close(self) -> None:
        self._file.close()


def _rounded(rates_bpb: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in rates_bpb.items()}


class Meeting(Protocol):
    """Of several workers: `training.workers`."""

    def agree(self, reason: str | None) -> str | None:
        """What the first worker says."""

    def meet(self) -> bool:
        """After a step: whether all have met, and their weights are one."""


def run(
    trainer: Trainer,
    out: Path,
    limits: Limits,
    clock: Callable[[], float] = time.monotonic,
    workers: Meeting | None = None,
) -> str:
    """Trains until a limit, the end of the decay or a signal; returns which: time, bytes, decayed or stopped.

    Writes `out/checkpoint.safetensors` and appends to `out/log.jsonl`. Whatever ended it, the last checkpoint
    holds the last step, and the log ends with a validation (not after a signal, which should not have to
    wait). With other workers all this happens when they meet.
    """
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.safetensors"
    start = last_save = last_validation = last_log = clock()
    logged_bytes = trainer.n_bytes
    recent: list[torch.Tensor] = []
    mix = float("nan")

    def ended(now: float) -> str | None:
        if stopped():
            return "stopped"
        if trainer.schedule.end is not None and trainer.n_steps >= trainer.schedule.end:
            return "decayed"
        if limits.n_bytes is not None and trainer.n_bytes >= limits.n_bytes:
            return "bytes"
        if limits.seconds is not None and now - start >= limits.seconds:
            return "time"
        return None

    def decided(now: float) -> str | None:
        return ended(now) if workers is None else workers.agree(ended(now))

    with (
        contextlib.closing(_Log(out / "log.jsonl", trainer, clock)) as log,
        _stop_signals() as stopped,
        _progress() as show,
    ):
        log.write(
            "start",
            config=trainer.config.to_dict(),
            n_parameters=sum(p.numel() for p in trainer.network.parameters()),
            decay_start=trainer.schedule.decay_start,
            decay_steps=trainer.schedule.decay_steps,
            quantised=trainer.scales is not None,
            device=str(trainer.device),
            torch=torch.__version__,
            python=sys.version.split()[0],
        )
        while (reason := decided(clock())) is None:
            have_met = False
            while not have_met:
                rate_bpb, norm = trainer.step()
                recent.append(rate_bpb)
                have_met = workers is None or workers.meet()
            now = clock()
            if trainer.n_steps % limits.log_steps == 0:
                speed = (trainer.n_bytes - logged_bytes) / max(now - last_log, 1e-9)
                mean_bpb = float(torch.stack(recent).mean())
                log.write(
                    "train",
                    train_bpb=round(mean_bpb, 4),
                    gradient_norm=round(float(norm), 4),
                    rate_factor=round(trainer.schedule.factor(trainer.n_steps), 4),
                    bytes_per_s=round(speed),
                )
                show(
                    f"step {trainer.n_steps}  {trainer.n_bytes / 1e6:.1f} MB  {speed / 1e3:.1f} KB/s  "
                    f"training {mean_bpb:.3f} bpb  validation {mix:.3f} bpb"
                )
                recent.clear()
                last_log, logged_bytes = now, trainer.n_bytes
            if now - last_save >= limits.checkpoint_seconds:
                save_checkpoint(trainer, checkpoint)
                last_save = clock()
            if now - last_validation >= limits.validate_seconds:
                rates_bpb = trainer.validate()
                mix = rates_bpb.get("mix", mix)
                log.write("validation", validation_bpb=_rounded(rates_bpb))
                last_validation = clock()
                # Validation is not training: it does not count into the speed.
                last_log += last_validation - now
        save_checkpoint(trainer, checkpoint)
        if reason != "stopped":
            log.write("validation", validation_bpb=_rounded(trainer.validate()))
        log.write("end", reason=reason)
    return reason
