"""Where a content is cut into segments (docs/format.md, section 1.5).

The rule looks at most 4 units ahead, so what comes through a pipe is cut like a file of the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

UNIT_BYTES = 16_000_000
"""Bytes of a segment, unless the end is near; the rule counts in these."""


def segment_sizes(n_bytes: int) -> Iterator[int]:
    """Sizes in bytes of the segments of a content of `n_bytes`; none if it is empty."""
    while n_bytes >= 4 * UNIT_BYTES:
        yield UNIT_BYTES
        yield UNIT_BYTES
        n_bytes -= 2 * UNIT_BYTES
    if n_bytes >= 2 * UNIT_BYTES:
        yield n_bytes - n_bytes // 2
        yield n_bytes // 2
    elif n_bytes:
        yield n_bytes


class Segmenter:
    """Cuts a content that comes in pieces, holding back no more than 4 units of it."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def write(self, data: memoryview) -> list[bytes]:
        """Takes some content; returns the segments that are certain now."""
        self._pending += data
        ready = []
        while len(self._pending) >= 4 * UNIT_BYTES:
            ready += [self._take(UNIT_BYTES), self._take(UNIT_BYTES)]
        return ready

    def finish(self) -> list[bytes]:
        """Returns the segments of what is left, as the content, or a part that stands alone, ends here."""
        return [self._take(size) for size in list(segment_sizes(len(self._pending)))]

    def _take(self, n_bytes: int) -> bytes:
        with memoryview(self._pending) as view:
            content = bytes(view[:n_bytes])
        del self._pending[:n_bytes]
        return content
