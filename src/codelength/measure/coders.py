"""Compressors of bytes as meters: every piece is coded, decoded again and compared, and its code counted."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator

from codelength.errors import CorruptError
from codelength.measure.extras import need
from codelength.measure.measurement import Cost
from codelength.measure.meters import Meter, Options, number
from codelength.measure.preparation import Piece

__all__ = ["Coder", "brotli_meter", "bz2_meter", "clz_meter", "gzip_meter", "xz_meter", "zstd_meter"]

Compress = Callable[[Piece], bytes]
Decompress = Callable[[bytes, Piece], bytes]


class Coder(Meter):
    """A compressor. Counted: all that it writes for each piece, headers and checksums too."""

    is_coded = True

    def __init__(
        self,
        name: str,
        options: Options,
        compress: Compress,
        decompress: Decompress,
        facts: dict[str, str],
        weights_bytes: int = 0,
    ) -> None:
        """`decompress` gets the code and the piece, of which it may use the layout and the size only."""
        super().__init__(name, options)
        self._compress = compress
        self._decompress = decompress
        self._facts = facts
        self._weights_bytes = weights_bytes

    @property
    def weights_bytes(self) -> int:
        return self._weights_bytes

    def facts(self) -> dict[str, str]:
        return self._facts

    def coded(self, piece: Piece) -> bytes:
        """The code. Raises CorruptError if it does not give the piece back."""
        code = self._compress(piece)
        if self._decompress(code, piece) != piece.data:
            raise CorruptError(f"{self.name} does not give the data back")
        return code

    def costs(self, pieces: Iterable[Piece]) -> Iterator[Cost]:
        for piece in pieces:
            yield Cost(8.0 * len(self.coded(piece)))


def _of_bytes(
    name: str,
    options: Options,
    compress: Callable[[bytes], bytes],
    decompress: Callable[[bytes], bytes],
    facts: dict[str, str],
    weights_bytes: int = 0,
) -> Coder:
    return Coder(
        name,
        options,
        lambda piece: compress(piece.data),
        lambda code, _: decompress(code),
        facts,
        weights_bytes,
    )


def gzip_meter(name: str, options: Options) -> Meter:
    """gzip, level 9 unless another is given, with its header of 10 bytes and trailer of 8."""
    level = number(name, 9, 0, 9)
    facts = {"zlib": zlib.ZLIB_RUNTIME_VERSION}
    return _of_bytes(name, options, lambda data: gzip.compress(data, level, mtime=0), gzip.decompress, facts)


def bz2_meter(name: str, options: Options) -> Meter:
    """bzip2, blocks of 900 kB unless another level is given."""
    level = number(name, 9, 1, 9)
    return _of_bytes(name, options, lambda data: bz2.compress(data, level), bz2.decompress, {})


def xz_meter(name: str, options: Options) -> Meter:
    """LZMA2 in an .xz file: as xz -9e, or as xz -LEVEL."""
    preset = number(name, 9 | lzma.PRESET_EXTREME, 0, 9 | lzma.PRESET_EXTREME)
    if ":" in name:
        preset = number(name, 9, 0, 9)

    def compress(data: bytes) -> bytes:
        # The dictionary of preset 9, 64 MiB, would cost more time than small data do; the code is the same.
        most = _XZ_DICTIONARY_BYTES[preset & 15]
        dictionary_bytes = min(most, max(4096, 1 << (len(data) - 1).bit_length() if data else 4096))
        filters = [{"id": lzma.FILTER_LZMA2, "preset": preset, "dict_size": dictionary_bytes}]
        return lzma.compress(data, filters=filters)

    return _of_bytes(name, options, compress, lzma.decompress, {})


_XZ_DICTIONARY_BYTES = [size << 10 for size in (256, 1024, 2048, 4096, 4096, 8192, 8192, 16384, 32768, 65536)]


def zstd_meter(name: str, options: Options) -> Meter:
    """Zstandard, level 22 unless another is given. The frame holds the size and no checksum."""
    zstandard = need("zstandard", "measure", name)
    level = number(name, 22, 1, 22)
    compressor = zstandard.ZstdCompressor(level=level)
    decompressor = zstandard.ZstdDecompressor()
    facts = {"zstd": ".".join(str(part) for part in zstandard.ZSTD_VERSION)}
    return _of_bytes(name, options, compressor.compress, decompressor.decompress, facts)


def brotli_meter(name: str, options: Options) -> Meter:
    """Brotli, quality 11 unless another is given, windows of 16 MB."""
    brotli = need("brotli", "measure", name)
    quality = number(name, 11, 0, 11)
    facts = {"brotli": str(brotli.__version__)}
    return _of_bytes(
        name, options, lambda data: brotli.compress(data, quality=quality, lgwin=24), brotli.decompress, facts
    )


def clz_meter(name: str, options: Options) -> Meter:
    """This package's own archives, at the default level or another. Weights: the network of the level."""
    from codelength import __version__
    from codelength._native import is_networked
    from codelength.codec.levels import DEFAULT_LEVEL, LEVELS
    from codelength.codec.networks import default_network
    from codelength.codec.oneshot import compress, decompress

    level = number(name, DEFAULT_LEVEL, 1, 9)
    facts = {"codelength": __version__}
    weights_bytes = 0
    if is_networked(LEVELS[level].model_id):
        facts["network"] = default_network().hash.hex()
        weights_bytes = len(default_network().data)
    return _of_bytes(name, options, lambda data: compress(data, level), decompress, facts, weights_bytes)
