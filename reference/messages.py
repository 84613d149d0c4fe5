"""2. Messages: a short content without magic and without checksum."""

from __future__ import annotations

from typing import Final

from network import Network
from payload import decode_payload
from predictors import PREDICTORS, check_model
from reading import FormatError, Reader, require

__all__ = ["decode_message"]

LARGEST_MESSAGE: Final = 65535


def decode_message(message: bytes, network: Network | None = None) -> bytes:
    """The content of a message, which ends where the message ends. ``network``: that of messages (6.7)."""
    reader = Reader(message)
    header = reader.integer(1)
    predictor, has_two_size_bytes, kind = header >> 4, bool(header & 0b1000), header & 7
    check_model(predictor, kind)
    if predictor == 0:
        require(not has_two_size_bytes, "a stored message has no size field")
        content = message[1:]
        require(len(content) <= LARGEST_MESSAGE, "the content of a message is larger than allowed")
        return content
    if not PREDICTORS[predictor].has_network:
        network = None
    elif network is None:
        raise FormatError("the network of messages is missing")
    content_size = reader.integer(2 if has_two_size_bytes else 1)
    require(has_two_size_bytes == (content_size >= 256), "the size field is wider than it need be")
    payload = message[reader.position :]
    require(len(payload) < content_size, "a payload that is not stored must be shorter than its content")
    return decode_payload(predictor, kind, content_size, payload, network)
