"""From an open file to another: the calls into the codec, which is imported only here and only then."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO, NamedTuple, cast

from codelength.cli.files import Comparison
from codelength.cli.options import Mode, Options

__all__ = ["Sizes", "Skipped", "gives_back", "transfer"]

_MAX_MESSAGE_BYTES = 65_535
_MAX_MESSAGE_FRAME_BYTES = 3

OnProgress = Callable[[int, int], None]


class Skipped(Exception):
    """A file is not processed; the text says why."""


class Sizes(NamedTuple):
    """What went through one file."""

    n_bytes_in: int
    n_bytes_out: int


def transfer(
    options: Options, source: io.BufferedReader, sink: BinaryIO, on_progress: OnProgress | None
) -> Sizes:
    """Compress or decompress what `source` holds, as the options say. Raises CodecError, OSError, Skipped."""
    if options.message:
        return _transfer_message(options, source, sink)
    from codelength.codec.stream import compress_stream, decompress_stream

    n_threads = options.n_threads
    if options.mode is Mode.COMPRESS:
        done = compress_stream(
            source,
            sink,
            level=options.level,
            check=options.check,
            threads=n_threads,
            on_progress=on_progress,
        )
        return Sizes(done.n_bytes_in, done.n_bytes_out)
    if options.max_memory_bytes is not None:
        from codelength.cli.memory import affordable_threads

        n_threads = affordable_threads(source, options.max_memory_bytes, n_threads)
    done = decompress_stream(source, sink, threads=n_threads, on_progress=on_progress)
    return Sizes(done.n_bytes_in, done.n_bytes_out)


def gives_back(
    options: Options, archive: io.BufferedReader, source: io.BufferedReader, on_progress: OnProgress | None
) -> bool:
    """Whether the archive, decoded, is what `source` holds from its beginning to its end."""
    source.seek(0)
    comparison = Comparison(source)
    if options.message:
        from codelength.codec.oneshot import decompress

        comparison.write(decompress(archive.read(), message=True))
    else:
        from codelength.codec.stream import decompress_stream

        decompress_stream(
            archive, cast(BinaryIO, comparison), threads=options.n_threads, on_progress=on_progress
        )
    return comparison.is_complete()


def _transfer_message(options: Options, source: io.BufferedReader, sink: BinaryIO) -> Sizes:
    from codelength.codec.oneshot import compress, decompress

    if options.mode is Mode.COMPRESS:
        content = source.read(_MAX_MESSAGE_BYTES + 1)
        if len(content) > _MAX_MESSAGE_BYTES:
            raise Skipped(f"a message has at most {_MAX_MESSAGE_BYTES} bytes")
        result = compress(content, options.level, message=True)
    else:
        # One more than there can be, so that junk behind the message is seen.
        content = source.read(_MAX_MESSAGE_BYTES + _MAX_MESSAGE_FRAME_BYTES + 1)
        result = decompress(content, message=True)
    sink.write(result)
    return Sizes(len(content), len(result))
