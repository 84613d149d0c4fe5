"""4.6: the mixers, which weigh what speaks for a one and for a zero."""

from __future__ import annotations

from typing import Final

from logistic import clip, squash

__all__ = ["Mixer"]

LARGEST_WEIGHT: Final = 524287


class Mixer:
    """Weighs log odds; which of its sets of weights does so is selected anew for each bit."""

    def __init__(self, start: list[int], sets: list[list[int]] | None = None) -> None:
        """``start``: the weights of every set at first; or ``sets``: those of each."""
        self.start = start
        self.sets: dict[int, list[int]] = dict(enumerate(sets or []))
        self.selected = 0
        self.inputs: list[int] = []
        self.probability = 32768

    def mix(self, inputs: list[int], selected: int) -> int:
        self.inputs = inputs
        self.selected = selected
        weights = self.sets.setdefault(selected, self.start)
        y = clip(sum([w * x >> 8 for w, x in zip(weights, inputs, strict=True)]) >> 8)
        self.probability = squash(y)
        return y

    def learn(self, bit: int, rate: int) -> None:
        error = ((bit * 65536 - self.probability) * rate) >> 9
        old = self.sets[self.selected]
        new = [w + ((x * error + 8192) >> 14) for w, x in zip(old, self.inputs, strict=True)]
        if max(new) > LARGEST_WEIGHT or min(new) < -LARGEST_WEIGHT:
            new = [max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT, w)) for w in new]
        self.sets[self.selected] = new
