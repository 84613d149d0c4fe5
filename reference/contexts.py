"""4.4: the contexts, and where their histories are kept."""

from __future__ import annotations

from typing import Final

from histories import STATE_TOTAL
from predictors import BINARY, RECORDS, TEXT, WORDS

__all__ = [
    "CONTEXTS_IN_LANES",
    "CONTEXTS_OF_KIND",
    "OWN_CONTEXTS",
    "SLOT",
    "Features",
    "Followers",
    "SlotTable",
    "class_of",
    "hash_of",
    "hashed",
]

MASK32: Final = 0xFFFFFFFF

# A slot is 16 bytes: its check (unused by context 0), then the states of the nodes 1 to 15.
SLOT: Final = 16
SLOTS_OF_LINE: Final = 4
EMPTY_STATES: Final = bytes(SLOT - 1)


class SlotTable:
    """Lines of four slots, in which the contexts 1 to N - 1 find their histories."""

    def __init__(self, line_bits: int) -> None:
        self.data = bytearray((SLOT * SLOTS_OF_LINE) << line_bits)

    def take(self, line: int, check: int) -> int:
        """Where the slot with this check begins; if there is none, the least used of the line is emptied."""
        data = self.data
        first = line * SLOT * SLOTS_OF_LINE
        slots = range(first, first + SLOT * SLOTS_OF_LINE, SLOT)
        for slot in slots:
            if data[slot] == check:
                return slot
        slot = min(slots, key=lambda slot: STATE_TOTAL[data[slot + 1]])  # the first of these
        data[slot] = check
        data[slot + 1 : slot + SLOT] = EMPTY_STATES
        return slot


def mixed(x: int) -> int:
    x ^= x >> 16
    x = x * 0x7FEB352D & MASK32
    x ^= x >> 15
    x = x * 0x846CA68B & MASK32
    return x ^ x >> 16


def hashed(a: int, b: int) -> int:
    return mixed((a * 0x9E3779B1 + mixed((b + 0x85EBCA6B) & MASK32)) & MASK32)


def hash_of(q: int, a: int, b: int) -> int:
    """h of the context number q."""
    return hashed(a + 0x51ED270B * (q + 1), b)


def is_letter(symbol: int) -> bool:
    return 0x41 <= symbol <= 0x5A or 0x61 <= symbol <= 0x7A or symbol >= 0x80


def class_of(symbol: int) -> int:
    if 0x61 <= symbol <= 0x7A:
        return 0  # a-z
    if 0x41 <= symbol <= 0x5A:
        return 1  # A-Z
    if 0x30 <= symbol <= 0x39:
        return 2  # 0-9
    if symbol == 0x20:
        return 3
    if symbol in (0x0A, 0x0D):
        return 4
    if symbol >= 0x80:
        return 5
    return 6 if symbol < 0x20 else 7


# The numbers of the contexts, by kind; a predictor takes the first N - 1.
CONTEXTS_OF_KIND: Final = {
    BINARY: "0 1 2 4 14 13 31 10 12 32 20 21 35 33 6 27 36 11 3 23 29 26 5 25 28 30 34 15 18 7 17",
    TEXT: "0 1 2 4 6 7 13 17 15 16 24 8 14 21 19 10 22 12 3 9 18 36 23 11 20 5 33 31 34 35 32",
    WORDS: "0 1 2 7 6 10 15 13 17 16 21 8 4 24 36 14 22 19 12 11 3 9 23 5 18 20 33 31 34 35 32",
    RECORDS: "0 1 2 25 13 27 29 26 30 28 31 10 14 4 12 20 32 21 33 35 11 36 23 3 6 5 34 15 18 7 17",
}
# Of a text, for a predictor with more than one lane (6.1).
CONTEXTS_IN_LANES: Final = "0 1 2 4 6 7 13 17 15 16 24 8 21 42 40 39 37 38 41"
# A lane's own, by the number of the context that they are made of.
OWN_CONTEXTS: Final = {37: 0, 38: 1, 39: 2, 40: 4, 41: 6, 42: 7}


class Followers:
    """What followed each symbol, and each pair of them, the last two times; one for all lanes (6.1)."""

    def __init__(self) -> None:
        self.of1 = [0] * (1 << 8)  # f1
        self.of2 = [0] * (1 << 16)  # f2

    def update(self, last2: int, symbol: int) -> None:
        self.of1[last2 & 0xFF] = (self.of1[last2 & 0xFF] << 8 | symbol) & 0xFFFF
        self.of2[last2] = (self.of2[last2] << 8 | symbol) & 0xFFFF


class Features:
    """What the contexts are made of: what is known of the symbols before the current one."""

    def __init__(self, stride: int, symbols: bytearray, followers: Followers, lane: int = 0) -> None:
        """``symbols``: none yet; it is ``update`` that appends them."""
        self.stride = stride
        self.lane = lane
        self.symbols = symbols
        self.followers = followers
        self.last8 = 0  # the last eight symbols as one number: d4 above c4
        self.word = self.word1 = self.word2 = 0
        self.word_length = 0
        self.shape = 0
        self.punctuation = 0
        self.column = 0
        self.line = self.line1 = 0

    @property
    def c(self) -> int:
        return self.last8 & 0xFF

    @property
    def c4(self) -> int:
        return self.last8 & MASK32

    @property
    def d4(self) -> int:
        return self.last8 >> 32

    @property
    def row(self) -> int:
        return len(self.symbols) % self.stride if self.stride else 0

    def back(self, distance: int) -> int:
        return self.symbols[-distance] if 0 < distance <= len(self.symbols) else 0

    def above(self) -> int:
        """The symbol above the one that comes, in the line before."""
        place = self.line1 + len(self.symbols) - self.line
        return self.symbols[place] if place < self.line else 10

    def update(self, symbol: int, completed: int) -> None:
        """Take in one more symbol, which completed this number of bytes of the content."""
        if self.symbols:
            self.followers.update(self.last8 & 0xFFFF, symbol)
        self.symbols.append(symbol)
        self.last8 = (self.last8 << 8 | symbol) & 0xFFFFFFFFFFFFFFFF

        if is_letter(symbol):
            lower = symbol + 0x20 if 0x41 <= symbol <= 0x5A else symbol
            self.word = (self.word + lower + 1) * 0x2F0B4C47 & MASK32
            self.word_length += 1
        elif self.word_length > 0:
            self.word2, self.word1 = self.word1, self.word
            self.word = self.word_length = 0

        self.shape = (self.shape * 8 + class_of(symbol)) & MASK32
        if class_of(symbol) == 7:
            self.punctuation = symbol
        self.column += completed
        if symbol == 0x0A:
            self.column = 0
            self.line1, self.line = self.line, len(self.symbols)

    def contexts(self) -> dict[int, tuple[int, int]]:
        """a and b of the contexts of the table, by their numbers q, but for those of ``match_contexts``."""
        n = len(self.symbols)
        c4, d4 = self.c4, self.d4
        c, c2, c3 = c4 & 0xFF, c4 & 0xFFFF, c4 & 0xFFFFFF
        word, word1, word2, shape = self.word, self.word1, self.word2, self.shape
        column, above, row = min(self.column, 255), self.above(), self.row
        f1, f2 = self.followers.of1[c], self.followers.of2[c2]
        back1, back2 = self.back(self.stride), self.back(2 * self.stride)
        return {
            0: (c2, 0),  # order2
            1: (c3, 0),  # order3
            2: (c4, 0),  # order4
            3: (c4, d4 & 0xFF),  # order5
            4: (c4, d4 & 0xFFFF),  # order6
            5: (c4, d4),  # order8
            6: (word, c),  # word
            7: (word + c, word1),  # words2
            8: (word + c, word2),  # word_skip
            9: (word + c, 7 * word1 + word2),  # words3
            10: (c4 & 0xFFFF00, 0),  # skip1
            11: (c4 & 0xFFFF0000, 0),  # skip2
            12: (c4 & 0xFF00FF, 0),  # sparse13
            15: (shape & 0xFFFFFF, 0),  # shape8
            16: (shape & 0xFFF, c),  # shape4
            17: (column, c),  # column1
            18: (above, c),  # above1
            19: (above, column),  # above_column
            20: (f1, c),  # indirect1
            21: (f2, c),  # indirect2
            22: (self.punctuation, c2),  # punctuation2
            23: (c4 & 0xF8F8F8F8, d4 & 0xF8F8),  # coarse6
            25: (back1, row),  # row1
            26: (back1 * 256 + back2, 0),  # row2
            27: (back1 * 256 + c, 0),  # row1_left
            28: (back1 * 65536 + c2, 0),  # row1_column
            29: (row, c),  # column_left
            30: (back1 * 256 + back2, 256 * c + self.back(self.stride + 1)),  # rows_left
            31: (c4 & 0xFF00, 0),  # sparse2
            32: (c4 & 0xFF000000, 0),  # sparse4
            33: (c4 & 0xFF00FF00, 0),  # sparse24
            34: (n & 3, c),  # aligned1
            35: (n & 3, c2),  # aligned2
            36: (f1, f2),  # indirect12
        }

    def match_contexts(self, expected: int, match_length: int) -> dict[int, tuple[int, int]]:
        """a and b of the contexts that the match is part of."""
        return {
            13: (expected, min(match_length, 31)),  # match
            14: (expected, self.c),  # match1
            24: (self.word, expected),  # word_match
        }
