"""4.1 and 4.2: probabilities, their log odds, and how a probability adapts."""

from __future__ import annotations

from typing import Final

__all__ = ["ONE_IN_22_BITS", "STRETCH", "AdaptiveProbability", "clip", "lg", "squash"]


# 4.1 The logistic domain

LARGEST_LOG_ODDS: Final = 3071


def make_squash() -> list[int]:
    """squash(x) at the place x + 3071."""
    upper = []
    exponential = 1 << 31
    for _ in range(LARGEST_LOG_ODDS + 1):
        upper.append(min((1 << 47) // ((1 << 31) + exponential), 65535))
        exponential = exponential * 4278222805 >> 32
    return [65536 - value for value in reversed(upper[1:])] + upper


SQUASH: Final = make_squash()


def squash(log_odds: int) -> int:
    """The probability, in 1/65536, of log odds in 1/256."""
    return SQUASH[log_odds + LARGEST_LOG_ODDS]


def clip(log_odds: int) -> int:
    return max(-LARGEST_LOG_ODDS, min(LARGEST_LOG_ODDS, log_odds))


def lg(value: int) -> int:
    """The logarithm to the base 2, in 1/4096."""
    exponent = value.bit_length() - 1
    fraction = (value << 12 >> exponent) - 4096
    return 4096 * exponent + fraction + ((fraction * (4096 - fraction) >> 12) * 1409 >> 12)


# The log odds, in 1/256, of every probability in 1/65536.
STRETCH: Final = [((lg(2 * p + 1) - lg(131071 - 2 * p)) * 1420) >> 15 for p in range(65536)]


# 4.2 Adaptive probabilities

ONE_IN_22_BITS: Final = (1 << 22) - 1


class AdaptiveProbability:
    """The probability of a one, which moves fast at first and slowly once it has settled."""

    __slots__ = ("p", "settledness")

    def __init__(self, start: int, settledness: int = 0) -> None:
        self.p = start  # 22 bits
        self.settledness = settledness

    def learn(self, bit: int) -> None:
        t = self.settledness >> 6
        self.p += ((ONE_IN_22_BITS if bit else 0) - self.p) >> (t + 1)
        self.settledness += 64 >> t
