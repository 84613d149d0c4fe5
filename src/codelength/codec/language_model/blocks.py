"""One block: its content as tokens and raw bytes, and back.

Payload of kind "tokens": a range code. Of kind "mixed": the table of `predictors.causal_lm.spans`, all raw
bytes in their order, and the range code.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codelength.codec.language_model.container import Block, Kind
from codelength.errors import CorruptError
from codelength.predictors.causal_lm.spans import Codebook, TextSpan, cut, records

__all__ = ["Plan", "Sides", "parse_sides", "plan_of", "restore", "starts_of_blocks"]

_SPACE = b" \n\r\t"
_NEAR_BYTES = 256
_MAX_NUMBER_BYTES = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """A content that is to be coded."""

    content: bytes
    ids: list[int]
    """Tokens of all its text, in order; none if it is stored."""
    sides: bytes
    """Table and raw bytes; empty if it is text as a whole."""

    @property
    def stored(self) -> Plan:
        """The same content, not coded."""
        return Plan(self.content, [], b"")

    def block(self, code: bytes) -> Block:
        """The block, with the range code of the tokens."""
        checksum = zlib.crc32(self.content)
        n_bytes = len(self.content)
        if not self.ids:
            return Block(Kind.STORED, n_bytes, 0, self.content, checksum)
        kind = Kind.MIXED if self.sides else Kind.TOKENS
        return Block(kind, n_bytes, len(self.ids), self.sides + code, checksum)


def plan_of(content: bytes, codebook: Codebook) -> Plan:
    """How a content is to be coded."""
    spans = cut(content, codebook)
    texts = [span for span in spans if isinstance(span, TextSpan)]
    table = records(spans)
    if not texts:
        return Plan(content, [], b"")
    ids = [number for span in texts for number in span.ids.tolist()]
    if not table:
        return Plan(content, ids, b"")
    numbers = [len(table), *(number for record in table for number in record)]
    raw = b"".join(content[span.start : span.end] for span in spans if not isinstance(span, TextSpan))
    return Plan(content, ids, b"".join(map(_packed, numbers)) + raw)


def starts_of_blocks(data: bytes, n_blocks: int) -> list[int]:
    """Where blocks of about the same size begin: behind white space if some is near, else at a character."""
    starts = [0]
    for number in range(1, n_blocks):
        at = len(data) * number // n_blocks
        low = max(starts[-1] + 1, at - _NEAR_BYTES)
        space = max(data.rfind(mark, low, at) for mark in (bytes((byte,)) for byte in _SPACE))
        if space >= 0:
            at = space + 1
        else:
            at = next((i for i in range(at, max(low, at - 3) - 1, -1) if data[i] & 0xC0 != 0x80), at)
        starts.append(at)
    return starts


@dataclass(frozen=True, slots=True)
class Sides:
    """What a block has beside the tokens."""

    records: Sequence[tuple[int, bytes]]
    """(tokens, raw bytes that follow them)"""
    code: bytes
    """The range code."""


def parse_sides(block: Block, where: str) -> Sides:
    """The parts of a payload. Raises CorruptError."""
    if block.kind != Kind.MIXED:
        return Sides((), block.payload)
    numbers = _Numbers(block.payload, where)
    n_records = numbers.next()
    if not 0 < n_records <= len(block.payload):
        raise CorruptError(f"{where} has no records of raw bytes")
    table = [(numbers.next(), numbers.next()) for _ in range(n_records)]
    if sum(n for n, _ in table) > block.n_tokens or sum(n for _, n in table) > block.content_size:
        raise CorruptError(f"the records of {where} hold more than the block")
    found, at = [], numbers.position
    for n_tokens, n_raw in table:
        found.append((n_tokens, block.payload[at : at + n_raw]))
        at += n_raw
    if at > len(block.payload):
        raise CorruptError(f"the raw bytes of {where} go beyond it")
    return Sides(found, block.payload[at:])


def restore(block: Block, sides: Sides, ids: Sequence[int], codebook: Codebook, where: str) -> bytes:
    """The content, from its tokens and what is beside them. Raises CorruptError."""
    content = block.payload
    if block.kind != Kind.STORED:
        content = b"".join(_parts(sides, ids, codebook))
    if len(content) != block.content_size or zlib.crc32(content) != block.checksum:
        raise CorruptError(
            f"the checksum of {where} differs: it is damaged, or the model gives other numbers here than "
            "where it was written"
        )
    return content


def _parts(sides: Sides, ids: Sequence[int], codebook: Codebook) -> Iterator[bytes]:
    at = 0
    for n_tokens, raw in sides.records:
        yield _text(ids[at : at + n_tokens], codebook)
        yield raw
        at += n_tokens
    yield _text(ids[at:], codebook)


def _text(ids: Sequence[int], codebook: Codebook) -> bytes:
    return codebook.decode(ids).encode("utf-8", "replace") if ids else b""


def _packed(number: int) -> bytes:
    out = bytearray()
    while number >= 128:
        out.append(number % 128 | 128)
        number //= 128
    return bytes([*out, number])


class _Numbers:
    """Reads the numbers of a table."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self._where = where
        self.position = 0

    def next(self) -> int:
        number = 0
        for i, byte in enumerate(self._data[self.position : self.position + _MAX_NUMBER_BYTES]):
            number |= (byte & 127) << 7 * i
            if byte < 128:
                self.position += i + 1
                return number
        raise CorruptError(f"the table of {self._where} does not end")
