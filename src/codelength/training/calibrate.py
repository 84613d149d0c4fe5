"""Scales for a float network's integers, from what it does on documents it was trained on.

Every range is chosen for the least squared error of the rounded values, not to hold the largest: the engine
limits what lies beyond.

Letters: P positions kept, C channels, O outputs and K inputs of a linear map, D width.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from codelength.training.config import TrainingConfig
from codelength.training.corpus import Corpus
from codelength.training.network import HIDDEN_MAX, ByteNetwork, Layer
from codelength.training.quantise import (
    LARGEST,
    Arithmetic,
    LinearScale,
    Scales,
    check_exportable,
    linear_inputs,
    walk,
)
from codelength.training.streams import StreamBatcher, Window

__all__ = ["calibrate", "calibration_windows"]

_FRACTIONS = torch.logspace(0, -1.2, 25, dtype=torch.float64).tolist()
"""Of the largest absolute value: the ranges that are tried."""
_RESIDUAL_TOP = 24000.0
_BOUND = 2**30
"""Sums are planned to stay below half of what format 5.5 allows: weights go on moving in training."""
_TAP_SUM = 65000
"""Likewise the sum of a channel's taps, of 131063 allowed."""


class _Observer(Arithmetic):
    """The float network's arithmetic; keeps some of what passes."""

    def __init__(self, every: int) -> None:
        self.kept: dict[str, list[Tensor]] = {}
        self.values: dict[str, list[Tensor]] = {}
        self.largest: list[Tensor] = []
        self._every = every

    def activation(self, name: str, x: Tensor) -> Tensor:
        if name.endswith(".hidden"):
            x = x.clamp(-HIDDEN_MAX, HIDDEN_MAX)
        flat = x.flatten(0, 1)
        self.kept.setdefault(name, []).append(flat[:: self._every].clone())
        return x

    def linear(self, name: str, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        y = F.linear(x, weight, bias)
        if name.endswith(".hidden"):
            value = y[..., y.shape[-1] // 2 :]
            self.values.setdefault(name, []).append(value.abs().amax((0, 1)))
        return y

    def residual(self, x: Tensor) -> Tensor:
        self.largest.append(x.abs().flatten(0, 1).amax(1))
        return x


def _best_range(values: Tensor, weight: Tensor | None = None) -> Tensor:
    """The range of each column of values (P, C) whose 255 steps have the least squared error; (C,), positive.

    `weight` (P, 1) weighs the squares.
    """
    largest = values.abs().amax(0).clamp_min(1e-9)
    best = torch.full_like(largest, math.inf)
    chosen = largest.clone()
    for fraction in _FRACTIONS:
        step = largest * (fraction / LARGEST)
        square = ((values / step).round_().clamp_(-LARGEST, LARGEST).mul_(step).sub_(values)).square_()
        error = (square if weight is None else square * weight).sum(0)
        chosen = torch.where(error < best, largest * fraction, chosen)
        best = torch.minimum(error, best)
    return chosen


def _linear_scale(
    weight: Tensor, bias: Tensor | None, outputs: Tensor, inputs: Tensor, seen: Tensor
) -> LinearScale:
    """Chooses every row's step. weight (O, K), bias (O,), outputs (O,) and inputs (K,) integers of one unit,
    seen (P, K) float inputs: how large each is decides what an error of its weights costs.
    """
    scaled = weight.double() * outputs.unsqueeze(1) / inputs
    energy = (seen.double() * inputs).round().clamp(-LARGEST, LARGEST).square().mean(0).clamp_min(1e-3)
    step = _best_range(scaled.T, energy.unsqueeze(1)) / LARGEST
    sums = (scaled / step.unsqueeze(1)).round().clamp(-LARGEST, LARGEST).abs().sum(1)
    offsets = torch.zeros_like(step) if bias is None else (bias.double().cpu() * outputs).abs()
    # The largest shift for which everything fits: multipliers with as many bits as the sums leave.
    per_step = (LARGEST * sums * step + offsets).max()
    shift = min(30, math.floor(math.log2(_BOUND / float(per_step))))
    shift = min(shift, math.floor(math.log2(32767 / float(step.max()))))
    if shift < 1:
        raise ValueError("a linear map is too large for 32-bit sums")
    multiplier = (step * 2.0**shift).round().clamp_(1, 32767)
    return LinearScale(inputs, outputs, multiplier, shift)


def _norm_scales(values: Tensor, width: int) -> Tensor:
    """(D,) integers of one unit that a `norm_scale` of 1 ... 32767 can express."""
    one = 1 / (16 * math.sqrt(width))
    return (LARGEST / _best_range(values.double()) / one).round().clamp_(1, 32767) * one


def calibration_windows(
    corpus: Corpus, training: TrainingConfig, echoes: tuple[int, ...], n_windows: int
) -> list[Window]:
    """Windows of the documents that are trained on, in the mix's shares; always the same ones."""
    batcher = StreamBatcher(
        corpus, training.streams, training.window, training.piece_bytes, training.seed + 1, echoes
    )
    return [batcher.next_window() for _ in range(n_windows)]


@torch.no_grad()
def calibrate(network: ByteNetwork, windows: Iterable[Window], every: int = 4) -> Scales:
    """Chooses all scales; ValueError if the format has no such network. Keeps each `every`th position."""
    check_exportable(network.config)
    config, device = network.config, network.head.device
    observer, state = _Observer(every), None
    for window in windows:
        if state is None:
            state = network.first_state(window.age.shape[0], device)
        parts = (window.bytes, window.age, window.echoes)
        data, age, echoes = (torch.from_numpy(part).to(device) for part in parts)
        _, state = walk(network, observer, data, age, state, echoes)
    if state is None:
        raise ValueError("no data to calibrate on")
    seen = {name: torch.cat(values).cpu() for name, values in observer.kept.items()}
    largest = float(torch.cat(observer.largest).quantile(0.9999))
    # A power of two: nothing depends on it but how the largest values are limited.
    residual = 2.0 ** math.floor(math.log2(_RESIDUAL_TOP / largest))

    activations = {"rows": LARGEST / _best_range(seen["rows"].double())}
    to_residual = torch.full((config.width,), residual, dtype=torch.float64)
    outputs = {"widen": to_residual}
    weights: dict[str, tuple[Tensor, Tensor | None]] = {"widen": (network.widen, None)}
    for number, layer in enumerate(network.layers):
        assert isinstance(layer, Layer)
        assert layer.taps is not None
        name = f"layers.{number}"
        taps = layer.taps.double().cpu().abs()
        most = torch.minimum(32000 / taps.amax(0), _TAP_SUM / taps.sum(0)) / (16 * math.sqrt(config.width))
        convolved = LARGEST / _best_range(seen[f"{name}.convolved"].double())
        activations[f"{name}.convolved"] = torch.minimum(convolved, most)
        activations[f"{name}.mixed"] = torch.full((config.width,), LARGEST, dtype=torch.float64)
        activations[f"{name}.normed"] = _norm_scales(seen[f"{name}.normed"], config.width)
        value = torch.stack(observer.values[f"{name}.hidden"]).amax(0).double().cpu()
        hidden = torch.minimum(LARGEST / _best_range(seen[f"{name}.hidden"].double()), 32767 / (64 * value))
        activations[f"{name}.hidden"] = hidden
        cell = layer.cell
        weights[f"{name}.gates"] = (cell.gates, cell.bias)
        weights[f"{name}.mix"] = (cell.project, None)
        weights[f"{name}.hidden"] = (layer.hidden, layer.hidden_bias)
        weights[f"{name}.project"] = (layer.project, None)
        sigmoid = torch.full((config.width,), 4096.0, dtype=torch.float64)
        outputs[f"{name}.gates"] = torch.cat((sigmoid, 2 * sigmoid, sigmoid))
        outputs[f"{name}.mix"] = outputs[f"{name}.project"] = to_residual
        gate = torch.full((config.hidden,), 2048.0, dtype=torch.float64)
        outputs[f"{name}.hidden"] = torch.cat((gate, hidden * 64))
    activations["normed"] = _norm_scales(seen["normed"], config.width)
    weights["head"] = (network.head, network.head_bias)
    outputs["head"] = torch.full((256,), 256 / math.log(2), dtype=torch.float64)
    linears = {}
    for name, (weight, bias) in weights.items():
        inputs = linear_inputs(name)
        linears[name] = _linear_scale(weight.cpu(), bias, outputs[name], activations[inputs], seen[inputs])
    return Scales(residual, activations, linears)
