"""The networks at hand: model files that come with the package or that a user has named, found by hash."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from codelength import _native
from codelength.coding.frame import HASH_BYTES
from codelength.errors import FormatError, ModelNotFoundError

DEFAULT = "small"
"""The network of the levels that have one, and of messages."""

SHIPPED: dict[str, str] = {"small": "a19205082179460d"}
"""Name of each model file in `codelength/models`, and its hash in hexadecimal."""

MODELS_VARIABLE = "CODELENGTH_MODELS"
"""Environment variable: more folders to look for model files in, separated as in PATH."""

_FORMAT = "codelength-network-1"
_SHAPE_FIELDS = {"width", "layers", "hidden", "taps", "rows", "columns", "orders", "echoes"}
_SHIPPED_FOLDER = Path(__file__).parent.parent / "models"


@dataclass(frozen=True)
class NetworkFile:
    """A model file (docs/format.md, 5.1) that has been read; its integers are built when first used."""

    name: str
    data: bytes

    @cached_property
    def hash(self) -> bytes:
        """What archives name it by."""
        return hashlib.sha256(self.data).digest()[:HASH_BYTES]

    @cached_property
    def _header(self) -> tuple[dict[str, Any], int]:
        """The safetensors header, and where the tensors begin. Raises FormatError."""
        start = 8 + int.from_bytes(self.data[:8], "little")
        if len(self.data) < 8 or start > len(self.data):
            raise FormatError(f"{self.name} is not a model file: its header is cut")
        try:
            header = json.loads(self.data[8:start], object_pairs_hook=_without_repeats)
        except (ValueError, RecursionError):
            header = None
        metadata = header.get("__metadata__") if isinstance(header, dict) else None
        if not isinstance(metadata, dict) or metadata.get("format") != _FORMAT:
            raise FormatError(f"{self.name} is not a model file of format {_FORMAT}")
        return header, start

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says about itself. Raises FormatError if it is no model file."""
        metadata: dict[str, str] = self._header[0]["__metadata__"]
        return metadata

    @property
    def card(self) -> dict[str, Any]:
        """Who made it, of what, and how well it does; empty if it does not say."""
        try:
            card = json.loads(self.metadata.get("card", "{}"))
        except (ValueError, TypeError, RecursionError):
            card = None
        return card if isinstance(card, dict) else {}

    @cached_property
    def native(self) -> _native.Network:
        """The network itself. Raises FormatError for a file that breaks a rule of the format."""
        header, start = self._header
        # By hand, and not by safetensors, which would cost every start of clz its import.
        try:
            shape = json.loads(self.metadata.get("shape", ""), object_pairs_hook=_without_repeats)
            if not isinstance(shape, dict) or set(shape) != _SHAPE_FIELDS:
                raise ValueError(f"the fields of its shape are not {', '.join(sorted(_SHAPE_FIELDS))}")
            tensors: dict[str, tuple[str, list[int], bytes]] = {}
            end = 0
            fields = ((name, field) for name, field in header.items() if name != "__metadata__")
            for name, field in sorted(fields, key=lambda item: list(item[1]["data_offsets"])):
                begin, after = field["data_offsets"]
                if begin != end or after < begin:
                    raise ValueError(f"tensor {name} leaves a gap or overlaps another")
                end = after
                tensors[name] = (field["dtype"], field["shape"], self.data[start + begin : start + after])
            if start + end != len(self.data):
                raise ValueError("the tensors do not end where the file does")
            return _native.Network(shape, tensors)
        except (ValueError, TypeError, KeyError, RuntimeError) as error:
            raise FormatError(f"{self.name} is not a sound model file: {error}") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no name occurs twice, so that all readers see the same in it."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name occurs twice")
    return fields


_lock = threading.Lock()
_read: dict[Path, tuple[tuple[int, int, int], NetworkFile]] = {}
"""The network of each path, and the file's identity, size and time of change when it was read."""


def read_network(path: str | os.PathLike[str]) -> NetworkFile:
    """The model file at `path`, read once and again when it has changed. Raises OSError."""
    where = Path(path).resolve()
    with _lock:
        status = where.stat()
        state = status.st_ino, status.st_size, status.st_mtime_ns
        if where not in _read or _read[where][0] != state:
            _read[where] = state, NetworkFile(where.stem, where.read_bytes())
        return _read[where][1]


def default_network() -> NetworkFile:
    """The network of the levels that have one. Raises ModelNotFoundError if the package came without it."""
    try:
        return read_network(_SHIPPED_FOLDER / f"{DEFAULT}.safetensors")
    except FileNotFoundError:
        raise ModelNotFoundError(f"the network {DEFAULT!r} is missing from this installation") from None


def list_networks() -> Iterator[NetworkFile]:
    """Every network at hand: those that come with the package, then the files in the folders that the
    environment variable CODELENGTH_MODELS names. None is checked. Raises OSError.
    """
    folders = [Path(folder) for folder in os.environ.get(MODELS_VARIABLE, "").split(os.pathsep) if folder]
    for folder in (_SHIPPED_FOLDER, *folders):
        for path in sorted(folder.glob("*.safetensors")):
            yield read_network(path)


def find_network(wanted: bytes) -> NetworkFile:
    """The network with this hash: one that comes with the package, or a file in a folder that the environment
    variable CODELENGTH_MODELS names.

    Raises ModelNotFoundError, which says what is missing.
    """
    for network in list_networks():
        if network.hash == wanted:
            return network
    raise ModelNotFoundError(
        f"the network {wanted.hex()} is not installed (or the archive is damaged); put its model file into a "
        f"folder and name that in {MODELS_VARIABLE}"
    )
