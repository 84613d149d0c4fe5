"""What single heads of attention do: where they look, what they copy, and what is lost without them.

Letters: B sequences, T positions, V symbols, D width, L layers, H heads, K = D / H channels of a head.

Scores, as the library transformer-lens defines them and this module computes them anew:

* prefix matching: how much of its attention a head gives to the places after earlier occurrences of the
  symbol that it stands on; once as a share of the attention from all places (`head_detector`), once of that
  from places whose symbol occurred before (C. Olsson et al., 2022);
* copying: sum of eigenvalues / sum of their absolute values, of the matrix that leads from the symbol that a
  head looks at to the logits that it raises. 1 for a head that only copies, -1 for one that only suppresses.

Sources: C. Olsson et al., "In-context learning and induction heads", 2022; N. Elhage et al., "A mathematical
framework for transformer circuits", 2021 (eigenvalues); https://github.com/TransformerLensOrg/TransformerLens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength.experiments.parts.transformer import Attention, Edit, Layer, Seen, Transformer

__all__ = [
    "Head",
    "Scores",
    "copying_scores",
    "mean_outputs",
    "prefix_places",
    "prefix_scores",
    "previous_scores",
    "replaced",
    "replaced_by",
    "seen_in",
]


class Head(NamedTuple):
    """One head, counted from 0."""

    layer: int
    number: int

    def __str__(self) -> str:
        return f"{self.layer + 1}.{self.number + 1}"


class Scores(NamedTuple):
    """Prefix matching of every head, float64 (L, H) each."""

    of_repeated: NDArray[np.float64]
    """Share of the attention from places whose symbol occurred before."""
    of_all: NDArray[np.float64]
    """Share of the attention from all places: the library's `detect_head`."""


def prefix_places(tokens: Tensor) -> Tensor:
    """tokens (B, T) -> bool (B, T, T): whether the symbol before place j is that of place i, and j <= i."""
    n = tokens.shape[1]
    is_same = tokens[:, :, None] == tokens[:, None, :]
    is_after = torch.zeros_like(is_same)
    is_after[:, :, 1:] = is_same[:, :, :-1]
    return is_after & torch.ones(n, n, dtype=torch.bool, device=tokens.device).tril()


@torch.no_grad()
def prefix_scores(patterns: Sequence[Tensor], tokens: Tensor) -> Scores:
    """Prefix matching. patterns: of each layer, (B, H, T, T) with rows that sum to 1; tokens (B, T)."""
    places = prefix_places(tokens)
    matched = torch.stack([(pattern * places[:, None]).sum((0, 2, 3)) for pattern in patterns]).double()
    n_repeated = int(places.any(-1).sum())
    matched_of = np.asarray(matched)
    return Scores(matched_of / max(1, n_repeated), matched_of / tokens.numel())


@torch.no_grad()
def previous_scores(patterns: Sequence[Tensor]) -> NDArray[np.float64]:
    """Mean attention to the place before, of each head, (L, H). patterns as for `prefix_scores`."""
    rows = [pattern.diagonal(-1, -2, -1).double().mean((0, 2)) for pattern in patterns]
    return np.asarray(torch.stack(rows))


@torch.no_grad()
def copying_scores(model: Transformer, is_full: bool = True) -> NDArray[np.float64]:
    """Copying score of every head, float64 (L, H), -1 to 1.

    With `is_full` of the whole way from symbol to logits, embedding x value x projection x unembedding
    (V x V); otherwise of value x projection alone (D x D). Gains of the layer norms count as parts of the
    matrices that they stand beside; centring and scaling by the norms, and biases, are left out.
    """
    rows = []
    for layer in model.layers:
        assert isinstance(layer, Layer)
        attention, width = layer.attention, model.shape.width
        assert isinstance(attention, Attention)
        size = width // attention.heads
        reads, writes = torch.eye(width).double(), torch.eye(width).double()
        if is_full:
            reads = model.tokens.weight.double() * layer.before_attention.weight.double()
            writes = (model.unembed.weight.double() * model.norm.weight.double()).T
        row = []
        for k in range(attention.heads):
            channels = slice(k * size, (k + 1) * size)
            value = reads @ attention.value.weight.double()[channels].T  # (V or D, K)
            project = attention.project.weight.double()[:, channels].T @ writes  # (K, V or D)
            # the K x K product in the other order has the same eigenvalues other than 0
            row.append(copying_score(np.asarray(project @ value)))
        rows.append(row)
    return np.array(rows)


def copying_score(matrix: NDArray[np.float64]) -> float:
    """Sum of eigenvalues / sum of their absolute values; 0 for a matrix that has only zeros as such."""
    values = np.linalg.eigvals(matrix)
    total = float(np.abs(values).sum())
    return float(values.sum().real) / total if total > 0 else 0.0


@torch.no_grad()
def seen_in(model: Transformer, tokens: Tensor) -> Seen:
    """What a pass over tokens (B, T) leaves to look at."""
    seen = Seen()
    model(tokens, seen)
    return seen


@torch.no_grad()
def mean_outputs(model: Transformer, tokens: Tensor) -> list[Tensor]:
    """What each head gives on average over sequences, at each place: of each layer (1, T, H, K)."""
    return [output.mean(0, keepdim=True) for output in seen_in(model, tokens).outputs]


def replaced(heads: Mapping[Head, Tensor]) -> Edit:
    """An edit that puts something in place of what some heads give: for each head (B or 1, T, K).

    Means over sequences of what the head gives: ablation. What it gives on other sequences: patching.
    """

    def edit(layer: int, outputs: Tensor) -> Tensor:
        own = {head: value for head, value in heads.items() if head.layer == layer}
        if own:
            outputs = outputs.clone()
            for head, value in own.items():
                outputs[:, :, head.number] = value[:, : outputs.shape[1]]
        return outputs

    return edit


def replaced_by(outputs: Sequence[Tensor], some: Iterable[Head]) -> Edit:
    """`replaced`, for some heads, by what all heads give elsewhere: of each layer (B or 1, T, H, K)."""
    return replaced({head: outputs[head.layer][:, :, head.number] for head in some})
