"""5.1: the model file of a network, and much of what 5.5 refuses."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence as Numbers
from typing import Any, Final, NamedTuple

__all__ = ["ModelFile", "NetworkError", "Shape", "read_shape", "require"]


class NetworkError(ValueError):
    """What was given is not a model file of section 5.1, or not one that 5.5 allows."""


def require(condition: bool, otherwise: str) -> None:
    """Refuse the model file, saying why, unless the condition holds."""
    if not condition:
        raise NetworkError(otherwise)


# A safetensors file is the size of its header (8 bytes), the header (a JSON object), and
# the numbers of the tensors, little-endian, one tensor after another without a gap.

FORMAT: Final = "codelength-network-1"
METADATA: Final = "__metadata__"
CODES: Final = {"I16": "h", "U16": "H", "I32": "i"}  # of the module struct
SIZES: Final = {"U8": 1, "I8": 1, "I16": 2, "U16": 2, "I32": 4}


def is_count(value: object) -> bool:
    """0, 1, 2, ...; JSON has other values too."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def are_counts(value: object) -> bool:
    return isinstance(value, list) and all(map(is_count, value))


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, in which no name may occur twice."""
    fields = dict(pairs)
    require(len(fields) == len(pairs), "a name occurs twice")
    return fields


def read_json_object(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=without_repeats)
    except NetworkError:
        raise
    except (ValueError, RecursionError) as error:
        raise NetworkError(f"{what} is not JSON") from error
    require(isinstance(value, dict), f"{what} is not a JSON object")
    fields: dict[str, Any] = value
    return fields


class ModelFile:
    """The metadata and the tensors of a safetensors file; ``take`` one after another, then ``check_end``."""

    def __init__(self, data: bytes) -> None:
        require(len(data) >= 8, "the file ends in the size of its header")
        start = 8 + int.from_bytes(data[:8], "little")
        require(start <= len(data), "the file ends in its header")
        try:
            text = data[8:start].decode()
        except UnicodeDecodeError as error:
            raise NetworkError("the header is not UTF-8") from error
        self.tensors = read_json_object(text, "the header")
        self.metadata = self.tensors.pop(METADATA, {})
        require(isinstance(self.metadata, dict), "the metadata are not a JSON object")
        self.numbers = memoryview(data)[start:]
        self.check_places()

    def check_places(self) -> None:
        """Every byte after the header belongs to one tensor."""
        places: list[list[int]] = []
        for name, tensor in self.tensors.items():
            require(isinstance(tensor, dict), f"the tensor {name} is not a JSON object")
            place = tensor.get("data_offsets")
            require(are_counts(place) and len(place) == 2, f"the tensor {name} has no place")
            places.append(place)
        end = 0
        for begin, next_end in sorted(places):
            require(begin == end <= next_end, "the tensors leave a gap or overlap")
            end = next_end
        require(end == len(self.numbers), "the tensors do not end where the file does")

    def take(self, name: str, dtype: str, shape: tuple[int, ...], least: int, most: int) -> Numbers[int]:
        """The numbers of this tensor, the last index running fastest; all of them within least ... most."""
        require(name in self.tensors, f"the tensor {name} is missing")
        tensor = self.tensors.pop(name)
        require(tensor.get("dtype") == dtype, f"the tensor {name} is not of the type {dtype}")
        dimensions = tensor.get("shape")
        is_shape = are_counts(dimensions) and dimensions == list(shape)
        require(is_shape, f"the tensor {name} is not of the shape {shape}")
        begin, end = tensor["data_offsets"]
        count = math.prod(shape)
        require(end - begin == count * SIZES[dtype], f"the tensor {name} is not of the size of its shape")
        part = self.numbers[begin:end]
        numbers: Numbers[int]
        if dtype == "U8":
            numbers = part
        elif dtype == "I8":
            numbers = part.cast("b")
        else:
            numbers = struct.unpack(f"<{count}{CODES[dtype]}", part)
        require(least <= min(numbers) and max(numbers) <= most, f"a number of {name} is out of its range")
        return numbers

    def take_positive(self, name: str, count: int, most: int) -> Numbers[int]:
        """The numbers of an I32 (``count``), each from 1 to ``most``."""
        return self.take(name, "I32", (count,), 1, most)

    def take_rows(
        self, name: str, dtype: str, shape: tuple[int, int], least: int, most: int
    ) -> list[Numbers[int]]:
        """The rows of a tensor of two dimensions."""
        numbers = self.take(name, dtype, shape, least, most)
        return [numbers[row * shape[1] : (row + 1) * shape[1]] for row in range(shape[0])]

    def count_rows(self, name: str) -> int:
        """Of a tensor that is there: what its shape begins with, where the file may choose that."""
        dimensions = self.tensors[name].get("shape")
        require(are_counts(dimensions) and len(dimensions) > 0, f"the tensor {name} has no rows")
        return int(dimensions[0])

    def check_end(self) -> None:
        for name in self.tensors:
            require(False, f"the tensor {name} is none of a network")


class Shape(NamedTuple):
    """The numbers that say how large the network is."""

    width: int  # D
    layers: int  # L
    hidden: int  # M
    taps: int  # J
    rows: int  # R
    columns: int  # C
    orders: list[int]  # n_1 ... n_N
    echoes: list[int]  # m_1 ... m_E


def read_shape(metadata: dict[str, Any]) -> Shape:
    require(metadata.get("format") == FORMAT, f"the format is not {FORMAT}")
    text = metadata.get("shape")
    require(isinstance(text, str), "the shape is missing")
    fields = read_json_object(str(text), "the shape")
    require(set(fields) == set(Shape._fields), f"the fields of the shape are not {', '.join(Shape._fields)}")
    orders, echoes = fields["orders"], fields["echoes"]
    require(are_counts(orders) and are_counts(echoes), "orders or echoes are not a list of integers")
    numbers = [value for name, value in fields.items() if name not in ("orders", "echoes")]
    require(all(map(is_count, numbers)), "a number that is no integer")

    shape = Shape(**fields)
    require(shape.width % 16 == 0 and 1 <= shape.width <= 4096, "a width that is not allowed")
    require(1 <= shape.layers <= 64, "a number of layers that is not allowed")
    require(shape.hidden % 16 == 0 and 1 <= shape.hidden <= 4096, "a hidden width that is not allowed")
    require(1 <= shape.taps <= 8, "a number of taps that is not allowed")
    require(shape.rows.bit_count() == 1 and shape.rows <= 1 << 24, "a number of rows that is not allowed")
    require(1 <= shape.columns <= 256, "a number of columns that is not allowed")
    require(orders == sorted(set(orders)), "the orders do not rise")
    require(len(orders) >= 1 and orders[0] >= 1 and orders[-1] <= 8, "an order that is not allowed")
    require(echoes == sorted(set(echoes)), "the echoes do not rise")
    require(not echoes or (echoes[0] >= 1 and echoes[-1] <= 8), "an echo that is not allowed")
    n_tables = len(orders) + len(echoes)
    require(n_tables * shape.columns % 4 == 0, "the rows of all orders and echoes are no multiple of 4")
    return shape
