"""A family of small transformers: growing widths on growing parts of one text.

The text is cut into pieces, which are put in random order: some are for tests, some for stopping, and the
first D bytes of the rest are what a network learns from, as often as it takes. All networks of a width are
trained side by side for equally many steps, which costs less than one after the other: those that learn from
little are done before the end, and get worse again. At growing intervals the bits of the stopping part are
looked at, under weights averaged over the last steps, and the weights of the best look are the network that
is tested. The tests have no part in that.

A byte is predicted from those before it in its window, 1 to T of them.

Letters: M networks, B windows of a batch, D bytes to learn from, T bytes of a window.

Sources: J. Kaplan et al., "Scaling laws for neural language models", 2020, section 4 (repeated data, stopped
early); O. Press et al., "Shortformer", 2021 (positions that only queries and keys see); B. Polyak and
A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state
from torch.nn.attention import SDPBackend, sdpa_kernel

from codelength.experiments.parts.loops import with_waves
from codelength.experiments.parts.transformer import (
    Recipe,
    Shape,
    Transformer,
    lengths_bits,
    n_parameters,
    one_thread,
    train,
)

__all__ = ["Beside", "Parts", "Plan", "divide", "train_beside"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What all networks of the family have alike."""

    window: int
    batch: int
    n_steps: int
    layers: int = 1
    first_look: int = 50
    """Steps before it; the others follow ever farther apart, each an eighth later than the one before."""
    averaged: float = 0.98
    """Of the averaged weights, what each step leaves."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A text, divided; its bytes are numbered from 0, in the order of their values."""

    learn: NDArray[np.int64]
    stop: Tensor
    """int64 (windows, T + 1)"""
    test: Tensor
    """int64 (pieces, windows, T + 1)"""
    n_symbols: int


def divide(
    text: bytes, piece: int, n_test: int, n_stop: int, window: int, random: np.random.Generator
) -> Parts:
    """Cut into pieces of so many bytes: some for tests, some for stopping, the rest to learn from."""
    known, numbers = np.unique(np.frombuffer(text, np.uint8), return_inverse=True)
    pieces = numbers[: len(text) // piece * piece].reshape(-1, piece).astype(np.int64)
    pieces = random.permutation(pieces)
    # the last byte of a window is the first of the next, so that all but a piece's first are predicted once
    places = np.arange(0, piece - window, window)[:, None] + np.arange(window + 1)
    held_out = torch.from_numpy(pieces[: n_test + n_stop][:, places])
    learn = pieces[n_test + n_stop :].ravel()
    return Parts(learn, held_out[n_test:].flatten(0, 1), held_out[:n_test], len(known))


class Beside(nn.Module):
    """Networks of one shape, each with its own weights, that are run in the same operations."""

    def __init__(self, shape: Shape, seeds: Sequence[int]) -> None:
        super().__init__()
        models = [_new(shape, seed) for seed in seeds]
        rows, _ = stack_module_state(models)
        self.names = list(rows)
        self.rows = nn.ParameterList([row.detach().clone() for row in rows.values()])
        self.__dict__["one"] = models[0]  # for its form: no part of this module, whose weights are the rows

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens (M, B, T) -> logits (M, B, T, V)."""

        def run(weights: dict[str, Tensor], tokens: Tensor) -> Tensor:
            logits: Tensor = functional_call(self.__dict__["one"], weights, (tokens,))
            return logits

        with sdpa_kernel(SDPBackend.MATH):  # the others cannot be run side by side
            logits: Tensor = torch.vmap(run)(dict(zip(self.names, self.rows, strict=True)), tokens)
        return logits

    @torch.no_grad()
    def member(self, number: int) -> Transformer:
        """One of them by itself, with a copy of its weights."""
        model = copy.deepcopy(self.__dict__["one"])
        assert isinstance(model, Transformer)
        for name, row in zip(self.names, self.rows, strict=True):
            model.get_parameter(name).copy_(row[number])
        return model


def _new(shape: Shape, seed: int) -> Transformer:
    """A network whose attention forms within few steps: positions are waves, symbols as large as they."""
    model = with_waves(shape, seed)
    with torch.no_grad():
        model.tokens.weight.div_(model.tokens.weight.std())
    return model


def rate_of(width: int) -> float:
    """Of training, by trial on another text: wider networks want a lower one."""
    return 0.04 * math.sqrt(8 / width)


def train_beside(
    parts: Parts, width: int, members: Sequence[tuple[int, int]], plan: Plan, report: Callable[[float], None]
) -> list[dict[str, Any]]:
    """Networks of a width, each with its D and its seed: bits a byte of every test piece, and all looks."""
    shape = Shape(parts.n_symbols, plan.window, width, plan.layers, max(1, width // 16), 4 * width,
                  are_positions_added=False)  # fmt: skip
    model = Beside(shape, [seed for _, seed in members])
    averaged = copy.deepcopy(model)
    randoms = [np.random.Generator(np.random.PCG64([seed, n_bytes])) for n_bytes, seed in members]
    texts = [torch.from_numpy(parts.learn[:n_bytes]) for n_bytes, _ in members]
    places = torch.arange(plan.window + 1)
    looks: list[list[tuple[int, float]]] = [[] for _ in members]
    best = [averaged.member(i) for i in range(len(members))]
    next_look = plan.first_look

    def draw(_step: int) -> tuple[Tensor, Tensor]:
        windows = [
            text[torch.from_numpy(random.integers(0, len(text) - plan.window, plan.batch))[:, None] + places]
            for text, random in zip(texts, randoms, strict=True)
        ]
        tokens = torch.stack(windows)
        return tokens[..., :-1], tokens[..., 1:]

    def watch(step: int) -> None:
        nonlocal next_look
        with torch.no_grad():
            for mean, row in zip(averaged.rows, model.rows, strict=True):
                mean.lerp_(row, 1 - plan.averaged)
        if step < min(next_look, plan.n_steps):
            return
        next_look = step + max(1, step // 8)
        for i, seen in enumerate(looks):
            candidate = averaged.member(i)
            bits = float(lengths_bits(candidate, parts.stop, batch=256).mean())
            if bits < min((known for _, known in seen), default=math.inf):
                best[i] = candidate
            seen.append((step, bits))
        report(step / plan.n_steps)

    # clipping would make one depend on the others
    train(model, draw, Recipe(plan.n_steps, rate_of(width), clip=0.0), watch)
    with one_thread():
        return [
            {"n_parameters": n_parameters(network), "n_bytes": n_bytes, "seed": seed, "looks": seen,
             "bits": [float(lengths_bits(network, piece, batch=256).mean()) for piece in parts.test]}
            for network, (n_bytes, seed), seen in zip(best, members, looks, strict=True)
        ]  # fmt: skip
