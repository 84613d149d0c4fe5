"""The update rules: AdamW for dense parameters, Muon for the layers' matrices if asked, lazy Adam for table
rows.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["Muon", "RowAdam", "orthogonalise"]


class RowAdam(torch.optim.Optimizer):
    """Adam without momentum for tables with sparse gradients: a row's state moves only when the row is read.

    Each row counts its own steps for the bias correction, so that a rare row moves by the full rate the first
    times it is seen: what it has to learn, it must learn from few occasions.
    """

    def __init__(
        self, params: Iterable[torch.nn.Parameter], lr: float, beta: float = 0.99, eps: float = 1e-10
    ) -> None:
        super().__init__(list(params), {"lr": lr, "beta": beta, "eps": eps})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of the rows that have a gradient."""
        for group in self.param_groups:
            for table in group["params"]:
                if table.grad is None:
                    continue
                gradient = table.grad.coalesce()
                rows, values = gradient.indices()[0], gradient.values()
                state = self.state[table]
                if not state:
                    state["square"] = torch.zeros_like(table)
                    state["steps"] = torch.zeros(table.shape[0], device=table.device)
                beta = group["beta"]
                steps = state["steps"][rows] + 1
                square = state["square"][rows].mul_(beta).addcmul_(values, values, value=1 - beta)
                state["steps"][rows] = steps
                state["square"][rows] = square
                corrected = square / (1 - beta**steps).unsqueeze(-1)
                table.index_add_(0, rows, values / (corrected.sqrt() + group["eps"]), alpha=-group["lr"])


# Odd quintics a s + b s^3 + c s^5, applied in turn: each is the one closest to 1 on the interval that the
# one before leaves, starting from [0.01, 1]. Three bring singular values from there to within 0.27 of 1, for
# which one fixed polynomial takes five (Jordan et al. 2024; the choice by interval: Amsel et al. 2025).
_QUINTICS = ((8.0934, -23.6204, 17.4462), (3.6366, -2.7219, 0.5365), (2.6613, -1.9772, 0.4526))


def orthogonalise(matrix: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """About the nearest (semi-)orthogonal matrix: singular values above 1 % of the norm end near 1.

    Computed in `dtype`; the direction of an update has no need of more than bfloat16 (Jordan et al. 2024).
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x: Tensor = matrix.T if tall else matrix
    x = (x / (x.norm() + 1e-7)).to(dtype)
    for a, b, c in _QUINTICS:
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised; a matrix (n D, D) is taken as n blocks (D, D)."""

    def __init__(
        self,
        params: Iterable[torch.nn.Parameter],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(list(params), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every matrix that has a gradient."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                state = self.state[matrix]
                if not state:
                    state["momentum"] = torch.zeros_like(matrix)
                average = state["momentum"].lerp_(matrix.grad, 1 - group["momentum"])
                ahead = matrix.grad.lerp(average, group["momentum"])
                n_blocks = (
                    max(1, matrix.shape[0] // matrix.shape[1]) if not matrix.shape[0] % matrix.shape[1] else 1
                )
                blocks = [orthogonalise(block, self._dtype) for block in ahead.chunk(n_blocks, 0)]
                # 0.2 sqrt(max(in, out)) makes the size of an entry's update that of Adam's (Liu et al. 2025).
                scale = 0.2 * max(blocks[0].shape) ** 0.5
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                matrix.add_(torch.cat(blocks, 0), alpha=-group["lr"] * scale)
