"""Among equal wordings, models prefer the frequent one.

Pairs of sentences that say the same and differ in a word or two, of which one is the more common. What each
costs under a predictor is set against how often the word stands in a text, and the part that is merely length
is taken out by least squares: extra bits = a · log2 of the ratio of frequencies + b · extra bytes + c.

Source: the frequency effects of R. T. McCoy et al., 2023 (probability of the output), and N. Kandpal et al.,
"Large language models struggle to learn long-tail knowledge", 2023; pairs of our own.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from codelength.experiments.parts.repeats import middle
from codelength.experiments.result import Panel, Quantity, Result, Series, Verdict, floats
from codelength.experiments.task import MissingInputError, Task, text_of
from codelength.measure import meters

__all__ = ["PAIRS", "regress", "run", "sentences"]

PAIRS = (
    ("We {} to walk along the road.", "began", "commenced"),
    ("She {} him with the work every day.", "helped", "aided"),
    ("They {} a house near the river.", "bought", "purchased"),
    ("He {} the letter to the old man.", "showed", "exhibited"),
    ("It was a {} room with one window.", "large", "capacious"),
    ("The {} man sat by the fire.", "old", "aged"),
    ("She was {} to see them again.", "happy", "elated"),
    ("He {} that the door was open.", "saw", "espied"),
    ("They {} about the war all night.", "talked", "conversed"),
    ("The dog was very {} that day.", "tired", "fatigued"),
    ("He gave her a {} answer.", "quick", "swift"),
    ("It is {} to know the truth.", "hard", "arduous"),
    ("The child was {} in the dark.", "afraid", "timorous"),
    ("We {} the work in the evening.", "finished", "concluded"),
    ("He was a {} man with no money.", "poor", "indigent"),
    ("She {} the box from the table.", "took", "seized"),
    ("There was a {} noise in the street.", "loud", "clamorous"),
    ("He has {} money for the journey.", "enough", "sufficient"),
    ("They {} in a small town by the sea.", "lived", "dwelt"),
    ("She had a {} face and dark eyes.", "beautiful", "comely"),
    ("The king {} a great army.", "gathered", "mustered"),
    ("I {} that you are right.", "think", "deem"),
    ("It was a {} mistake to go there.", "great", "grievous"),
    ("He {} the stone into the water.", "threw", "hurled"),
    ("The water was {} and clear.", "cold", "gelid"),
    ("She {} to the sound of the rain.", "listened", "hearkened"),
    ("He {} away from the house.", "went", "departed"),
    ("It happened in the {} of the night.", "middle", "midst"),
    ("The {} of the book was lost.", "end", "conclusion"),
    ("We had {} food for three days.", "little", "scant"),
    ("The house was {} of smoke.", "full", "replete"),
    ("He {} the man who had done it.", "hated", "loathed"),
)
"""A frame, its frequent word and its rare one."""


def sentences(pair: tuple[str, str, str]) -> tuple[bytes, bytes]:
    """The frequent and the rare wording."""
    frame, frequent, rare = pair
    return frame.format(frequent).encode(), frame.format(rare).encode()


def run(task: Task) -> Result:
    """Count, measure, regress."""
    text, facts = text_of(task, task.pick(50_000, 5_000_000, 100_000_000))
    counts = Counter(word.decode() for word in re.findall(rb"[a-z]+", text.lower()))
    pairs = [pair for pair in PAIRS if counts[pair[1]] + counts[pair[2]] > 0]
    if len(pairs) < 8:
        raise MissingInputError(f"only {len(pairs)} of {len(PAIRS)} pairs have a word in this text: too few")
    names = task.predictors or (("kt:1",) if task.size == "tiny" else ("network", "kt:2"))
    task.n_parts = len(names)
    ratios = np.array([math.log2((counts[a] + 0.5) / (counts[b] + 0.5)) for _, a, b in pairs])
    extra_bytes = np.array([len(b) - len(a) for _, a, b in pairs], np.float64)
    quantities, series, holds = [], [], {}
    for name in names:
        bits = np.array(task.once(name, partial(_measure, name, pairs)))
        values = regress(ratios, extra_bytes, bits)
        random = task.random()
        resampled = []
        for _ in range(task.pick(50, 1000, 5000)):
            drawn = random.integers(0, len(pairs), len(pairs))
            resampled.append(regress(ratios[drawn], extra_bytes[drawn], bits[drawn])[0])
        low, high = middle(resampled)
        is_cheaper = float(np.mean((bits > 0) == (ratios > 0)))
        quantities += [
            Quantity(
                f"{name}: extra bits a halving of frequency, length taken out", "bits", values[0], low, high
            ),
            Quantity(f"{name}: extra bits a byte of length", "bits", values[1]),
            Quantity(f"{name}: pairs in which the frequent word is cheaper", "share", is_cheaper),
            Quantity(f"{name}: mean of rare less frequent", "bits", float(bits.mean())),
        ]
        holds[name] = low > 0
        cleaned = bits - values[1] * extra_bytes
        series.append(Series(name, floats(ratios), floats(cleaned), "points"))
    knowing = [name for name in names if name.partition(":")[0] not in ("kt", "ctw", "uniform")]
    judged = [holds[name] for name in knowing or names]
    return Result(
        task.name,
        "models prefer the frequent wording among equals",
        "after McCoy et al. 2023",
        Verdict.HOLDS if all(judged) else Verdict.IN_PART if any(judged) else Verdict.FAILS,
        f"over {len(pairs)} pairs, with length taken out, a rarer word costs more for {sum(judged)} of "
        f"{len(judged)} predictors that know language, with a 95 % interval above 0",
        tuple(quantities),
        (
            Panel(
                "Extra cost of the rarer wording, length taken out",
                "log2 of the ratio of frequencies in the text",
                "bits",
                tuple(series),
            ),
        ),
        facts=facts | {"n_pairs": len(pairs)},
    )


def regress(
    ratios: NDArray[np.float64], extra_bytes: NDArray[np.float64], bits: NDArray[np.float64]
) -> tuple[float, float, float]:
    """a, b, c of bits ≈ a · ratios + b · extra_bytes + c, by least squares."""
    matrix = np.stack([ratios, extra_bytes, np.ones(len(bits))], axis=1)
    a, b, c = np.linalg.lstsq(matrix, bits, rcond=None)[0].tolist()
    return a, b, c


def _measure(name: str, pairs: Sequence[tuple[str, str, str]]) -> list[float]:
    """Bits of the rare sentence less those of the frequent one."""
    meter = meters.get(name)
    return [
        meter.measure(rare).length_bits - meter.measure(frequent).length_bits
        for frequent, rare in map(sentences, pairs)
    ]
