"""The reference network, written from section 5 of docs/format.md alone: what it refuses and computes."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import safetensors.numpy
from logistic import STRETCH
from model_file import ModelFile, NetworkError
from network import (
    Echo,
    Linear,
    Network,
    Sequence,
    compute_sig,
    frequencies_of,
    norm,
    packed,
    sig_table,
    unpacked,
)
from phrases import Phrases, PhraseTable

from codelength import FormatError, _native
from codelength.codec.networks import NetworkFile

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "golden"))
from random_models import SHAPE, RandomModel, file_of

HALF = 1 << 31
TEXT = b"The cat sat on the mat; the cat sat on the hat.\n\0\xff"


# RandomModel files


def file_with(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A model file whose header is changed after it was right."""
    model = RandomModel()
    header = model.header()
    change(header)
    return file_of(json.dumps(header).encode(), model.body())


def all_frequencies(sequence: Sequence, content: bytes = TEXT) -> Iterator[list[int]]:
    for byte in content:
        yield sequence.frequencies()
        sequence.feed(byte)
    yield sequence.frequencies()


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(RandomModel().data())


# What is refused


def refuse(data: bytes, why: str) -> None:
    with pytest.raises(NetworkError, match=why):
        Network(data)


def test_a_right_file_is_read(tmp_path: Path) -> None:
    data = RandomModel().data()
    path = tmp_path / "network.safetensors"
    path.write_bytes(data)
    network = Network.read(path)
    assert network.hash == hashlib.sha256(data).digest()[:8]
    assert network.shape._asdict() == SHAPE


def test_files_of_the_library_are_read() -> None:
    model = RandomModel()
    dtypes = {"I8": "int8", "I16": "int16", "I32": "int32"}
    tensors = {
        name: numpy.array(model.numbers[name], dtypes[dtype]).reshape(model.shapes[name])
        for name, dtype in model.dtypes.items()
    }
    data = safetensors.numpy.save(tensors, metadata=model.header()["__metadata__"] | {"made by": "a person"})
    assert data != model.data()
    expected = list(all_frequencies(Network(model.data()).start()))
    assert list(all_frequencies(Network(data).start())) == expected


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 100, -1])
def test_cut_files(size: int) -> None:
    refuse(RandomModel().data()[:size], "the file ends|the tensors do not end")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff{}", "not UTF-8"),
        ('{"__metadata__": {}}'.encode("utf-16"), "not UTF-8"),
        (b'{"__metadata__": []}', "metadata"),
        (b'{"a": 1}', "not a JSON object"),
        (b'{"a": {}}', "no place"),
        (b'{"a": {"data_offsets": [0]}}', "no place"),
        (b'{"a": {"data_offsets": [0, true]}}', "no place"),
        (b'{"a": {"data_offsets": [0, 1.0]}}', "no place"),
        (b'{"a": {"data_offsets": [-1, 0]}}', "no place"),
        (b'{"a": {"data_offsets": [1, 0]}}', "gap"),
        (b'{"a": {"data_offsets": [1, 2]}}', "gap"),
        (b'{"a": {"data_offsets": [0, 2]}, "b": {"data_offsets": [1, 2]}}', "overlap"),
        (b'{"a": {"data_offsets": [0, 1]}}', "do not end"),
        (b'{"a": {"data_offsets": [0, 3]}}', "do not end"),
        (b"{}", "do not end"),
        (b'{"a": {"data_offsets": [0, 2]}, "a": {"data_offsets": [0, 2]}}', "twice"),
        (b'{"a": {"data_offsets": [0, 2], "data_offsets": [0, 2]}}', "twice"),
    ],
)
def test_no_safetensors(header: bytes, why: str) -> None:
    refuse(file_of(header, b"ab"), why)


@pytest.mark.parametrize(
    "metadata",
    [
        {"format": "codelength-network-2"},
        {"format": 1},
        {"shape": "["},
        {"shape": "[]"},
        {"shape": 5},
        {"shape": SHAPE},
    ],
)
def test_metadata(metadata: dict[str, Any]) -> None:
    model = RandomModel()
    model.metadata.update(metadata)
    refuse(model.data(), "the format|the shape")


@pytest.mark.parametrize("missing", ["format", "shape"])
def test_missing_metadata(missing: str) -> None:
    refuse(file_with(lambda header: header["__metadata__"].pop(missing)), missing)
    refuse(file_with(lambda header: header.pop("__metadata__")), "format")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, value)
            for name in SHAPE
            if name not in ("orders", "echoes")
            for value in (0, -16, 16.0, "16", True, None)
        ),
        *((name, value) for name in ("width", "hidden") for value in (8, 24, 4112)),
        *(("layers", 65), ("taps", 9), ("rows", 12), ("rows", 1 << 25), ("columns", 258), ("columns", 3)),
        *(("orders", value) for value in ([], [0, 1], [1, 9], [2, 2], [3, 1], [1, 2.0], [True, 2], 3, None)),
        ("orders", [1]),
        *(("echoes", value) for value in ([0, 1], [1, 9], [2, 2], [3, 1], [1, 2.0], [True, 2], 3, None)),
    ],
)
def test_shapes(name: str, value: object) -> None:
    model = RandomModel()
    model.shape[name] = value
    if name == "orders" and value == [1]:
        model.shape["columns"] = 3  # no multiple of four, with an echo
    refuse(model.data(), "allowed|integer|rise|multiple of 4")


def test_other_fields_of_the_shape() -> None:
    model = RandomModel()
    model.shape["depth"] = 1
    refuse(model.data(), "fields")
    del model.shape["depth"], model.shape["taps"]
    refuse(model.data(), "fields")


@pytest.mark.parametrize("name", RandomModel().dtypes)
def test_every_tensor_counts(name: str) -> None:
    model = RandomModel()
    model.remove(name)
    refuse(model.data(), f"{name} is missing")
    model = RandomModel()
    dtype, other = model.dtypes[name], {"I8": "I16", "I16": "I32", "I32": "I8"}[model.dtypes[name]]
    model.dtypes[name] = other
    model.numbers[name] = [max(-127, min(number, 127)) for number in model.numbers[name]]
    refuse(model.data(), f"{name} is not of the type {dtype}")
    model = RandomModel()
    model.shapes[name] = [1, *model.shapes[name]]
    refuse(model.data(), f"{name} is not of the shape")
    model = RandomModel()
    model.numbers[name].append(1)
    refuse(model.data(), f"{name} is not of the size")


def test_shapes_and_types_of_a_tensor_are_those_of_json() -> None:
    refuse(file_with(lambda header: header["head.shift"].update(shape=[True])), "shape")
    refuse(file_with(lambda header: header["head.shift"].update(shape=[1.0])), "shape")
    refuse(file_with(lambda header: header["head.shift"].pop("shape")), "shape")
    refuse(file_with(lambda header: header["head.shift"].pop("dtype")), "type")
    refuse(file_with(lambda header: header["head.shift"].update(dtype=["I32"])), "type")


def test_other_tensors() -> None:
    for name in (
        "mixing",
        "mixing.5",
        "mixing.5.match",
        "mixing.4.1.match",
        "mixing.05.1.match",
        "mixing.5.2.match",
        "mixing.5.8.match",
        "layers.2.taps",
        "head.scale",
        "",
    ):
        model = RandomModel()
        model.put(name, "I16", [1], [1])
        refuse(model.data(), f"the tensor {name} is none")


# Where the mixing starts

STARTS = {5: 20, 6: 31}
KINDS = {5: 7, 6: 4}


def test_starts(network: Network) -> None:
    assert network.starts == {}
    for predictors in ([5], [6], [6, 5]):
        model = RandomModel()
        for predictor in predictors:
            model.add_start(predictor, STARTS[predictor], kind=KINDS[predictor])
        other = Network(model.data())
        assert other.hash != network.hash
        assert list(all_frequencies(other.start())) == list(all_frequencies(network.start()))
        assert set(other.starts) == {(predictor, KINDS[predictor]) for predictor in predictors}
        for (predictor, kind), start in other.starts.items():
            n = STARTS[predictor]
            name = f"mixing.{predictor}.{kind}"
            assert [p for row in start.histories for p in row] == [
                64 * v + 32 for v in model.numbers[f"{name}.histories"]
            ]
            assert start.match == [64 * v + 32 for v in model.numbers[f"{name}.match"]]
            sets = [weights for mixer in start.weights for weights in mixer]
            assert [w for weights in sets for w in weights] == [
                16 * w for w in model.numbers[f"{name}.weights"]
            ]
            assert {len(weights) for weights in sets} == {n + 9}
            assert [w for weights in start.last for w in weights] == [
                16 * w for w in model.numbers[f"{name}.last"]
            ]
            assert start.phrases == [64 * v + 32 for v in model.numbers[f"{name}.phrases"]]


@pytest.mark.parametrize("predictor", STARTS)
@pytest.mark.parametrize("part", ["histories", "match", "weights", "last", "phrases"])
def test_wrong_starts(predictor: int, part: str) -> None:
    def model() -> RandomModel:
        made = RandomModel()
        made.add_start(predictor, STARTS[predictor])
        return made

    name = f"mixing.{predictor}.1.{part}"
    changed = model()
    changed.remove(name)
    refuse(changed.data(), f"{name} is missing")
    changed = model()
    changed.dtypes[name] = {"U16": "I16", "I16": "U16"}[changed.dtypes[name]]
    changed.numbers[name] = [abs(number) % 32768 for number in changed.numbers[name]]
    refuse(changed.data(), f"{name} is not of the type")
    changed = model()
    changed.shapes[name] = [*changed.shapes[name], 1]
    refuse(changed.data(), f"{name} is not of the shape")
    changed = model()
    changed.numbers[name].append(1)
    refuse(changed.data(), f"{name} is not of the size")
    if part in ("weights", "last"):
        changed = model()
        changed.numbers[name][-1] = -32767
        Network(changed.data())
        changed.numbers[name][-1] = -32768
        refuse(changed.data(), f"a number of {name} is out of its range")


def test_starts_of_another_predictor() -> None:
    for predictor, contexts in ((4, 32), (7, 32), (5, 31), (6, 20), (6, 32)):
        model = RandomModel()
        model.add_start(predictor, contexts)
        refuse(model.data(), f"mixing.{predictor}.1.* is (none|not of the shape)")


@pytest.mark.parametrize("predictor", STARTS)
@pytest.mark.parametrize("has_phrases", [False, True])
def test_starts_without_phrases(predictor: int, has_phrases: bool) -> None:
    model = RandomModel()
    model.add_start(predictor, STARTS[predictor])
    if has_phrases:
        model.add_phrases(2)
    Network(model.data())
    name, n = f"mixing.{predictor}.1", STARTS[predictor]
    model.add(f"{name}.weights", "I16", [1544, n + 6], 4000)
    refuse(model.data(), f"{name}.weights is not of the shape")
    model.remove(f"{name}.phrases")
    refuse(model.data(), f"{name}.weights is not of the shape")
    model.add(f"{name}.weights", "I16", [1544, n + 9], 4000)
    refuse(model.data(), f"{name}.phrases is missing")


# Phrases


def test_phrases(network: Network) -> None:
    assert network.phrases is None
    for bits in (1, 5):
        model = RandomModel()
        model.add_phrases(bits)
        other = Network(model.data())
        assert other.hash != network.hash
        assert list(all_frequencies(other.start())) == list(all_frequencies(network.start()))
        assert other.phrases is not None
        assert other.phrases.bits == bits
        assert bytes(other.phrases.data) == model.bytes_of("phrases")


def test_wrong_phrases() -> None:
    for dtype, shape, why in (
        ("I8", [2, 64], "not of the type U8"),
        ("U16", [2, 64], "not of the type U8"),
        ("U8", [2, 63], "not of the shape"),
        ("U8", [2, 128], "not of the shape"),
        ("U8", [64, 2], "not of the shape"),
        ("U8", [128], "not of the shape"),
        ("U8", [2, 64, 1], "not of the shape"),
        ("U8", [], "no rows"),
        ("U8", [0, 64], "lines of phrases that is not allowed"),
        ("U8", [1, 64], "lines of phrases that is not allowed"),
        ("U8", [3, 64], "lines of phrases that is not allowed"),
        ("U8", [6, 64], "lines of phrases that is not allowed"),
        ("U8", [1 << 25, 64], "lines of phrases that is not allowed"),
        ("U8", [4, 64], "not of the size"),
        ("U8", [1 << 24, 64], "not of the size"),
    ):
        model = RandomModel()
        size = 64 * shape[0] if shape and shape[0] in (0, 1, 3, 6) else 128
        model.put("phrases", dtype, shape, [1] * size)
        refuse(model.data(), why)
    model.add_phrases(1)
    Network(model.data())
    for spoilt in (None, 2, [True, 64], [2.0, 64], [[2], 64]):
        header = model.header()
        header["phrases"]["shape"] = spoilt
        refuse(file_of(json.dumps(header).encode(), model.body()), "has no rows")
    header["phrases"].pop("shape")
    refuse(file_of(json.dumps(header).encode(), model.body()), "has no rows")


def line_of(*entries: tuple[int, int, int, int]) -> bytes:
    """A line with these entries: place, check, strength, symbol. Byte 63 says nothing."""
    tags, symbols = [0] * 21, [0x55] * 21
    for i, check, strength, symbol in entries:
        tags[i], symbols[i] = check << 5 | strength, symbol
    return struct.pack("<21H", *tags) + bytes([*symbols, 0xAA])


def test_entries_of_phrases() -> None:
    lines = [
        line_of((0, 1, 3, 65), (2, 2047, 31, 66), (5, 2047, 30, 67)),
        line_of((20, 7, 0, 255), (3, 1, 1, 0)),
        line_of(),
        line_of(*((i, 100 + i, i, i) for i in range(21))),
    ]
    table = PhraseTable(b"".join(lines))
    assert table.bits == 2
    for h, entry in (
        (1, (65, 3)),
        (0, (65, 3)),  # check 1 instead of 0
        (2048, (65, 3)),
        (2047, (66, 31)),  # the first
        ((1 << 30) - 1, (66, 31)),
        (2, None),
        ((1 << 30) + 7, (255, 0)),
        ((1 << 30) + 2048 * 5, (0, 1)),
        ((1 << 31) + 0, None),
        ((1 << 31) + 1, None),
        ((3 << 30) + 100, (0, 0)),
        ((3 << 30) + 120, (20, 20)),
        ((3 << 30) + 121, None),
    ):
        assert table.find(h) == entry, hex(h)
    assert PhraseTable(lines[0] + lines[1]).find((1 << 31) + 7) == (255, 0)


def test_inputs_of_phrases() -> None:
    phrases = Phrases(PhraseTable(line_of((0, 1, 9, 0b01100001)) + line_of((4, 5, 23, 0b01000000))), None)
    hashes = {7: 1, 4: 1 << 31 | 5, 9: 2}
    p = {k: [(k % 8 + 8) << 18, (1 << 22) - ((k % 8 + 8) << 18)] for k in (9, 23)}  # of b = 1, 0
    assert phrases.inputs(1, 0) == [0, 0, 0]  # before a symbol has begun
    phrases.find(hashes)
    assert phrases.inputs(1, 0) == [STRETCH[p[9][1] >> 6], STRETCH[p[23][1] >> 6], 0]
    phrases.learn(0)
    assert phrases.inputs(2, 1) == [STRETCH[p[9][0] >> 6], STRETCH[p[23][0] >> 6], 0]
    phrases.learn(1)
    assert phrases.inputs(5, 2) == [STRETCH[p[9][0] >> 6], STRETCH[p[23][1] >> 6], 0]
    phrases.learn(1)
    assert phrases.inputs(11, 3) == [STRETCH[p[9][1] >> 6], 0, 0]  # the second was wrong
    phrases.learn(1)
    for k in range(4, 8):
        assert phrases.inputs((1 << k) - 1, k) == [0, 0, 0]
        phrases.learn(1)

    fresh = Phrases(None, None)
    moved = [
        (number, other.p)
        for number, (other, one) in enumerate(zip(phrases.probabilities, fresh.probabilities, strict=True))
        if other.p != one.p
    ]
    first = [((9 * 8) + k) * 2 + b for k, b in ((0, 0), (1, 1), (2, 1), (3, 0))]
    second = [((32 + 23) * 8 + k) * 2 + b for k, b in ((0, 0), (1, 1), (2, 0))]
    assert [number for number, _ in moved] == first + second
    assert dict(moved)[first[0]] == p[9][1] + (-p[9][1] >> 1)
    assert len(fresh.probabilities) == 1536
    fresh.find(hashes)
    assert fresh.inputs(1, 0) == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("ngrams", -127, 127),
        ("echoes", -127, 127),
        ("head.multiplier", 1, 32767),
        ("widen.shift", 1, 30),
        ("layers.1.mixed_scale", 1, 32767),
        ("layers.0.norm_scale", 1, 32767),
        ("norm_scale", 1, 32767),
        ("embed", -32768, 32767),
        ("layers.0.taps", -32768, 32767),
        ("layers.0.hidden.weight", -127, 127),
    ],
)
def test_ranges(name: str, least: int, most: int) -> None:
    for number in (least - 1, least, most, most + 1):
        model = RandomModel()
        if name == "head.multiplier":
            model.numbers["head.weight"][-16:] = [0] * 16
        model.numbers[name][-1] = number
        bits = int(model.dtypes[name][1:])
        if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
            continue  # the type has no such number
        if least <= number <= most:
            Network(model.data())
        else:
            refuse(model.data(), f"a number of {name} is out of its range")


LINEARS = ["widen", *(f"layers.1.{name}" for name in ("gates", "mix", "hidden", "project")), "head"]


def at_the_edge(name: str, sign: int, beyond: int = 0) -> RandomModel:
    """The last output of this map reaches 2^31 - 1, in absolute value, or goes beyond."""
    model = RandomModel()
    inputs = model.shapes[f"{name}.weight"][1]
    row = [sign * (126 + i % 2) for i in range(inputs)]
    row[1] = -row[1]
    multiplier = (HALF - 1) // (127 * sum(map(abs, row)))
    bound = 127 * multiplier * sum(map(abs, row))
    model.numbers[f"{name}.weight"][-inputs:] = row
    model.numbers[f"{name}.multiplier"][-1] = multiplier
    model.numbers[f"{name}.bias"][-1] = sign * (HALF - 1 - bound + beyond)
    return model


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", LINEARS)
def test_sums_at_their_bound(name: str, sign: int) -> None:
    model = at_the_edge(name, sign)
    Network(model.data())
    refuse(at_the_edge(name, sign, beyond=1).data(), f"the output [0-9]+ of {name} could overflow")
    # The greatest sum that there can be: each a_k is 127 with the sign of its weight, or the opposite.
    outputs, inputs = model.shapes[f"{name}.weight"]
    linear = Linear(ModelFile(model.data()), name, outputs, inputs)
    a = [127 if w * sign > 0 else -127 for w in model.numbers[f"{name}.weight"][-inputs:]]
    assert linear(a)[-1] == sign * (HALF - 1) >> linear.shift
    assert linear(a) == formula(model, name, a)
    opposite = [-v for v in a]
    assert linear(opposite) == formula(model, name, opposite)


@pytest.mark.parametrize("sign", [1, -1])
def test_outputs_of_the_head_at_their_bound(sign: int) -> None:
    model = RandomModel()
    model.numbers["head.weight"] = [0] * len(model.numbers["head.weight"])
    model.numbers["head.bias"] = [0] * 256
    model.numbers["head.shift"] = [5]
    model.numbers["head.bias"][7] = sign * ((1 << 29) - 1)
    frequencies = Network(model.data()).start().frequencies()
    assert frequencies == [1 if (byte == 7) == (sign < 0) else 1 << 21 for byte in range(256)]
    model.numbers["head.bias"][7] = sign * (1 << 29)
    refuse(model.data(), "the output 7 of head could be too large")
    model.numbers["head.shift"] = [6]
    Network(model.data())


def test_taps_at_their_bound() -> None:
    model = RandomModel({"taps": 4})
    width = model.shape["width"]
    taps = model.numbers["layers.1.taps"]
    for j, tap in enumerate((32767, -32767, -32768, 32761)):  # 131063 in all
        taps[j * width + 5] = tap
    Network(model.data())
    taps[3 * width + 5] += 1
    refuse(model.data(), "the channel 5 of layers.1.taps could overflow")


def test_largest_and_smallest_shapes() -> None:
    for shape in (
        {"layers": 1, "taps": 1, "rows": 1, "columns": 4, "orders": [8], "echoes": []},
        {"taps": 8, "columns": 1, "orders": [2, 4, 6, 8], "echoes": list(range(1, 9))},
        {"width": 32, "hidden": 48, "columns": 2, "orders": list(range(1, 9)), "echoes": [1, 5]},
    ):
        for frequencies in all_frequencies(Network(RandomModel(shape).data()).start()):
            assert min(frequencies) >= 1


# What is computed


def formula(model: RandomModel, name: str, a: list[int]) -> list[int]:
    """linear(a) as 5.1 has it."""
    weight, multiplier, bias, (shift,) = (
        model.numbers[f"{name}.{part}"] for part in ("weight", "multiplier", "bias", "shift")
    )
    k = len(a)
    sums = [sum(w * v for w, v in zip(weight[o * k : o * k + k], a, strict=True)) for o in range(len(bias))]
    return [(m * s + b) >> shift for m, s, b in zip(multiplier, sums, bias, strict=True)]


def test_packed_vectors() -> None:
    rng = random.Random(1)
    for count in (1, 2, 17):
        for extreme in (-HALF, -1, 0, 1, HALF - 1):
            vector = [rng.choice((extreme, rng.randrange(-HALF, HALF))) for _ in range(count)]
            assert packed(vector) == sum(v << 32 * i for i, v in enumerate(vector))
            assert unpacked(packed(vector), count) == vector


@pytest.mark.parametrize("name", LINEARS)
def test_linear_maps(name: str) -> None:
    model = RandomModel()
    outputs, inputs = model.shapes[f"{name}.weight"]
    linear = Linear(ModelFile(model.data()), name, outputs, inputs)
    rng = random.Random(2)
    for a in (
        *([rng.randint(-127, 127) for _ in range(inputs)] for _ in range(20)),
        *([rng.choice((-127, 0, 0, 127)) for _ in range(inputs)] for _ in range(20)),
        [0] * inputs,
    ):
        assert linear(a) == formula(model, name, a)


def test_sig() -> None:
    values = {x: compute_sig(x) for x in range(-32767, 32768)}
    assert all(sig_table()[x] == value for x, value in values.items())
    assert len(sig_table()) == len(values)
    assert values[0] == 16381
    assert min(values.values()) == values[-32767] == 11
    assert all(after >= before - 1 for before, after in itertools.pairwise(values.values()))  # all but rising
    for x, value in values.items():
        assert abs(value - 32768 / (1 + math.exp(-x / 4096))) < 55
        if x:
            assert value + values[-x] == 32767


def test_norm() -> None:
    assert norm([0] * 16) == [0] * 16
    rng = random.Random(3)
    for width in (16, 256, 4096):
        for most in (1, 2, 100, 32767):
            x = [rng.randint(-most, most) for _ in range(width)]
            y = norm(x)
            assert max(map(abs, y)) <= 1 << 14
            # Rounding moves each number by half a unit, and R, which is 2^29 / 32767 / 64 or more, by one.
            length = math.sqrt(sum(v * v for v in y))
            assert abs(length - (1 << 14)) < math.sqrt(width) / 2 + (1 << 14) / 250
            assert all((a > 0) == (b > 0) or abs(b) <= 1 for a, b in zip(x, y, strict=True))
        for most in (1, 32767):
            for sign in (1, -1):
                alone = [0] * width
                alone[width // 2] = sign * most
                assert norm(alone)[width // 2] in (sign << 14, sign * ((1 << 14) - 1))
                assert len(set(norm([sign * most] * width))) == 1


def test_frequencies() -> None:
    frequencies = frequencies_of([-d for d in range(256 * 40)])
    assert frequencies[0] == 1 << 21
    assert all(a >= b for a, b in itertools.pairwise(frequencies))
    assert frequencies[256 * 21 :] == [1] * (256 * 19)
    for d in range(256 * 10):
        assert frequencies[d + 256] == frequencies[d] // 2
        assert abs(frequencies[d] / 2 ** (21 - d / 256) - 1) < 0.004
    assert frequencies_of([5] * 256) == [1 << 21] * 256
    assert frequencies_of([(1 << 24) - 1, -(1 << 24)]) == [1 << 21, 1]


# Sequences


def test_frequencies_never_change() -> None:
    """The digests that this implementation gave when it was written; every platform gives the same."""
    for echoes, expected in (
        ([], "bae2fdff6264ebb8025d73e2a5ed83d2cf956f6877cb54ff9fc1256b03f447a0"),
        ([1, 2], "dbd365397c76241a4e62d4ef6652aecc0bdee326a9154b26048dbb94bd1e6a0c"),
    ):
        digest = hashlib.sha256()
        for seed in range(3):
            model = RandomModel({"echoes": echoes}, seed)
            for frequencies in all_frequencies(Network(model.data()).start()):
                assert len(frequencies) == 256
                assert min(frequencies) >= 1
                digest.update(struct.pack("<256I", *frequencies))
        assert digest.hexdigest() == expected


def test_an_echo_expects_what_followed() -> None:
    def rows(content: bytes, length: int) -> list[int | None]:
        echo, last, found = Echo(length), bytes(8), []
        for byte in content:
            found.append(echo.row(last))
            echo.feed(byte)
            last = bytes([byte, *last[:-1]])
        return found

    a, b, c = b"abc"
    # After "ab" came c, then b (a miss at trust 0 stays at 0), then b again.
    assert rows(b"abcabbabb", 2)[5:9] == [c, None, None, b]
    assert rows(b"aaaaa", 1) == [None, None, a, 256 + a, 512 + a]
    assert rows(b"a" * 40, 3)[-1] == 15 * 256 + a
    trusted = rows(b"ab" * 20 + b"aXab", 1)
    assert trusted[41] == 15 * 256 + b  # and X comes
    assert trusted[43] == 3 * 256 + ord("X")
    # Bytes are counted modulo 2^24, and number 0 with a byte of 0 is nothing.
    echo, found = Echo(1), []
    echo.count = (1 << 24) - 2
    for _ in range(6):
        found.append(echo.row(bytes(8)))
        echo.feed(0)
    assert found == [None, 0, 256, None, 512, 768]
    # A byte 4096 before the one to come is near, one before that is not.
    between = bytes(range(128, 256)) * 32
    assert rows(b"ab" + between[:4094] + b"ab", 1)[-1] == 3 * 256 + b  # the a was a surprise
    assert rows(b"ab" + between[:4095] + b"ab", 1)[-1] is None


def test_sequences_are_apart(network: Network) -> None:
    expected = list(all_frequencies(network.start()))
    one, other = network.start(), network.start()
    for byte, frequencies in zip(TEXT, expected, strict=False):
        assert one.frequencies() == one.frequencies() == frequencies
        one.feed(byte)
        other.feed(255 - byte)
    assert one.frequencies() == expected[-1] != other.frequencies()


def test_the_past_counts() -> None:
    """A byte long gone still does, through the recurrence alone; each of the last does."""
    network = Network(RandomModel({"echoes": []}).data())
    for distance in (1, 2, 3, 4, 20):
        after = []
        for first in b"ab":
            sequence = network.start()
            for byte in (first, *TEXT[: distance - 1]):
                sequence.feed(byte)
            after.append(sequence.frequencies())
        assert after[0] != after[1]


def test_before_the_first_byte_there_are_zeros() -> None:
    """Without a state to remember by, as many zeros make no difference."""
    model = RandomModel({"layers": 1, "taps": 1, "echoes": []})
    model.numbers["layers.0.mix.weight"] = [0] * 256
    sequence = Network(model.data()).start()
    frequencies = sequence.frequencies()
    sequence.feed(0)
    assert sequence.frequencies() == frequencies
    sequence.feed(1)
    assert sequence.frequencies() != frequencies


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"taps": 1, "rows": 1},
        {"width": 48, "hidden": 32, "layers": 3},
        {"orders": [1, 2, 7, 8], "echoes": [1, 2, 6, 8]},
    ],
)
def test_the_native_engine_agrees(shape: dict[str, Any]) -> None:
    for seed in range(3):
        model = RandomModel(shape, seed)
        tensors = {
            name: (dtype, model.shapes[name], model.bytes_of(name)) for name, dtype in model.dtypes.items()
        }
        run = _native.Network(model.shape, tensors).start()
        content = TEXT + random.Random(seed).randbytes(50)
        expected = all_frequencies(Network(model.data()).start(), content)
        for byte, frequencies in zip(content, expected, strict=False):
            assert list(memoryview(run.frequencies()).cast("I")) == frequencies
            run.feed(bytes([byte]))


JUNK: list[Any] = [
    *(0, 1, 2, -1, None, 1.0, "1", "I8", "U8", "U16", "I16", "I32", [], [0], [0, 1], {}, "x", 16, 3, 4096),
    *(1 << 31, 1 << 63, 1 << 64, 1e300, [1, 2], [2, 3.0]),
]


def spoil(rng: random.Random, value: Any) -> None:
    """Change, remove or add one thing, anywhere inside."""

    def places(value: Any) -> Iterator[tuple[Any, Any]]:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            if isinstance(value[key], dict | list):
                yield from places(value[key])

    parent, key = rng.choice(list(places(value)))
    how = rng.random()
    if how < 0.1 and isinstance(parent, dict):
        parent["more"] = rng.choice(JUNK)
    elif how < 0.2:
        del parent[key]
    elif how < 0.5 and isinstance(parent[key], int):
        parent[key] += rng.choice([1, -1, 2, 4])
    else:
        parent[key] = rng.choice(JUNK)


def test_the_package_refuses_the_same() -> None:
    rng = random.Random(11)
    model = RandomModel({"layers": 1})
    model.add_start(5, 20)
    model.add_phrases(1)
    right = json.dumps(model.header())
    n_accepted = n_files = 0
    for n in range(250):
        header = json.loads(right)
        shape = json.loads(header["__metadata__"]["shape"])
        spoil(rng, (header, shape, header["__metadata__"])[n % 3])
        if isinstance(header.get("__metadata__"), dict) and "shape" in header["__metadata__"] and n % 3 == 1:
            header["__metadata__"]["shape"] = json.dumps(shape)
        data = file_of(json.dumps(header).encode(), model.body())
        try:
            Network(data)
        except NetworkError:
            with pytest.raises(FormatError):
                NetworkFile("spoilt", data).native  # noqa: B018
        else:
            assert NetworkFile("spoilt", data).native is not None
            n_accepted += 1
        n_files += 1
    assert 10 < n_accepted < n_files - 100
