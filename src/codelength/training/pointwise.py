"""The norm and the gated unit, each fused into one pass over memory on a CPU."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from codelength.training import kernels

__all__ = ["rms_norm", "swiglu"]


class _RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float) -> Tensor:
        x = x.contiguous()
        out, inverse = torch.empty_like(x), x.new_empty(x.shape[:-1])
        kernels.call("rms_norm_forward", inverse.numel(), x.shape[-1], eps, x, out, inverse)
        ctx.save_for_backward(out, inverse)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        out, inverse = ctx.saved_tensors
        d_x = torch.empty_like(out)
        d_out = gradients[0].contiguous()
        kernels.call("rms_norm_backward", inverse.numel(), out.shape[-1], out, inverse, d_out, d_x)
        return d_x, None


def rms_norm(x: Tensor, eps: float = 1e-6) -> Tensor:
    """x / sqrt(mean(x^2) + eps) over the last dimension (Zhang and Sennrich 2019), without a gain: the matrix
    that follows can hold it.
    """
    if kernels.usable(x):
        out: Tensor = kernels.apply(_RmsNorm, x.float(), eps)
        return out
    return F.rms_norm(x, (x.shape[-1],), eps=eps)


class _SwiGlu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, pair: Tensor) -> Tensor:
        pair = pair.contiguous()
        out = pair.new_empty(*pair.shape[:-1], pair.shape[-1] // 2)
        kernels.call("swiglu_forward", out.numel() // out.shape[-1], out.shape[-1], pair, out)
        ctx.save_for_backward(pair)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (pair,) = ctx.saved_tensors
        d_pair = torch.empty_like(pair)
        width = pair.shape[-1] // 2
        kernels.call(
            "swiglu_backward", pair.numel() // (2 * width), width, pair, gradients[0].contiguous(), d_pair
        )
        return d_pair


def swiglu(pair: Tensor) -> Tensor:
    """silu(gate) * value (Shazeer 2020); pair (..., 2M) = gate, value -> (..., M)."""
    if kernels.usable(pair):
        out: Tensor = kernels.apply(_SwiGlu, pair.float())
        return out
    gate, value = pair.chunk(2, -1)
    return F.silu(gate) * value
