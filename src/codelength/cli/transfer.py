"""From an open file to another: the calls into the codec, which is imported only here and only then."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, NamedTuple, cast

from codelength.cli.files import Comparison
from codelength.cli.options import Mode, Options

__all__ = ["Sizes", "Skipped", "gives_back", "is_of_language_model", "plain", "transfer"]

_MAX_MESSAGE_BYTES = 65_535
_MAX_MESSAGE_FRAME_BYTES = 3

_MAX_ARMORED_BYTES = 1 << 24
_MAX_ARMOR_BYTES = 1 << 25  # with room for line ends
_SPACE = b"\t\n\v\f\r "
_ARCHIVE = b"\xc1"  # the first byte of every frame

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
    is_message = options.message
    if options.mode is not Mode.COMPRESS:
        source, is_message = plain(options, source)
    elif options.armor:
        return _compress_to_armor(options, source, sink, on_progress)
    if is_message:
        return _transfer_message(options, source, sink)
    is_decoding = options.mode is not Mode.COMPRESS
    if is_of_language_model(source) if is_decoding else options.model is not None:
        from codelength.cli import language_model

        act = language_model.decompress if is_decoding else language_model.compress
        return act(options, source, sink, on_progress)
    from codelength.codec.stream import compress_stream, decompress_stream

    n_threads = options.n_threads
    if options.mode is Mode.COMPRESS:
        done = compress_stream(
            source,
            sink,
            level=options.level,
            model=options.network,
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
    archive, is_message = plain(options, archive)
    if is_message:
        from codelength.codec.oneshot import decompress

        comparison.write(decompress(archive.read(), message=True))
    elif is_of_language_model(archive):
        from codelength.cli import language_model

        language_model.decompress(options, archive, cast(BinaryIO, comparison), on_progress)
    else:
        from codelength.codec.stream import decompress_stream

        decompress_stream(
            archive, cast(BinaryIO, comparison), threads=options.n_threads, on_progress=on_progress
        )
    return comparison.is_complete()


def plain(options: Options, source: io.BufferedReader) -> tuple[io.BufferedReader, bool]:
    """An archive or a message without its armor, if it has one, and whether it is a message.

    Raises FormatError, CorruptError, TruncatedError about the armor, Skipped if it is too long.
    """
    from codelength.coding.armor import PREFIX, unarmor

    # No archive begins as an armored text can; of messages, those that begin with a space might.
    first = source.peek(1)[:1]
    space = _SPACE.rstrip(b" ") if options.message else _SPACE
    if not options.armor and (not first or first not in space + PREFIX[:1].encode()):
        return source, options.message
    text = source.read(_MAX_ARMOR_BYTES + 1)
    if not options.armor and not text.lstrip(_SPACE).startswith(PREFIX.encode()):
        return _held(text), options.message
    if len(text) > _MAX_ARMOR_BYTES:
        raise Skipped("an armored text has at most 32 MiB")
    data = unarmor(text)
    is_message = not data.startswith(_ARCHIVE) if data else options.message
    return _held(data), is_message


def is_of_language_model(source: io.BufferedReader) -> bool:
    """Whether an archive begins as those of language models do."""
    from codelength.coding.frame import FIRST_BYTE, LANGUAGE_MODEL_BYTE

    return source.peek(2)[:2] == bytes((FIRST_BYTE, LANGUAGE_MODEL_BYTE))


def _held(data: bytes) -> io.BufferedReader:
    """Bytes in memory, seen as a file."""
    return cast(io.BufferedReader, io.BufferedReader(cast(io.RawIOBase, io.BytesIO(data))))


def _compress_to_armor(
    options: Options, source: io.BufferedReader, sink: BinaryIO, on_progress: OnProgress | None
) -> Sizes:
    from codelength.coding.armor import armor

    content = source.read(_MAX_ARMORED_BYTES + 1)
    if len(content) > _MAX_ARMORED_BYTES:
        raise Skipped("--armor takes at most 16 MiB")
    data = io.BytesIO()
    transfer(replace(options, armor=False), _held(content), data, on_progress)
    text = armor(data.getvalue()).encode("ascii") + b"\n"
    sink.write(text)
    return Sizes(len(content), len(text))


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
