"""The float network: a byte-level gated linear recurrence with O(1) state a step.

    byte embedding + projected rows of hashed n-grams and of echoes
    layers x [ norm, short convolution, gates, recurrence, output gate, projection; norm, gated hidden layer ]
    norm, 256 logits

Everything is chosen so that 8-bit integers can follow: candidates, states and gates are bounded, the
recurrence is a convex combination, norms carry no gain, n-gram rows start at zero (a context never seen says
nothing).

Letters: B streams, T bytes of a window, D width, M hidden width, N orders, R rows and C columns of an order's
table, E echoes.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from codelength import _native
from codelength.training.config import ModelConfig
from codelength.training.pointwise import rms_norm, swiglu
from codelength.training.scan import gated_scan, matrix_scan, short_convolution
from codelength.training.streams import HISTORY

__all__ = ["ByteNetwork", "State", "grown", "hash_contexts", "is_table", "multiply_adds_per_byte"]

State = list[Tensor]
"""One layer after another: its recurrent state, then, if it has a convolution, that one's tail."""

HIDDEN_MAX = 8.0
"""Largest activation of the gated hidden layer: without a bound a few of them grow to thousands, and 8 bits
cannot hold those beside the others."""
_LONGEST_MEMORY = 256.0
_HASH_MULTIPLIER = 0x9E3779B1


def hash_contexts(window: Tensor, age: Tensor, orders: tuple[int, ...], rows: int) -> Tensor:
    """Row of each order's n-gram in front of each byte; bytes before the document's start count as 0.

    With b_1 the last byte before position t, b_2 the one before it and so on, in 32-bit unsigned arithmetic:
    h_0 = 0, h_j = ((h_{j-1} xor (b_j + 1)) * 0x9E3779B1); order n reads the top log2(rows) bits of h_n.

    window (B, HISTORY + T) uint8, age (B, T) int32 -> (B, T, N) int64, each below rows
    """
    n_steps = age.shape[1]
    shift = 32 - rows.bit_length() + 1
    hashed = torch.zeros(age.shape, dtype=torch.int64, device=window.device)
    found: dict[int, Tensor] = {}
    for distance in range(1, max(orders) + 1):
        byte = window[:, HISTORY - distance : HISTORY - distance + n_steps].long() * (age >= distance)
        hashed = ((hashed ^ (byte + 1)) * _HASH_MULTIPLIER) & 0xFFFFFFFF
        found[distance] = hashed >> shift
    return torch.stack([found[order] for order in orders], -1)


def _matrix(n_out: int, n_in: int, scale: float = 1.0) -> nn.Parameter:
    return nn.Parameter(torch.randn(n_out, n_in) * (scale / math.sqrt(n_in)))


def _forget_bias(n: int) -> Tensor:
    """Biases that spread the memories of n channels geometrically from 2 to 256 bytes: with a memory of m
    bytes, f = 1 - 1/m (after Tallec and Ollivier 2018).
    """
    memory = torch.logspace(math.log10(2.0), math.log10(_LONGEST_MEMORY), n)
    return torch.log(memory - 1)


class GatedCell(nn.Module):
    """Time mixing with one number of state a channel: 4 D^2 multiply-adds a byte."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.gates = _matrix(3 * width, width)
        self.bias = nn.Parameter(torch.cat((_forget_bias(width), torch.zeros(2 * width))))
        self.project = _matrix(width, width, 1 / math.sqrt(2 * config.layers))
        self.state_shape = (width,)

    def forward(self, x: Tensor, age: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, T, D), age (B, T) int32, state (B, D) -> (B, T, D), next state."""
        raw = F.linear(x, self.gates, self.bias.to(x.dtype))
        mixed, state = gated_scan(raw, age, state)
        return F.linear(mixed, self.project), state


class MatrixCell(nn.Module):
    """Time mixing with a matrix of state a head: (2 H K + 3 D) D multiply-adds a byte beside the D K of the
    state.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, self.heads, self.keys = config.width, config.heads, config.keys
        self.split = [self.heads * self.keys, self.heads * self.keys, width, width]
        self.gates = _matrix(sum(self.split), width)
        bias = torch.zeros(sum(self.split))
        bias[: self.split[0]] = _forget_bias(self.keys).repeat(self.heads)
        self.bias = nn.Parameter(bias)
        self.project = _matrix(width, width, 1 / math.sqrt(2 * config.layers))
        self.state_shape = (self.heads, self.keys, width // self.heads)

    def forward(self, x: Tensor, age: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, T, D), age (B, T) int32, state (B, H, K, V) -> (B, T, D), next state."""
        raw = F.linear(x, self.gates, self.bias.to(x.dtype))
        forget, query, value, output = torch.split(raw, self.split, -1)
        shape = (*x.shape[:2], self.heads, -1)
        mixed, state = matrix_scan(
            forget.sigmoid().reshape(shape),
            query.tanh().reshape(shape),
            value.tanh().reshape(shape),
            age,
            state,
        )
        mixed = mixed.reshape(x.shape).to(x.dtype) * (output.sigmoid() / math.sqrt(self.keys))
        return F.linear(mixed, self.project), state


class Layer(nn.Module):
    """Mixing over time, then over channels, each added to the residual stream."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.taps: nn.Parameter | None = None
        if config.taps:
            # Starts as the identity: all weight on the present.
            self.taps = nn.Parameter(
                torch.zeros(config.taps, config.width).index_fill_(0, torch.tensor(0), 1.0)
            )
        self.cell = MatrixCell(config) if config.cell == "matrix" else GatedCell(config)
        self.hidden = _matrix(2 * config.hidden, config.width)
        self.hidden_bias = nn.Parameter(torch.zeros(2 * config.hidden))
        self.project = _matrix(config.width, config.hidden, 1 / math.sqrt(2 * config.layers))

    def forward(self, x: Tensor, age: Tensor, state: State) -> tuple[Tensor, State]:
        """x (B, T, D), age (B, T) int32, this layer's state -> (B, T, D), next state."""
        seen, after = rms_norm(x), []
        if self.taps is not None:
            seen, tail = short_convolution(seen, self.taps, age, state[1])
            after = [tail]
        mixed, recurrent = self.cell(seen, age, state[0])
        x = x + mixed
        hidden = swiglu(F.linear(rms_norm(x), self.hidden, self.hidden_bias)).clamp(-HIDDEN_MAX, HIDDEN_MAX)
        x = x + F.linear(hidden, self.project)
        return x, [recurrent, *after]


class ByteNetwork(nn.Module):
    """Predicts each byte of a window from those before it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.bytes = nn.Embedding(256, config.width)
        nn.init.normal_(self.bytes.weight, std=0.5)
        self.ngrams: nn.Embedding | None = None
        if config.orders:
            # sparse: a step's cost follows the rows it reads, not the table.
            self.ngrams = nn.Embedding(len(config.orders) * config.rows, config.columns, sparse=True)
            nn.init.zeros_(self.ngrams.weight)
            n_found = (len(config.orders) + len(config.echoes)) * config.columns
            self.widen = nn.Parameter(torch.randn(config.width, n_found) * 0.5)
        self.echoes: nn.Embedding | None = None
        if config.echoes:
            # The last row, of an echo that is not there, stays zero.
            n_rows = len(config.echoes) * _native.ECHO_ROWS
            self.echoes = nn.Embedding(n_rows + 1, config.columns, padding_idx=n_rows, sparse=True)
            nn.init.zeros_(self.echoes.weight)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.head = nn.Parameter(torch.zeros(256, config.width))
        self.head_bias = nn.Parameter(torch.zeros(256))

    def first_state(self, n_streams: int, device: torch.device | str = "cpu") -> State:
        """Zeros, the state before any document."""
        state: State = []
        for layer in self.layers:
            assert isinstance(layer, Layer)
            state.append(torch.zeros(n_streams, *layer.cell.state_shape, device=device))
            if layer.taps is not None:
                state.append(
                    torch.zeros(n_streams, layer.taps.shape[0] - 1, self.config.width, device=device)
                )
        return state

    def rows(self, window: Tensor, age: Tensor, echoes: Tensor | None) -> Tensor:
        """What the tables hold at each position: (B, T, (N + E) C)."""
        assert self.ngrams is not None
        orders = hash_contexts(window, age, self.config.orders, self.config.rows)
        orders = orders + torch.arange(orders.shape[-1], device=orders.device) * self.config.rows
        found: Tensor = self.ngrams(orders).flatten(-2)
        if self.echoes is None:
            return found
        if echoes is None:
            raise ValueError("a network with echoes must be told their rows")
        return torch.cat((found, self.echoes(echoes).flatten(-2)), -1)

    def forward(
        self, window: Tensor, age: Tensor, state: State, echoes: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """window (B, HISTORY + T) uint8, age (B, T) int32, state, echoes (B, T, E) int32 if the network has
        any, as in `Window` -> logits (B, T, 256), next state.

        The logits at position t are for byte HISTORY + t of the window and read only what stands before it.
        """
        n_steps = age.shape[1]
        last = window[:, HISTORY - 1 : HISTORY - 1 + n_steps].long() * (age > 0)
        x = self.bytes(last)
        if self.ngrams is not None:
            x = x + F.linear(self.rows(window, age, echoes), self.widen)
        after: State = []
        per_layer = len(state) // len(self.layers)
        for number, layer in enumerate(self.layers):
            x, next_state = layer(x, age, state[number * per_layer : (number + 1) * per_layer])
            after += next_state
        return F.linear(rms_norm(x), self.head, self.head_bias.to(x.dtype)), after


def is_table(name: str) -> bool:
    """Whether a parameter is a table of which each step reads a few rows."""
    return name in ("ngrams.weight", "echoes.weight")


def grown(tensors: dict[str, Tensor], network: ByteNetwork) -> dict[str, Tensor]:
    """A smaller network's tensors with what they lack beside `network`: layers on top, and longer echoes.

    The function stays as it was: layers are copies of the last one whose projections are zero (block
    expansion, Wu et al. 2024, section 3.1), rows of echoes begin at zero.
    """
    found = {"echoes.weight": torch.zeros(1, network.config.columns), **tensors}
    before = 1 + max((int(name.split(".")[1]) for name in tensors if name.startswith("layers.")), default=-1)
    last = f"layers.{before - 1}."
    for name, value in network.state_dict().items():
        if name in ("widen", "echoes.weight"):
            along = int(name == "widen")
            n_before = found[name].shape[along]
            more = value.narrow(along, n_before, value.shape[along] - n_before)
            found[name] = torch.cat((found[name], more.cpu()), along)
        elif name not in tensors and name.startswith("layers."):
            copy = tensors[last + name.split(".", 2)[2]]
            found[name] = torch.zeros_like(copy) if name.endswith("project") else copy
    return found


def multiply_adds_per_byte(network: ByteNetwork) -> int:
    """Multiply-adds of the matrix products for one byte; lookups and elementwise work are not counted."""
    return sum(
        parameter.numel()
        for name, parameter in network.named_parameters()
        if parameter.ndim == 2 and name != "bytes.weight" and not is_table(name) and not name.endswith("taps")
    )
