"""The bytes of a message (docs/format.md, section 2): a short content inside a protocol that protects it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength.coding.frame import FIRST_BYTE, STORED
from codelength.errors import CorruptError, FormatError, LimitError, TruncatedError

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_MESSAGE_BYTES = 0xFFFF

_MAX_PREDICTOR = 6
_LONG_BIT = 1 << 3
# The usual messages: text, by a predictor with a network. Their first byte holds three bits of the size too.
_SHORT_FIRST, _SHORT_BYTES = 0x70, 0x7FF
_SHORT = [(predictor, kind) for predictor in (5, 6) for kind in (1, 4, 5, 6, 7)]


@dataclass(frozen=True, slots=True)
class MessageHeader:
    """What stands before the payload of a message. Sizes are in bytes."""

    predictor: int
    kind: int
    content_size: int

    def pack(self) -> bytes:
        """One byte if the content is stored, else two or three. ValueError for an unknown predictor."""
        if self.predictor > _MAX_PREDICTOR:
            raise ValueError(f"no message has the predictor {self.predictor}")
        if self.predictor == STORED:
            return b"\0"
        size = self.content_size
        if (self.predictor, self.kind) in _SHORT and size <= _SHORT_BYTES:
            return bytes(
                (_SHORT_FIRST + 8 * _SHORT.index((self.predictor, self.kind)) + (size >> 8), size & 0xFF)
            )
        long = size > 0xFF
        head = self.predictor << 4 | (_LONG_BIT if long else 0) | self.kind
        return bytes((head,)) + size.to_bytes(2 if long else 1, "little")


def _parse_header(view: memoryview) -> tuple[MessageHeader, int]:
    """The header of a coded message, and its length in bytes."""
    number, high = divmod(view[0] - _SHORT_FIRST, 8)
    if number >= len(_SHORT):
        what = "an archive" if view[0] == FIRST_BYTE else "something else"
        raise FormatError(f"{what}, not a message: its first byte is {view[0]:02X}")
    long = number < 0 and bool(view[0] & _LONG_BIT)
    n_head = 3 if long else 2
    if view.nbytes < n_head:
        raise TruncatedError("the message ends inside its header")
    size = int.from_bytes(view[1:n_head], "little")
    if number >= 0:
        return MessageHeader(*_SHORT[number], high << 8 | size), n_head
    header = MessageHeader(view[0] >> 4, view[0] & 7, size)
    if header.pack() != view[:n_head]:
        raise CorruptError("a message must use the smallest header that holds its size")
    return header, n_head


def parse_message(data: Buffer, max_size: int | None = None) -> tuple[MessageHeader, memoryview]:
    """Header and payload of a message.

    Raises FormatError if it is something else, TruncatedError, CorruptError where an invariant does not hold,
    LimitError for more than `max_size` bytes of content.
    """
    view = memoryview(data)
    if not view.nbytes:
        raise TruncatedError("a message has at least one byte")
    if view[0] >> 4 == STORED:
        if view[0]:
            raise CorruptError("a stored message must begin with a zero byte")
        header, payload = MessageHeader(STORED, 0, view.nbytes - 1), view[1:]
        if header.content_size > MAX_MESSAGE_BYTES:
            raise CorruptError(f"a message has at most {MAX_MESSAGE_BYTES} bytes of content")
    else:
        header, n_head = _parse_header(view)
        payload = view[n_head:]
        if payload.nbytes >= header.content_size:
            raise CorruptError("a coded message must be smaller than its content")
    if max_size is not None and header.content_size > max_size:
        raise LimitError(f"the message holds {header.content_size} bytes, more than the limit of {max_size}")
    return header, payload
