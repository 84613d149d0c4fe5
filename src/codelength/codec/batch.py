"""Many short records at once, each a message of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING

from codelength.codec.buffers import byte_view
from codelength.codec.engine import thread_count
from codelength.codec.levels import resolve_model
from codelength.codec.segment import decode_message, encode_message
from codelength.errors import CodecError

if TYPE_CHECKING:
    from typing_extensions import Buffer


def compress_many(
    records: Iterable[Buffer], level: int | None = None, threads: int | None = None
) -> list[bytes]:
    """Compresses each record to a message, as ``compress(record, level, message=True)`` does.

    For rows and chat lines of at most 65,535 bytes that are to be read one by one. The messages are in the
    order of the records and do not depend on `threads`, how many to use at most; None is one for each CPU.

    Raises as `compress` does, and says in the error which record it was (the first is 0).
    """
    model = resolve_model(level)
    return _map(lambda record: encode_message(byte_view(record), model), records, threads)


def decompress_many(
    messages: Iterable[Buffer], *, max_size: int | None = None, threads: int | None = None
) -> list[bytes]:
    """Restores each of the messages that `compress_many` made; `max_size` is the most bytes of one record.

    Raises as `decompress` does, and says in the error which message it was (the first is 0).
    """
    return _map(lambda message: decode_message(byte_view(message), max_size), messages, threads)


def _map(work: Callable[[Buffer], bytes], items: Iterable[Buffer], threads: int | None) -> list[bytes]:
    """The results in order, or the error of the first item that has one."""
    n_threads = thread_count(threads)
    todo = iter(enumerate(items))
    done = [_named(work, *first) for first in islice(todo, 1)]  # loads what the others then share
    if n_threads == 1:
        return done + [_named(work, *item) for item in todo]
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="codelength")
    try:
        return done + list(pool.map(lambda item: _named(work, *item), todo))
    finally:
        pool.shutdown(cancel_futures=True)


def _named(work: Callable[[Buffer], bytes], number: int, item: Buffer) -> bytes:
    try:
        return work(item)
    except (CodecError, TypeError, ValueError) as error:
        raise type(error)(f"record {number}: {error}") from error
