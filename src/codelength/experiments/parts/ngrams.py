"""A family of text models of growing memory: interpolated n-grams.

    p_k(s | last k bytes) = (n_s + T p_{k-1}(s)) / (n + T),      p_{-1} = 1/256

with n how often the context came, n_s how often s followed, T how many different bytes did (method C of T. C.
Bell, J. G. Cleary and I. H. Witten, Text Compression, 1990, in its interpolated form). The same counts
give PPM, where a shorter context has a say only in what a longer one has not seen:

    p(s) = n_s / (n + T) for what the longest context has seen; to the rest T / (n + T), as the next one says
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

__all__ = ["NGrams"]


class NGrams:
    """Counts of all contexts up to `order` bytes; every shorter order is a model of its own."""

    def __init__(self, order: int) -> None:
        self.order = order
        self._counts: list[dict[bytes, Counter[int]]] = [defaultdict(Counter) for _ in range(order + 1)]
        self._totals: list[Counter[bytes]] = [Counter() for _ in range(order + 1)]
        self._past = bytes(order)

    def learn(self, text: bytes) -> None:
        """Count a text that follows what was learnt before."""
        padded, k = self._past + text, self.order
        for length, (counts, totals) in enumerate(zip(self._counts, self._totals, strict=True)):
            for i in range(k, len(padded)):
                context = padded[i - length : i]
                counts[context][padded[i]] += 1
                totals[context] += 1
        self._past = padded[len(padded) - k :] if k else b""

    def n_numbers(self, order: int) -> int:
        """How many counts the model of this order holds: its parameters."""
        return sum(len(seen) for counts in self._counts[: order + 1] for seen in counts.values())

    def lengths_bits(self, text: bytes) -> NDArray[np.float64]:
        """-log2 p of each byte under each order, float64 (order + 1, n), without learning from it."""
        padded, k = bytes(self.order) + text, self.order
        lengths = np.empty((k + 1, len(text)))
        for i in range(len(text)):
            p, symbol = 1.0 / 256, text[i]
            for length in range(k + 1):
                seen = self._counts[length].get(padded[i + k - length : i + k])
                if seen:
                    different = len(seen)
                    n = self._totals[length][padded[i + k - length : i + k]]
                    p = (seen.get(symbol, 0) + different * p) / (n + different)
                lengths[length, i] = -math.log2(p)
        return lengths

    def distribution(self, past: bytes) -> NDArray[np.float64]:
        """Probabilities of the next byte after `past` under the highest order, float64 (256,)."""
        p = np.full(256, 1.0 / 256)
        padded = bytes(self.order) + past
        for length in range(self.order + 1):
            context = padded[len(padded) - length :]
            seen = self._counts[length].get(context)
            if seen:
                p *= len(seen)
                p[list(seen)] += list(seen.values())
                p /= self._totals[length][context] + len(seen)
        normalised: NDArray[np.float64] = p / p.sum()
        return normalised

    def ppm_distribution(self, past: bytes) -> NDArray[np.float64]:
        """Probabilities of the next byte under PPM with escapes of method C and full exclusion, (256,)."""
        p, is_open, left = np.zeros(256), np.ones(256, bool), 1.0
        padded = bytes(self.order) + past
        for length in range(self.order, -1, -1):
            seen = self._counts[length].get(padded[len(padded) - length :]) or Counter()
            fresh = {symbol: n for symbol, n in seen.items() if is_open[symbol]}
            if fresh:
                total = sum(fresh.values()) + len(fresh)
                p[list(fresh)] = left * np.array(list(fresh.values())) / total
                is_open[list(fresh)] = False
                left *= len(fresh) / total
        p[is_open] = left / max(1, is_open.sum())
        normalised: NDArray[np.float64] = p / p.sum()
        return normalised
