"""The bytes of a frame of a language model; docs/format.md describes them. No model, no coding.

    frame = C1 5C, version 01, facts_size (2), facts, content_size (8), n_blocks (4),
            CRC-32 of all before it (4), blocks
    block = kind (1), content_size (4), n_tokens (4), payload_size (4), payload, CRC-32 of the content (4)

Integers are little-endian. The facts are a JSON object of strings.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codelength.coding.frame import FIRST_BYTE, LANGUAGE_MODEL_BYTE
from codelength.errors import CorruptError, FormatError, TruncatedError
from codelength.predictors.causal_lm.spans import MAX_TOKENS_PER_BYTE

__all__ = ["MAGIC", "MAX_BLOCK_BYTES", "MAX_ROWS", "Block", "Header", "Kind", "Reader"]

MAGIC = bytes((FIRST_BYTE, LANGUAGE_MODEL_BYTE))
VERSION = 1
MAX_BLOCK_BYTES = 1 << 20
"""Content of a block, at most."""
MAX_ROWS = 64
"""Blocks that are coded side by side, at most."""
_MAX_FACTS = 64

_START = struct.Struct("<2sBH")
_SIZES = struct.Struct("<QI")
_CRC = struct.Struct("<I")
_BLOCK = struct.Struct("<BIII")

_NUMBERS = {"context": 1 << 24, "stride": 1 << 24, "batch": MAX_ROWS, "threads": 1 << 12}
_TEXTS = ("model", "sha256", "dtype", "beginning", "device")


class Kind:
    """What a block's payload is."""

    STORED = 0
    """The content."""
    TOKENS = 1
    """A range code of tokens that stand for the content as a whole."""
    MIXED = 2
    """A table of spans, raw bytes, and a range code."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a frame says before its blocks."""

    facts: Mapping[str, str]
    """The fingerprint: the model and all that its numbers depend on."""
    content_size: int
    """Bytes of content; a claim until all has been decoded."""
    n_blocks: int

    def pack(self) -> bytes:
        """The frame up to its first block. Raises ValueError for facts that do not fit."""
        facts = json.dumps(dict(self.facts), sort_keys=True, separators=(",", ":")).encode()
        if len(facts) >= 1 << 16:
            raise ValueError("the facts about a model take at most 65,535 bytes")
        head = _START.pack(MAGIC, VERSION, len(facts)) + facts + _SIZES.pack(self.content_size, self.n_blocks)
        return head + _CRC.pack(zlib.crc32(head))

    def number(self, name: str) -> int:
        """One of the facts that are numbers: context, stride, batch, threads."""
        return int(self.facts[name])


@dataclass(frozen=True, slots=True)
class Block:
    """One block."""

    kind: int
    content_size: int
    n_tokens: int
    payload: bytes
    checksum: int
    """CRC-32 of the content."""

    def pack(self) -> bytes:
        """The block's bytes."""
        head = _BLOCK.pack(self.kind, self.content_size, self.n_tokens, len(self.payload))
        return head + self.payload + _CRC.pack(self.checksum)


class Reader:
    """Goes through the bytes of an archive, frame by frame."""

    def __init__(self, archive: bytes | memoryview) -> None:
        self._view = memoryview(archive)
        self._position = 0
        self._n_frames = 0
        self.n_left = 0
        """Bytes of content that the blocks still to come of this frame must have."""

    @property
    def position(self) -> int:
        """Bytes read."""
        return self._position

    def header(self) -> Header | None:
        """The next frame's; None at the end of the archive, of which there is one frame at least.

        Raises FormatError, CorruptError, TruncatedError.
        """
        if self._n_frames and self._position == len(self._view):
            return None
        start = self._position
        magic = bytes(self._view[start : start + len(MAGIC)])
        if magic != MAGIC[: len(magic)]:
            if self._n_frames:
                raise CorruptError("what follows a frame of a language model is no frame of its kind")
            raise FormatError("not an archive of a language model")
        _, version, n_facts = _START.unpack(self._take(_START.size))
        if version != VERSION:
            raise FormatError(
                f"version {version} of archives of language models is not known here ({VERSION} is)"
            )
        facts = self._take(n_facts)
        content_size, n_blocks = _SIZES.unpack(self._take(_SIZES.size))
        checksum = zlib.crc32(self._view[start : self._position])
        if _CRC.unpack(self._take(_CRC.size))[0] != checksum:
            raise CorruptError("the checksum of the archive's header differs")
        least, most = -(-content_size // MAX_BLOCK_BYTES), content_size
        if not least <= n_blocks <= most:
            raise CorruptError(f"{n_blocks} blocks cannot hold {content_size} bytes")
        self._n_frames += 1
        self.n_left = content_size
        return Header(_facts(bytes(facts)), content_size, n_blocks)

    def block(self, where: str) -> Block:
        """The next block of the frame. Raises CorruptError, TruncatedError."""
        kind, content_size, n_tokens, payload_size = _BLOCK.unpack(self._take(_BLOCK.size))
        if kind not in (Kind.STORED, Kind.TOKENS, Kind.MIXED):
            raise CorruptError(f"{where} is of the unknown kind {kind}")
        if not 0 < content_size <= min(MAX_BLOCK_BYTES, self.n_left):
            raise CorruptError(f"{where} claims {content_size} bytes, which it cannot have")
        if n_tokens > MAX_TOKENS_PER_BYTE * content_size or (kind == Kind.STORED) != (n_tokens == 0):
            raise CorruptError(f"{where} claims {n_tokens} tokens for {content_size} bytes")
        if payload_size > content_size or (kind == Kind.STORED) != (payload_size == content_size):
            raise CorruptError(f"{where} claims a payload of {payload_size} bytes for {content_size}")
        payload = bytes(self._take(payload_size))
        checksum = _CRC.unpack(self._take(_CRC.size))[0]
        self.n_left -= content_size
        return Block(kind, content_size, n_tokens, payload, checksum)

    def _take(self, n_bytes: int) -> memoryview:
        data = self._view[self._position : self._position + n_bytes]
        self._position += len(data)
        if len(data) < n_bytes:
            raise TruncatedError("the input ends inside an archive of a language model")
        return data


def _facts(data: bytes) -> dict[str, str]:
    try:
        facts: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CorruptError("what the archive says about its model cannot be read") from error
    is_plain = isinstance(facts, dict) and len(facts) <= _MAX_FACTS
    if not is_plain or not all(isinstance(value, str) for value in facts.values()):
        raise CorruptError("what the archive says about its model is no object of strings")
    for name in (*_TEXTS, *_NUMBERS):
        if name not in facts:
            raise CorruptError(f"the archive does not say the {name} of its model")
    for name, limit in _NUMBERS.items():
        text = facts[name]
        if not (text.isascii() and text.isdigit() and len(text) < 12 and 0 < int(text) <= limit):
            raise CorruptError(f"the archive's {name} is no number from 1 to {limit}")
    if int(facts["stride"]) > int(facts["context"]):
        raise CorruptError("the archive's stride is longer than its context")
    return dict(facts)
