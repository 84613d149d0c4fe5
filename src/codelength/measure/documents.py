"""What there is to measure: documents from files, folders, globs, standard input, URLs and datasets.

A document is a name and where its bytes are; they are read one document at a time and only when asked for.
Documents can be pickled, so that the process or machine that measures one is the one that reads it.
"""

from __future__ import annotations

import glob
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from codelength.measure.extras import need

__all__ = ["Content", "Document", "Source", "read_documents"]

_DATASET = "hf-dataset:"


@dataclass(frozen=True, slots=True)
class Content:
    """A document that has been read."""

    name: str
    data: bytes
    sha256: str
    """Of `data`, in hexadecimal."""

    @classmethod
    def of(cls, name: str, data: bytes) -> Content:
        """Some bytes, with their hash."""
        return cls(name, data, hashlib.sha256(data).hexdigest())


class Source(Protocol):
    """Where the bytes of a document are."""

    def read(self) -> bytes:
        """All of them. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Document:
    """One thing to measure, not read yet."""

    name: str
    source: Source
    is_listed: bool = False
    """True if it was found in a folder, by a glob or in a dataset, rather than named itself."""

    @classmethod
    def of(cls, name: str, data: bytes | bytearray | memoryview) -> Document:
        """Bytes at hand."""
        return cls(name, _Memory(memoryview(data).tobytes()))

    def read(self) -> Content:
        """Read it. Raises OSError."""
        return Content.of(self.name, self.source.read())

    @property
    def n_bytes(self) -> int | None:
        """Its size, where that is known without reading it."""
        if isinstance(self.source, _Memory):
            return len(self.source.data)
        if isinstance(self.source, _File):
            with suppress(OSError):
                return os.path.getsize(self.source.path)
        return None


@dataclass(frozen=True, slots=True)
class _Memory:
    data: bytes

    def read(self) -> bytes:
        return self.data


@dataclass(frozen=True, slots=True)
class _File:
    path: str

    def read(self) -> bytes:
        with open(self.path, "rb") as file:
            return file.read()


@dataclass(frozen=True, slots=True)
class _Url:
    url: str

    def read(self) -> bytes:
        fsspec = need("fsspec", "fsspec", "a URL")
        with fsspec.open(self.url, "rb", compression=None) as file:
            data: bytes = file.read()
            return data


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a dataset of Hugging Face's library."""

    name: str
    split: str
    column: str
    row: int

    def read(self) -> bytes:
        return _row_bytes(_dataset(self.name, self.split)[self.row][self.column], self)


def read_documents(specs: Iterable[str]) -> list[Document]:
    """The documents that the words of a command line name, in order; only standard input is read.

        FILE                            a file
        FOLDER                          every file in it and below, sorted by path
        GLOB                            every file that matches, sorted; ** is any number of folders
        -                               standard input
        SCHEME://...                    whatever fsspec opens: s3://, gs://, https://, memory://, zip://...
        hf-dataset:NAME:SPLIT:COLUMN    every row of a dataset of Hugging Face's library, by name or path

    Raises FileNotFoundError where nothing is found, ModuleNotFoundError with the extra to install where a
    library is missing, ValueError for a word of the wrong form.
    """
    documents: list[Document] = []
    for spec in specs:
        found = list(_read(spec))
        if not found:
            raise FileNotFoundError(f"no files: {spec}")
        documents += found
    return documents


def _read(spec: str) -> Iterator[Document]:
    if spec == "-":
        yield Document("-", _Memory(_standard_input()))
    elif spec.startswith(_DATASET):
        yield from _rows(spec)
    elif "://" in spec:
        yield from _urls(spec)
    elif os.path.isdir(spec):
        yield from (_listed(path) for path in _walk(spec))
    elif os.path.lexists(spec):
        yield Document(spec, _File(spec))
    elif glob.has_magic(spec):
        for path in sorted(glob.glob(spec, recursive=True)):
            if os.path.isfile(path):
                yield _listed(path)
    else:
        raise FileNotFoundError(f"no such file or folder: {spec}")


def _listed(path: str) -> Document:
    return Document(path, _File(path), is_listed=True)


def _walk(folder: str) -> Iterator[str]:
    """Every regular file below, in a fixed order. Links to folders are not followed."""
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)
            if os.path.isfile(path):
                yield path


def _raise(error: OSError) -> None:
    raise error


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise FileNotFoundError("standard input is closed")
    return sys.stdin.buffer.read()


def _urls(url: str) -> Iterator[Document]:
    fsspec = need("fsspec", "fsspec", "a URL")
    filesystem, path = fsspec.core.url_to_fs(url)
    if glob.has_magic(path):
        paths: Sequence[str] = sorted(p for p in filesystem.glob(path) if not filesystem.isdir(p))
    elif filesystem.isdir(path):
        paths = sorted(filesystem.find(path))
    else:
        yield Document(url, _Url(url))
        return
    # What stands behind the path is kept, as in zip://*.txt::s3://bucket/a.zip.
    chain = "::" + url.partition("::")[2] if "::" in url else ""
    for found in paths:
        name = filesystem.unstrip_protocol(found) + chain
        yield Document(name, _Url(name), is_listed=True)


def _rows(spec: str) -> Iterator[Document]:
    name, *rest = spec.removeprefix(_DATASET).rsplit(":", 2)
    if len(rest) != 2 or not all((name, *rest)):
        raise ValueError(f"{spec!r} should be hf-dataset:NAME:SPLIT:COLUMN")
    split, column = rest
    rows = _dataset(name, split)
    if column not in rows.column_names:
        raise ValueError(f"{name} has no column {column!r}; it has {', '.join(rows.column_names)}")
    for row in range(len(rows)):
        yield Document(f"{name}:{split}:{column}:{row}", _Row(name, split, column, row), is_listed=True)


@lru_cache(maxsize=2)
def _dataset(name: str, split: str) -> Any:
    """A dataset by its name on the hub, by the folder it was saved to, or by a file of rows."""
    datasets = need("datasets", "datasets", "hf-dataset:")
    if os.path.isfile(os.path.join(name, "dataset_dict.json")):
        return datasets.load_from_disk(name)[split]
    if os.path.isfile(os.path.join(name, "state.json")):
        return datasets.load_from_disk(name)
    if os.path.isfile(name):
        kinds = {".jsonl": "json", ".json": "json", ".csv": "csv", ".parquet": "parquet", ".txt": "text"}
        suffix = os.path.splitext(name)[1]
        if suffix not in kinds:
            raise ValueError(f"{name} is no dataset: a file should end in {', '.join(kinds)}")
        return datasets.load_dataset(kinds[suffix], data_files={split: name}, split=split)
    return datasets.load_dataset(name, split=split)


def _row_bytes(value: object, row: _Row) -> bytes:
    if isinstance(value, dict):  # how the library keeps pictures and sound
        value = value.get("bytes")
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise ValueError(f"row {row.row} of {row.column!r} is neither text nor bytes")
