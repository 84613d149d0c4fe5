"""4.5, and 6.1 for lanes: the match."""

from __future__ import annotations

from typing import Final

from contexts import Features, hashed
from lanes import Symbols
from logistic import ONE_IN_22_BITS, STRETCH, AdaptiveProbability
from starts import SETTLEDNESS, Start

__all__ = ["Match", "MatchTable"]

NO_SYMBOL: Final = 256
LONGEST_MATCH: Final = 65535
LONGEST_LOOK_BACK: Final = 400
LEAST_MATCH_START: Final = ONE_IN_22_BITS // 16


class MatchTable:
    """What all lanes have in common: where the last M symbols occurred, and how often matches are right."""

    def __init__(self, content_size: int, least: int, start: Start | None) -> None:
        self.least = least
        self.bits = max(10, min(20, content_size.bit_length()))
        self.entries = [0] * (1 << self.bits)
        if start:
            self.probabilities = [AdaptiveProbability(p, SETTLEDNESS) for p in start.match]
        else:
            starts = (LEAST_MATCH_START, ONE_IN_22_BITS - LEAST_MATCH_START)
            self.probabilities = [AdaptiveProbability(p) for p in starts * 31]

    def entry_of(self, features: Features) -> int:
        more_symbols = features.d4 & ((1 << 8 * (self.least - 4)) - 1)
        return hashed(features.c4, more_symbols) >> (32 - self.bits)


class Match:
    """The place where the last symbols occurred before: what followed there is expected here."""

    def __init__(self, table: MatchTable, symbols: Symbols, lane: int) -> None:
        self.table = table
        self.symbols = symbols
        self.own = symbols.of_lane[lane]
        self.lane_start = lane * symbols.lane_size
        self.at = 0
        self.length = 0
        self.symbol = NO_SYMBOL  # s[at] where there is a match
        self.bit: int | None = None  # the bit expected next
        self.probability = table.probabilities[0]  # of it, while there is one

    def find(self, features: Features) -> None:
        """At the start of a symbol: follow the match, or look for one."""
        entries = self.table.entries
        n = len(self.own)
        if n >= 1:
            if self.length > 0 and self.symbols[self.at] == self.own[n - 1]:
                self.at += 1
                self.length = min(self.length + 1, LONGEST_MATCH)
                if not self.symbols.is_known(self.at):
                    self.length = 0
            else:
                self.length = 0
        if n >= self.table.least:
            entry = self.table.entry_of(features)
            if self.length == 0 and entries[entry] != 0 and self.symbols.is_known(entries[entry]):
                self.at = entries[entry]
                self.length = self.count_backwards()
                if self.length < self.table.least:
                    self.length = 0
            entries[entry] = self.lane_start + n
        self.symbol = self.symbols[self.at] if self.length > 0 else NO_SYMBOL

    def count_backwards(self) -> int:
        n, length = len(self.own), 0
        most = min(LONGEST_LOOK_BACK, self.at - self.symbols.start_of_lane(self.at), n)
        while length < most and self.symbols[self.at - 1 - length] == self.own[n - 1 - length]:
            length += 1
        return length

    def inputs(self, partial: int, k: int) -> tuple[int, int]:
        """Before a bit: the two inputs of the mixers."""
        # The expected symbol after a leading one, cut to as many bits as are known of the current symbol.
        if self.length > 0 and (self.symbol | 256) >> (8 - k) != partial:
            self.length = 0
        if self.length == 0:
            self.bit = None
            return 0, 0
        self.bit = self.symbol >> (7 - k) & 1
        self.probability = self.table.probabilities[2 * self.bucket() + self.bit]
        p = self.probability.p >> 6
        return STRETCH[p], (p - 32768) >> 4

    def bucket(self) -> int:
        length = self.length
        if length < 16:
            return length
        if length < 32:
            return 16 + (length - 16) // 4
        if length < 64:
            return 20 + (length - 32) // 8
        return 24 + (min(length, 511) - 64) // 64

    def level(self) -> int:
        """m of the first mixer (4.6)."""
        length = self.length
        return 0 if length == 0 else 1 if length < 8 else 2 if length < 16 else 3 if length < 32 else 4

    def learn(self, bit: int) -> None:
        if self.bit is not None:
            self.probability.learn(bit)
            if bit != self.bit:
                self.length = 0
