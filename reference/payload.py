"""3.2: a payload is one arithmetic code, of symbols that make up the content."""

from __future__ import annotations

from arithmetic import ArithmeticDecoder
from mixing import Model
from network import Network
from predictors import RECORDS, WORDS
from reading import require
from words import TokenReader

__all__ = ["decode_payload"]


def decode_payload(
    predictor: int, kind: int, content_size: int, payload: bytes, network: Network | None = None
) -> bytes:
    """The content of a payload that is not stored (3.2); with the network, if the predictor needs one."""
    coder = ArithmeticDecoder(payload)
    stride = 0
    if kind == RECORDS:
        for _ in range(16):
            stride = stride * 2 + coder.decode_bit(32768)
    model = Model(predictor, kind, content_size, stride, network)
    tokens = TokenReader()
    contents = [bytearray() for _ in model.lanes]
    size = symbols = 0
    while size < content_size:
        model.start_symbol()
        partial = 1  # the bits so far after a leading one: c0 of section 4
        for _ in range(8):
            bit = coder.decode_bit(model.probability())
            model.learn(bit)
            partial = partial * 2 + bit
        coder.check_overrun()
        symbol = partial - 256
        symbols += 1
        completed = tokens.completed_by(symbol) if kind == WORDS else bytes([symbol])
        contents[model.turn] += completed
        size += len(completed)
        require(size <= content_size, "the last word goes beyond the content")
        require(symbols <= 2 * content_size, "more symbols than the content can need")
        model.finish_symbol(symbol, len(completed))
    coder.check_end()
    return b"".join(contents)
