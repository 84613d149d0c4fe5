"""2. Messages: a short content without magic and without checksum."""

from __future__ import annotations

from typing import Final

from network import Network
from payload import decode_payload
from predictors import PREDICTORS, TEXT_KINDS, check_model
from reading import FormatError, Reader, require

__all__ = ["decode_message"]

LARGEST_MESSAGE: Final = 65535


def decode_message(message: bytes, network: Network | None = None) -> bytes:
    """The content of a message, which ends where the message ends. ``network``: that of messages (6.7)."""
    reader = Reader(message)
    first = reader.integer(1)
    if first < 0x10:
        require(first == 0, "a stored message begins with a zero")
        content = message[1:]
        require(len(content) <= LARGEST_MESSAGE, "the content of a message is larger than allowed")
        return content
    if first < 0x70:
        predictor, has_two_size_bytes, kind = first >> 4, bool(first & 0b1000), first & 7
        content_size = reader.integer(2 if has_two_size_bytes else 1)
        least = 2048 if PREDICTORS[predictor].has_network else 256 if has_two_size_bytes else 0
        require(content_size >= least, "the header is longer than it need be")
    else:
        number, high = divmod(first - 0x70, 8)
        require(number < 10, "the first byte of a message has no meaning")
        predictor, kind = 5 + number // 5, TEXT_KINDS[number % 5]
        content_size = 256 * high + reader.integer(1)
    check_model(predictor, kind)
    if not PREDICTORS[predictor].has_network:
        network = None
    elif network is None:
        raise FormatError("the network of messages is missing")
    payload = message[reader.position :]
    require(len(payload) < content_size, "a payload that is not stored must be shorter than its content")
    return decode_payload(predictor, kind, content_size, payload, network)
