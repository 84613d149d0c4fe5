"""Model files (docs/format.md, 5.1) of random numbers: networks that know nothing, to try decoders with."""

from __future__ import annotations

import json
import math
import random
import struct
from collections.abc import Iterable
from typing import Any

SHAPE: dict[str, Any] = {
    "width": 16,
    "layers": 2,
    "hidden": 16,
    "taps": 3,
    "rows": 8,
    "columns": 4,
    "orders": [1, 3],
    "echoes": [2],
}


def what_came_next(content: bytes) -> list[tuple[int, int]]:
    """Hashes of phrases' contexts (6.3), each with a symbol, mostly the one that comes next in the content.

    The reference decoder must be on the path.
    """
    from contexts import Features, Followers, hash_of
    from phrases import CONTEXTS

    rng = random.Random(len(content))
    features = Features(0, bytearray(), Followers())
    found = []
    for symbol in content:
        contexts = features.contexts()
        for q in CONTEXTS:
            h, said = hash_of(q, *contexts[q]), rng.choice([symbol] * 6 + [symbol ^ 1, symbol ^ 16])
            found += [(h, said)] * (rng.random() < 0.7)
        features.update(symbol, 1)
    return found


class RandomModel:
    """What a model file is made of; `data` is the file. A test changes what it likes in between."""

    def __init__(self, shape: dict[str, Any] | None = None, seed: int = 0) -> None:
        self.rng = random.Random(seed)
        self.shape = dict(SHAPE, **(shape or {}))
        self.metadata: dict[str, Any] = {"format": "codelength-network-1"}
        self.dtypes: dict[str, str] = {}
        self.shapes: dict[str, list[int]] = {}
        self.numbers: dict[str, list[int]] = {}
        width, hidden = self.shape["width"], self.shape["hidden"]
        n_orders, n_echoes = len(self.shape["orders"]), len(self.shape["echoes"])
        columns = self.shape["columns"]
        self.add("embed", "I16", [256, width], 3000)
        self.add("ngrams", "I8", [n_orders, self.shape["rows"], columns], 127)
        if n_echoes:
            self.add("echoes", "I8", [n_echoes, 4096, columns], 127)
        self.add_linear("widen", width, (n_orders + n_echoes) * columns)
        for i in range(self.shape["layers"]):
            layer = f"layers.{i}"
            self.add(f"{layer}.taps", "I16", [self.shape["taps"], width], 6000)
            self.add_linear(f"{layer}.gates", 3 * width, width)
            self.put(f"{layer}.mixed_scale", "I32", [1], [200])
            self.add_linear(f"{layer}.mix", width, width)
            self.add(f"{layer}.norm_scale", "I32", [width], 6000, 2000)
            self.add_linear(f"{layer}.hidden", 2 * hidden, width)
            self.add_linear(f"{layer}.project", width, hidden)
        self.add("norm_scale", "I32", [width], 6000, 2000)
        self.add_linear("head", 256, width, shift=16)

    def put(self, name: str, dtype: str, shape: list[int], numbers: list[int]) -> None:
        self.dtypes[name], self.shapes[name], self.numbers[name] = dtype, shape, numbers

    def add(self, name: str, dtype: str, shape: list[int], most: int, least: int | None = None) -> None:
        least = -most if least is None else least
        self.put(name, dtype, shape, [self.rng.randint(least, most) for _ in range(math.prod(shape))])

    def add_linear(self, name: str, outputs: int, inputs: int, shift: int = 13) -> None:
        self.add(f"{name}.weight", "I8", [outputs, inputs], 127)
        self.add(f"{name}.multiplier", "I16", [outputs], 32_000 // inputs, 1)
        self.add(f"{name}.bias", "I32", [outputs], 1 << 25)
        self.put(f"{name}.shift", "I32", [1], [shift])

    def add_start(self, predictor: int, contexts: int, most: int = 4000, kind: int = 1) -> None:
        """What this predictor starts from for a kind of text, with weights up to `most`."""
        name = f"mixing.{predictor}.{kind}"
        self.add(f"{name}.histories", "U16", [contexts, 256], 65535, 0)
        self.add(f"{name}.match", "U16", [64], 65535, 0)
        self.add(f"{name}.weights", "I16", [1544, contexts + 9], most)
        self.add(f"{name}.last", "I16", [256, 6], most)
        self.add(f"{name}.phrases", "U16", [1536], 65535, 0)

    def add_phrases(self, bits: int, found: Iterable[tuple[int, int]] = ()) -> None:
        """2^`bits` lines of random bytes, and among them entries for hashes, each with its symbol.

        Of the entries that are written over others the later ones stay.
        """
        data = bytearray(self.rng.randbytes(64 << bits))
        for h, symbol in found:
            line, i = (h >> (32 - bits)) * 64, self.rng.randrange(21)
            tag = (h % 2048 or 1) * 32 + self.rng.randrange(32)
            data[line + 2 * i : line + 2 * i + 2] = tag.to_bytes(2, "little")
            data[line + 42 + i] = symbol
        self.put("phrases", "U8", [1 << bits, 64], list(data))

    def remove(self, name: str) -> None:
        for parts in (self.dtypes, self.shapes, self.numbers):
            del parts[name]

    def header(self) -> dict[str, Any]:
        header: dict[str, Any] = {}
        end = 0
        for name, dtype in self.dtypes.items():
            begin, end = end, end + len(self.numbers[name]) * int(dtype[1:]) // 8
            header[name] = {"dtype": dtype, "shape": self.shapes[name], "data_offsets": [begin, end]}
        header["__metadata__"] = {"shape": json.dumps(self.shape), **self.metadata}
        return header

    def bytes_of(self, name: str) -> bytes:
        code = {"U8": "B", "I8": "b", "I16": "h", "U16": "H", "I32": "i"}[self.dtypes[name]]
        return struct.pack(f"<{len(self.numbers[name])}{code}", *self.numbers[name])

    def body(self) -> bytes:
        return b"".join(map(self.bytes_of, self.dtypes))

    def data(self) -> bytes:
        return file_of(json.dumps(self.header()).encode(), self.body())


def file_of(header: bytes, body: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + body
