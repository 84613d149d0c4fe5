"""Bytes as characters that can be shown: nothing invisible, nothing that moves the text around it.

The page does the same in `page/decode.js`; a test holds the two together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Character", "characters", "is_text", "safe_line"]

_NEWLINE = "\n"
_HIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")
# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, what of it is not in those categories.
_IGNORABLE = (
    (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0xE0000, 0xE0FFF),
)  # fmt: skip


class Character(NamedTuple):
    """One character of a document, or one byte that is part of none."""

    start: int
    """Offset of its first byte."""
    end: int
    """Offset behind its last byte."""
    shown: str
    """What stands for it: itself, or printable characters. A newline keeps its break."""


def characters(data: bytes) -> Iterator[Character]:
    """The document from its first byte to its last. Bytes that are no UTF-8 come one by one, as ``\\xNN``."""
    start = 0
    while start < len(data):
        end = start + _length(data[start])
        try:
            character = data[start:end].decode("utf-8")
        except UnicodeDecodeError:
            yield Character(start, start + 1, f"\\x{data[start]:02x}")
            start += 1
            continue
        yield Character(start, end, _shown(character))
        start = end


def safe_line(text: str) -> str:
    """A file's or predictor's name on one line, its control and bidirectional characters escaped."""
    return "".join(_shown(character).rstrip(_NEWLINE) for character in text)


def is_text(data: bytes, most: float = 0.02) -> bool:
    """Whether at most a share `most` of the first 64 KiB is no UTF-8 or a control character."""
    head = data[: 1 << 16]
    odd = sum(c.shown.startswith("\\x") for c in characters(head))
    return odd <= most * len(head)


def _length(first: int) -> int:
    """Bytes of the UTF-8 character that begins so; 1 for what begins none, and fails to decode."""
    return 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4


def _shown(character: str) -> str:
    code = ord(character)
    if character == _NEWLINE:
        return "↵\n"
    if character == "\t" or 0x20 <= code < 0x7F:
        return character
    if character == "\r":
        return "\\r"
    if code < 0x80:
        return f"\\x{code:02x}"  # no byte that is shown so for being no UTF-8 is below 0x80
    if unicodedata.category(character) in _HIDDEN_CATEGORIES or any(a <= code <= b for a, b in _IGNORABLE):
        return f"⟨U+{code:04X}⟩"
    return character
