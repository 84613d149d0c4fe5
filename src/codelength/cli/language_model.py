"""`clz --model hf:NAME`: the calls into archives of language models, imported only here and only then."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from codelength.cli.options import Options
from codelength.cli.transfer import Sizes, Skipped

__all__ = ["compress", "decompress"]

OnProgress = Callable[[int, int], None]


def compress(
    options: Options, source: io.BufferedReader, sink: BinaryIO, on_progress: OnProgress | None
) -> Sizes:
    """Codes what `source` holds with the model of the options. Raises CodecError, OSError, Skipped."""
    from codelength.codec.language_model import compress_with_model

    content = source.read()
    with _explained():
        archive = compress_with_model(content, options.model or "", on_progress=on_progress)
    sink.write(archive)
    return Sizes(len(content), len(archive))


def decompress(
    options: Options, source: io.BufferedReader, sink: BinaryIO, on_progress: OnProgress | None
) -> Sizes:
    """Restores an archive of a language model. Raises CodecError, OSError, Skipped."""
    from codelength.codec.language_model import decompress_with_model

    if options.max_memory_bytes is not None:
        raise Skipped("needs a language model, whose memory -M cannot limit")
    archive = source.read()
    with _explained():
        content = decompress_with_model(archive, options.model, options.force, on_progress=on_progress)
    sink.write(content)
    return Sizes(len(archive), len(content))


@contextmanager
def _explained() -> Iterator[None]:
    """What a model can lack, as what is wrong with one file."""
    try:
        yield
    except (ValueError, MemoryError, FloatingPointError) as error:
        raise Skipped(str(error) or "not enough memory for the model") from error
