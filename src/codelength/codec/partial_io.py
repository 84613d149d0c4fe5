"""Files that give or take less than they were asked: pipes, sockets, unbuffered files."""

from __future__ import annotations

from typing import BinaryIO, Protocol

CHUNK_BYTES = 1 << 20
"""Bytes asked of a file at once: memory follows what is there, never what a header claims."""


class Readable(Protocol):
    """A binary file open for reading, as far as it is needed here."""

    def read(self, n_bytes: int, /) -> bytes:
        """Up to `n_bytes` bytes, none at the end only."""


def read_some(file: Readable, n_bytes: int) -> bytes:
    """Up to `n_bytes` bytes, b"" at the end only. Raises BlockingIOError where the file has none yet."""
    data: bytes | None = file.read(n_bytes)
    if data is None:
        raise BlockingIOError("the source is a non-blocking file that has nothing to read now")
    return data


def write_all(file: BinaryIO, data: bytes) -> int:
    """Writes all of `data`; returns its number of bytes."""
    view = memoryview(data)
    while view:
        n_written = file.write(view)
        # Some file objects return nothing and mean that all has been written.
        view = view[n_written:] if isinstance(n_written, int) else view[:0]
    return len(data)
