"""Context-tree weighting in integers.

Source: F. M. J. Willems, Y. M. Shtarkov and T. J. Tjalkens, "The context-tree weighting method: basic
properties", IEEE Trans. Inf. Theory 41, 1995. The step-by-step form with the ratio β is from F. M. J. Willems
and T. J. Tjalkens, "Complexity reduction of the context-tree weighting algorithm", 1997; the decomposition of
a larger alphabet into binary decisions is from T. J. Tjalkens, Y. M. Shtarkov and F. M. J. Willems,
"Sequential weighting algorithms for multi-alphabet sources", 1993.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codelength.predictors.protocol import check_symbol

__all__ = ["ContextTreeWeighting"]

_TOTAL = 1 << 32  # sum of the frequencies
_ONE = 1 << 32  # probability 1
_HALF = _ONE // 2
_EVEN = 1 << 64  # ratio β = 1
_BETA_MIN, _BETA_MAX = 1 << 32, 1 << 96  # β from 2⁻³² to 2³²


class ContextTreeWeighting:
    """Averages over all context trees of at most `depth` symbols at once, each weighted by its simplicity.

    Nobody has to choose an order: at each context s the weighted probability of the bits seen there is

        P_w(s) = ½ P_e(s) + ½ Π P_w(child contexts of s)          at full depth P_w(s) = P_e(s)

    with P_e the Krichevsky-Trofimov probability: "the last d symbols suffice" against "look further back".
    A symbol of log₂ A bits is coded as that many binary decisions, high bit first; each of the A - 1
    decisions (named by the bits before it) has a tree of its own, whose branches are whole symbols of the
    past. Before the first symbol the past is taken to be zeros.

    Length, for coin tosses: at most 2·|S| - 1 bits for the choice among trees, and ½ log₂ n + 1 for each
    leaf, over the best tree with |S| leaves and its best probabilities, both chosen afterwards.

    Only integers take part. Each node keeps β = P_e / Π P_w(children), from which the next bit has

        p_w = (β p_e + p_child) / (β + 1),       β ← β · p_e(bit) / p_child(bit)

    with probabilities in units of 2⁻³² and β in units of 2⁻⁶⁴. β is held between 2⁻³² and 2³². That costs
    each side of a mixture less than 2⁻³⁰ bits a step, so the bound above stands, and it lets a node that
    was sure for long change its mind. No intermediate passes 128 bits.

    About n · log₂ A · (depth + 1) nodes at worst, some 200 bytes each: for pages, not for discs.
    """

    # context (the last d symbols) -> decision -> [zeros seen, ones seen, β]; an absent node is [0, 0, 1].
    _nodes: dict[bytes, dict[int, list[int]]]
    _past: bytes

    def __init__(self, depth: int, alphabet_size: int = 256) -> None:
        """Raises ValueError if depth < 0 or alphabet_size is no power of two in 2..256."""
        if depth < 0:
            raise ValueError(f"depth must be >= 0, not {depth}")
        if alphabet_size not in (2, 4, 8, 16, 32, 64, 128, 256):
            raise ValueError(f"alphabet_size must be a power of two in 2..256, not {alphabet_size}")
        self.depth = depth
        self.alphabet_size = alphabet_size
        self.reset()

    def distribution(self) -> NDArray[np.uint32]:
        """Frequencies with sum 2³², uint32 (A,): the total is handed down the A - 1 binary decisions.

        Each frequency is at least 1, so a symbol of probability under 2⁻³² gets 2⁻³².
        """
        p_one = np.array(self._probabilities_of_one(), dtype=np.uint64)
        shares = np.array([_TOTAL], dtype=np.uint64)
        while len(shares) < self.alphabet_size:
            # Of each share, what its bit 1 gets: at least 1 for every symbol, and as many left to bit 0.
            n_leaves = np.uint64(self.alphabet_size // (2 * len(shares)))
            ones = shares * p_one[len(shares) : 2 * len(shares)] >> np.uint64(32)  # < 2³² · 2³²: fits
            ones = np.maximum(n_leaves, np.minimum(ones, shares - n_leaves))
            halves = np.empty(2 * len(shares), dtype=np.uint64)
            halves[0::2], halves[1::2] = shares - ones, ones
            shares = halves
        return shares.astype(np.uint32)

    def update(self, symbol: int) -> None:
        """Take in a symbol: log₂ A bits, each counted at depth + 1 contexts."""
        check_symbol(symbol, self.alphabet_size)
        levels = [self._nodes.setdefault(self._context(d), {}) for d in range(self.depth + 1)]
        decision = 1
        for position in reversed(range(self.alphabet_size.bit_length() - 1)):
            bit = symbol >> position & 1
            p_child = _HALF
            for depth in reversed(range(self.depth + 1)):
                node = levels[depth].setdefault(decision, [0, 0, _EVEN])
                n_zeros, n_ones, beta = node
                p_estimated = _estimate(n_zeros, n_ones)
                if depth == self.depth:
                    p_weighted = p_estimated
                else:
                    p_weighted = (beta * p_estimated + _EVEN * p_child) // (beta + _EVEN)
                    if bit:
                        beta = beta * p_estimated // p_child
                    else:
                        beta = beta * (_ONE - p_estimated) // (_ONE - p_child)
                    node[2] = max(_BETA_MIN, min(beta, _BETA_MAX))
                node[bit] += 1
                p_child = p_weighted
            decision = 2 * decision + bit
        self._past = (self._past + bytes([symbol]))[1:]

    def reset(self) -> None:
        """An empty tree, a past of zeros."""
        self._nodes = {}
        self._past = bytes(self.depth)

    def _context(self, depth: int) -> bytes:
        """The last `depth` symbols."""
        return self._past[self.depth - depth :]

    def _probabilities_of_one(self) -> list[int]:
        """p_w at the root that the bit of each decision is 1; 0 < p < _ONE, as for all averages of such.

        Decisions are numbered like a heap: 1 is the high bit, 2i and 2i + 1 come after i had bit 0 or 1.
        """
        p_one = [_HALF] * self.alphabet_size  # what no node has seen
        for depth in reversed(range(self.depth + 1)):
            for decision, (n_zeros, n_ones, beta) in self._nodes.get(self._context(depth), {}).items():
                p_estimated = _estimate(n_zeros, n_ones)
                if depth == self.depth:
                    p_one[decision] = p_estimated
                else:
                    p_one[decision] = (beta * p_estimated + _EVEN * p_one[decision]) // (beta + _EVEN)
        return p_one


def _estimate(n_zeros: int, n_ones: int) -> int:
    """Krichevsky-Trofimov: (ones + ½) / (n + 1) in units of 2⁻³²; strictly between 0 and 1 for n < 2³¹."""
    return _ONE * (2 * n_ones + 1) // (2 * (n_zeros + n_ones + 1))
