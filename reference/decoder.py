#!/usr/bin/env python3
"""A decoder of the clz format, version 1, written from ``docs/format.md`` alone.

    python reference/decoder.py FILE.clz > FILE
    python reference/decoder.py --message FILE > CONTENT

One file of plain Python, nothing but the standard library, and the dictionary ``words.txt`` beside it. It is
slow (about a kilobyte a second) and meant to be read next to the document: the numbers in the comments are
the sections of ``docs/format.md``, and this file goes the way of the bytes, from the frame down to the bit.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import sys
import zlib
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["FormatError", "decode", "decode_message"]


class FormatError(ValueError):
    """What was given is not an archive (or a message) of format version 1, or it is damaged."""


def require(condition: bool, otherwise: str) -> None:
    """Refuse the input, saying why, unless the condition holds."""
    if not condition:
        raise FormatError(otherwise)


class Reader:
    """Bytes, and how far they have been read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def at_end(self) -> bool:
        return self.position == len(self.data)

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes; all of them, or it is an error."""
        require(count <= len(self.data) - self.position, "the data ends too early")
        self.position += count
        return self.data[self.position - count : self.position]

    def integer(self, width: int) -> int:
        """An unsigned little-endian integer of ``width`` bytes."""
        return int.from_bytes(self.take(width), "little")


# ------------------------------------------------------------------------------------------------------------
# 1. Frames
# ------------------------------------------------------------------------------------------------------------

CONTENT_MAGIC: Final = b"\xc1\x5a"
SKIPPABLE_MAGIC: Final = b"\xc1\x5b"
END_MAGIC: Final = b"\x5a\xc1"
FORMAT_VERSION: Final = 1
END_OF_SEGMENTS: Final = 0x07
LARGEST_SEGMENT: Final = 1 << 25
NAMED_BY_HASH: Final = 31


def decode(archive: bytes) -> bytes:
    """The content of an archive: the contents of its frames, joined."""
    reader = Reader(archive)
    content = bytearray()
    require(not reader.at_end(), "an archive holds at least one frame")
    while not reader.at_end():
        magic = reader.take(2)
        if magic == CONTENT_MAGIC:
            content += decode_content_frame(reader)
        elif magic == SKIPPABLE_MAGIC:  # 1.6
            reader.take(reader.integer(4))
        else:
            raise FormatError("no frame begins here")
    return bytes(content)


def decode_content_frame(reader: Reader) -> bytes:
    """A simple or segmented frame, whose two magic bytes have been read (1.1)."""
    frame_start = reader.position - 2
    descriptor = reader.integer(1)
    require(descriptor >> 5 == FORMAT_VERSION, "unknown format version")
    require(descriptor & 0b100 == 0, "a reserved bit of the descriptor is set")
    require(descriptor & 0b11 != 3, "reserved width of the size fields")
    has_checksum = bool(descriptor & 0b1000)
    width = 1 << (descriptor & 0b11)
    if descriptor & 0b10000:
        require(width == 4, "the size fields of a segmented frame have 4 bytes")
        return decode_segmented_frame(reader, frame_start, has_checksum)
    content = decode_segment(reader, reader.integer(1), width, has_checksum)  # 1.3
    smallest_width = 1 if len(content) < 1 << 8 else 2 if len(content) < 1 << 16 else 4
    require(width == smallest_width, "the size fields are wider than they need be")
    return content


def decode_segmented_frame(reader: Reader, frame_start: int, has_checksum: bool) -> bytes:
    """Segments up to the byte 07, then the index and the trailer, which must agree with them (1.4)."""
    content = bytearray()
    sizes: list[tuple[int, int]] = []
    while True:
        segment_start = reader.position
        model_byte = reader.integer(1)
        if model_byte == END_OF_SEGMENTS:
            break
        part = decode_segment(reader, model_byte, 4, has_checksum)
        require(len(part) >= 1, "an empty segment in a segmented frame")
        sizes.append((len(part), reader.position - segment_start))
        content += part
    require(len(sizes) >= 1, "a segmented frame without segments")

    index_start = reader.position
    for size_pair in sizes:
        require(
            (reader.integer(4), reader.integer(4)) == size_pair, "the index does not agree with the segments"
        )
    require(reader.integer(4) == len(sizes), "the trailer has another number of segments")
    require(reader.integer(8) == len(content), "the trailer has another size of the content")
    frame_size = reader.integer(8)
    covered = reader.data[index_start : reader.position]
    require(reader.integer(4) == zlib.crc32(covered), "the checksum of the index is wrong")
    require(reader.take(2) == END_MAGIC, "the trailer does not end in 5A C1")
    require(frame_size == reader.position - frame_start, "the trailer has another size of the frame")
    return bytes(content)


def decode_segment(reader: Reader, model_byte: int, width: int, has_checksum: bool) -> bytes:
    """A segment whose model byte has been read (1.2)."""
    predictor, kind = model_byte >> 3, model_byte & 7
    if predictor == NAMED_BY_HASH:
        raise FormatError(f"the predictor with the hash {reader.take(8).hex()} is missing")
    check_model(predictor, kind)
    content_size = reader.integer(width)
    require(content_size <= LARGEST_SEGMENT, "the content of a segment is larger than allowed")
    if predictor == 0:
        content = reader.take(content_size)
    else:
        coded_size = reader.integer(width)
        require(coded_size < content_size, "a payload that is not stored must be shorter than its content")
        content = decode_payload(predictor, kind, content_size, reader.take(coded_size))
    if has_checksum:
        require(reader.integer(4) == zlib.crc32(content), "the checksum of a segment is wrong")
    return content


def check_model(predictor: int, kind: int) -> None:
    """Refuse numbers of predictors and kinds that are not registered (1.2, 3.1, 3.2)."""
    if predictor == 0:
        require(kind == 0, "a stored content has kind 0")
    else:
        require(predictor in PREDICTORS, f"unknown predictor {predictor}")
        require(kind in CONTEXTS_OF_KIND, f"unknown kind {kind}")


# ------------------------------------------------------------------------------------------------------------
# 2. Messages
# ------------------------------------------------------------------------------------------------------------

LARGEST_MESSAGE: Final = 65535


def decode_message(message: bytes) -> bytes:
    """The content of a message, which ends where the message ends."""
    reader = Reader(message)
    header = reader.integer(1)
    predictor, has_two_size_bytes, kind = header >> 4, bool(header & 0b1000), header & 7
    check_model(predictor, kind)
    if predictor == 0:
        require(not has_two_size_bytes, "a stored message has no size field")
        content = message[1:]
        require(len(content) <= LARGEST_MESSAGE, "the content of a message is larger than allowed")
        return content
    content_size = reader.integer(2 if has_two_size_bytes else 1)
    require(has_two_size_bytes == (content_size >= 256), "the size field is wider than it need be")
    payload = message[reader.position :]
    require(len(payload) < content_size, "a payload that is not stored must be shorter than its content")
    return decode_payload(predictor, kind, content_size, payload)


# ------------------------------------------------------------------------------------------------------------
# 3. Predictors and kinds
# ------------------------------------------------------------------------------------------------------------


class Parameters(NamedTuple):
    """What tells one registered predictor from another (3.1)."""

    contexts: int
    layers: int
    least_match: int
    most_line_bits: int


PREDICTORS: Final = {
    1: Parameters(contexts=6, layers=1, least_match=6, most_line_bits=19),
    2: Parameters(contexts=12, layers=2, least_match=6, most_line_bits=20),
    3: Parameters(contexts=20, layers=2, least_match=6, most_line_bits=21),
    4: Parameters(contexts=32, layers=2, least_match=6, most_line_bits=22),
}

BINARY, TEXT, WORDS, RECORDS = range(4)


def decode_payload(predictor: int, kind: int, content_size: int, payload: bytes) -> bytes:
    """The content of a payload that is not stored (3.2)."""
    coder = ArithmeticDecoder(payload)
    stride = 0
    if kind == RECORDS:
        for _ in range(16):
            stride = stride * 2 + coder.decode_bit(32768)
    model = Model(PREDICTORS[predictor], kind, content_size, stride)
    tokens = TokenReader()
    content = bytearray()
    symbols = 0
    while len(content) < content_size:
        partial = 1  # the bits so far after a leading one: c0 of section 4
        for _ in range(8):
            bit = coder.decode_bit(model.probability())
            model.learn(bit)
            partial = partial * 2 + bit
        coder.check_overrun()
        symbol = partial - 256
        symbols += 1
        completed = tokens.completed_by(symbol) if kind == WORDS else bytes([symbol])
        content += completed
        require(len(content) <= content_size, "the last word goes beyond the content")
        require(symbols <= 2 * content_size, "more symbols than the content can need")
        model.finish_symbol(symbol, len(completed))
    coder.check_end()
    return bytes(content)


# 3.3 The symbols of kind 2

WORDS_SHA256: Final = "4922795e2b3773fa294340cfa583421b026f8eee1e0cedd38e3d3e6649fbb61b"
CAPITAL, UPPER, ESCAPE = 0x0E, 0x0F, 0xFF
ONE_BYTE_CODES: Final = 80
TWO_BYTE_CODES: Final = 5120


@functools.cache
def dictionary() -> list[bytes]:
    """The words of kind 2 in the order of their numbers."""
    text = Path(__file__).with_name("words.txt").read_bytes()
    require(
        hashlib.sha256(text).hexdigest() == WORDS_SHA256, "words.txt is not the dictionary of this format"
    )
    return text.split()


class TokenReader:
    """Turns symbols into tokens, and tokens into what they stand for."""

    def __init__(self) -> None:
        self.token = bytearray()

    def completed_by(self, symbol: int) -> bytes:
        """The content of the token that this symbol ends; nothing where the token goes on."""
        self.token.append(symbol)
        first, is_first = self.token[0], len(self.token) == 1
        if first == ESCAPE:
            if is_first:
                return b""
            require(symbol in (CAPITAL, UPPER) or symbol >= 0x80, "FF before a byte that needs no escape")
            return self.end_token(bytes([symbol]))
        if first in (CAPITAL, UPPER):
            if is_first:
                return b""
            code = bytes(self.token[1:])
            require(0x80 <= code[0] <= 0xFE, "0E or 0F before something that is no code")
        elif first < 0x80:
            return self.end_token(bytes([symbol]))
        else:
            code = bytes(self.token)
        if len(code) < self.length_of_code(code[0]):
            require(symbol >= 0x80, "a byte under 80 inside a code")
            return b""
        word = self.word_of(code)
        if first == CAPITAL:
            word = word.capitalize()
        elif first == UPPER:
            word = word.upper()
        return self.end_token(word)

    def end_token(self, content: bytes) -> bytes:
        self.token.clear()
        return content

    @staticmethod
    def length_of_code(first: int) -> int:
        return 1 if first < 0xD0 else 2 if first < 0xF8 else 3

    @staticmethod
    def word_of(code: bytes) -> bytes:
        for byte in code[1:]:
            require(byte >= 0x80, "a byte under 80 inside a code")
        if len(code) == 1:
            number = code[0] - 0x80
        elif len(code) == 2:
            number = ONE_BYTE_CODES + (code[0] - 0xD0) * 128 + (code[1] - 0x80)
        else:
            number = (code[0] - 0xF8) * 16384 + (code[1] - 0x80) * 128 + (code[2] - 0x80)
            number += ONE_BYTE_CODES + TWO_BYTE_CODES
        require(number < len(dictionary()), "the code of no word")
        return dictionary()[number]


# 3.4 The arithmetic code


class ArithmeticDecoder:
    """Reads bits out of a payload, given the probability that each is a one."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.position = 0  # counts the bytes past the end too
        self.range = (1 << 32) - 1
        self.code = 0
        for _ in range(4):
            self.code = self.code << 8 | self.next_byte()

    def next_byte(self) -> int:
        self.position += 1
        return self.payload[self.position - 1] if self.position <= len(self.payload) else 0

    def decode_bit(self, probability: int) -> int:
        split = self.range * probability >> 16
        if self.code < split:
            bit = 1
            self.range = split
        else:
            bit = 0
            self.code -= split
            self.range -= split
        while self.range < 1 << 24:
            self.range <<= 8
            self.code = self.code << 8 | self.next_byte()
        return bit

    def check_overrun(self) -> None:
        """After each symbol: an encoder leaves out at most four zero bytes."""
        require(self.position <= len(self.payload) + 4, "the payload ends before its content is complete")

    def check_end(self) -> None:
        require(self.position >= len(self.payload), "the payload goes on after its content is complete")


# ------------------------------------------------------------------------------------------------------------
# 4. The mixing predictor
# ------------------------------------------------------------------------------------------------------------

MASK32: Final = 0xFFFFFFFF

# 4.1 The logistic domain

LARGEST_LOG_ODDS: Final = 3071


def make_squash() -> list[int]:
    """squash(x) at the place x + 3071."""
    upper = []
    exponential = 1 << 31
    for _ in range(LARGEST_LOG_ODDS + 1):
        upper.append(min((1 << 47) // ((1 << 31) + exponential), 65535))
        exponential = exponential * 4278222805 >> 32
    return [65536 - value for value in reversed(upper[1:])] + upper


SQUASH: Final = make_squash()


def squash(log_odds: int) -> int:
    """The probability, in 1/65536, of log odds in 1/256."""
    return SQUASH[log_odds + LARGEST_LOG_ODDS]


def clip(log_odds: int) -> int:
    return max(-LARGEST_LOG_ODDS, min(LARGEST_LOG_ODDS, log_odds))


def lg(value: int) -> int:
    """The logarithm to the base 2, in 1/4096."""
    exponent = value.bit_length() - 1
    fraction = (value << 12 >> exponent) - 4096
    return 4096 * exponent + fraction + ((fraction * (4096 - fraction) >> 12) * 1409 >> 12)


# The log odds, in 1/256, of every probability in 1/65536.
STRETCH: Final = [((lg(2 * p + 1) - lg(131071 - 2 * p)) * 1420) >> 15 for p in range(65536)]


# 4.2 Adaptive probabilities

ONE_IN_22_BITS: Final = (1 << 22) - 1


class AdaptiveProbability:
    """The probability of a one, which moves fast at first and slowly once it has settled."""

    __slots__ = ("p", "settledness")

    def __init__(self, start: int) -> None:
        self.p = start  # 22 bits
        self.settledness = 0

    def learn(self, bit: int) -> None:
        t = self.settledness >> 6
        self.p += ((ONE_IN_22_BITS if bit else 0) - self.p) >> (t + 1)
        self.settledness += 64 >> t


# 4.3 Bit histories

LARGEST_COUNT: Final = (38, 22, 13, 9, 7, 6)  # of the more frequent bit, by the count of the other


def pair_exists(n0: int, n1: int) -> bool:
    return min(n0, n1) < len(LARGEST_COUNT) and max(n0, n1) <= LARGEST_COUNT[min(n0, n1)]


def number_states() -> list[tuple[int, int, int]]:
    """(n0, n1, last) of every state; last is 0 where it does not matter."""
    pairs = [(n0, n1) for n0 in range(39) for n1 in range(39) if pair_exists(n0, n1)]
    pairs.sort(key=lambda pair: (pair[0] + pair[1], pair[1]))
    return [(n0, n1, last) for n0, n1 in pairs for last in ((0, 1) if n0 and n1 else (0,))]


def faded(count: int) -> int:
    """What remains of a count once the other bit has been seen."""
    return count if count < 3 else count - 1 if count < 6 else 5 if count < 12 else 6 if count < 24 else 7


def state_after(state: tuple[int, int, int], bit: int) -> tuple[int, int, int]:
    n0, n1, _ = state
    same, other = (n1, n0) if bit else (n0, n1)
    same, other = same + 1, faded(other)
    while not pair_exists(same, other):  # existence does not depend on which count is which
        if same > other + 1:
            same -= 1
        else:
            other -= 1
    n0, n1 = (other, same) if bit else (same, other)
    return (n0, n1, bit if n0 and n1 else 0)


STATES: Final = number_states()
STATE_NUMBERS: Final = {state: number for number, state in enumerate(STATES)}
NEXT_STATE: Final = [[STATE_NUMBERS[state_after(state, bit)] for state in STATES] for bit in (0, 1)]
STATE_TOTAL: Final = [n0 + n1 for n0, n1, _ in STATES]
STATE_PRIOR: Final = [((3 * n1 + 1) << 22) // (3 * (n0 + n1) + 2) for n0, n1, _ in STATES]


# 4.4 Contexts and where their histories are kept

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


class Features:
    """What the contexts are made of: what is known of the symbols before the current one."""

    def __init__(self, stride: int) -> None:
        self.stride = stride
        self.symbols = bytearray()
        self.last8 = 0  # the last eight symbols as one number: d4 above c4
        self.word = self.word1 = self.word2 = 0
        self.word_length = 0
        self.shape = 0
        self.punctuation = 0
        self.column = 0
        self.line = self.line1 = 0
        self.followers1 = [0] * (1 << 8)  # f1
        self.followers2 = [0] * (1 << 16)  # f2

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
            before1, before2 = self.last8 & 0xFF, self.last8 & 0xFFFF
            self.followers1[before1] = (self.followers1[before1] << 8 | symbol) & 0xFFFF
            self.followers2[before2] = (self.followers2[before2] << 8 | symbol) & 0xFFFF
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

    def contexts(self, expected: int, match_length: int) -> list[tuple[int, int]]:
        """a and b of every context of the table, by its number q."""
        n = len(self.symbols)
        c4, d4 = self.c4, self.d4
        c, c2, c3 = c4 & 0xFF, c4 & 0xFFFF, c4 & 0xFFFFFF
        word, word1, word2, shape = self.word, self.word1, self.word2, self.shape
        column, above, row = min(self.column, 255), self.above(), self.row
        f1, f2 = self.followers1[c], self.followers2[c2]
        back1, back2 = self.back(self.stride), self.back(2 * self.stride)
        return [
            (c2, 0),  # 0 order2
            (c3, 0),  # 1 order3
            (c4, 0),  # 2 order4
            (c4, d4 & 0xFF),  # 3 order5
            (c4, d4 & 0xFFFF),  # 4 order6
            (c4, d4),  # 5 order8
            (word, c),  # 6 word
            (word + c, word1),  # 7 words2
            (word + c, word2),  # 8 word_skip
            (word + c, 7 * word1 + word2),  # 9 words3
            (c4 & 0xFFFF00, 0),  # 10 skip1
            (c4 & 0xFFFF0000, 0),  # 11 skip2
            (c4 & 0xFF00FF, 0),  # 12 sparse13
            (expected, min(match_length, 31)),  # 13 match
            (expected, c),  # 14 match1
            (shape & 0xFFFFFF, 0),  # 15 shape8
            (shape & 0xFFF, c),  # 16 shape4
            (column, c),  # 17 column1
            (above, c),  # 18 above1
            (above, column),  # 19 above_column
            (f1, c),  # 20 indirect1
            (f2, c),  # 21 indirect2
            (self.punctuation, c2),  # 22 punctuation2
            (c4 & 0xF8F8F8F8, d4 & 0xF8F8),  # 23 coarse6
            (word, expected),  # 24 word_match
            (back1, row),  # 25 row1
            (back1 * 256 + back2, 0),  # 26 row2
            (back1 * 256 + c, 0),  # 27 row1_left
            (back1 * 65536 + c2, 0),  # 28 row1_column
            (row, c),  # 29 column_left
            (back1 * 256 + back2, 256 * c + self.back(self.stride + 1)),  # 30 rows_left
            (c4 & 0xFF00, 0),  # 31 sparse2
            (c4 & 0xFF000000, 0),  # 32 sparse4
            (c4 & 0xFF00FF00, 0),  # 33 sparse24
            (n & 3, c),  # 34 aligned1
            (n & 3, c2),  # 35 aligned2
            (f1, f2),  # 36 indirect12
        ]


# 4.5 The match

NO_SYMBOL: Final = 256
LONGEST_MATCH: Final = 65535
LONGEST_LOOK_BACK: Final = 400
LEAST_MATCH_START: Final = ONE_IN_22_BITS // 16


class Match:
    """The place where the last symbols occurred before: what followed there is expected here."""

    def __init__(self, content_size: int, least: int) -> None:
        self.least = least
        self.bits = max(10, min(20, content_size.bit_length()))
        self.table = [0] * (1 << self.bits)
        self.at = 0
        self.length = 0
        self.symbol = NO_SYMBOL  # s[at] where there is a match
        self.probabilities = [
            AdaptiveProbability(start)
            for _ in range(31)
            for start in (LEAST_MATCH_START, ONE_IN_22_BITS - LEAST_MATCH_START)
        ]
        self.bit: int | None = None  # the bit expected next
        self.probability = self.probabilities[0]  # of it, while there is one

    def find(self, features: Features) -> None:
        """At the start of a symbol: follow the match, or look for one."""
        symbols = features.symbols
        n = len(symbols)
        if n >= 1:
            if self.length > 0 and symbols[self.at] == symbols[n - 1]:
                self.at += 1
                self.length = min(self.length + 1, LONGEST_MATCH)
            else:
                self.length = 0
        if n >= self.least:
            more_symbols = features.d4 & ((1 << 8 * (self.least - 4)) - 1)
            entry = hashed(features.c4, more_symbols) >> (32 - self.bits)
            if self.length == 0 and self.table[entry] != 0:
                self.at = self.table[entry]
                self.length = self.count_backwards(symbols)
                if self.length < self.least:
                    self.length = 0
            self.table[entry] = n
        self.symbol = symbols[self.at] if self.length > 0 else NO_SYMBOL

    def count_backwards(self, symbols: bytearray) -> int:
        n, length = len(symbols), 0
        while (
            length < min(LONGEST_LOOK_BACK, self.at)
            and symbols[self.at - 1 - length] == symbols[n - 1 - length]
        ):
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
        self.probability = self.probabilities[2 * self.bucket() + self.bit]
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


# 4.6 Mixing

LARGEST_WEIGHT: Final = 524287


class Mixer:
    """Weighs log odds; which of its sets of weights does so is selected anew for each bit."""

    def __init__(self, start: list[int]) -> None:
        self.start = start
        self.sets: dict[int, list[int]] = {}
        self.selected = 0
        self.inputs: list[int] = []
        self.probability = 32768

    def mix(self, inputs: list[int], selected: int) -> int:
        self.inputs = inputs
        self.selected = selected
        weights = self.sets.setdefault(selected, self.start)
        y = clip(sum([w * x >> 8 for w, x in zip(weights, inputs, strict=True)]) >> 8)
        self.probability = squash(y)
        return y

    def learn(self, bit: int, rate: int) -> None:
        error = ((bit * 65536 - self.probability) * rate) >> 9
        old = self.sets[self.selected]
        new = [w + ((x * error + 8192) >> 14) for w, x in zip(old, self.inputs, strict=True)]
        if max(new) > LARGEST_WEIGHT or min(new) < -LARGEST_WEIGHT:
            new = [max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT, w)) for w in new]
        self.sets[self.selected] = new


# 4.7 The final map


class FinalMap:
    """Corrects the probability by what happened where it was said before, after the same last symbol."""

    START: Final = tuple(squash(clip((j - 12) * 256)) for j in range(25))

    def __init__(self) -> None:
        self.curves: dict[int, list[int]] = {}
        self.curve: list[int] = []
        self.nearest = 0

    def refine(self, y: int, c: int, partial: int) -> int:
        self.curve = self.curves.setdefault(c * 256 + partial, list(self.START))
        j, w = divmod(y + 3072, 256)
        self.nearest = j + 1 if w >= 128 else j
        refined = (self.curve[j] * (256 - w) + self.curve[j + 1] * w) // 256
        return max(1, min(65535, (squash(y) + refined + 1) >> 1))

    def learn(self, bit: int) -> None:
        q = self.curve[self.nearest]
        self.curve[self.nearest] = q + (((65535 if bit else 0) - q) >> 6)


# 4.8 Order


class Model:
    """The whole predictor: ``probability`` and ``learn`` in turn, ``finish_symbol`` after each eighth bit."""

    def __init__(self, parameters: Parameters, kind: int, content_size: int, stride: int) -> None:
        self.kind = kind
        self.count = parameters.contexts
        numbers = CONTEXTS_OF_KIND[kind].split()[: self.count - 1]
        self.numbers = [int(number) for number in numbers]
        lines = content_size * self.count // 2
        self.line_bits = max(8, min(parameters.most_line_bits, lines.bit_length()))
        self.table = SlotTable(self.line_bits)
        # Context 0: for every last symbol, one slot of the first half and 16 of the second.
        self.order1 = bytearray(SLOT * 17 * 256)
        self.features = Features(stride)
        self.match = Match(content_size, parameters.least_match)
        self.history = [[AdaptiveProbability(prior) for prior in STATE_PRIOR] for _ in range(self.count)]

        weight = 160000 // self.count
        start = [weight] * (self.count + 1) + [0, 0]
        self.mixers = [Mixer(start) for _ in range(4 if parameters.layers == 2 else 1)]
        self.last_mixer = Mixer([16384] * 4) if parameters.layers == 2 else None
        self.final_map = FinalMap()

        self.k = 0  # bits of the current symbol so far
        self.partial = 1  # c0
        self.node = 1
        self.slots: list[tuple[bytearray, int]] = []  # per context, the table and where in it the slot begins
        self.states: list[int] = []
        self.pairs: list[AdaptiveProbability] = []
        self.hashes: list[int] = []
        self.place = 0
        self.rate = 0
        self.start_symbol()

    def start_symbol(self) -> None:
        """Once the features are those of this symbol: the match, the hashes, the slots, place and rate."""
        features = self.features
        n = len(features.symbols)
        self.k, self.partial, self.node = 0, 1, 1
        self.match.find(features)
        contexts = features.contexts(self.match.symbol, self.match.length)
        self.hashes = []
        for q in self.numbers:
            a, b = contexts[q]
            self.hashes.append(hashed(a + 0x51ED270B * (q + 1), b))
        self.take_slots()
        if self.kind in (TEXT, WORDS):
            self.place = min(features.word_length, 7) * 8 + class_of(features.c)
        elif features.stride > 0:
            self.place = features.row & 63
        else:
            self.place = n & 3
        self.rate = 16 + 192 * 16384 // (16384 + n)

    def take_slots(self) -> None:
        """The slots of a half, in the order of the contexts."""
        shift = 32 - self.line_bits
        if self.k == 0:
            of_order1 = 0
            places = [(h >> shift, h & 0xFF) for h in self.hashes]
        else:
            bits = self.partial & 15
            of_order1 = 1 + bits
            places = [(h >> shift ^ (bits + 1), (h + 61 * self.partial) & 0xFF) for h in self.hashes]
        self.slots = [(self.order1, SLOT * (17 * self.features.c + of_order1))]
        self.slots += [(self.table.data, self.table.take(line, check)) for line, check in places]

    def probability(self) -> int:
        """The probability, in 1/65536, that the next bit is a one."""
        node = self.node
        self.states = [data[slot + node] for data, slot in self.slots]
        self.pairs = [pairs[state] for pairs, state in zip(self.history, self.states, strict=True)]
        inputs = [STRETCH[pair.p >> 6] for pair in self.pairs]
        inputs += self.match.inputs(self.partial, self.k)
        inputs.append(256)

        seen = sum(state != 0 for state in self.states[2 : min(self.count, 7)])
        y = self.mixers[0].mix(inputs, (self.match.level() * 8 + seen) * 8 + self.k)
        if self.last_mixer is not None:
            selected = (self.partial, self.features.c, self.place * 8 + self.k)
            others = [mixer.mix(inputs, s) for mixer, s in zip(self.mixers[1:], selected, strict=True)]
            y = self.last_mixer.mix([y, *others], self.partial)
        return self.final_map.refine(y, self.features.c, self.partial)

    def learn(self, bit: int) -> None:
        """Take in the bit whose probability was asked for."""
        next_state = NEXT_STATE[bit]
        for (data, slot), state, pair in zip(self.slots, self.states, self.pairs, strict=True):
            data[slot + self.node] = next_state[state]
            pair.learn(bit)
        self.match.learn(bit)
        for mixer in self.mixers:
            mixer.learn(bit, self.rate)
        if self.last_mixer is not None:
            self.last_mixer.learn(bit, 48)
        self.final_map.learn(bit)

        self.k += 1
        self.partial = self.partial * 2 + bit
        self.node = self.node * 2 + bit
        if self.k == 4:
            self.node = 1
            self.take_slots()

    def finish_symbol(self, symbol: int, completed: int) -> None:
        """After the eighth bit: make ready for the next symbol."""
        self.features.update(symbol, completed)
        self.start_symbol()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Decode a clz archive, slowly, to the standard output.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--message", action="store_true", help="the file is a message, not an archive")
    options = parser.parse_args()
    data = options.file.read_bytes()
    try:
        content = decode_message(data) if options.message else decode(data)
    except FormatError as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
