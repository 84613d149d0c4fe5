"""Bytes that are read one after another, and what is said where they are not as they should be."""

from __future__ import annotations

__all__ = ["FormatError", "Reader", "require"]


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
