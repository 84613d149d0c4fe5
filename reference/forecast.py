"""6.2: the forecast, what the network says of the next bit."""

from __future__ import annotations

from logistic import STRETCH, clip, lg, squash
from maps import RefiningMap

__all__ = ["Forecast"]


class Forecast:
    """Inputs of the mixers, made of the frequencies of the next byte."""

    def __init__(self) -> None:
        self.map = RefiningMap()
        self.odds = 0

    def inputs(self, frequencies: list[int], c: int, partial: int, k: int) -> list[int]:
        """Before a bit: the three inputs. They follow the constant."""
        half = 128 >> k
        first = (partial << (8 - k)) - 256  # the bytes with this beginning are first ... first + 2 half - 1
        zero = sum(frequencies[first : first + half])
        one = sum(frequencies[first + half : first + 2 * half])
        self.odds = clip(((lg(one) - lg(zero)) * 1420) >> 15)
        refined = self.map.refined(self.odds, c * 256 + partial)
        return [self.odds, (squash(self.odds) - 32768) >> 4, STRETCH[refined]]

    def learn(self, bit: int) -> None:
        self.map.learn(bit)
