"""6.3: phrases, what often came next in the documents of training."""

from __future__ import annotations

from collections.abc import Sequence as Numbers
from typing import Final, NamedTuple

from logistic import STRETCH, AdaptiveProbability
from model_file import ModelFile, require
from starts import SETTLEDNESS, Start

__all__ = ["Entry", "PhraseTable", "Phrases", "read_phrases"]

CONTEXTS: Final = (7, 4, 9)  # words2, order6, words3: for t = 0, 1, 2
STRENGTHS: Final = 32
CHECKS: Final = 2048
LINE: Final = 64  # bytes
ENTRIES_OF_LINE: Final = 21
MOST_LINES: Final = 1 << 24


class Entry(NamedTuple):
    symbol: int
    strength: int


class PhraseTable:
    """The tensor `phrases` (5.1): lines of 21 entries, first the tags of all, then their symbols."""

    def __init__(self, data: Numbers[int]) -> None:
        """``data``: the bytes of 2^G lines."""
        self.data = data
        self.bits = (len(data) // LINE).bit_length() - 1  # G

    def find(self, h: int) -> Entry | None:
        """The first entry of this hash."""
        start = (h >> (32 - self.bits)) * LINE
        line = self.data[start : start + LINE]
        check = h % CHECKS or 1
        for i in range(ENTRIES_OF_LINE):
            tag = line[2 * i] + 256 * line[2 * i + 1]
            if tag // STRENGTHS == check:
                return Entry(line[2 * ENTRIES_OF_LINE + i], tag % STRENGTHS)
        return None


def read_phrases(file: ModelFile) -> PhraseTable | None:
    """5.1: a model file need not have any."""
    if "phrases" not in file.tensors:
        return None
    lines = file.count_rows("phrases")
    is_allowed = 2 <= lines <= MOST_LINES and lines.bit_count() == 1
    require(is_allowed, "a number of lines of phrases that is not allowed")
    return PhraseTable(file.take("phrases", "U8", (lines, LINE), 0, 255))


def first_probability(strength: int, bit: int) -> int:
    """In 22 bits, of a one where this bit is expected."""
    p1 = (strength % 8 + 8) << 18
    return p1 if bit else (1 << 22) - p1


class Phrases:
    """Inputs of the mixers, one for each of the three contexts. All lanes share their probabilities."""

    def __init__(self, table: PhraseTable | None, start: Start | None) -> None:
        self.table = table
        if start:
            self.probabilities = [AdaptiveProbability(p, SETTLEDNESS) for p in start.phrases]
        else:
            self.probabilities = [
                AdaptiveProbability(first_probability(strength, b))
                for _ in CONTEXTS
                for strength in range(STRENGTHS)
                for _ in range(8)  # k
                for b in (0, 1)
            ]
        self.entries: list[Entry | None] = [None for _ in CONTEXTS]
        self.used: list[AdaptiveProbability] = []  # for the bit to come

    def find(self, hashes: dict[int, int]) -> None:
        """Before a symbol. ``hashes``: of this lane, by the numbers of the contexts."""
        if self.table:
            self.entries = [self.table.find(hashes[q]) for q in CONTEXTS]

    def inputs(self, partial: int, k: int) -> list[int]:
        """Before a bit: the three inputs. They follow those of the forecast."""
        inputs = []
        self.used = []
        for t, entry in enumerate(self.entries):
            # The entry's symbol after a leading one, cut to as many bits as are known of the current symbol.
            if entry is None or (entry.symbol | 256) >> (8 - k) != partial:
                inputs.append(0)
                continue
            b = entry.symbol >> (7 - k) & 1
            probability = self.probabilities[((t * STRENGTHS + entry.strength) * 8 + k) * 2 + b]
            self.used.append(probability)
            inputs.append(STRETCH[probability.p >> 6])
        return inputs

    def learn(self, bit: int) -> None:
        for probability in self.used:
            probability.learn(bit)
