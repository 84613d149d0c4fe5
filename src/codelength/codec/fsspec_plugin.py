"""Makes the name "clz" and the suffix ".clz" known to fsspec, and through it to dask, intake, pandas and
others.

`import codelength` sees to it, whichever of the two is imported first. From then on

    fsspec.open("s3://bucket/x.csv.clz", compression="infer")

works as it does for gzip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from codelength.codec.file import ClzFile

if TYPE_CHECKING:
    from types import ModuleType

NAME = "clz"


def open_stream(infile: BinaryIO, mode: str = "rb", **options: Any) -> ClzFile:
    """Puts an archive between a file of fsspec and the caller. Options are those of `ClzFile`."""
    file = ClzFile(infile, mode, **options)
    # fsspec may forget the file below, and what is written to a store is there only when it has been closed.
    file.closes_file = True
    return file


def register(compression: ModuleType) -> None:
    """Registers with the module `fsspec.compression`; does nothing if that has been done."""
    if NAME not in compression.compr:
        compression.register_compression(NAME, open_stream, NAME)
