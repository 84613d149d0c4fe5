"""Runs a model over windows: bits, ranks and best guesses of the targets that each window scores.

Letters: B = windows in a batch, L = inputs of the longest of them, V = size of the vocabulary, N = targets
that are scored, G = guesses asked for.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from codelength.errors import ModelError
from codelength.predictors.causal_lm.loading import LoadedModel

__all__ = ["Job", "Scorer", "Scores", "plain_numbers", "read_on", "running"]

_LOGITS_BYTES = 1 << 29
"""Logits that are held at once, at most: larger batches are cut, and longer windows read in pieces."""

_WIDE_ELEMENTS = {"cpu": 1 << 17, "cuda": 1 << 26}
"""Logits that are made float64 at once: what stays in the cache of a processor, or fills an accelerator."""


@dataclass(frozen=True, slots=True)
class Job:
    """One window of one document."""

    inputs: NDArray[np.int64]
    """(L,) tokens that are read."""
    targets: NDArray[np.int64]
    """(N,) tokens that are scored: what follows the last N inputs."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What the targets of one window cost."""

    lengths_bits: NDArray[np.float64]
    """(N,)"""
    ranks: NDArray[np.int32]
    """(N,)"""
    guesses: NDArray[np.int64]
    """(N, G) likeliest tokens, best first."""
    probabilities: NDArray[np.float64]
    """(N, G)"""


def read_on(module: Any, inputs: torch.Tensor, cache: Any) -> tuple[torch.Tensor, Any]:
    """(logits, cache) of inputs (B, n) that follow what `cache` holds: keys and values, None at the beginning
    and ever after if the model keeps none.
    """
    # Older versions of transformers call it past_key_values, 5.24 warns of that name.
    name = "cache" if "cache" in inspect.signature(module.forward).parameters else "past_key_values"
    out = module(inputs, **{name: cache}, use_cache=True)
    return out.logits, getattr(out, name, None)


def plain_numbers() -> None:
    """No rounding of factors to fewer bits (TF32) that was not asked for."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


@contextmanager
def running(n_rows: int, n_inputs: int) -> Iterator[None]:
    """Makes a MemoryError of what torch raises where there is too little memory for so many windows, and a
    ModelError of what else it says a model cannot do here."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and "allocate memory" not in str(error):
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(f"the model cannot be run as was asked: {reason}") from error
        raise MemoryError(
            f"no memory for {n_rows} windows of {n_inputs} tokens; take smaller batches or a shorter context"
        ) from error


class Scorer:
    """A model and how many windows it is given at once."""

    def __init__(self, model: LoadedModel, batch_size: int) -> None:
        plain_numbers()
        self._model = model
        self._batch_size = batch_size
        self._can_keep = "logits_to_keep" in inspect.signature(model.module.forward).parameters
        self._n_wide = max(1, _WIDE_ELEMENTS.get(model.device.type, 1 << 17) // model.n_vocabulary)

    def score(self, jobs: Sequence[Job], n_guesses: int = 0) -> list[Scores]:
        """Scores of the windows, in their order; they are run in batches of windows of like length.

        Raises MemoryError, and FloatingPointError if the model gives no numbers.
        """
        order = sorted(range(len(jobs)), key=lambda i: (-len(jobs[i].inputs), -len(jobs[i].targets)))
        found: list[Scores | None] = [None] * len(jobs)
        at = 0
        while at < len(order):
            batch = order[at : at + self._n_rows(len(jobs[order[at]].inputs))]
            at += len(batch)
            scores = self._run([jobs[i] for i in batch], n_guesses)
            for i, result in zip(batch, scores, strict=True):
                found[i] = result
        return [result for result in found if result is not None]

    def _row_bytes(self) -> int:
        return self._model.n_vocabulary * int(self._model.module.dtype.itemsize)

    def _n_rows(self, n_inputs: int) -> int:
        return max(1, min(self._batch_size, _LOGITS_BYTES // (n_inputs * self._row_bytes())))

    def _run(self, jobs: list[Job], n_guesses: int) -> list[Scores]:
        n_inputs = max(len(job.inputs) for job in jobs)
        inputs = np.zeros((len(jobs), n_inputs), np.int64)  # zeros follow a window, none of it sees them
        first = n_inputs
        for row, job in enumerate(jobs):
            inputs[row, : len(job.inputs)] = job.inputs
            first = min(first, len(job.inputs) - len(job.targets))
        parts: list[list[tuple[torch.Tensor, ...]]] = [[] for _ in jobs]
        with running(len(jobs), n_inputs), torch.inference_mode():
            for start, logits in self._logits(torch.from_numpy(inputs), first):
                for row, job in enumerate(jobs):
                    begin = max(start, len(job.inputs) - len(job.targets))
                    end = min(start + logits.shape[1], len(job.inputs))
                    parts[row] += self._costs(logits[row], start, begin, end, job, n_guesses)
                del logits
        return [_gathered(part) for part in parts]

    def _logits(self, inputs: torch.Tensor, first: int) -> Iterator[tuple[int, torch.Tensor]]:
        """(position, logits from there on, (B, n, V)), at least of all positions from `first`."""
        module = self._model.module
        inputs = inputs.to(self._model.device)
        n_inputs = inputs.shape[1]
        n_piece = max(1, _LOGITS_BYTES // (len(inputs) * self._row_bytes()))
        if n_inputs <= n_piece:
            if self._can_keep:
                logits = module(inputs, use_cache=False, logits_to_keep=n_inputs - first).logits
            else:
                logits = module(inputs, use_cache=False).logits
            yield n_inputs - logits.shape[1], logits
            return
        cache = None
        for start in range(0, n_inputs, n_piece):
            logits, cache = read_on(module, inputs[:, start : start + n_piece], cache)
            if cache is None:
                raise MemoryError(
                    f"the logits of {n_inputs} tokens at once take too much memory, and this model keeps no "
                    "keys and values: take a shorter context"
                )
            if start + n_piece > first:
                yield start, logits

    def _costs(
        self, logits: torch.Tensor, start: int, begin: int, end: int, job: Job, n_guesses: int
    ) -> Iterator[tuple[torch.Tensor, ...]]:
        """Of the positions begin … end - 1 of one row, whose logits (n, V) begin at position `start`."""
        skip = len(job.inputs) - len(job.targets)
        targets = torch.from_numpy(job.targets).to(self._model.device)
        for low in range(begin, end, self._n_wide):
            high = min(low + self._n_wide, end)
            wide = logits[low - start : high - start].to(torch.float64)
            total = wide.logsumexp(-1)
            true = wide.gather(1, targets[low - skip : high - skip, None])[:, 0]
            ranks = (wide > true[:, None]).sum(-1)
            top = wide.topk(min(n_guesses, wide.shape[1]), dim=-1) if n_guesses else None
            guesses = ranks[:, None][:, :0] if top is None else top.indices
            chances = total[:, None][:, :0] if top is None else (top.values - total[:, None]).exp()
            yield (total - true) / math.log(2.0), ranks, guesses, chances


def _gathered(parts: list[tuple[torch.Tensor, ...]]) -> Scores:
    columns = zip(*parts, strict=True)
    lengths, ranks, guesses, chances = (torch.cat(column).cpu().numpy() for column in columns)
    if np.isnan(lengths).any():
        raise FloatingPointError("the model gives no numbers (nan); another type of numbers may help")
    # log(sum of exp) may round below its largest term.
    return Scores(np.maximum(lengths, 0.0), ranks.astype(np.int32), guesses, chances)
