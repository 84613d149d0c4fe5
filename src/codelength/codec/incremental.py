"""Content and archives that come in pieces: the shapes of `compression.zstd`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from codelength.codec.buffers import byte_view
from codelength.codec.engine import Engine
from codelength.codec.frame_encoder import FrameEncoder
from codelength.codec.levels import resolve_model
from codelength.codec.segment import CodedSegment
from codelength.codec.walk import decode_task
from codelength.coding.frame import FrameInfo, SegmentHeader
from codelength.coding.parser import FrameParser

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Compressor:
    """Compresses content that comes in pieces. Not safe to use from two threads at once.

    What comes out, joined, is what `compress` gives for the joined content, however it was cut into pieces.
    Up to 64,000,000 bytes are held back, as the cuts depend on what follows (docs/format.md, section 1.5).
    After FLUSH_FRAME the compressor can be used again, for another frame.

    Args:
        level, model, check: as of `compress`.
        threads: how many to use at most; None is one for each CPU. Each takes the memory that `list_models`
            states.

    Raises TypeError and ValueError for arguments that do not exist.
    """

    CONTINUE: ClassVar[int] = 0
    """Take content; output comes when it must."""
    FLUSH_BLOCK: ClassVar[int] = 1
    """End the segment: all content so far can be restored from the output so far. The model forgets what it
    has learnt, so this costs bits: on blocks of a few hundred bytes, most of what there was to gain."""
    FLUSH_FRAME: ClassVar[int] = 2
    """End the frame."""

    def __init__(
        self,
        level: int | None = None,
        *,
        model: int | str | os.PathLike[str] | None = None,
        check: bool = True,
        threads: int | None = 1,
    ) -> None:
        self._encoder = FrameEncoder(resolve_model(level, model), check, threads)
        self._last_mode = self.FLUSH_FRAME

    @property
    def last_mode(self) -> int:
        """The mode of the last call; FLUSH_FRAME at the beginning."""
        return self._last_mode

    def compress(self, data: Buffer, mode: int = CONTINUE) -> bytes:
        """Takes content; returns the output that is ready, often none.

        Raises TypeError if `data` holds no bytes, ValueError for a mode that does not exist or if an earlier
        call was interrupted.
        """
        self._check_mode(mode, (self.CONTINUE, self.FLUSH_BLOCK, self.FLUSH_FRAME))
        return self._put(byte_view(data), mode)

    def flush(self, mode: int = FLUSH_FRAME) -> bytes:
        """Ends the segment or the frame; returns the output that was held back.

        FLUSH_BLOCK does nothing where no content is pending; FLUSH_FRAME always ends a frame, an empty one if
        need be.
        Raises ValueError for another mode or if an earlier call was interrupted.
        """
        self._check_mode(mode, (self.FLUSH_BLOCK, self.FLUSH_FRAME))
        return self._put(memoryview(b""), mode)

    @staticmethod
    def _check_mode(mode: int, modes: tuple[int, ...]) -> None:
        if mode not in modes:
            raise ValueError(f"mode must be one of {modes}, not {mode!r}")

    def _put(self, view: memoryview, mode: int) -> bytes:
        try:
            out = self._encoder.write(view)
            if mode == self.FLUSH_BLOCK:
                out += self._encoder.end_block()
            elif mode == self.FLUSH_FRAME:
                out += self._encoder.end_frame()
        except BaseException:
            self._encoder.close()  # what has been lost cannot be found again: later calls must fail
            raise
        self._last_mode = mode
        return b"".join(out)


class Decompressor:
    """Restores one frame that comes in pieces. Not safe to use from two threads at once.

    A segment is decoded when all of it is there, so up to one segment (32 MiB) of input is held. A skippable
    frame counts as a frame without content. What follows the frame is left in `unused_data`, for another
    decompressor.
    """

    def __init__(self) -> None:
        self._parser = FrameParser()
        self._input = bytearray()
        self._header: SegmentHeader | None = None  # of the segment whose body is awaited
        self._n_skip = 0  # bytes of a skippable frame still to be passed over
        self._output = memoryview(b"")
        self._engine = Engine()
        self._error: Exception | None = None
        self._eof = False
        self._needs_input = True

    @property
    def eof(self) -> bool:
        """True when the end of the frame has been reached and all of its content returned."""
        return self._eof

    @property
    def needs_input(self) -> bool:
        """False if `decompress(b"")` can return more content, or the frame has ended."""
        return self._needs_input

    @property
    def unused_data(self) -> bytes:
        """What was given after the end of the frame; b"" before `eof`."""
        return bytes(self._input) if self.eof else b""

    def decompress(self, data: Buffer, max_length: int = -1) -> bytes:
        """Takes a piece of the archive; returns content, at most `max_length` bytes unless that is negative.

        Raises EOFError after the end of the frame, and FormatError, CorruptError, ModelNotFoundError as
        `decompress` does. A frame that is cut raises nothing: `eof` stays False.
        """
        if self.eof:
            raise EOFError("the frame has ended")
        if self._error is not None:
            raise self._error
        self._input += byte_view(data)
        limit = None if max_length < 0 else max_length
        out: list[bytes] = []
        n_out = 0
        try:
            while limit is None or n_out < limit:
                if not self._output.nbytes and not self._advance():
                    break
                part = self._output if limit is None else self._output[: limit - n_out]
                self._output = self._output[part.nbytes :]
                out.append(bytes(part))
                n_out += part.nbytes
        except BaseException as error:
            interrupted = ValueError("an earlier call was interrupted")
            self._error = error if isinstance(error, Exception) else interrupted
            self._engine.close()
            raise
        # At the limit there may be more: only a call without a limit in its way can tell.
        self._needs_input = not self._eof and not self._output.nbytes and not self._ready
        return b"".join(out)

    @property
    def _ready(self) -> bool:
        """True if there is input enough for the next step."""
        if self._n_skip:
            return bool(self._input)
        return len(self._input) >= (self._parser.need if self._header is None else self._parser.n_body)

    def _advance(self) -> bool:
        """Goes on until there is content, False if it takes more input or the frame has ended."""
        while not self._eof and not self._output.nbytes and self._ready:
            if self._n_skip:
                self._n_skip -= len(self._take(self._n_skip))
            elif self._header is not None:
                self._decode(self._header)
                self._header = None
            else:
                event = self._parser.step(self._take(self._parser.need))
                if isinstance(event, SegmentHeader):
                    self._header = event
                elif isinstance(event, FrameInfo):
                    self._eof = True
                    self._engine.close()
                elif event is not None:
                    self._n_skip = event.n_bytes
        return bool(self._output.nbytes)

    def _decode(self, header: SegmentHeader) -> None:
        where = f"segment {self._parser.n_segments}"
        body = self._take(self._parser.n_body)
        self._engine.submit(
            decode_task(CodedSegment(header, self._parser.descriptor, body, where), self._engine.n_threads)
        )
        self._output = memoryview(self._engine.result())

    def _take(self, n_bytes: int) -> bytes:
        with memoryview(self._input) as view:
            data = bytes(view[:n_bytes])
        del self._input[:n_bytes]
        return data
