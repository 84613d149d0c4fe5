"""Any object with bytes in it, seen as a flat view of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


def byte_view(data: Buffer) -> memoryview:
    """A view of the bytes of `data`, without a copy where that can be.

    Raises TypeError for an object that holds none (a str, for example), BufferError if they are not
    contiguous.
    """
    view = memoryview(data)
    if not view.c_contiguous:
        raise BufferError("the buffer is not C-contiguous")
    if not view.nbytes:
        return memoryview(b"")
    try:
        return view.cast("B")
    except TypeError:  # items of a foreign byte order or of a structured type
        return memoryview(view.tobytes())
