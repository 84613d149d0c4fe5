"""6.6: what a predictor starts from that has learnt something along with its network."""

from __future__ import annotations

from collections.abc import Sequence as Numbers
from typing import Final, NamedTuple

from model_file import ModelFile
from predictors import MESSAGES, PREDICTORS, TEXT, TEXT_KINDS

__all__ = ["SETS_OF_MIXERS", "SETTLEDNESS", "Start", "read_starts"]

SETS_OF_MIXERS: Final = (320, 256, 256, 512, 200)  # of the mixers 1-5
SETTLEDNESS: Final = 320
MOST_16_BITS: Final = (1 << 16) - 1
MOST_WEIGHT: Final = 32767


class Start(NamedTuple):
    """Probabilities in 22 bits, and weights."""

    histories: list[list[int]]  # by context and state
    match: list[int]
    weights: list[list[list[int]]]  # by mixer and set
    last: list[list[int]]  # by set of the last mixer
    phrases: list[int]
    symbols: int  # that the mixers are taken to have seen


def probabilities(row: Numbers[int]) -> list[int]:
    return [64 * v + 32 for v in row]


def weights(row: Numbers[int]) -> list[int]:
    return [16 * v for v in row]


def read_starts(file: ModelFile) -> dict[tuple[int, int], Start]:
    """By predictor and kind of text."""
    starts = {}
    for number, parameters in PREDICTORS.items():
        for kind in TEXT_KINDS if parameters.has_network else ():
            name = f"mixing.{number}.{kind}"
            parts = {f"{name}.{part}" for part in ("histories", "match", "weights", "last", "phrases")}
            if not parts.isdisjoint(file.tensors):
                symbols = 65536 if kind in (TEXT, MESSAGES) else 8192
                starts[number, kind] = read_start(file, name, parameters.contexts, symbols)
    return starts


def read_start(file: ModelFile, name: str, count: int, symbols: int) -> Start:
    """One that the file has, for a predictor of so many contexts."""
    histories = file.take_rows(f"{name}.histories", "U16", (count, 256), 0, MOST_16_BITS)
    match = file.take(f"{name}.match", "U16", (64,), 0, MOST_16_BITS)
    shape = (sum(SETS_OF_MIXERS), count + 9)
    of_mixers = file.take_rows(f"{name}.weights", "I16", shape, -MOST_WEIGHT, MOST_WEIGHT)
    last = file.take_rows(f"{name}.last", "I16", (256, 6), -MOST_WEIGHT, MOST_WEIGHT)
    phrases = file.take(f"{name}.phrases", "U16", (1536,), 0, MOST_16_BITS)
    sets = iter([weights(row) for row in of_mixers])
    return Start(
        histories=[probabilities(row) for row in histories],
        match=probabilities(match),
        weights=[[next(sets) for _ in range(n)] for n in SETS_OF_MIXERS],
        last=[weights(row) for row in last],
        phrases=probabilities(phrases),
        symbols=symbols,
    )
