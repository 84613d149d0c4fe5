"""Content to the bytes of frames: cuts it, codes segments on threads, joins them in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from codelength.codec.engine import Engine, Task
from codelength.codec.levels import Model
from codelength.codec.segment import encode_segment
from codelength.codec.segmenter import Segmenter
from codelength.coding.frame import (
    END_OF_SEGMENTS,
    SEGMENTED_WIDTH,
    Descriptor,
    IndexBuilder,
    smallest_width,
)

PIECE_BYTES = 1 << 22
"""Content is taken in pieces of this size, so that a large buffer is not copied as a whole."""


class FrameEncoder:
    """Writes frames, one after the other. All that its methods return is to be written out, in order."""

    def __init__(
        self, model: Model, check: bool, threads: int | None, on_tick: Callable[[], None] | None = None
    ) -> None:
        self._model = model
        self._check = check
        self._engine = Engine(threads, on_tick)
        self._segmenter = Segmenter()
        self._index: IndexBuilder | None = None  # of the segmented frame that has been begun
        self._sizes: deque[int] = deque()  # bytes of content of each segment that is at work
        self._n_content = 0

    def __enter__(self) -> FrameEncoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancels what still runs."""
        self._engine.close()

    @property
    def n_content_done(self) -> int:
        """Bytes of content coded so far, those of segments that are still running included."""
        return self._n_content + sum(task.n_content_done for task in self._engine.running)

    def write(self, content: memoryview) -> list[bytes]:
        """Takes content; blocks only while all threads are at work."""
        out: list[bytes] = []
        for start in range(0, len(content), PIECE_BYTES):
            for segment in self._segmenter.write(content[start : start + PIECE_BYTES]):
                out += self.write_segment(segment)
        return out

    def write_segment(self, content: bytes | memoryview) -> list[bytes]:
        """Takes content, at least one byte, that is to be a segment of its own."""
        out: list[bytes] = []
        if self._index is None:
            self._index = IndexBuilder()
            out.append(Descriptor(True, self._check, SEGMENTED_WIDTH).pack())
        self._submit(content, SEGMENTED_WIDTH)
        while self._engine.is_full:
            out.append(self._indexed(self._index))
        return out

    def end_block(self) -> list[bytes]:
        """Ends the segment where it stands: all content so far can be decoded from what has come out."""
        out: list[bytes] = []
        for segment in self._segmenter.finish():
            out += self.write_segment(segment)
        return out + self._drained()

    def end_frame(self) -> list[bytes]:
        """Ends the frame, an empty one if there was no content; the next content begins another."""
        segments = self._segmenter.finish()
        if self._index is None and len(segments) <= 1:
            return [self.encode_simple(segments[0] if segments else b"")]
        out: list[bytes] = []
        for segment in segments:
            out += self.write_segment(segment)
        out += self._drained()
        if self._index is not None:
            out += [bytes((END_OF_SEGMENTS,)), self._index.pack()]
            self._index = None
        return out

    def encode_simple(self, content: bytes | memoryview) -> bytes:
        """A frame of one segment, while no other frame has been begun."""
        width = smallest_width(len(content))
        self._submit(content, width, self._engine.n_threads)
        return Descriptor(False, self._check, width).pack() + self._result()[1]

    def _submit(self, content: bytes | memoryview, width: int, threads: int = 1) -> None:
        self._sizes.append(len(content))
        work = partial(encode_segment, content, self._model, width, self._check, threads)
        self._engine.submit(Task(work, len(content)))

    def _result(self) -> tuple[int, bytes]:
        segment = self._engine.result()
        size = self._sizes.popleft()
        self._n_content += size
        return size, segment

    def _indexed(self, index: IndexBuilder) -> bytes:
        size, segment = self._result()
        index.add(size, len(segment))
        return segment

    def _drained(self) -> list[bytes]:
        out: list[bytes] = []
        while self._sizes and self._index is not None:
            out.append(self._indexed(self._index))
        return out
