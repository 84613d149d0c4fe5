"""A source cannot be coded below its entropy, and arithmetic coding reaches it.

Coins of every bias, dice, and a source with memory are drawn and coded, really: every arithmetic code is
decoded again and compared. Beside it Huffman's code, one symbol and several at a time, and a coder that has
the wrong probabilities, which pays the Kullback-Leibler divergence on top.

Sources: C. E. Shannon, "A mathematical theory of communication", 1948 (theorems 3 and 9); D. A. Huffman,
1952; T. M. Cover and J. A. Thomas, Elements of Information Theory, 2006, theorem 5.4.3 (wrong codes).
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from codelength.coding.range_coder import RangeDecoder, RangeEncoder
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import Task

__all__ = ["Source", "coded_bits", "divergence_bits", "entropy_bits", "huffman_lengths", "run"]

_TOTAL = 1 << 16
"""Of the integer frequencies: probabilities are rounded to 1/65536."""


def entropy_bits(probabilities: Sequence[float]) -> float:
    """H(p) = -Σ p log2 p, in bits a symbol."""
    return -math.fsum(p * math.log2(p) for p in probabilities if p > 0)


def divergence_bits(p: Sequence[float], q: Sequence[float]) -> float:
    """D(p || q) = Σ p log2(p/q), in bits a symbol: what a coder with q pays too much for data of p."""
    return math.fsum(a * math.log2(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def huffman_lengths(probabilities: Sequence[float]) -> list[int]:
    """Bits of the code word of each symbol in a Huffman code; at least two symbols."""
    lengths = [0] * len(probabilities)
    heap = [(p, i, [i]) for i, p in enumerate(probabilities)]
    heapq.heapify(heap)
    for number in itertools.count(len(heap)):
        p, _, one = heapq.heappop(heap)
        if not heap:
            return lengths
        q, _, other = heapq.heappop(heap)
        for symbol in one + other:
            lengths[symbol] += 1
        heapq.heappush(heap, (p + q, number, one + other))
    raise AssertionError  # the loop above has no end of its own


def blocked_huffman_rate(probabilities: Sequence[float], n_together: int) -> float:
    """Mean bits a symbol of the Huffman code whose symbols are all blocks of `n_together`."""
    blocks = [math.prod(block) for block in itertools.product(probabilities, repeat=n_together)]
    mean = math.fsum(p * n for p, n in zip(blocks, huffman_lengths(blocks), strict=True))
    return mean / n_together


def frequencies_of(probabilities: Sequence[float]) -> list[int]:
    """Integers with sum 2^16, each at least 1, in proportion to probabilities."""
    counts = [max(1, round(p * _TOTAL)) for p in probabilities]
    counts[counts.index(max(counts))] += _TOTAL - sum(counts)
    return counts


def coded_bits(symbols: NDArray[np.uint8], rows: Sequence[Sequence[int]]) -> int:
    """Bits of the range code of some symbols, decoded again and compared.

    `rows[previous]` are the frequencies of the next symbol, with sum 2^16; a source without memory has one
    row. Before the first symbol stands a 0. Raises AssertionError if what comes back is not what went in.
    """
    tables = [[0, *itertools.accumulate(row)] for row in rows]
    has_memory = len(rows) > 1
    encoder, table = RangeEncoder(), tables[0]
    for symbol in symbols.tolist():
        encoder.encode(table[symbol], table[symbol + 1] - table[symbol], _TOTAL)
        if has_memory:
            table = tables[symbol]
    code = encoder.finish()
    decoder, table = RangeDecoder(code), tables[0]
    for symbol in symbols.tolist():
        position = decoder.peek(_TOTAL)
        if not table[symbol] <= position < table[symbol + 1]:
            raise AssertionError("the decoded symbols differ from those that were coded")
        decoder.consume(table[symbol], table[symbol + 1] - table[symbol], _TOTAL)
        if has_memory:
            table = tables[symbol]
    decoder.finish()
    return 8 * len(code)


@dataclass(frozen=True)
class Source:
    """Symbols whose probabilities depend on the one before, or not if all rows are equal."""

    name: str
    rows: tuple[tuple[float, ...], ...]

    def stationary(self) -> NDArray[np.float64]:
        """How often each symbol comes in the long run, float64 (A,)."""
        if len(self.rows) == 1:
            return np.array(self.rows[0])
        matrix = np.array(self.rows)
        n = len(matrix)
        system = np.vstack([matrix.T - np.eye(n), np.ones(n)])
        solution: NDArray[np.float64] = np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)[0]
        return solution

    def entropy_bits(self) -> float:
        """Bits a symbol: the mean of the rows' entropies, weighted by how often each is in use."""
        if len(self.rows) == 1:
            return entropy_bits(self.rows[0])
        weighted = zip(self.stationary(), self.rows, strict=True)
        return math.fsum(float(w) * entropy_bits(row) for w, row in weighted)

    def draw(self, n: int, random: np.random.Generator) -> NDArray[np.uint8]:
        """n symbols, uint8 (n,)."""
        if len(self.rows) == 1:
            return random.choice(len(self.rows[0]), n, p=self.rows[0]).astype(np.uint8)
        edges = np.cumsum(np.array(self.rows), axis=1).tolist()
        symbols, last = [], 0
        for u in random.random(n).tolist():
            last = next(s for s, edge in enumerate(edges[last]) if u < edge or s == len(edges[last]) - 1)
            symbols.append(last)
        return np.array(symbols, np.uint8)

    def information(self, symbols: NDArray[np.uint8]) -> NDArray[np.float64]:
        """-log2 p of each symbol under the source itself, float64 (n,), with a 0 before the first."""
        lengths = -np.log2(np.maximum(np.array(self.rows), 1e-300))
        if len(self.rows) == 1:
            alone: NDArray[np.float64] = lengths[0][symbols]
            return alone
        previous = np.concatenate([[0], symbols[:-1]])
        together: NDArray[np.float64] = lengths[previous, symbols]
        return together


def _coin(p: float) -> Source:
    return Source(f"coin {p:g}/{1 - p:.3g}", ((p, 1 - p),))


_BIASES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_SOURCES = (
    *(_coin(p) for p in _BIASES),
    Source("fair die", ((1 / 6,) * 6,)),
    Source("loaded die", ((1 / 2, 1 / 10, 1 / 10, 1 / 10, 1 / 10, 1 / 10),)),
    Source("sticky coin 0.9", ((0.9, 0.1), (0.1, 0.9))),
)
_WRONG = (0.6, 0.7, 0.8, 0.95, 0.99)
"""What a coder believes of the 90/10 coin."""


def run(task: Task) -> Result:
    """Draw, code, decode, compare with the entropy."""
    n = task.pick(20_000, 1_000_000, 10_000_000)
    task.n_parts = len(_SOURCES) + len(_WRONG)
    rows = [task.once(s.name, partial(_measure, s, n, task, i)) for i, s in enumerate(_SOURCES)]
    wrong = [task.once(f"90/10 taken for {q:g}", partial(_measure_wrong, q, n, task)) for q in _WRONG]
    quantities = []
    published = {"coin 0.5/0.5": 1.0, "coin 0.9/0.1": 0.469}
    for source, row in zip(_SOURCES, rows, strict=True):
        quantities.append(
            Quantity(
                source.name,
                "bits/symbol",
                row["rate"],
                row["low"],
                row["high"],
                published.get(source.name, round(source.entropy_bits(), 4)),
                "H, closed form (Shannon 1948)",
                f"excess over this sample's information {row['excess']:.4%}; Huffman {row['huffman']:.4f}",
            )
        )
    for q, row in zip(_WRONG, wrong, strict=True):
        expected = divergence_bits((0.9, 0.1), (q, 1 - q))
        quantities.append(
            Quantity(f"90/10 coin taken for {q:g}: excess", "bits/symbol", row["excess"], row["low"],
                     row["high"], round(expected, 4), "D(p||q), closed form")
        )  # fmt: skip
    worst = max(row["excess"] for row in rows)
    is_above = all(row["rate"] >= h - row["margin"] for row, h in _with_entropy(rows))
    is_reached = worst < 0.001
    is_divergence = all(
        _inside(row, divergence_bits((0.9, 0.1), (q, 1 - q))) for q, row in zip(_WRONG, wrong, strict=True)
    )
    verdict = (
        Verdict.HOLDS if is_above and is_reached and is_divergence
        else Verdict.IN_PART if is_above or is_reached
        else Verdict.FAILS
    )  # fmt: skip
    return Result(
        task.name,
        "a source cannot be coded below its entropy, and arithmetic coding reaches it",
        "Shannon 1948",
        verdict,
        f"with {n:,} symbols each, the real code is at most {worst:.4%} above the sample's own information; "
        f"{'no' if is_above else 'some'} source is coded below its entropy by more than three standard "
        f"errors; the excess of wrong models {'is' if is_divergence else 'is not'} the divergence within its "
        "interval",
        tuple(quantities),
        (_coins_panel(rows), _wrong_panel(wrong)),
        facts={"n_symbols": n},
    )


def _measure(source: Source, n: int, task: Task, stream: int) -> dict[str, float]:
    symbols = source.draw(n, task.random(stream))
    bits = coded_bits(symbols, [frequencies_of(row) for row in source.rows])
    information = source.information(symbols)
    ideal, error = math.fsum(information), float(information.std()) / math.sqrt(n)
    marginal = [float(p) for p in source.stationary()]
    lengths = np.array(huffman_lengths(marginal))
    return {
        "rate": bits / n,
        "low": bits / n - 1.96 * error,
        "high": bits / n + 1.96 * error,
        "margin": 3 * error + 16 / n,
        "excess": bits / ideal - 1,
        "huffman": float(lengths[symbols].mean()),
    }


def _measure_wrong(q: float, n: int, task: Task) -> dict[str, float]:
    source = _coin(0.9)
    symbols = source.draw(n, task.random(100))
    wrong = coded_bits(symbols, [frequencies_of((q, 1 - q))])
    excess = -np.log2(np.array([q, 1 - q]))[symbols] - source.information(symbols)
    error = 1.96 * float(excess.std()) / math.sqrt(n) + 64 / n
    mean = wrong / n - math.fsum(source.information(symbols)) / n
    return {"excess": mean, "low": mean - error, "high": mean + error}


def _inside(row: dict[str, float], value: float) -> bool:
    margin = (row["high"] - row["low"]) / 2  # three standard errors and the rounding of the coder
    return row["low"] - margin <= value <= row["high"] + margin


def _with_entropy(rows: Sequence[dict[str, float]]) -> list[tuple[dict[str, float], float]]:
    return [(row, source.entropy_bits()) for source, row in zip(_SOURCES, rows, strict=True)]


def _coins_panel(rows: Sequence[dict[str, float]]) -> Panel:
    grid = [0.5 + i / 200 for i in range(99)]
    measured = [rows[i]["rate"] for i in range(len(_BIASES))]
    blocked = [
        Series(
            f"Huffman, {k} at once",
            tuple(_BIASES),
            tuple(blocked_huffman_rate((p, 1 - p), k) for p in _BIASES),
        )
        for k in (1, 2, 4, 8)
    ]
    return Panel(
        "Coins",
        "probability of heads",
        "bits a toss",
        (
            Series("entropy", tuple(grid), tuple(entropy_bits((p, 1 - p)) for p in grid), "dashes"),
            Series("arithmetic code", tuple(_BIASES), tuple(measured), "points"),
            *blocked,
        ),
    )


def _wrong_panel(wrong: Sequence[dict[str, float]]) -> Panel:
    grid = [0.5 + i / 200 for i in range(99)]
    expected = tuple(divergence_bits((0.9, 0.1), (q, 1 - q)) for q in grid)
    return Panel(
        "The 90/10 coin, coded with a wrong model",
        "probability of heads that the coder believes in",
        "bits a toss above the entropy",
        (
            Series("divergence D(p||q)", tuple(grid), expected, "dashes"),
            Series("measured", tuple(_WRONG), tuple(row["excess"] for row in wrong), "points"),
        ),
    )
