"""The learning rate over time: warm up, hold, and fall only when told to.

A cosine must know the end from the start. Here the rate is held for as long as training goes on, and a fall
to zero is begun when a model is wanted (warm-up, stable, decay: Hu et al. 2024). A run is continued from a
checkpoint of its stable part, any number of times; a decayed model is a branch off it.
"""

import dataclasses

__all__ = ["Schedule"]


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Factor on the learning rates, a function of the step alone."""

    warmup_steps: int
    decay_start: int | None = None
    """Step at which the fall began; None while the rate is held."""
    decay_steps: int = 0
    start: int = 0
    """Step at which the warm-up begins: 0, or where a run went on with fresh update rules."""

    def factor(self, step: int) -> float:
        """Of the step with this number, counted from 0; 0 from the end of the fall on."""
        warm = min(1.0, (step - self.start + 1) / max(1, self.warmup_steps))
        if self.decay_start is None:
            return warm
        left = 1 - (step - self.decay_start) / max(1, self.decay_steps)
        return warm * min(1.0, max(0.0, left))

    @property
    def end(self) -> int | None:
        """Steps after which the fall is over; None while the rate is held."""
        return None if self.decay_start is None else self.decay_start + self.decay_steps
