"""The float network computing as its integer export will (docs/format.md, section 5), with gradients.

Weights and activations are rounded to the 8 bits that the export stores and limited as it limits them, with
the scales of `Scales`; the gradient passes through every rounding as if it were not there, and through an
activation's limit only where it was not met (Bengio et al. 2013). What is finer by two orders of magnitude is
left out: the roundings of the norm, of the taps, of the gates to 1/4096, of the recurrent state to 1/32768.

Letters: B streams, T bytes of a window, D width, M hidden width, O outputs and K inputs of a linear map.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from codelength.training.config import ModelConfig
from codelength.training.kernels import apply
from codelength.training.network import ByteNetwork, GatedCell, Layer, State
from codelength.training.pointwise import rms_norm, swiglu
from codelength.training.scan import gated_scan, short_convolution
from codelength.training.streams import HISTORY

__all__ = [
    "Arithmetic",
    "LinearScale",
    "QuantisedNetwork",
    "Scales",
    "Simulation",
    "activation_integers",
    "check_exportable",
    "linear_inputs",
    "walk",
    "weight_integers",
]

LARGEST = 127.0
"""Of an 8-bit activation or weight."""
GATE_MAX = 32767 / 4096
"""Largest argument of a sigmoid: 16 bits, in 1/4096."""


@dataclasses.dataclass(frozen=True)
class LinearScale:
    """A linear map in integers: one unit of output o is `outputs[o]`, one of input k is `inputs[k]`.

    Integer weights times integer inputs, summed, times multiplier[o] / 2^shift are the output's integers.
    inputs (K,), outputs (O,), multiplier (O,) whole numbers: float64.
    """

    inputs: Tensor
    outputs: Tensor
    multiplier: Tensor
    shift: int

    @property
    def step(self) -> Tensor:
        """What an integer weight of 1 does to an output, in the output's integers; (O,)."""
        return self.multiplier / 2.0**self.shift


@dataclasses.dataclass(frozen=True)
class Scales:
    """Integers of one unit, for everything that is rounded; fixed by a calibration."""

    residual: float
    activations: Mapping[str, Tensor]
    """(channels,) float64 by name: rows, layers.l.convolved, .mixed, .normed, .hidden, and normed."""
    linears: Mapping[str, LinearScale]
    """By the export's names: widen, layers.l.gates, .mix, .hidden, .project, and head."""

    def tensors(self) -> dict[str, Tensor]:
        """Everything by name, for a checkpoint."""
        found = {"residual": torch.tensor([self.residual], dtype=torch.float64)}
        found |= {f"activations.{name}": value for name, value in self.activations.items()}
        for name, linear in self.linears.items():
            found[f"linears.{name}.outputs"] = linear.outputs
            found[f"linears.{name}.multiplier"] = linear.multiplier
            found[f"linears.{name}.shift"] = torch.tensor([linear.shift])
        # Some maps share a tensor, which a file cannot.
        return {name: value.clone() for name, value in found.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "Scales":
        """The inverse of `tensors`."""
        start = "activations."
        activations = {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}
        linears = {}
        for name in tensors:
            if name.startswith("linears.") and name.endswith(".shift"):
                stem = name.removesuffix(".shift")
                short = stem.removeprefix("linears.")
                linears[short] = LinearScale(
                    activations[linear_inputs(short)],
                    tensors[f"{stem}.outputs"],
                    tensors[f"{stem}.multiplier"],
                    int(tensors[name]),
                )
        return cls(float(tensors["residual"]), activations, linears)


def linear_inputs(name: str) -> str:
    """The activation that the linear map called `name` reads."""
    prefix, _, last = name.rpartition(".")
    source = {
        "widen": "rows",
        "gates": "convolved",
        "mix": "mixed",
        "hidden": "normed",
        "project": "hidden",
        "head": "normed",
    }[last]
    return f"{prefix}.{source}" if prefix else source


def weight_integers(weight: Tensor, scale: LinearScale) -> Tensor:
    """weight (O, K) float32 -> the integers of the export, -127 ... 127, as float32."""
    row = (scale.outputs / scale.step).float().to(weight.device)
    column = (1 / scale.inputs).float().to(weight.device)
    return (weight * row.unsqueeze(1)).mul_(column).round_().clamp_(-LARGEST, LARGEST)


def activation_integers(x: Tensor, scale: Tensor) -> Tensor:
    """x times `scale`, rounded to -127 ... 127; a new tensor."""
    return (x * scale).round_().clamp_(-LARGEST, LARGEST)


class _Weights(torch.autograd.Function):
    """The integers of weights (O, K), made by row (O, 1) and column (K,), times each row's step (O, 1)."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, row: Tensor, column: Tensor, step: Tensor) -> Tensor:
        ctx.save_for_backward(row, column, step)
        integers = (weight * row).mul_(column).round_().clamp_(-LARGEST, LARGEST)
        return integers.mul_(step)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        row, column, step = ctx.saved_tensors
        return (gradients[0] * (row * step)).mul_(column), None, None, None


class _Activation(torch.autograd.Function):
    """x times `scale` (channels,), rounded to -127 ... 127."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor) -> Tensor:
        out = activation_integers(x, scale)
        ctx.save_for_backward(out, scale)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        out, scale = ctx.saved_tensors
        # hardtanh's own gradient: zero where the limit is met.
        passed = torch.ops.aten.hardtanh_backward(gradients[0].contiguous(), out, -LARGEST, LARGEST)
        return passed.mul_(scale), None


class _Rounded(torch.autograd.Function):
    """x to whole numbers of 16 bits, in place."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        return x.round_().clamp_(-32767, 32767)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


class _Limited(torch.autograd.Function):
    """x within the arguments of a sigmoid, in place: its gradient at the limit is nearly zero anyway."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        return x.clamp_(-GATE_MAX, GATE_MAX)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


class Arithmetic:
    """What `walk` does at each place; here that of the float network."""

    def activation(self, name: str, x: Tensor) -> Tensor:
        """What a linear map reads."""
        return x

    def linear(self, name: str, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The linear map called `name`."""
        return F.linear(x, weight, bias)

    def table(self, weight: Tensor) -> Tensor:
        """The embedding of the last byte."""
        return weight

    def residual(self, x: Tensor) -> Tensor:
        """The residual stream after an addition."""
        return x

    def gates(self, raw: Tensor) -> Tensor:
        """The arguments of the recurrence's gates."""
        return raw


class Simulation(Arithmetic):
    """That of the integers. Activations and the residual stream are their integers, outputs of the other
    maps in units of the float network.
    """

    def __init__(self, scales: Scales, device: torch.device) -> None:
        self._residual = scales.residual
        self._activations = {name: each.float().to(device) for name, each in scales.activations.items()}
        self._linears: dict[str, tuple[Tensor, Tensor, Tensor]] = {}
        for name, linear in scales.linears.items():
            # The residual stream stays in integers: its norm does not see its unit.
            to_residual = name.rpartition(".")[2] in ("widen", "mix", "project")
            row = linear.outputs / linear.step
            step = linear.step if to_residual else 1 / row
            self._linears[name] = (
                row.unsqueeze(1).float().to(device),
                (1 / linear.inputs).float().to(device),
                step.unsqueeze(1).float().to(device),
            )

    def activation(self, name: str, x: Tensor) -> Tensor:
        integers: Tensor = apply(_Activation, x, self._activations[name])
        return integers

    def linear(self, name: str, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return F.linear(x, apply(_Weights, weight, *self._linears[name]), bias)

    def table(self, weight: Tensor) -> Tensor:
        rounded: Tensor = apply(_Rounded, weight * self._residual)
        return rounded

    def residual(self, x: Tensor) -> Tensor:
        rounded: Tensor = apply(_Rounded, x)
        return rounded

    def gates(self, raw: Tensor) -> Tensor:
        limited: Tensor = apply(_Limited, raw)
        return limited


def _walk_layer(
    layer: Layer, name: str, arithmetic: Arithmetic, x: Tensor, age: Tensor, state: State
) -> tuple[Tensor, State]:
    assert isinstance(layer.cell, GatedCell)
    assert layer.taps is not None
    seen, tail = short_convolution(rms_norm(x), layer.taps, age, state[1])
    seen = arithmetic.activation(f"{name}.convolved", seen)
    raw = arithmetic.gates(arithmetic.linear(f"{name}.gates", seen, layer.cell.gates, layer.cell.bias))
    mixed, recurrent = gated_scan(raw, age, state[0])
    mixed = arithmetic.activation(f"{name}.mixed", mixed)
    x = arithmetic.residual(x + arithmetic.linear(f"{name}.mix", mixed, layer.cell.project))
    seen = arithmetic.activation(f"{name}.normed", rms_norm(x))
    hidden = swiglu(arithmetic.linear(f"{name}.hidden", seen, layer.hidden, layer.hidden_bias))
    hidden = arithmetic.activation(f"{name}.hidden", hidden)
    x = arithmetic.residual(x + arithmetic.linear(f"{name}.project", hidden, layer.project))
    return x, [recurrent, tail]


def walk(
    network: ByteNetwork,
    arithmetic: Arithmetic,
    window: Tensor,
    age: Tensor,
    state: State,
    echoes: Tensor | None = None,
) -> tuple[Tensor, State]:
    """`ByteNetwork.forward` with another arithmetic; the bound on the hidden layer is the arithmetic's."""
    n_steps = age.shape[1]
    last = window[:, HISTORY - 1 : HISTORY - 1 + n_steps].long() * (age > 0)
    x = F.embedding(last, arithmetic.table(network.bytes.weight))
    found = arithmetic.activation("rows", network.rows(window, age, echoes))
    x = arithmetic.residual(x + arithmetic.linear("widen", found, network.widen))
    after: State = []
    for number, layer in enumerate(network.layers):
        assert isinstance(layer, Layer)
        x, next_state = _walk_layer(
            layer, f"layers.{number}", arithmetic, x, age, state[2 * number : 2 * number + 2]
        )
        after += next_state
    seen = arithmetic.activation("normed", rms_norm(x))
    return arithmetic.linear("head", seen, network.head, network.head_bias), after


def check_exportable(config: ModelConfig) -> None:
    """ValueError if the format has no integer network of this shape."""
    if config.cell != "gated" or not 1 <= config.taps <= 8 or not 1 <= len(config.orders) <= 8:
        raise ValueError("only gated cells with a convolution and n-grams have an integer network")
    n_found = (len(config.orders) + len(config.echoes)) * config.columns
    if config.width % 16 or config.hidden % 16 or n_found % 4:
        raise ValueError("width and hidden must be multiples of 16, orders and echoes x columns one of 4")


class QuantisedNetwork(nn.Module):
    """A `ByteNetwork`, whose parameters it shares, in the arithmetic of its export."""

    def __init__(self, network: ByteNetwork, scales: Scales) -> None:
        super().__init__()
        check_exportable(network.config)
        self.network = network
        self.scales = scales
        self._simulation = Simulation(scales, network.head.device)

    def forward(
        self, window: Tensor, age: Tensor, state: State, echoes: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """As `ByteNetwork.forward`."""
        return walk(self.network, self._simulation, window, age, state, echoes)
