"""Lossless compression by prediction: `compress`, `decompress`, files and streams, in the shapes of `lzma`.

Everything here is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from codelength.codec import plugins

if TYPE_CHECKING:
    from codelength.codec.batch import compress_many, decompress_many
    from codelength.codec.file import ClzFile, open
    from codelength.codec.incremental import Compressor, Decompressor
    from codelength.codec.levels import ModelInfo, list_models
    from codelength.codec.oneshot import compress, decompress, get_frame_info, get_frame_size
    from codelength.codec.stream import StreamStats, compress_stream, decompress_stream, list_frames
    from codelength.coding.armor import armor, unarmor
    from codelength.coding.frame import FORMAT_VERSION as format_version
    from codelength.coding.frame import FrameInfo
    from codelength.errors import (
        CodecError,
        CorruptError,
        FormatError,
        LimitError,
        ModelError,
        ModelMismatchError,
        ModelNotFoundError,
        TruncatedError,
    )
    from codelength.measure import measure
    from codelength.measure.measuring import measure_many, stream_lengths, symbol_lengths
    from codelength.sampling import sample

__version__ = "0.1.0"

_HOMES = {
    "codelength.codec.batch": ("compress_many", "decompress_many"),
    "codelength.codec.file": ("ClzFile", "open"),
    "codelength.codec.incremental": ("Compressor", "Decompressor"),
    "codelength.codec.levels": ("ModelInfo", "list_models"),
    "codelength.codec.oneshot": ("compress", "decompress", "get_frame_info", "get_frame_size"),
    "codelength.codec.stream": ("StreamStats", "compress_stream", "decompress_stream", "list_frames"),
    "codelength.coding.armor": ("armor", "unarmor"),
    "codelength.coding.frame": ("FrameInfo",),
    "codelength.errors": (
        "CodecError",
        "CorruptError",
        "FormatError",
        "LimitError",
        "ModelError",
        "ModelMismatchError",
        "ModelNotFoundError",
        "TruncatedError",
    ),
    "codelength.measure.measuring": ("measure_many", "stream_lengths", "symbol_lengths"),
    "codelength.sampling": ("sample",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ClzFile",
    "CodecError",
    "Compressor",
    "CorruptError",
    "Decompressor",
    "FormatError",
    "FrameInfo",
    "LimitError",
    "ModelError",
    "ModelInfo",
    "ModelMismatchError",
    "ModelNotFoundError",
    "StreamStats",
    "TruncatedError",
    "__version__",
    "armor",
    "compress",
    "compress_many",
    "compress_stream",
    "decompress",
    "decompress_many",
    "decompress_stream",
    "format_version",
    "get_frame_info",
    "get_frame_size",
    "list_frames",
    "list_models",
    "measure",
    "measure_many",
    "open",
    "sample",
    "stream_lengths",
    "symbol_lengths",
    "unarmor",
]


def __getattr__(name: str) -> Any:
    if name == "format_version":
        value = import_module("codelength.coding.frame").FORMAT_VERSION
    elif name == "measure":
        value = import_module("codelength.measure")  # the package, which is the function too
    elif name in _HOME_OF:
        value = getattr(import_module(_HOME_OF[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


plugins.install()
