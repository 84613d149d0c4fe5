"""What a run begins with: `codelength train` says it, every worker carries it out."""

import dataclasses
from pathlib import Path

from codelength.training.checkpoint import load_checkpoint
from codelength.training.config import Config
from codelength.training.corpus import read_corpus
from codelength.training.schedule import Schedule
from codelength.training.trainer import Trainer

__all__ = ["Plan"]


@dataclasses.dataclass(frozen=True)
class Plan:
    """Picklable."""

    config: Config
    data: Path
    begin: Path | None = None
    """The checkpoint to go on from."""
    decay_bytes: int | None = None
    rewarm: bool = False
    quantise: bool = False
    device: str = "cpu"
    n_workers: int = 1

    def make_trainer(self, worker: int = 0) -> Trainer:
        """Reads the data and the checkpoint. Raises ValueError, OSError."""
        training = self.config.training
        corpus = read_corpus(self.data, self.config.sources, training.validation_share)
        loaded = None if self.begin is None else load_checkpoint(self.begin)
        schedule = None
        if self.decay_bytes is not None or self.rewarm:
            now = loaded[1]["n_steps"] if loaded else 0
            schedule = Schedule(training.warmup_steps, start=now if self.rewarm else 0)
            if self.decay_bytes is not None:
                n_steps = -(-self.decay_bytes // (training.streams * training.window * self.n_workers))
                schedule = dataclasses.replace(schedule, decay_start=now, decay_steps=n_steps)
        trainer = Trainer(self.config, corpus, self.device, schedule, worker, self.n_workers)
        if loaded is not None:
            trainer.restore(*loaded)
        if self.quantise:
            trainer.quantise()
        if self.n_workers > 1 and trainer.scales is not None:
            raise ValueError("a run that computes in integers has one worker")
        return trainer
