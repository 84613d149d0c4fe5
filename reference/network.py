"""5. The network: frequencies of the next byte, in integers.

    sequence = Network.read("FILE.safetensors").start()
    for byte in content:
        frequencies = sequence.frequencies()  # of the 256 bytes that may come
        sequence.feed(byte)

The names D, L, M, J, R, C and N are those of 5.1.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
import operator
import struct
from collections.abc import Sequence as Numbers
from pathlib import Path
from typing import Final

from model_file import ModelFile, NetworkError, Shape, read_shape, require
from phrases import read_phrases
from starts import read_starts

__all__ = ["Network", "NetworkError", "Sequence"]


# Packed vectors make Python fast enough: the vector v_0, v_1, ... is the one large integer
#     v_0 + v_1 2^32 + v_2 2^64 + ...
# Sums of packed vectors, and products with a number, are the packed sums and products of their elements, each
# of which can be told from the others in the end if it fits 32 bits, signed.

HALF: Final = 1 << 31
INT16: Final = (-(1 << 15), (1 << 15) - 1)


def halves(count: int) -> int:
    """The packed vector of so many 2^31. Added to another one, it leaves no element negative."""
    return int.from_bytes(HALF.to_bytes(4, "little") * count, "little")


def packed(vector: Numbers[int]) -> int:
    raised = struct.pack(f"<{len(vector)}I", *[v + HALF for v in vector])
    return int.from_bytes(raised, "little") - halves(len(vector))


def unpacked(vector: int, count: int) -> list[int]:
    raised = (vector + halves(count)).to_bytes(4 * count, "little")
    return [v - HALF for v in struct.unpack(f"<{count}I", raised)]


class Linear:
    """A linear map, O numbers from K: (multiplier_o * sum over k of weight_{o,k} a_k + bias_o) >> shift.

    The sum of a_k * column_k, column_k being the packed vector of all multiplier_o * weight_{o,k}, and the
    packed bias is what is to be shifted, for all o at once. It fits 32 bits: that is what is checked here.
    """

    def __init__(self, file: ModelFile, name: str, outputs: int, inputs: int, most: int = HALF - 1) -> None:
        """``most``: the greatest output that there may be."""
        weight = file.take(f"{name}.weight", "I8", (outputs, inputs), -127, 127)
        multiplier = file.take(f"{name}.multiplier", "I16", (outputs,), 1, 32767)
        bias = file.take(f"{name}.bias", "I32", (outputs,), -HALF, HALF - 1)
        (self.shift,) = file.take_positive(f"{name}.shift", 1, 30)
        for o in range(outputs):
            row = weight[o * inputs : (o + 1) * inputs]
            bound = 127 * multiplier[o] * sum(map(abs, row)) + abs(bias[o])
            require(bound < HALF, f"the output {o} of {name} could overflow")
            require(bound >> self.shift <= most, f"the output {o} of {name} could be too large")
        self.outputs = outputs
        self.columns = [
            packed([m * w for m, w in zip(multiplier, weight[k::inputs], strict=True)]) for k in range(inputs)
        ]
        self.bias = packed(bias)

    def __call__(self, a: Numbers[int]) -> list[int]:
        """O numbers from K, these -127 ... 127."""
        products = map(operator.mul, itertools.compress(self.columns, a), filter(None, a))  # where a_k != 0
        return [v >> self.shift for v in unpacked(sum(products, self.bias), self.outputs)]


# 5.2 Functions


def sat16(x: int) -> int:
    return -32767 if x < -32767 else 32767 if x > 32767 else x


def sat8(x: int) -> int:
    return -127 if x < -127 else 127 if x > 127 else x


def mul(a: int, b: int) -> int:
    return (a * b + (1 << 14)) >> 15


def compute_sig(x: int) -> int:
    """About 32768 / (1 + exp(-x / 4096))."""
    t = abs(x)
    q = mul(mul(mul(-3444, t) + 15326, t) - 32604, t) + 32767
    e = mul(q, q)
    e = mul(e, e)
    e = mul(e, e)
    r = mul(mul(mul(-7796, e) + 22834, e) - 31422, e) + 32767
    s = mul(e, r)
    return s if x <= 0 else 32767 - s


@functools.cache
def sig_table() -> list[int]:
    """sig(x) at the place x: from 0 to 32767, then from -32767 to -1, where Python finds negative places."""
    return [compute_sig(x) for x in (*range(32768), *range(-32767, 0))]


def norm(x: Numbers[int]) -> list[int]:
    """The vector at a fixed length: the root of the sum of the squares is about 2^14."""
    root = math.isqrt((1 << 58) // max(1, sum(map(operator.mul, x, x))))
    return [(v * root + (1 << 14)) >> 15 for v in x]


# 5.3 One byte

ECHO_ROWS: Final = 4096


def hash_of(last: bytes) -> int:
    """h_n of b_1, b_2, ..., b_n."""
    h = 0
    for byte in last:
        h = ((h ^ (byte + 1)) * 0x9E3779B1) & 0xFFFFFFFF
    return h


class Echo:
    """What followed when the last ``length`` bytes stood there before."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.followed: dict[int, int] = {}  # for each slot: 256 times the number of the byte, and the byte
        self.count = 1  # the number of the byte to come
        self.trust = 0
        self.slot = 0
        self.expected: int | None = None

    def feed(self, byte: int) -> None:
        """Take in the byte that came."""
        if self.expected is not None:
            self.trust = min(15, self.trust + 1) if byte == self.expected else self.trust >> 2
        self.followed[self.slot] = (256 * self.count + byte) % (1 << 32)
        self.count += 1

    def row(self, last: bytes) -> int | None:
        """The row for the byte to come after b_1, b_2, ..., b_8; None where nothing is expected."""
        self.slot = hash_of(last[: self.length]) >> 17
        found = self.followed.get(self.slot, 0)
        is_near = found != 0 and (self.count - (found >> 8)) % (1 << 24) <= 4096
        self.expected = found & 255 if is_near else None
        return None if self.expected is None else 256 * self.trust + self.expected


class Memory:
    """What a layer keeps of a sequence."""

    def __init__(self, shape: Shape) -> None:
        self.h = [0] * shape.width
        self.past = [[0] * shape.width for _ in range(shape.taps - 1)]  # J - 1 vectors y, the newest first


class Layer:
    """Mixes what came before into the residual stream, then works on that."""

    def __init__(self, file: ModelFile, name: str, shape: Shape) -> None:
        width, hidden = shape.width, shape.hidden
        taps = file.take_rows(f"{name}.taps", "I16", (shape.taps, width), *INT16)
        self.taps = list(zip(*taps, strict=True))  # D times J
        for i, of_channel in enumerate(self.taps):
            bound = (sum(map(abs, of_channel)) << 14) + (1 << 17)
            require(bound < HALF, f"the channel {i} of {name}.taps could overflow")
        self.gates = Linear(file, f"{name}.gates", 3 * width, width)
        (self.mixed_scale,) = file.take_positive(f"{name}.mixed_scale", 1, 32767)
        self.mix = Linear(file, f"{name}.mix", width, width)
        self.norm_scale = file.take_positive(f"{name}.norm_scale", width, 32767)
        self.hidden = Linear(file, f"{name}.hidden", 2 * hidden, width)
        self.project = Linear(file, f"{name}.project", width, hidden)

    def apply(self, x: list[int], memory: Memory) -> list[int]:
        """The residual stream, D numbers of 16 bits, after this layer."""
        x = [sat16(v + w) for v, w in zip(x, self.mix(self.mixed(x, memory)), strict=True)]
        return [sat16(v + w) for v, w in zip(x, self.project(self.activations(x)), strict=True)]

    def mixed(self, x: list[int], memory: Memory) -> list[int]:
        """m: a convolution over the last J bytes, and a gated recurrence over all of them."""
        width = len(x)
        sig = sig_table()
        recent = [norm(x), *memory.past]  # J times D
        memory.past = recent[:-1]
        channels = zip(*recent, strict=True)  # D times J
        sums = [sum(map(operator.mul, taps, y)) for taps, y in zip(self.taps, channels, strict=True)]
        a = [sat8((v + (1 << 17)) >> 18) for v in sums]
        gates = [sat16(v) for v in self.gates(a)]
        m = []
        for i in range(width):
            f, c, o = gates[i], gates[width + i], gates[2 * width + i]
            u = sig[-f]
            z = 2 * sig[c] - 32767
            h = memory.h[i] + ((u * (z - memory.h[i]) + (1 << 14)) >> 15)
            memory.h[i] = h
            m.append(sat8((mul(sig[o], h) * self.mixed_scale + (1 << 14)) >> 15))
        return m

    def activations(self, x: list[int]) -> list[int]:
        """p: M numbers of 8 bits, each a value times its gate."""
        sig = sig_table()
        a = scaled(norm(x), self.norm_scale)
        both = [sat16(v) for v in self.hidden(a)]
        middle = len(both) // 2
        pairs = zip(both[:middle], both[middle:], strict=True)  # a gate and a value
        return [sat8((mul(g, sig[sat16(2 * g)]) * v + (1 << 16)) >> 17) for g, v in pairs]


def scaled(y: list[int], scales: Numbers[int]) -> list[int]:
    """What goes into a linear map: a normalized vector in 8 bits."""
    return [sat8((v * scale + (1 << 17)) >> 18) for v, scale in zip(y, scales, strict=True)]


class Network:
    """A model file that has been read, and found in order (5.5)."""

    def __init__(self, data: bytes) -> None:
        """``data``: the whole file."""
        file = ModelFile(data)
        self.hash = hashlib.sha256(data).digest()[:8]
        self.shape = shape = read_shape(file.metadata)
        n_orders, n_echoes, rows, columns = len(shape.orders), len(shape.echoes), shape.rows, shape.columns
        self.embed = file.take_rows("embed", "I16", (256, shape.width), *INT16)
        self.ngrams = file.take("ngrams", "I8", (n_orders, rows, columns), -127, 127)
        self.echoes: Numbers[int] = ()
        if n_echoes:
            self.echoes = file.take("echoes", "I8", (n_echoes, ECHO_ROWS, columns), -127, 127)
        self.widen = Linear(file, "widen", shape.width, (n_orders + n_echoes) * columns)
        self.layers = [Layer(file, f"layers.{number}", shape) for number in range(shape.layers)]
        self.norm_scale = file.take_positive("norm_scale", shape.width, 32767)
        self.head = Linear(file, "head", 256, shape.width, most=(1 << 24) - 1)
        self.phrases = read_phrases(file)
        self.starts = read_starts(file)
        file.check_end()

    @classmethod
    def read(cls, path: str | Path) -> Network:
        """The network of this file; ``NetworkError`` says why it is none."""
        return cls(Path(path).read_bytes())

    def start(self) -> Sequence:
        """A sequence before its first byte."""
        return Sequence(self)

    def rows_of(self, last: bytes) -> list[int]:
        """The rows of all orders, N C numbers, after the bytes b_1, b_2, ..., b_8."""
        numbers: list[int] = []
        for table, order in enumerate(self.shape.orders):
            row = hash_of(last[:order]) >> (32 - (self.shape.rows.bit_length() - 1))
            start = (table * self.shape.rows + row) * self.shape.columns
            numbers += self.ngrams[start : start + self.shape.columns]
        return numbers

    def echo_row(self, number: int, row: int | None) -> Numbers[int]:
        """C numbers: the row of this echo, or zeros for none."""
        columns = self.shape.columns
        if row is None:
            return [0] * columns
        start = (number * ECHO_ROWS + row) * columns
        return self.echoes[start : start + columns]


class Sequence:
    """Bytes one after another, and what the network expects to come next."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.last = bytes(8)  # b_1, b_2, ..., b_8
        self.memories = [Memory(network.shape) for _ in network.layers]
        self.echoes = [Echo(length) for length in network.shape.echoes]
        self.next_frequencies = self.step()

    def frequencies(self) -> list[int]:
        """Of each of the 256 bytes that may come next: at least 1."""
        return self.next_frequencies

    def feed(self, byte: int) -> None:
        """Take in the byte that came."""
        self.last = bytes([byte, *self.last[:-1]])
        for echo in self.echoes:
            echo.feed(byte)
        self.next_frequencies = self.step()

    def step(self) -> list[int]:
        network = self.network
        rows = network.rows_of(self.last)
        for number, echo in enumerate(self.echoes):
            rows += network.echo_row(number, echo.row(self.last))
        widened = network.widen(rows)
        x = [sat16(e + w) for e, w in zip(network.embed[self.last[0]], widened, strict=True)]
        for layer, memory in zip(network.layers, self.memories, strict=True):
            x = layer.apply(x, memory)
        return frequencies_of(network.head(scaled(norm(x), network.norm_scale)))


# 5.4 Frequencies


def frequencies_of(w: list[int]) -> list[int]:
    """From log2 of the probabilities, in 1/256, up to a constant."""
    largest = max(w)
    frequencies = []
    for log2 in w:
        d = largest - log2
        k = (d + 255) >> 8
        f = 256 * k - d
        power = 65536 + ((f * (43008 + 88 * f)) >> 8)  # about 2^(f / 256), in 1/65536
        frequencies.append(max(1, (power << 5) >> min(k, 31)))
    return frequencies
