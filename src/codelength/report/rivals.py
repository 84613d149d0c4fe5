"""Running totals of compressors that everybody has: what the first n bytes come to, for some n."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rival", "points", "rivals"]

_MOST_POINTS = 100
_FEWEST_POINTS = 8
_MOST_READ_BYTES = 12 << 20
"""Work that the prefixes may come to for each compressor: about five seconds for the slowest."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A compressor, and what it makes of the prefixes of one document."""

    name: str
    """As one would write it on a command line: "xz -9e"."""
    sizes_bytes: NDArray[np.int64]
    """Size of the archive of each prefix, header and checksum in it, int64 (number of points,)."""


def points(n_bytes: int) -> NDArray[np.int64]:
    """Lengths of prefixes, evenly spaced, the last one all: at most 100, fewer of a document above 240 KB."""
    n_points = min(_MOST_POINTS, max(_FEWEST_POINTS, 2 * _MOST_READ_BYTES // max(1, n_bytes)), n_bytes)
    return np.unique(np.linspace(0, n_bytes, n_points + 1).round().astype(np.int64))[1:]


def rivals(data: bytes, prefixes_bytes: NDArray[np.int64]) -> list[Rival]:
    """gzip, xz and zstd at their best settings; zstd only where a Python module for it is installed."""
    compressors: list[tuple[str, Callable[[bytes], bytes]]] = [
        ("gzip -9", _gzip),
        ("xz -9e", _xz),
    ]
    zstd = _zstd()
    if zstd is not None:
        compressors.append(("zstd -22", zstd))
    return [
        Rival(name, np.array([len(compress(data[:n])) for n in prefixes_bytes.tolist()], np.int64))
        for name, compress in compressors
    ]


def _gzip(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, wbits=31)
    return compressor.compress(data) + compressor.flush()


def _xz(data: bytes) -> bytes:
    # A dictionary above the size of the data changes nothing but the time it takes to set it up.
    preset = {
        "id": lzma.FILTER_LZMA2,
        "preset": 9 | lzma.PRESET_EXTREME,
        "dict_size": min(64 << 20, max(4096, len(data))),
    }
    return lzma.compress(data, filters=[preset], check=lzma.CHECK_CRC64)


def _zstd() -> Callable[[bytes], bytes] | None:
    try:
        module = import_module("compression.zstd")  # since Python 3.14
        return lambda data: cast(bytes, module.compress(data, 22))
    except ModuleNotFoundError:
        pass
    try:
        module = import_module("zstandard")
    except ModuleNotFoundError:
        return None
    return lambda data: cast(bytes, module.ZstdCompressor(level=22).compress(data))
