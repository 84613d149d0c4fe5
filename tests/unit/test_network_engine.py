"""The integer network's kernels against a plain transcription of docs/format.md, section 5."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from codelength import _native
from codelength._native import BadNetwork, Network

Ints = NDArray[np.int64]
Tensors = dict[str, tuple[str, list[int], bytes]]

DTYPES = {"U8": "<u1", "I8": "<i1", "I16": "<i2", "I32": "<i4"}
KERNELS = ["portable", "avx2", "avx512vnni", "neon", "neon_dot"]


def shape_of(
    width: int,
    layers: int,
    hidden: int,
    taps: int,
    rows: int,
    columns: int,
    orders: list[int],
    echoes: Sequence[int] = (),
) -> dict:
    return {
        "width": width,
        "layers": layers,
        "hidden": hidden,
        "taps": taps,
        "rows": rows,
        "columns": columns,
        "orders": orders,
        "echoes": list(echoes),
    }


SHAPES = [
    shape_of(16, 1, 16, 1, 1, 4, [1]),
    shape_of(32, 2, 48, 4, 64, 6, [2, 3], [1, 3]),
    shape_of(48, 3, 16, 3, 16, 3, [1, 2, 5, 8]),
    shape_of(16, 1, 16, 2, 4, 1, [3], [1, 2, 8]),
    shape_of(16, 2, 48, 2, 256, 4, [1, 2, 3, 4, 5, 6, 7, 8]),
    shape_of(80, 1, 112, 8, 32, 12, [4, 6]),
    shape_of(64, 2, 32, 5, 8, 20, [3, 4, 6]),
]


# The document, in 64-bit numbers.


def mul(a: Ints, b: Ints | int) -> Ints:
    return (a * b + (1 << 14)) >> 15


def sat16(x: Ints) -> Ints:
    return np.clip(x, -32767, 32767)


def sat8(x: Ints) -> Ints:
    return np.clip(x, -127, 127)


def sig(x: Ints) -> Ints:
    t = np.abs(x)
    q = mul(mul(mul(np.full_like(t, -3444), t) + 15326, t) - 32604, t) + 32767
    e = mul(q, q)
    e = mul(e, e)
    e = mul(e, e)
    r = mul(mul(mul(np.full_like(t, -7796), e) + 22834, e) - 31422, e) + 32767
    s = mul(e, r)
    return np.where(x <= 0, s, 32767 - s)


def norm(x: Ints) -> Ints:
    root = math.isqrt((1 << 58) // max(1, int((x * x).sum())))
    return (x * root + (1 << 14)) >> 15


class Echo:
    """What followed the last time; bytes are counted from 1."""

    def __init__(self) -> None:
        self.followed: dict[int, tuple[int, int]] = {}
        self.n_read = self.trust = self.slot = 0
        self.expected: int | None = None

    def row(self, recent: list[int], length: int) -> int | None:
        """To be called before each byte, the first included."""
        came = recent[0]
        if self.n_read > 0:
            if self.expected is not None:
                self.trust = min(15, self.trust + 1) if self.expected == came else self.trust // 4
            self.followed[self.slot] = (self.n_read, came)
        self.n_read += 1
        h = 0
        for b in recent[:length]:
            h = ((h ^ (b + 1)) * 0x9E3779B1) % (1 << 32)
        self.slot = h >> 17
        number, said = self.followed.get(self.slot, (-4096, 0))
        self.expected = said if self.n_read - number <= 4096 else None
        return None if self.expected is None else 256 * self.trust + self.expected


class Oracle:
    """One sequence, byte by byte."""

    def __init__(self, shape: dict[str, Any], tensors: Tensors) -> None:
        self.shape = shape
        self.tensors = {
            name: np.frombuffer(data, DTYPES[dtype]).astype(np.int64).reshape(dims)
            for name, (dtype, dims, data) in tensors.items()
        }
        d, n_past = shape["width"], shape["taps"] - 1
        self.h = [np.zeros(d, np.int64) for _ in range(shape["layers"])]
        self.past = [[np.zeros(d, np.int64)] * n_past for _ in range(shape["layers"])]
        self.echoes = [Echo() for _ in shape["echoes"]]

    def linear(self, name: str, a: Ints) -> Ints:
        t = self.tensors
        assert np.abs(a).max() <= 127
        total = t[f"{name}.multiplier"] * (t[f"{name}.weight"] @ a) + t[f"{name}.bias"]
        assert np.abs(total).max() < 1 << 31
        return total >> int(t[f"{name}.shift"][0])

    def step(self, read: bytes) -> list[int]:
        """Frequencies after the bytes read so far: to be called for each beginning in turn."""
        t, shape = self.tensors, self.shape
        recent = [read[-j] if j <= len(read) else 0 for j in range(1, 9)]
        h, found = 0, []
        for j, b in enumerate(recent, 1):
            h = ((h ^ (b + 1)) * 0x9E3779B1) % (1 << 32)
            if j in shape["orders"]:
                row = h >> (32 - (shape["rows"].bit_length() - 1))
                found.append(t["ngrams"][shape["orders"].index(j), row])
        for number, length in enumerate(shape["echoes"]):
            row = self.echoes[number].row(recent, length)
            silence = np.zeros(shape["columns"], np.int64)
            found.append(silence if row is None else t["echoes"][number, row])
        x = sat16(t["embed"][recent[0]] + self.linear("widen", np.concatenate(found)))
        for number in range(shape["layers"]):
            x = self.layer(f"layers.{number}.", number, x)
        w = self.linear("head", sat8((norm(x) * t["norm_scale"] + (1 << 17)) >> 18))
        frequencies = []
        for w_i in w.tolist():
            d = int(w.max()) - w_i
            k = (d + 255) >> 8
            f = 256 * k - d
            frequencies.append(max(1, ((65536 + (f * (43008 + 88 * f) >> 8)) << 5) >> min(k, 31)))
        return frequencies

    def layer(self, name: str, number: int, x: Ints) -> Ints:
        t = self.tensors
        y = [norm(x), *self.past[number]]
        self.past[number] = y[:-1]
        v = sum((tap * past for tap, past in zip(t[name + "taps"], y, strict=True)), np.zeros_like(x))
        gates = sat16(self.linear(name + "gates", sat8((v + (1 << 17)) >> 18)))
        f, c, o = gates.reshape(3, -1)
        h = self.h[number]
        h = self.h[number] = h + ((sig(-f) * (2 * sig(c) - 32767 - h) + (1 << 14)) >> 15)
        assert np.abs(h).max() <= 32767
        m = sat8((mul(sig(o), h) * t[name + "mixed_scale"] + (1 << 14)) >> 15)
        x = sat16(x + self.linear(name + "mix", m))
        a = sat8((norm(x) * t[name + "norm_scale"] + (1 << 17)) >> 18)
        g, v = sat16(self.linear(name + "hidden", a)).reshape(2, -1)
        p = sat8((mul(g, sig(sat16(2 * g))) * v + (1 << 16)) >> 17)
        return sat16(x + self.linear(name + "project", p))


def expected(shape: dict[str, Any], tensors: Tensors, lane: bytes) -> list[list[int]]:
    oracle = Oracle(shape, tensors)
    return [oracle.step(lane[:p]) for p in range(len(lane))]


def test_echoes_follow_the_document() -> None:
    """Over so many bytes that slots are shared and what they hold is out of reach."""
    rng = np.random.default_rng(3)
    said = [rng.integers(0, 256, rng.integers(1, 40)).astype(np.uint8).tobytes() for _ in range(300)]
    content = b"".join(said[min(299, int(k))] for k in rng.geometric(0.01, 1500)) + bytes(5000)
    lengths = [1, 2, 4, 7]
    rows = np.frombuffer(_native.echoes(content, lengths), np.uint16).reshape(-1, len(lengths))
    oracles = [Echo() for _ in lengths]
    recent = [0] * 8
    for position, byte in enumerate(content):
        found = [oracle.row(recent, length) for oracle, length in zip(oracles, lengths, strict=True)]
        assert rows[position].tolist() == [
            len(lengths) * _native.ECHO_ROWS if row is None else number * _native.ECHO_ROWS + row
            for number, row in enumerate(found)
        ]
        recent = [byte, *recent[:-1]]
    assert _native.echoes(b"abc", []) == b""
    # Bytes are counted modulo 2^24, and number 0 with a byte of 0 is nothing.
    zeros = np.frombuffer(_native.echoes(bytes((1 << 24) + 3), [1]), np.uint16)
    trusted, nothing = 15 * 256, _native.ECHO_ROWS
    assert zeros[-5:].tolist() == [trusted, trusted, nothing, trusted, trusted]
    for bad in ([0], [9], [2, 2], [3, 1]):
        with pytest.raises(ValueError, match="lengths of echoes"):
            _native.echoes(b"x", bad)


# Networks of random numbers.


def tensor(dtype: str, values: Any) -> tuple[str, list[int], bytes]:
    array = np.asarray(values)
    return dtype, list(array.shape), array.astype(DTYPES[dtype]).tobytes()


LIMIT = (1 << 31) - 1


def linear(
    rng: np.random.Generator, n_out: int, n_in: int, style: str, spread: int, is_head: bool
) -> Tensors:
    """`style`: typical, with outputs of this standard deviation, or so; extreme, with all weights +-127 and
    the bounds of 5.5 reached to the last unit; zero.
    """
    shift = {"typical": 12, "extreme": 7 if is_head else 1, "zero": 1}[style]
    limit = min(LIMIT, (1 << (24 + shift)) - 1) if is_head else LIMIT
    if style == "zero":
        weight, multiplier = np.zeros((n_out, n_in), np.int64), np.ones(n_out, np.int64)
    elif style == "extreme":
        weight = 127 * rng.choice([-1, 1], (n_out, n_in))
        multiplier = np.full(n_out, min(32767, limit // (127 * 127 * n_in)))
    else:
        weight = np.clip(rng.normal(0, 40, (n_out, n_in)).round().astype(np.int64), -127, 127)
        multiplier = np.maximum(
            1, (spread << shift) // (2000 * math.isqrt(n_in)) * rng.integers(50, 151, n_out) // 100
        )
    room = limit - 127 * multiplier * np.abs(weight).sum(1)
    if style == "extreme":
        bias = room * rng.choice([-1, 1], n_out)
    else:
        bias = rng.integers(-spread << shift, spread << shift, n_out)
    return {
        "weight": tensor("I8", weight),
        "multiplier": tensor("I16", multiplier),
        "bias": tensor("I32", bias),
        "shift": tensor("I32", [shift]),
    }


def network(shape: dict[str, Any], seed: int, style: str = "typical") -> Tensors:
    rng = np.random.default_rng(seed)
    d, m, taps = shape["width"], shape["hidden"], shape["taps"]
    n_orders, n_echoes, columns = len(shape["orders"]), len(shape["echoes"]), shape["columns"]
    tensors: Tensors = {}

    def add(name: str, n_out: int, n_in: int, spread: int) -> None:
        for part, value in linear(rng, n_out, n_in, style, spread, name == "head").items():
            tensors[f"{name}.{part}"] = value

    def scales() -> tuple[str, list[int], bytes]:
        return tensor("I32", np.full(d, 32767) if style == "extreme" else rng.integers(1, 20000, d))

    largest = {"typical": 4000, "extreme": 32767, "zero": 0}[style]
    tensors["embed"] = tensor("I16", rng.integers(-largest - (style == "extreme"), largest + 1, (256, d)))
    tensors["ngrams"] = tensor("I8", rng.integers(-127, 128, (n_orders, shape["rows"], columns)))
    if n_echoes:
        tensors["echoes"] = tensor("I8", rng.integers(-127, 128, (n_echoes, 4096, columns)))
    add("widen", d, (n_orders + n_echoes) * columns, 3000)
    for number in range(shape["layers"]):
        name = f"layers.{number}."
        if style == "extreme":
            tap = np.zeros((taps, d), np.int64)
            tap[rng.integers(0, taps, d), np.arange(d)] = rng.choice([-32768, 32767], d)
            rest = (1 << 17) - 9 - 32768  # sum |tap| + 8 <= 2^17 - 1
            for j in range(taps):
                free = tap[j] == 0
                tap[j][free] = min(32767, rest // taps) * rng.choice([-1, 1], d)[free]
        else:
            tap = rng.integers(-20000, 20001, (taps, d)) * (style != "zero")
        tensors[name + "taps"] = tensor("I16", tap)
        add(name + "gates", 3 * d, d, 5000)
        tensors[name + "mixed_scale"] = tensor("I32", [32767 if style == "extreme" else 3000])
        add(name + "mix", d, d, 1500)
        tensors[name + "norm_scale"] = scales()
        add(name + "hidden", 2 * m, d, 6000)
        add(name + "project", d, m, 1500)
    tensors["norm_scale"] = scales()
    add("head", 256, d, 700)
    return tensors


def lanes_of(seed: int, n_lanes: int, n: int) -> list[bytes]:
    rng = np.random.default_rng(seed)
    return [rng.choice([0, 32, 97, 101, 255], n).astype(np.uint8).tobytes() for _ in range(n_lanes)]


def as_lists(frequencies: bytes, n_lanes: int) -> list[list[list[int]]]:
    return np.frombuffer(frequencies, np.uint32).reshape(n_lanes, -1, 256).tolist()


@pytest.fixture(params=KERNELS)
def build(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Network]:
    """Builds networks that run on the kernels in turn, as many as this machine has."""

    def build(shape: dict[str, Any], tensors: Tensors) -> Network:
        monkeypatch.setenv("CODELENGTH_ISA", request.param)
        made = Network(shape, tensors)
        if made.isa_name != request.param:
            pytest.skip(f"no {request.param} here")
        return made

    return build


@pytest.mark.parametrize("style", ["typical", "extreme", "zero"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"width{s['width']}-taps{s['taps']}")
def test_kernels_follow_the_document(
    build: Callable[..., Network], shape: dict[str, Any], style: str
) -> None:
    tensors = network(shape, 1, style)
    made = build(shape, tensors)
    lanes = lanes_of(2, 3, 24)
    assert as_lists(made.frequencies(lanes), 3) == [expected(shape, tensors, lane) for lane in lanes]


@pytest.mark.parametrize("style", ["typical", "extreme"])
def test_grouping_changes_nothing(build: Callable[..., Network], style: str) -> None:
    shape = SHAPES[1]
    made = build(shape, network(shape, 3, style))
    n, lanes = 150, lanes_of(4, 70, 150)
    by_step = made.frequencies(lanes, "step")
    assert len(set(by_step)) > 100 or style == "extreme"
    assert made.frequencies(lanes, "stretch") == by_step
    for by in (2, 7, 63, 64, 65):
        assert made.frequencies(lanes, by) == by_step
    for n_lanes in (1, 2, 5, 6, 7, 13, 31, 64, 65):
        size = n * 256 * 4
        chosen = lanes[70 - n_lanes :]
        assert made.frequencies(chosen, "stretch") == by_step[(70 - n_lanes) * size :]
        assert made.frequencies(chosen, 3) == by_step[(70 - n_lanes) * size :]


def test_realistic_shape(build: Callable[..., Network]) -> None:
    shape = shape_of(256, 2, 320, 4, 1024, 24, [2, 3, 4, 5, 6])
    tensors = network(shape, 5)
    lane = lanes_of(6, 1, 12)[0]
    assert as_lists(build(shape, tensors).frequencies([lane]), 1) == [expected(shape, tensors, lane)]


def test_run(build: Callable[..., Network]) -> None:
    shape = SHAPES[2]
    made = build(shape, network(shape, 7))
    n, lanes = 600, lanes_of(8, 2, 600)
    all_at_once = np.frombuffer(made.frequencies(lanes), np.uint32).reshape(2, n, 256)
    run = made.start(2)
    for p in range(n):
        assert (np.frombuffer(run.frequencies(), np.uint32).reshape(2, 256) == all_at_once[:, p]).all()
        if p == 300:
            fork = run.copy()
        run.feed(bytes(lane[p] for lane in lanes))
    assert fork.n_lanes == 2
    for p in range(300, n):
        assert (np.frombuffer(fork.frequencies(), np.uint32).reshape(2, 256) == all_at_once[:, p]).all()
        fork.feed(bytes(lane[p] for lane in lanes))
    with pytest.raises(ValueError, match="one byte"):
        run.feed(b"abc")


def test_no_sum_of_the_sigmoid_leaves_16_bits() -> None:
    x = np.arange(-32767, 32768, dtype=np.int64)
    t = np.abs(x)
    q1 = mul(np.full_like(t, -3444), t) + 15326
    q2 = mul(q1, t) - 32604
    q = mul(q2, t) + 32767
    e = mul(q, q)
    e = mul(e, e)
    e = mul(e, e)
    r1 = mul(np.full_like(t, -7796), e) + 22834
    r2 = mul(r1, e) - 31422
    r = mul(r2, e) + 32767
    for intermediate in (q1, q2, q, e, r1, r2, r, sig(x)):
        assert np.abs(intermediate).max() <= 32767
    assert sig(x).min() >= 0


def test_numbers_of_lanes_and_steps() -> None:
    made = Network(SHAPES[0], network(SHAPES[0], 9))
    assert made.frequencies([]) == b""
    assert made.frequencies([b"", b""]) == b""
    assert made.start(0).frequencies() == b""
    with pytest.raises(ValueError, match="equally long"):
        made.frequencies([b"a", b""])
    for by in ("word", 0):
        with pytest.raises(ValueError, match="by must be"):
            made.frequencies([b"a"], by)
    with pytest.raises(ValueError, match="negative"):
        made.start(-1)
    shape = SHAPES[0]
    assert made.multiply_adds_per_byte == 16 * 4 + 4 * 16 * 16 + 3 * 16 * 16 + 256 * 16
    assert made.memory_bytes > made.multiply_adds_per_byte + 256 * 2 * shape["width"]


def test_unknown_kernels_are_the_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODELENGTH_ISA", raising=False)
    fastest = Network(SHAPES[0], network(SHAPES[0], 9)).isa_name
    monkeypatch.setenv("CODELENGTH_ISA", "sse9")
    assert Network(SHAPES[0], network(SHAPES[0], 9)).isa_name == fastest


# Files that 5.5 refuses.

SHAPE = shape_of(32, 2, 16, 3, 8, 4, [1, 3])


def refused(shape: dict[str, Any], tensors: Tensors, match: str) -> None:
    with pytest.raises(BadNetwork, match=match):
        Network(shape, tensors)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("width", [0, -16, 8, 24, 4112, 2**31 - 1]),
        ("layers", [0, -1, 65, 2**31 - 1]),
        ("hidden", [0, -16, 8, 24, 4112]),
        ("taps", [0, -1, 9]),
        ("rows", [0, -1, 3, 2**24 + 1, 2**25, -(2**31)]),
        ("columns", [0, -4, 257, 3]),
        ("orders", [[], [0], [9], [3, 2], [2, 2], [-1, 2], list(range(1, 10)), list(range(-100, 8))]),
        ("echoes", [[0], [9], [3, 2], [2, 2], [-1, 2], list(range(1, 10)), list(range(-100, 8))]),
    ],
)
def test_shapes_outside_their_range(field: str, values: list[Any]) -> None:
    for value in values:
        refused(SHAPE | {field: value}, network(SHAPE, 1), field)


@pytest.mark.parametrize("value", [2**31, 2**64, "16", 1.5, None, [1]])
def test_shapes_of_another_kind(value: Any) -> None:
    for field in SHAPE:
        if field == "orders" and value == [1]:
            continue
        refused(SHAPE | {field: value}, network(SHAPE, 1), field)


def test_shape_without_a_field() -> None:
    for field in SHAPE:
        refused({k: v for k, v in SHAPE.items() if k != field}, network(SHAPE, 1), field)


def test_every_tensor_must_be_there_with_its_dtype_and_shape() -> None:
    tensors = network(SHAPE, 1)
    for name, (dtype, dims, data) in tensors.items():
        refused(SHAPE, {k: v for k, v in tensors.items() if k != name}, name)
        other = "I16" if dtype == "I32" else "I32"
        bad = [
            (other, dims, data),
            ("F32", dims, data),
            (dtype, [*dims, 1], data),
            (dtype, [dims[0] + 1, *dims[1:]], data),
            (dtype, [dims[0], *dims[1:]], data[:-1]),
            (dtype, [dims[0], *dims[1:]], data + b"\0"),
            (dtype, [dims[0], *dims[1:]], b""),
            (dtype, [], b""),
            (dtype, [2**63, 2], b""),
        ]
        for value in bad:
            refused(SHAPE, tensors | {name: value}, name)


def start_of(predictor: int, n: int, kind: int = 1) -> Tensors:
    """What this predictor, of n contexts, starts from for a kind of text (6.6)."""
    name = f"mixing.{predictor}.{kind}."
    shapes = {
        "histories": (n, 256),
        "match": (64,),
        "weights": (1544, n + 9),
        "last": (256, 6),
        "phrases": (1536,),
    }
    rng = np.random.default_rng(predictor)
    return {
        name + part: ("I16" if part in ("weights", "last") else "U16", list(dims), values.tobytes())
        for part, dims in shapes.items()
        for values in [rng.integers(1, 32768, dims).astype("<u2")]
    }


def test_other_tensors() -> None:
    tensors = network(SHAPE, 1)
    for name in ("mix", "layers.2.taps", "layers.0.taps.weight", "xmixing.a", ""):
        refused(SHAPE, tensors | {name: ("I8", [1], b"\0")}, f"tensor {name} is not known")
    for name in (
        "mixing.",
        "mixing.weights",
        "mixing.4.1.match",
        "mixing.7.1.match",
        "mixing.5",
        "mixing.5.match",
        "mixing.5.1",
        "mixing.05.1.match",
        "mixing.5.01.match",
        "mixing.5.1.1.match",
    ):
        refused(SHAPE, tensors | {name: ("U16", [64], bytes(128))}, "mixing")


def test_starts_of_the_mixing() -> None:
    tensors = network(SHAPE, 1)
    five, six = start_of(5, 20), start_of(6, 31)
    logs = start_of(5, 20, 7)
    for right in (five, six, five | six, logs, logs | five | six):
        Network(SHAPE, tensors | right)
    refused(SHAPE, tensors | start_of(4, 32), "mixing.4")
    refused(SHAPE, tensors | start_of(7, 32), "mixing.7")
    refused(SHAPE, tensors | start_of(5, 31), "mixing.5")
    refused(SHAPE, tensors | start_of(6, 32), "mixing.6")
    for kind in (-1, 0, 2, 3, 8):
        refused(SHAPE, tensors | start_of(5, 20, kind), f"mixing.5.{kind}")
    before_phrases = {"mixing.5.1.weights": ("I16", [1544, 26], bytes(2 * 1544 * 26))}
    refused(SHAPE, tensors | five | before_phrases, "mixing.5.1.weights")
    refused(SHAPE, tensors | five | {"mixing.5.1.more": five["mixing.5.1.match"]}, "mixing.5.1.more")
    for name, (dtype, dims, data) in six.items():
        refused(
            SHAPE,
            tensors | five | {k: v for k, v in six.items() if k != name},
            "predictor 6 for kind 1 is not complete",
        )
        bad = [
            ("I16" if dtype == "U16" else "U16", dims, data),
            (dtype, [*dims, 1], data),
            (dtype, [dims[0] + 1, *dims[1:]], data),
            (dtype, dims, data[:-2]),
            (dtype, dims, data + b"\0"),
        ]
        if dtype == "I16":
            bad.append((dtype, dims, data[:-2] + b"\0\x80"))  # -32768
        for value in bad:
            refused(SHAPE, tensors | six | {name: value}, name)


def phrases_of(n_lines: int) -> Tensors:
    """Lines of every byte value (6.3)."""
    return {"phrases": ("U8", [n_lines, 64], np.arange(64 * n_lines).astype(np.uint8).tobytes())}


def test_phrases() -> None:
    tensors = network(SHAPE, 1)
    lanes = lanes_of(9, 2, 20)
    without = Network(SHAPE, tensors).frequencies(lanes)
    for n_lines in (2, 4, 1024):
        for more in ({}, start_of(5, 20), start_of(5, 20) | start_of(6, 31)):
            made = Network(SHAPE, tensors | more | phrases_of(n_lines))
            assert made.frequencies(lanes) == without
    for n_lines in (0, 1, 3, 6, 1023):
        refused(SHAPE, tensors | phrases_of(n_lines), "phrases")
    _, dims, data = phrases_of(2)["phrases"]
    for value in (
        ("I8", dims, data),
        ("U16", dims, data),
        ("U16", dims, data * 2),
        ("U8", [2, 63], data[:126]),
        ("U8", [2, 65], data + b"12"),
        ("U8", [1, 128], data),
        ("U8", [64, 2], data),
        ("U8", [128], data),
        ("U8", [2, 64, 1], data),
        ("U8", [], data),
        ("U8", dims, data[:-1]),
        ("U8", dims, data + b"\0"),
        ("U8", [4, 64], data),
        ("U8", [1 << 24, 64], data),
        ("U8", [1 << 25, 64], data),
        ("U8", [1 << 63, 64], b""),
    ):
        refused(SHAPE, tensors | {"phrases": value}, "phrases")


def changed(tensors: Tensors, name: str, index: tuple[int, ...], value: int) -> Tensors:
    dtype, dims, data = tensors[name]
    values = np.frombuffer(data, DTYPES[dtype]).reshape(dims).copy()
    values[index] = value
    return tensors | {name: (dtype, dims, values.tobytes())}


LINEARS = ["widen", "layers.0.gates", "layers.1.mix", "layers.0.hidden", "layers.1.project", "head"]


@pytest.mark.parametrize("name", LINEARS)
def test_linear_maps_outside_their_range(name: str) -> None:
    tensors = network(SHAPE, 1)
    last = tensors[f"{name}.bias"][1][0] - 1
    for part, index, values in [
        ("weight", (last, 0), [-128]),
        ("multiplier", (last,), [0, -1, -32768]),
        ("bias", (last,), [2**31 - 1, -(2**31 - 1), -(2**31)]),
        ("shift", (0,), [0, -1, 31, 2**31 - 1, -(2**31)]),
    ]:
        for value in values:
            refused(SHAPE, changed(tensors, f"{name}.{part}", index, value), name)


@pytest.mark.parametrize("name", LINEARS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_bound_is_sharp(name: str, sign: int) -> None:
    tensors = network(SHAPE, 1, "extreme")
    dtype, _, data = tensors[f"{name}.bias"]
    bias = np.frombuffer(data, DTYPES[dtype])
    Network(SHAPE, tensors)
    for o in (0, len(bias) - 1):
        room = abs(int(bias[o]))
        Network(SHAPE, changed(tensors, f"{name}.bias", (o,), sign * room))
        refused(SHAPE, changed(tensors, f"{name}.bias", (o,), sign * (room + 1)), name)


def test_taps_outside_their_range() -> None:
    shape = SHAPE | {"taps": 8}
    tensors = network(shape, 1, "zero")
    for j in range(4):
        tensors = changed(tensors, "layers.1.taps", (j, 31), -32767)
    tensors = changed(tensors, "layers.1.taps", (7, 31), -5 + 1)  # 2^17 - 8 in all leaves no room
    refused(shape, changed(tensors, "layers.1.taps", (7, 31), -4), "taps")
    tensors = changed(tensors, "layers.1.taps", (3, 31), -32767 + 9)
    Network(shape, changed(tensors, "layers.1.taps", (7, 31), 4))
    refused(shape, changed(tensors, "layers.1.taps", (7, 31), 5), "taps")


@pytest.mark.parametrize(
    ("name", "place"), [("norm_scale", 0), ("layers.0.norm_scale", 31), ("layers.1.mixed_scale", 0)]
)
def test_scales_outside_their_range(name: str, place: int) -> None:
    for value in (0, -1, 32768, 2**31 - 1, -(2**31)):
        refused(SHAPE, changed(network(SHAPE, 1), name, (place,), value), name)


def test_ngrams_outside_their_range() -> None:
    refused(SHAPE, changed(network(SHAPE, 1), "ngrams", (1, 7, 3), -128), "ngrams")


def test_echoes_outside_their_range() -> None:
    shape = SHAPE | {"echoes": [2, 4]}
    refused(shape, changed(network(shape, 1), "echoes", (1, 4095, 3), -128), "echoes")
