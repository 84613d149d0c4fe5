"""4.3: bit histories, in one byte each."""

from __future__ import annotations

from typing import Final

__all__ = ["NEXT_STATE", "STATES", "STATE_PRIOR", "STATE_TOTAL"]

LARGEST_COUNT: Final = (38, 22, 13, 9, 7, 6)  # of the more frequent bit, by the count of the other


def pair_exists(n0: int, n1: int) -> bool:
    return min(n0, n1) < len(LARGEST_COUNT) and max(n0, n1) <= LARGEST_COUNT[min(n0, n1)]


def number_states() -> list[tuple[int, int, int]]:
    """(n0, n1, last) of every state; last is 0 where it does not matter."""
    pairs = [(n0, n1) for n0 in range(39) for n1 in range(39) if pair_exists(n0, n1)]
    pairs.sort(key=lambda pair: (pair[0] + pair[1], pair[1]))
    return [(n0, n1, last) for n0, n1 in pairs for last in ((0, 1) if n0 and n1 else (0,))]


def faded(count: int) -> int:
    """What remains of a count once the other bit has been seen."""
    return count if count < 3 else count - 1 if count < 6 else 5 if count < 12 else 6 if count < 24 else 7


def state_after(state: tuple[int, int, int], bit: int) -> tuple[int, int, int]:
    n0, n1, _ = state
    same, other = (n1, n0) if bit else (n0, n1)
    same, other = same + 1, faded(other)
    while not pair_exists(same, other):  # existence does not depend on which count is which
        if same > other + 1:
            same -= 1
        else:
            other -= 1
    n0, n1 = (other, same) if bit else (same, other)
    return (n0, n1, bit if n0 and n1 else 0)


STATES: Final = number_states()
STATE_NUMBERS: Final = {state: number for number, state in enumerate(STATES)}
NEXT_STATE: Final = [[STATE_NUMBERS[state_after(state, bit)] for state in STATES] for bit in (0, 1)]
STATE_TOTAL: Final = [n0 + n1 for n0, n1, _ in STATES]
STATE_PRIOR: Final = [((3 * n1 + 1) << 22) // (3 * (n0 + n1) + 2) for n0, n1, _ in STATES]
