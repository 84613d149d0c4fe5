"""The two-part code of a trained network: its rounded weights, then the labels as it says them then.

All numbers of a network have one width; each is tried, and the one with the shortest sum is named first.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from codelength.experiments.parts import label_codes, weight_codes
from codelength.experiments.parts.digits import Labels, Members, Pixels, member, probabilities, put_member
from codelength.experiments.parts.weight_codes import TwoPart

__all__ = ["CHOICE_BITS", "WIDTHS", "TwoPart", "best", "labels_bits", "of_widths"]

WIDTHS = (2, 3, 4, 5, 6, 7, 8, 10, 12)
CHOICE_BITS = math.log2(len(WIDTHS))
"""To say which."""


def of_widths(
    network: Members, pixels: Pixels, labels: Labels, held_out: tuple[Pixels, Labels] | None = None
) -> list[list[TwoPart]]:
    """Of each member, its code with each width. pixels (M, n, P), labels (M, n). The weights stay."""
    tensors = [member(network, i) for i in range(network.n_members)]
    rows: list[list[TwoPart]] = [[] for _ in tensors]
    for width in WIDTHS:
        grids = [[weight_codes.quantise(tensor, width) for tensor in each] for each in tensors]
        for i, each in enumerate(grids):
            put_member(network, i, [grid.values() for grid in each])
        data = labels_bits(network, pixels, labels)
        other = labels_bits(network, *held_out) if held_out is not None else np.full(len(tensors), math.nan)
        for i, each in enumerate(grids):
            model = weight_codes.model_bits(each) + CHOICE_BITS
            rows[i].append(TwoPart(width, model, float(data[i]), float(other[i])))
    for i, each_tensors in enumerate(tensors):
        put_member(network, i, each_tensors)
    return rows


def best(rows: list[list[TwoPart]]) -> list[TwoPart]:
    """The shortest of each member."""
    return [min(row, key=lambda code: code.total_bits) for row in rows]


def labels_bits(network: Members, pixels: Pixels, labels: Labels) -> NDArray[np.float64]:
    """Bits of the labels of each member, with probabilities rounded as both sides use them: (M,)."""
    frequencies = label_codes.frequencies_of(probabilities(network, pixels))
    total: NDArray[np.float64] = label_codes.lengths_bits(frequencies, labels).sum(axis=1)
    return total
