"""Makes the name "clz" and the suffix ".clz" known to pandas.

`import codelength` sees to it, whichever of the two is imported first. From then on

    pandas.read_csv("x.csv.clz")
    frame.to_csv("x.csv.clz", compression={"method": "clz", "level": 1})

work, as do all readers and writers that take `compression`. pandas has no place to register one, so its
function that turns a path into a file is wrapped; calls that are not about "clz" pass through as they are,
and a pandas that looks otherwise than expected is left alone.
"""

from __future__ import annotations

import dataclasses
import io
import os
from typing import TYPE_CHECKING, Any

from codelength.codec.file import ClzFile

if TYPE_CHECKING:
    from types import ModuleType

NAME = "clz"
SUFFIX = ".clz"

_OPENER = "_get_filepath_or_buffer"
_METHOD = "get_compression_method"


class _ContentFile(ClzFile):
    """Hides the descriptor of the archive, which `memory_map=True` would take for that of the content."""

    def fileno(self) -> int:
        raise io.UnsupportedOperation("an archive cannot be mapped into memory")


def register(common: ModuleType) -> None:
    """Wraps the opener of the module `pandas.io.common`; does nothing if that has been done or cannot be."""
    opener = getattr(common, _OPENER, None)
    get_method = getattr(common, _METHOD, None)
    if opener is None or get_method is None or getattr(opener, "knows_clz", False):
        return

    def open_path(
        filepath_or_buffer: Any,
        encoding: str = "utf-8",
        compression: Any = None,
        mode: str = "r",
        storage_options: Any = None,
    ) -> Any:
        method, options = get_method(compression)
        ours = method == NAME or (method == "infer" and _has_suffix(filepath_or_buffer))
        opened = opener(
            filepath_or_buffer,
            encoding=encoding,
            compression=None if ours else compression,
            mode=mode,
            storage_options=storage_options,
        )
        if not ours:
            return opened
        below = opened.filepath_or_buffer
        file = _ContentFile(below, mode[0], **options)
        file.closes_file = file.closes_file or opened.should_close
        return dataclasses.replace(opened, filepath_or_buffer=file, mode=mode[0] + "b", should_close=True)

    open_path.knows_clz = True  # type: ignore[attr-defined]
    setattr(common, _OPENER, open_path)


def _has_suffix(path: object) -> bool:
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    return isinstance(path, str) and path.split("::")[0].lower().endswith(SUFFIX)
