"""How many threads may decode within a limit of memory (`clz -M`)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from codelength._native import N_PREDICTORS, memory_bytes
from codelength.cli.messages import human_size
from codelength.codec.walk import SeekingSource, walk_headers
from codelength.coding.frame import MAX_SEGMENT_BYTES, SegmentHeader
from codelength.coding.parser import FrameParser
from codelength.errors import LimitError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["affordable_threads"]


def affordable_threads(source: io.BufferedReader, limit_bytes: int, n_threads: int) -> int:
    """The number of threads, at most `n_threads`, that decode `source` within `limit_bytes`.

    Counted are the tables of the predictors and the buffers of the segments at work, not the interpreter. The
    headers of a file say what it needs; of a pipe the worst that the format allows is taken. The position of
    `source` is left as it was. Raises LimitError if one thread is too much already.
    """
    needs = list(_needs(source)) if source.seekable() else [_worst()]
    model_bytes = max((model for model, _ in needs), default=0)
    segment_bytes = max((segment for _, segment in needs), default=0)
    while n_threads > 1 and _total(n_threads, model_bytes, segment_bytes) > limit_bytes:
        n_threads -= 1
    total_bytes = _total(n_threads, model_bytes, segment_bytes)
    if total_bytes > limit_bytes:
        subject = "decoding needs" if source.seekable() else "decoding from a pipe may need"
        raise LimitError(
            f"{subject} {human_size(total_bytes)} of memory; the limit is {human_size(limit_bytes)} (-M)"
        )
    return n_threads


def _total(n_threads: int, model_bytes: int, segment_bytes: int) -> int:
    # Several threads hold one more segment than they work on: see codec.engine.
    n_segments = n_threads + 1 if n_threads > 1 else 1
    return n_threads * model_bytes + n_segments * segment_bytes


def _needs(source: io.BufferedReader) -> Iterable[tuple[int, int]]:
    """For each segment: bytes of its predictor's tables, and of its content and payload."""
    start = source.tell()
    for event in walk_headers(SeekingSource(source), FrameParser()):
        if isinstance(event, SegmentHeader):
            is_known = (
                1 <= event.predictor <= N_PREDICTORS
            )  # others need nothing, or fail later for what they are
            tables = memory_bytes(event.predictor, event.content_size) if is_known else 0
            yield tables, event.content_size + event.payload_size
    source.seek(start)


def _worst() -> tuple[int, int]:
    tables = max(memory_bytes(predictor, MAX_SEGMENT_BYTES) for predictor in range(1, N_PREDICTORS + 1))
    return tables, 2 * MAX_SEGMENT_BYTES
