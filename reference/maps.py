"""4.7: maps, which correct a probability by what happened where it was said before."""

from __future__ import annotations

from typing import Final

from logistic import clip, squash

__all__ = ["RefiningMap"]


class RefiningMap:
    """A curve for each context, a number."""

    START: Final = tuple(squash(clip((j - 12) * 256)) for j in range(25))

    def __init__(self) -> None:
        self.curves: dict[int, list[int]] = {}
        self.curve: list[int] = []
        self.nearest = 0

    def refined(self, y: int, context: int) -> int:
        """What has come of log odds like these, in 1/65536."""
        self.curve = self.curves.setdefault(context, list(self.START))
        j, w = divmod(y + 3072, 256)
        self.nearest = j + 1 if w >= 128 else j
        return (self.curve[j] * (256 - w) + self.curve[j + 1] * w) // 256

    def learn(self, bit: int) -> None:
        q = self.curve[self.nearest]
        self.curve[self.nearest] = q + (((65535 if bit else 0) - q) >> 6)
