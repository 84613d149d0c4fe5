"""The bytes of a message (docs/format.md, section 2): a short content inside a protocol that protects it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength.coding.frame import STORED
from codelength.errors import CorruptError, LimitError, TruncatedError

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_MESSAGE_BYTES = 0xFFFF
MAX_MESSAGE_PREDICTOR = 15

_LONG_BIT = 1 << 3


@dataclass(frozen=True, slots=True)
class MessageHeader:
    """What stands before the payload of a message. Sizes are in bytes."""

    predictor: int
    kind: int
    content_size: int

    def pack(self) -> bytes:
        """One byte if the content is stored, else two or three."""
        if self.predictor == STORED:
            return b"\0"
        long = self.content_size > 0xFF
        head = self.predictor << 4 | (_LONG_BIT if long else 0) | self.kind
        return bytes((head,)) + self.content_size.to_bytes(2 if long else 1, "little")


def parse_message(data: Buffer, max_size: int | None = None) -> tuple[MessageHeader, memoryview]:
    """Header and payload of a message.

    Raises TruncatedError, CorruptError where an invariant does not hold, LimitError for more than `max_size`
    bytes of content.
    """
    view = memoryview(data)
    if not view.nbytes:
        raise TruncatedError("a message has at least one byte")
    predictor, long, kind = view[0] >> 4, bool(view[0] & _LONG_BIT), view[0] & 7
    n_head = 1 if predictor == STORED else 3 if long else 2
    if view.nbytes < n_head:
        raise TruncatedError("the message ends inside its header")
    payload = view[n_head:]
    if predictor == STORED:
        if long or kind:
            raise CorruptError("a stored message must begin with a zero byte")
        content_size = payload.nbytes
        if content_size > MAX_MESSAGE_BYTES:
            raise CorruptError(f"a message has at most {MAX_MESSAGE_BYTES} bytes of content")
    else:
        content_size = int.from_bytes(view[1:n_head], "little")
        if long and content_size <= 0xFF:
            raise CorruptError("a message must use the smallest size field that holds its size")
        if payload.nbytes >= content_size:
            raise CorruptError("a coded message must be smaller than its content")
    if max_size is not None and content_size > max_size:
        raise LimitError(f"the message holds {content_size} bytes, more than the limit of {max_size}")
    return MessageHeader(predictor, kind, content_size), payload
