"""Bytes to bytes, all at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from codelength.codec.buffers import byte_view
from codelength.codec.engine import Engine
from codelength.codec.frame_encoder import FrameEncoder
from codelength.codec.levels import resolve_model
from codelength.codec.segment import decode_message, encode_message
from codelength.codec.segmenter import segment_sizes
from codelength.codec.walk import MemorySource, decode_segments, walk_headers, walk_segments
from codelength.coding.frame import FrameInfo
from codelength.coding.parser import FrameParser
from codelength.errors import TruncatedError

if TYPE_CHECKING:
    from typing_extensions import Buffer


def compress(
    data: Buffer,
    level: int | None = None,
    *,
    model: int | str | os.PathLike[str] | None = None,
    check: bool = True,
    threads: int | None = None,
    message: bool = False,
) -> bytes:
    """Compresses `data` to one frame, which depends on nothing but the bytes, `level`, `model` and `check`.

    Args:
        data: any object with contiguous bytes in it.
        level: 1 (fast) to 9 (small); None is 6.
        model: number of a predictor, from `list_models()`, to be used in place of the level's; or path of
            a model file, to be used in place of the network of the level.
        check: whether the frame carries a checksum (4 bytes a segment) of the content.
        threads: how many to use at most; None is one for each CPU. Two work on text of 1,048,576 bytes
            and more (levels 6 to 8) and on any input of 32,000,000, more on 64,000,000 and more.
        message: write a message rather than a frame: at most 3 bytes beside the payload and no checksum, for
            at most 65,535 bytes inside a protocol that knows their length and protects them. `decompress`
            must be told.

    Raises:
        TypeError: `data` is a str or holds no bytes.
        ValueError: a level, model or number of threads that does not exist, a message that is too long.
    """
    view = byte_view(data)
    resolved = resolve_model(level, model)
    if message:
        return encode_message(view, resolved)
    with FrameEncoder(resolved, check, threads) as encoder:
        out: list[bytes] = []
        sizes = list(segment_sizes(len(view)))
        if len(sizes) <= 1:
            return encoder.encode_simple(view)
        start = 0
        for size in sizes:
            out += encoder.write_segment(view[start : start + size])
            start += size
        return b"".join(out + encoder.end_frame())


def decompress(
    data: Buffer, *, max_size: int | None = None, threads: int | None = None, message: bool = False
) -> bytes:
    """Restores what `compress` made; frames that follow each other are restored as one content.

    Args:
        data: the archive, or the message.
        max_size: the most bytes of content to restore; None is no limit. Sizes that a frame claims allocate
            nothing: memory grows with what has really been decoded.
        threads: how many to use at most; None is one for each CPU.
        message: `data` is a message.

    Raises:
        FormatError: not an archive, or one of a version or with a flag that is not known here.
        CorruptError: the archive is damaged, or junk follows it.
        TruncatedError: the archive is empty or cut.
        LimitError: there is more content than `max_size`.
        ModelNotFoundError: the archive needs a predictor that is not installed.
    """
    view = byte_view(data)
    if message:
        return decode_message(view, max_size)
    with Engine(threads) as engine:
        return b"".join(decode_segments(walk_segments(MemorySource(view)), engine, max_size))


def get_frame_info(frame_buffer: Buffer) -> FrameInfo:
    """What the first frame in the buffer says about itself; its headers are enough, nothing is decoded.

    Raises FormatError, CorruptError, and TruncatedError if not even the header of its first segment is there.
    """
    parser = FrameParser()
    try:
        return _first_frame(frame_buffer, parser)
    except TruncatedError:
        info = parser.known
        if info is None:
            raise
        return info


def get_frame_size(frame_buffer: Buffer) -> int:
    """Bytes of the first frame in the buffer, from its magic to its end.

    Raises FormatError, CorruptError, and TruncatedError if the buffer ends before the frame does.
    """
    size = _first_frame(frame_buffer, FrameParser()).frame_size
    if size is None:  # never so of a frame that has ended
        raise TruncatedError("the buffer ends inside the frame")
    return size


def _first_frame(frame_buffer: Buffer, parser: FrameParser) -> FrameInfo:
    for event in walk_headers(MemorySource(byte_view(frame_buffer)), parser):
        if isinstance(event, FrameInfo):
            return event
    raise TruncatedError("the buffer is empty")
