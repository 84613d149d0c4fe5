"""Codes for the labels of examples whose inputs both sides have: real ones, and how long they are.

A model gives each label a row of probabilities. They are rounded to integers, as a range coder wants them,
and the label is coded with those. In the prequential code nothing else is sent: what predicts a block of
labels has learnt from the labels of all blocks before, which the receiver has by then.

The probabilities come of floating point. Both sides compute the same integers on the same machine with the
same libraries; elsewhere a sum in another order may round to another integer, and the labels are lost. That
will do to show that a length is that of a code which decodes, and for nothing that is kept.

Letters: R runs side by side (orders of the same examples), n examples, K classes.

Sources: A. P. Dawid, "Present position and potential developments: the prequential approach", 1984; L. Blier
and Y. Ollivier, "The description length of deep learning models", 2018, section 3.4 (blocks).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codelength.coding.range_coder import RangeDecoder, RangeEncoder

__all__ = ["Sent", "block_ends", "frequencies_of", "lengths_bits", "receive", "send", "uniform_bits"]

TOTAL = 1 << 16
"""Of the integer frequencies: no label costs more than 16 bits."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Learner = Callable[[NDArray[np.float32], Integers, NDArray[np.float32]], Floats]
"""Of inputs (R, n, ...) and labels (R, n) seen, and further inputs (R, m, ...): probabilities (R, m, K)."""


def uniform_bits(n: int, n_classes: int) -> float:
    """n log2 K: labels of which nothing is known."""
    return n * float(np.log2(n_classes))


def frequencies_of(probabilities: Floats) -> Integers:
    """Integers (..., K) with sum 2^16 a row, each at least 1, in proportion to probabilities (..., K)."""
    n_classes = probabilities.shape[-1]
    counts: Integers = 1 + np.floor(probabilities * (TOTAL - n_classes)).astype(np.int64)
    best = probabilities.argmax(axis=-1)[..., None]
    rest = TOTAL - counts.sum(axis=-1, keepdims=True)
    np.put_along_axis(counts, best, np.take_along_axis(counts, best, -1) + rest, -1)
    return counts


def lengths_bits(frequencies: Integers, labels: Integers) -> Floats:
    """-log2 of each label's frequency over 2^16. (..., K) and (...) -> (...)."""
    chosen = np.take_along_axis(frequencies, labels[..., None], -1)[..., 0]
    lengths: Floats = -np.log2(chosen / TOTAL)
    return lengths


def block_ends(n: int, first: int = 8) -> list[int]:
    """Where blocks of labels end that double what is known: first, 2 first, 4 first ... n."""
    ends = list(itertools.takewhile(lambda end: end < n, (first << i for i in itertools.count())))
    return [*ends, n]


@dataclass(frozen=True)
class Sent:
    """What a prequential code came to."""

    codes: tuple[bytes, ...]
    """One of each run."""
    block_bits: Floats
    """(R, blocks): the sum of -log2 of the frequencies, of which 8 bits a code byte follow."""


def send(
    inputs: NDArray[np.float32], labels: Integers, n_classes: int, learn: Learner, ends: Sequence[int]
) -> Sent:
    """Code labels (R, n), a block at a time; the first block with equal frequencies."""
    encoders = [RangeEncoder() for _ in labels]
    bits, start = [], 0
    for end in ends:
        frequencies = _predict(inputs, labels[:, :start], n_classes, learn, end)
        bits.append(lengths_bits(frequencies, labels[:, start:end]).sum(axis=1))
        for encoder, rows, block in zip(encoders, frequencies, labels[:, start:end], strict=True):
            for row, label in zip(rows.tolist(), block.tolist(), strict=True):
                encoder.encode(sum(row[:label]), row[label], TOTAL)
        start = end
    return Sent(tuple(encoder.finish() for encoder in encoders), np.stack(bits, axis=1))


def receive(
    codes: Sequence[bytes], inputs: NDArray[np.float32], n_classes: int, learn: Learner, ends: Sequence[int]
) -> Integers:
    """The labels (R, n) that `send` coded; what predicts a block learns from the labels read before it.

    Raises CorruptError or TruncatedError if the codes are not what `send` gave.
    """
    decoders = [RangeDecoder(code) for code in codes]
    labels = np.zeros((len(codes), ends[-1]), np.int64)
    start = 0
    for end in ends:
        frequencies = _predict(inputs, labels[:, :start], n_classes, learn, end)
        for run, decoder in enumerate(decoders):
            for place, row in enumerate(frequencies[run].tolist(), start):
                edges = [0, *itertools.accumulate(row)]
                position = decoder.peek(TOTAL)
                label = next(k for k in range(n_classes) if position < edges[k + 1])
                decoder.consume(edges[label], row[label], TOTAL)
                labels[run, place] = label
        start = end
    for decoder in decoders:
        decoder.finish()
    return labels


def _predict(
    inputs: NDArray[np.float32], seen: Integers, n_classes: int, learn: Learner, end: int
) -> Integers:
    n_runs, start = seen.shape
    if not start:
        return frequencies_of(np.full((n_runs, end, n_classes), 1.0 / n_classes))
    return frequencies_of(learn(inputs[:, :start], seen, inputs[:, start:end]))
