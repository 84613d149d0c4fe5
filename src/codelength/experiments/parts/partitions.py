"""Partitions of items that have vectors: what they cost, and how far two of them, or ratings, agree.

A partition says of an item its class, I(X; C) bits, and leaves open where in the class it is: the squared
distance from the class mean, the distortion.

Letters: n items, d channels, k classes.

Sources: N. Vinh, J. Epps and J. Bailey, "Information theoretic measures for clusterings comparison", 2010
(adjusted mutual information); C. Spearman, 1904; B. Efron and R. Tibshirani, 1993 (intervals).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from codelength.experiments.parts.bottleneck import Point, complexity_bits, curve, lower_bound_bits
from codelength.experiments.parts.repeats import middle
from codelength.measure.extras import need

__all__ = [
    "Cost",
    "agreement",
    "clusters",
    "correlations",
    "curve_of",
    "interval",
    "spearman",
    "spread",
    "unseen",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Interval = tuple[float, float, float]
"""A value, and where it lies with 95 % confidence."""


def spread(vectors: Floats, labels: Integers) -> Floats:
    """Squared distance of each item from the mean of its class. (n, d) and (n,) -> (n,)."""
    numbers = np.unique(labels, return_inverse=True)[1]
    sums = np.zeros((numbers.max() + 1, vectors.shape[1]))
    np.add.at(sums, numbers, vectors)
    means = sums / np.bincount(numbers)[:, None]
    squares: Floats = np.square(vectors - means[numbers]).sum(axis=1)
    return squares


class Cost:
    """Of a partition of all items, or of some of them, the class means being those of all."""

    def __init__(self, vectors: Floats, labels: Integers, points: Sequence[Point] = ()) -> None:
        """`points` are of the rate-distortion curve of these vectors."""
        self.labels, self.lost, self.points = labels, spread(vectors, labels), points

    def place(self, some: Integers | None = None) -> tuple[float, float]:
        """Distortion, and complexity in bits."""
        labels, lost = (self.labels, self.lost) if some is None else (self.labels[some], self.lost[some])
        return float(lost.mean()), complexity_bits(labels)

    def objective(self, beta: float, some: Integers | None = None) -> float:
        """L = I(X; C) + β · distortion."""
        distortion, bits = self.place(some)
        return bits + beta * distortion

    def excess_bits(self, some: Integers | None = None) -> float:
        """Bits above what this distortion needs at least; no β is in it."""
        distortion, bits = self.place(some)
        return bits - lower_bound_bits(self.points, distortion)


def clusters(vectors: Floats, k: int, n_seeds: int, seed: int) -> list[Integers]:
    """Partitions by k-means from several starts, those with the least distortion first."""
    kmeans = need("sklearn.cluster", "lab", "concepts").KMeans
    found = [
        kmeans(k, n_init=1, random_state=1000 * seed + i).fit_predict(vectors).astype(np.int64)
        for i in range(n_seeds)
    ]
    return sorted(found, key=lambda labels: float(spread(vectors, labels).mean()))


def curve_of(
    vectors: Floats, partitions: Sequence[Integers], slopes_bits: Sequence[float], n_rounds: int
) -> list[Point]:
    """The rate-distortion curve with the items and all class means as choices: no partition lies below it."""
    means = [vectors[labels == label].mean(axis=0) for labels in partitions for label in np.unique(labels)]
    choices = np.concatenate([vectors, np.array(means), np.zeros((1, vectors.shape[1]))])
    squares = np.square(vectors).sum(axis=1)[:, None] + np.square(choices).sum(axis=1)
    distances = np.maximum(squares - 2 * vectors @ choices.T, 0.0)
    weights = np.full(len(vectors), 1.0 / len(vectors))
    return curve(weights, distances, slopes_bits, 0.01, n_rounds)


def unseen(
    vectors: Floats, people: Integers, n_splits: int, n_seeds: int, seed: int, random: np.random.Generator
) -> Floats:
    """Distortion of people's classes less that of as many clusters, in channels that made no clusters.

    The channels are halved at random; each half makes clusters, and the other, of which the variance is 1,
    is where the distortion is measured. Of each split and item, mean of the two halves: (splits, n).
    """
    k, differences = len(np.unique(people)), np.zeros((n_splits, len(people)))
    for split in range(n_splits):
        order = random.permutation(vectors.shape[1])
        halves = (vectors[:, order[: len(order) // 2]], vectors[:, order[len(order) // 2 :]])
        for seen, other in (halves, halves[::-1]):
            own = clusters(seen, k, n_seeds, seed)[0]
            variance = float(spread(other, np.zeros(len(other), np.int64)).mean())
            differences[split] += (spread(other, people) - spread(other, own)) / variance / 2
    return differences


def interval(value: float, resampled: Sequence[float]) -> Interval:
    """With the middle 95 % of resampled values."""
    return value, *middle(resampled)


def agreement(people: Integers, found: Sequence[Integers], halves: Sequence[Integers]) -> Interval:
    """Adjusted mutual information, mean over partitions: 0 by chance, 1 for the same.

    Random halves of the items, drawn without replacement, vary as whole samples would.
    """
    score = need("sklearn.metrics", "lab", "concepts").adjusted_mutual_info_score
    resampled = [float(score(people[half], found[i % len(found)][half])) for i, half in enumerate(halves)]
    return interval(float(np.mean([score(people, labels) for labels in found])), resampled)


def spearman(one: Floats, other: Floats) -> float:
    """Pearson's correlation of the ranks, equal values sharing the mean of theirs."""
    rank = need("scipy.stats", "lab", "concepts").rankdata
    return float(np.corrcoef(rank(one), rank(other))[0, 1])


def correlations(
    table: Mapping[str, Floats], n_resamples: int, random: np.random.Generator
) -> tuple[Interval, dict[str, float]]:
    """Spearman's of pairs (2, n) in each group: the mean over groups, and each. Pairs are drawn by group."""
    each = {name: spearman(*pairs) for name, pairs in table.items()}
    drawn = [
        float(np.mean([
            spearman(*pairs[:, random.integers(0, pairs.shape[1], pairs.shape[1])])
            for pairs in table.values()
        ]))
        for _ in range(n_resamples)
    ]  # fmt: skip
    return interval(float(np.mean(list(each.values()))), drawn), each
