"""Small networks that read handwritten digits, several side by side, each with its own weights and examples.

The digits come with scikit-learn: 1797 images of 8 x 8 pixels. Networks of this size spend most of their time
between operations; members that are trained in the same operations cost little more than one.

Letters: M members, B examples of a member, P pixels, K classes.

Source of the data: E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI, 1998.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from codelength.experiments.parts.transformer import Recipe, train
from codelength.measure.extras import need

__all__ = [
    "N_CLASSES", "Convolution", "Dense", "Members", "digits", "fit", "member", "probabilities", "put_member",
    "recipe", "shifted",
]  # fmt: skip

N_CLASSES = 10

Pixels = NDArray[np.float32]
Labels = NDArray[np.int64]


def digits(random: np.random.Generator, n_orders: int, n: int) -> tuple[Pixels, Labels]:
    """The first n of each of some orders of the digits: pixels 0 to 1 (orders, n, 64), labels (orders, n)."""
    found = need("sklearn.datasets", "lab", "the digits").load_digits()
    rows = np.stack([random.permutation(len(found.target))[:n] for _ in range(n_orders)])
    return (found.data / 16).astype(np.float32)[rows], found.target.astype(np.int64)[rows]


def shifted(pixels: Pixels, side: int, random: np.random.Generator) -> Pixels:
    """Each image (..., 64) at a random place of an empty one: (..., side²)."""
    images = pixels.reshape(-1, 8, 8)
    places = random.integers(0, side - 8 + 1, (len(images), 2)).tolist()
    whole = np.zeros((len(images), side, side), np.float32)
    for image, (row, column), canvas in zip(images, places, whole, strict=True):
        canvas[row : row + 8, column : column + 8] = image
    return whole.reshape(*pixels.shape[:-1], side * side)


class Members(nn.Module):
    """M networks of one form. All parameters have M rows, one for each member."""

    def __init__(self, n_members: int, dropout: float) -> None:
        super().__init__()
        self.n_members, self.dropout = n_members, dropout

    def _parameter(self, generator: torch.Generator, *shape: int) -> nn.Parameter:
        """Of a shape (out ..., in ...) in each member, drawn as K. He and others do; a vector is zeros."""
        if len(shape) == 1:
            return nn.Parameter(torch.zeros(self.n_members, *shape))
        std = math.sqrt(2 / math.prod(shape[1:]))
        return nn.Parameter(torch.randn(self.n_members, *shape, generator=generator) * std)

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)


class Dense(Members):
    """Layers of some widths, P first and K last, each seeing all of the one before; (P, K) is linear."""

    def __init__(self, widths: Sequence[int], n_members: int, seed: int, dropout: float = 0.0) -> None:
        super().__init__(n_members, dropout)
        generator = torch.Generator().manual_seed(seed)
        pairs = list(itertools.pairwise(widths))
        self.weights = nn.ParameterList([self._parameter(generator, b, a) for a, b in pairs])
        self.offsets = nn.ParameterList([self._parameter(generator, b) for _, b in pairs])

    def forward(self, x: Tensor) -> Tensor:
        """x (M, B, P) -> logits (M, B, K)."""
        for i, (weight, offset) in enumerate(zip(self.weights, self.offsets, strict=True)):
            x = torch.baddbmm(offset[:, None], self._drop(F.relu(x)) if i else x, weight.transpose(1, 2))
        return x


class Convolution(Members):
    """Two layers of 3 x 3 filters, each followed by a maximum of 2 x 2, then a linear layer.

    With `is_anywhere` the second maximum is over the whole image: where a digit stands does not matter.
    """

    def __init__(
        self, filters: tuple[int, int], side: int, n_members: int, seed: int, dropout: float = 0.0,
        is_anywhere: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(n_members, dropout)
        generator = torch.Generator().manual_seed(seed)
        one, two = filters
        self.side, self.is_anywhere = side, is_anywhere
        n_places = 1 if is_anywhere else (side // 4) ** 2
        self.first = self._parameter(generator, one, 1, 3, 3)
        self.first_offset = self._parameter(generator, one)
        self.second = self._parameter(generator, two, one, 3, 3)
        self.second_offset = self._parameter(generator, two)
        self.last = self._parameter(generator, N_CLASSES, two * n_places)
        self.last_offset = self._parameter(generator, N_CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """x (M, B, side²) -> logits (M, B, K)."""
        n_members, n = x.shape[:2]
        # members are groups of channels, which is how torch convolves each with filters of its own
        x = x.transpose(0, 1).reshape(n, n_members, self.side, self.side)
        x = self._layer(x, self.first, self.first_offset)
        x = F.max_pool2d(x, 2)
        x = self._layer(x, self.second, self.second_offset)
        x = x.amax((2, 3)) if self.is_anywhere else F.max_pool2d(x, 2)
        x = self._drop(x.reshape(n, n_members, -1).transpose(0, 1))
        return torch.baddbmm(self.last_offset[:, None], x, self.last.transpose(1, 2))

    def _layer(self, x: Tensor, filters: Tensor, offset: Tensor) -> Tensor:
        return F.relu(F.conv2d(x, filters.flatten(0, 1), offset.flatten(), padding=1, groups=self.n_members))


def recipe(n_steps: int, weight_decay: float = 0.0) -> Recipe:
    """How networks of digits are trained."""
    return Recipe(n_steps, 3e-3, weight_decay, betas=(0.9, 0.999), warmup_steps=10, clip=0.0)


def fit(
    network: Members, pixels: Pixels, labels: Labels, recipe: Recipe, seed: int, batch: int = 32,
    watch: Callable[[int], None] | None = None,
) -> None:  # fmt: skip
    """Train member m on pixels[m] (n, P) and labels[m] (n,), in batches drawn with replacement."""
    inputs, targets = torch.from_numpy(pixels), torch.from_numpy(labels)
    generator = torch.Generator().manual_seed(seed)
    members = torch.arange(network.n_members)[:, None]

    def draw(_step: int) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(0, targets.shape[1], (network.n_members, batch), generator=generator)
        return inputs[members, chosen], targets[members, chosen]

    # dropout draws from torch's own generator, which is put back afterwards
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network.train()
        train(network, draw, recipe, watch)
        network.eval()


@torch.no_grad()
def probabilities(network: Members, pixels: Pixels) -> NDArray[np.float64]:
    """pixels (M, n, P) -> (M, n, K) float64."""
    return np.asarray(network(torch.from_numpy(pixels)).double().softmax(-1))


def member(network: Members, number: int) -> list[NDArray[np.float64]]:
    """The tensors of one member, in the order of the network's parameters."""
    return [np.asarray(p[number].detach().double()) for p in network.parameters()]


@torch.no_grad()
def put_member(network: Members, number: int, tensors: Sequence[NDArray[np.float64]]) -> None:
    """Give one member other tensors."""
    for parameter, tensor in zip(network.parameters(), tensors, strict=True):
        parameter[number] = torch.from_numpy(tensor)
