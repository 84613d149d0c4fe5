"""6.1: lanes, which a network reads side by side. Without a network all symbols stand in one."""

from __future__ import annotations

from typing import Final

__all__ = ["Symbols", "count_lanes"]

LEAST_LANE: Final = 1 << 18


def count_lanes(content_size: int, most: int) -> int:
    """K, where a predictor has at most `most`."""
    count = 1
    while count < most and content_size // LEAST_LANE >= count:
        count *= 2
    return count


class Symbols:
    """The symbols so far of all lanes, found by their positions, which count from the segment's start."""

    def __init__(self, lanes: int, lane_size: int) -> None:
        self.lane_size = lane_size
        self.of_lane = [bytearray() for _ in range(lanes)]

    def __getitem__(self, position: int) -> int:
        lane, number = divmod(position, self.lane_size)
        return self.of_lane[lane][number]

    def is_known(self, position: int) -> bool:
        lane, number = divmod(position, self.lane_size)
        return lane < len(self.of_lane) and number < len(self.of_lane[lane])

    def start_of_lane(self, position: int) -> int:
        """The first position of the lane that this one lies in."""
        return position - position % self.lane_size
