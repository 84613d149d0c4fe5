"""The recurrences over time, each as one operation with a gradient.

Every operation exists twice: fused for the CPU (`kernels.cpp`), and in PyTorch, which is the reference that
the tests hold the kernel against and what a GPU runs. The PyTorch recurrences are parallel in time: a linear
recurrence h_t = a_t h_{t-1} + b_t is a composition of affine maps, so log2(T) doubling steps compute all of
it (Blelloch 1990; Martin and Cundy 2018).

Letters: B streams, T bytes of a window, D width, J taps, H heads, K rows and V columns of a head's state.
`age` (B, T) int32 counts the bytes of the same document before each position; 0 drops the state.
"""

from typing import Any

import torch
from torch import Tensor

from codelength.training import kernels

__all__ = [
    "gated_scan",
    "gated_scan_reference",
    "linear_recurrence",
    "matrix_scan",
    "matrix_scan_reference",
    "short_convolution",
    "short_convolution_reference",
]


def _doubling(decay: Tensor, inputs: Tensor) -> Tensor:
    """h_t = decay_t * h_{t-1} + inputs_t from h_{-1} = 0 along dimension 1, in log2(T) passes."""
    n_steps, reach = decay.shape[1], 1
    while reach < n_steps:
        inputs = torch.cat((inputs[:, :reach], inputs[:, reach:] + decay[:, reach:] * inputs[:, :-reach]), 1)
        # Steps below `reach` are complete: nothing reads their decay again.
        decay = torch.cat((decay[:, :reach], decay[:, reach:] * decay[:, :-reach]), 1)
        reach *= 2
    return inputs


class _LinearRecurrence(torch.autograd.Function):
    """Its gradient is the same recurrence backwards in time, so no pass of the doubling has to be kept."""

    @staticmethod
    def forward(ctx: Any, decay: Tensor, inputs: Tensor, first: Tensor) -> Tensor:
        inputs = torch.cat((inputs[:, :1] + decay[:, :1] * first.unsqueeze(1), inputs[:, 1:]), 1)
        state = _doubling(decay, inputs)
        ctx.save_for_backward(decay, state, first)
        return state

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        decay, state, first = ctx.saved_tensors
        after = torch.cat((decay[:, 1:], torch.zeros_like(decay[:, :1])), 1)
        d_state = _doubling(after.flip(1), gradients[0].flip(1)).flip(1)
        before = torch.cat((first.unsqueeze(1), state[:, :-1]), 1)
        return d_state * before, d_state, decay[:, 0] * d_state[:, 0]


def linear_recurrence(decay: Tensor, inputs: Tensor, first: Tensor) -> Tensor:
    """h_t = decay_t * h_{t-1} + inputs_t along dimension 1, from h_{-1} = first, parallel in time.

    decay, inputs (B, T, ...), first (B, ...) -> h (B, T, ...)
    """
    state: Tensor = kernels.apply(_LinearRecurrence, decay, inputs, first)
    return state


def gated_scan_reference(raw: Tensor, age: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """`gated_scan` in PyTorch."""
    forget, candidate, output = raw.float().chunk(3, -1)
    forget, candidate, output = forget.sigmoid(), candidate.tanh(), output.sigmoid()
    keep = (age > 0).to(forget.dtype).unsqueeze(-1)
    state = linear_recurrence(forget * keep, (1 - forget) * candidate, first)
    return output * state, state[:, -1]


class _GatedScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, raw: Tensor, age: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
        n_streams, n_steps, width = raw.shape[0], raw.shape[1], raw.shape[2] // 3
        raw, first = raw.contiguous(), first.contiguous()
        active = torch.empty_like(raw)
        state, out = raw.new_empty(n_streams, n_steps, width), raw.new_empty(n_streams, n_steps, width)
        kernels.call("gated_scan_forward", n_streams, n_steps, width, raw, age, first, active, state, out)
        ctx.save_for_backward(active, age, first, state)
        return out, state[:, -1].clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, Tensor]:
        active, age, first, state = ctx.saved_tensors
        n_streams, n_steps, width = state.shape
        d_out, d_state = gradients[0].contiguous(), gradients[1].clone(memory_format=torch.contiguous_format)
        d_raw = torch.empty_like(active)
        kernels.call(
            "gated_scan_backward", n_streams, n_steps, width, active, age, first, state, d_out, d_state, d_raw
        )
        return d_raw, None, d_state


def gated_scan(raw: Tensor, age: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """A gated linear recurrence with one number of state a channel, and its output gate.

    With f = sigmoid(raw[0]), c = tanh(raw[1]), o = sigmoid(raw[2]):  h_t = f h_{t-1} + (1 - f) c,  y_t = o
    h_t. The state is a convex combination of candidates, so |h| <= 1 for ever (as minGRU, Feng et al. 2024,
    and HGRN, Qin et al. 2023): what a fixed-point engine wants.

    raw (B, T, 3D), age (B, T) int32, first (B, D) -> y (B, T, D), last state (B, D)
    """
    if kernels.usable(raw):
        out, last = kernels.apply(_GatedScan, raw.float(), age, first)
        return out, last
    return gated_scan_reference(raw, age, first)


def matrix_scan_reference(
    forget: Tensor, query: Tensor, value: Tensor, age: Tensor, first: Tensor
) -> tuple[Tensor, Tensor]:
    """`matrix_scan` in PyTorch; holds B*T*H*K*V numbers, so it is for tests and small models."""
    forget, query, value = forget.float(), query.float(), value.float()
    keep = (age > 0).to(forget.dtype)[..., None, None]
    decay = (forget * keep).unsqueeze(-1).expand(*forget.shape, value.shape[-1])
    state = linear_recurrence(decay, (1 - forget).unsqueeze(-1) * value.unsqueeze(-2), first)
    return torch.einsum("bthk,bthkv->bthv", query, state), state[:, -1]


class _MatrixScan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, forget: Tensor, query: Tensor, value: Tensor, age: Tensor, first: Tensor
    ) -> tuple[Tensor, Tensor]:
        forget, query, value = forget.contiguous(), query.contiguous(), value.contiguous()
        n_streams, n_steps, n_heads, n_keys = forget.shape
        n_values = value.shape[-1]
        state = first.clone(memory_format=torch.contiguous_format)
        kept = value.new_empty(n_streams, n_heads, (n_steps + 15) // 16, n_keys, n_values)
        out = torch.empty_like(value)
        sizes = (n_streams, n_steps, n_heads, n_keys, n_values)
        kernels.call("matrix_scan_forward", *sizes, forget, query, value, age, state, kept, out)
        ctx.save_for_backward(forget, query, value, age, kept)
        return out, state

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, Tensor]:
        forget, query, value, age, kept = ctx.saved_tensors
        sizes = (*forget.shape, value.shape[-1])
        d_out, d_state = gradients[0].contiguous(), gradients[1].clone(memory_format=torch.contiguous_format)
        d_forget, d_query, d_value = (
            torch.empty_like(forget),
            torch.empty_like(query),
            torch.empty_like(value),
        )
        kernels.call(
            "matrix_scan_backward",
            *sizes,
            forget,
            query,
            value,
            age,
            kept,
            d_out,
            d_state,
            d_forget,
            d_query,
            d_value,
        )
        return d_forget, d_query, d_value, None, d_state


def matrix_scan(
    forget: Tensor, query: Tensor, value: Tensor, age: Tensor, first: Tensor
) -> tuple[Tensor, Tensor]:
    """A recurrence whose state is a matrix a head, bounded like that of `gated_scan`.

    S_t = diag(f_t) S_{t-1} + (1 - f_t) v_t^T,  y_t = S_t^T q_t (HGRN2, Qin et al. 2024): |S| <= max |v|.

    forget, query (B, T, H, K), value (B, T, H, V), age (B, T) int32, first (B, H, K, V)
    -> y (B, T, H, V), last state (B, H, K, V)
    """
    if kernels.usable(value):
        out, last = kernels.apply(_MatrixScan, forget, query, value, age, first)
        return out, last
    return matrix_scan_reference(forget, query, value, age, first)


def short_convolution_reference(x: Tensor, weight: Tensor, age: Tensor, tail: Tensor) -> Tensor:
    """`short_convolution` in PyTorch."""
    n_taps, n_steps = weight.shape[0], x.shape[1]
    padded = torch.cat((tail.to(x.dtype), x), 1)
    total = torch.zeros_like(x)
    for tap in range(n_taps):
        shifted = padded[:, n_taps - 1 - tap : n_taps - 1 - tap + n_steps]
        total = total + weight[tap].to(x.dtype) * shifted * (age >= tap).to(x.dtype).unsqueeze(-1)
    return total


class _ShortConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, age: Tensor, tail: Tensor) -> Tensor:
        x, weight, tail = x.contiguous(), weight.contiguous(), tail.contiguous()
        out = torch.empty_like(x)
        kernels.call("short_convolution_forward", *x.shape, weight.shape[0], x, weight, age, tail, out)
        ctx.save_for_backward(x, weight, age, tail)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, weight, age, tail = ctx.saved_tensors
        d_x, d_weight = torch.zeros_like(x), torch.zeros_like(weight)
        kernels.call(
            "short_convolution_backward",
            *x.shape,
            weight.shape[0],
            x,
            weight,
            age,
            tail,
            gradients[0].contiguous(),
            d_x,
            d_weight,
        )
        return d_x, d_weight, None, None


def short_convolution(x: Tensor, weight: Tensor, age: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
    """y_t = sum_j weight_j x_{t-j} over the taps that lie in the same document; a channel at a time.

    x (B, T, D), weight (J, D), age (B, T) int32, tail (B, J-1, D): the x before the window -> y (B, T, D),
    next tail (B, J-1, D). No gradient flows into the tail: truncated at the window, as the state is.
    """
    n_taps = weight.shape[0]
    with torch.no_grad():
        after = torch.cat((tail.to(x.dtype), x), 1)[:, x.shape[1] :].clone() if n_taps > 1 else tail
    if kernels.usable(x):
        out: Tensor = kernels.apply(_ShortConvolution, x, weight, age, tail)
        return out, after
    return short_convolution_reference(x, weight, age, tail.detach()), after
