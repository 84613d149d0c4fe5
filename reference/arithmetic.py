"""3.4: the arithmetic code."""

from __future__ import annotations

from reading import require

__all__ = ["ArithmeticDecoder"]


class ArithmeticDecoder:
    """Reads bits out of a payload, given the probability that each is a one."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.position = 0  # counts the bytes past the end too
        self.range = (1 << 32) - 1
        self.code = 0
        for _ in range(4):
            self.code = self.code << 8 | self.next_byte()

    def next_byte(self) -> int:
        self.position += 1
        return self.payload[self.position - 1] if self.position <= len(self.payload) else 0

    def decode_bit(self, probability: int) -> int:
        split = self.range * probability >> 16
        if self.code < split:
            bit = 1
            self.range = split
        else:
            bit = 0
            self.code -= split
            self.range -= split
        while self.range < 1 << 24:
            self.range <<= 8
            self.code = self.code << 8 | self.next_byte()
        return bit

    def check_overrun(self) -> None:
        """After each symbol: an encoder leaves out at most four zero bytes."""
        require(self.position <= len(self.payload) + 4, "the payload ends before its content is complete")

    def check_end(self) -> None:
        require(self.position >= len(self.payload), "the payload goes on after its content is complete")
