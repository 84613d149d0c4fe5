"""3.3: the symbols of kind 2, tokens that stand for words of the dictionary ``words.txt``."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Final

from reading import require

__all__ = ["TokenReader", "dictionary"]

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
