"""Writes the golden archives anew:  python tests/golden/make.py --write

This is never done by a test: a golden file that changes says that archives made earlier are read, or
written, otherwise than before, and that is for a person to want. `valid/` and `invalid/` are made from
nothing but this file, `random_models.py`, the LICENSE, the package and the reference decoder, whose model
also drives the small encoder below: it makes the archives that the package's own encoder never would.
`networks/` holds the model files that they need.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import codelength

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "reference")]
from mixing import Model  # noqa: E402
from network import Network  # noqa: E402
from random_models import RandomModel, what_came_next  # noqa: E402
from reading import FormatError  # noqa: E402
from words import TokenReader, dictionary  # noqa: E402

NETWORKS = HERE / "networks"
SMALL = 2048
"""Contents up to this many bytes are kept beside their archive; of all others the hash is."""


# An encoder for what the package never writes


class ArithmeticEncoder:
    """The other side of section 3.4. The low end is one large integer, so carries take care of themselves."""

    def __init__(self) -> None:
        self.low = 0
        self.range = (1 << 32) - 1
        self.n_bytes = 4

    def encode(self, bit: int, probability: int) -> None:
        split = self.range * probability >> 16
        if bit:
            self.range = split
        else:
            self.low += split
            self.range -= split
        while self.range < 1 << 24:
            self.low <<= 8
            self.range <<= 8
            self.n_bytes += 1

    def finish(self) -> bytes:
        """The number of the interval with most zero bits at its end, less up to four zero bytes there."""
        for zeros in range(32, -1, -1):
            value = -(-self.low >> zeros) << zeros
            if value < self.low + self.range:
                break
        payload = value.to_bytes(self.n_bytes, "big")
        return payload[: max(len(payload.rstrip(b"\0")), len(payload) - 4)]


def coded(
    predictor: int,
    kind: int,
    content_size: int,
    symbols: bytes,
    stride: int = 0,
    network: Network | None = None,
) -> bytes:
    """A payload of these symbols, be they right or wrong for the kind. They stand in one lane."""
    coder = ArithmeticEncoder()
    if kind == 3:
        for i in range(15, -1, -1):
            coder.encode(stride >> i & 1, 32768)
    model = Model(predictor, kind, content_size, stride, network)
    tokens = TokenReader()
    for symbol in symbols:
        model.start_symbol()
        for i in range(7, -1, -1):
            bit = symbol >> i & 1
            coder.encode(bit, model.probability())
            model.learn(bit)
        n_completed = 1
        if kind == 2:
            try:
                n_completed = len(tokens.completed_by(symbol))
            except FormatError:
                break  # a decoder goes no further either
        model.finish_symbol(symbol, n_completed)
    return coder.finish()


def crc(data: bytes) -> bytes:
    return struct.pack("<I", zlib.crc32(data))


def segment(
    predictor: int, kind: int, content_size: int, payload: bytes, tail: bytes = b"", width: int = 1
) -> bytes:
    """A segment of any fields; `width` in bytes."""
    fields = content_size.to_bytes(width, "little")
    if predictor:
        fields += len(payload).to_bytes(width, "little")
    return bytes((predictor << 3 | kind,)) + fields + payload + tail


def networked(
    network_hash: bytes,
    predictor: int,
    kind: int,
    content_size: int,
    payload: bytes,
    tail: bytes = b"",
    width: int = 1,
) -> bytes:
    """A segment that names a network, of any fields."""
    plain = segment(31, kind, content_size, payload, tail, width)
    return plain[:1] + network_hash + bytes((predictor,)) + plain[1:]


def simple(body: bytes, descriptor: int = 0x28) -> bytes:
    return b"\xc1\x5a" + bytes((descriptor,)) + body


def stored(content: bytes, width: int = 4) -> bytes:
    return segment(0, 0, len(content), content, crc(content), width)


def index_of(
    *sizes: tuple[int, int],
    n_segments: int | None = None,
    content_size: int | None = None,
    frame_size: int | None = None,
) -> bytes:
    """Index and trailer with a right checksum, for segments (content_size, segment_size); totals may lie."""
    entries = b"".join(struct.pack("<II", *pair) for pair in sizes)
    if n_segments is None:
        n_segments = len(sizes)
    if content_size is None:
        content_size = sum(pair[0] for pair in sizes)
    if frame_size is None:
        frame_size = 3 + sum(pair[1] for pair in sizes) + 1 + len(entries) + 26
    body = entries + struct.pack("<IQQ", n_segments, content_size, frame_size)
    return body + crc(body) + b"\x5a\xc1"


def segmented(segments: bytes, end: bytes, descriptor: int = 0x3A) -> bytes:
    return b"\xc1\x5a" + bytes((descriptor,)) + segments + b"\x07" + end


def skippable(data: bytes) -> bytes:
    return b"\xc1\x5b" + struct.pack("<I", len(data)) + data


def message_of(
    predictor: int, kind: int, content_size: int, payload: bytes, long: bool | None = None
) -> bytes:
    long = content_size > 255 if long is None else long
    head = predictor << 4 | long << 3 | kind
    return bytes((head,)) + content_size.to_bytes(2 if long else 1, "little") + payload


# Contents

PROSE = (
    b"A map that shows everything is as large as the country it shows. So the maker of maps leaves things "
    b"out, and what he leaves out is what the traveller may be trusted to guess: that the road goes on "
    b'behind the hill, that the river ends in the sea. "What you can guess," said the old man, "I need not '
    b'draw." THE REST is drawn with care, for nobody will guess it.\nA good guess makes a small map. '
    b"A bad guess is not fatal; it only costs more ink.\n"
)
UNICODE = "Grüße aus München, naïve façade, Ἀρχιμήδης; здравствуй, мир! 世界 🙂\n".encode() * 6
CODE = (
    b"def total(rows):\n    result = 0\n    for row in rows:\n"
    b"        result += row.price * row.count\n    return result\n\n"
)
CODE = CODE + CODE.replace(b"total", b"most").replace(b"+=", b"= max(result,").replace(b"count", b"count)")
CSV = b"day,place,degrees\n" + b"".join(
    b"%d,%s,%d.%d\n" % (i, (b"Rom", b"Bern")[i % 2], i % 9, i % 7) for i in range(40)
)
RECORDS = b"".join(struct.pack("<IHbBf", 1000 + 7 * i, i * i, -i, 3, i / 4) for i in range(40))
BINARY = b"".join(bytes((i * i >> 3 & 0xFF, i & 7, 0)) for i in range(60)) + bytes(90) + bytes(range(125))
EVERY_BYTE = bytes(range(256)) * 2
NOISE = random.Random(1).randbytes(300)
CONTENTS = {
    "prose": PROSE,
    "unicode": UNICODE,
    "code": CODE,
    "csv": CSV,
    "records": RECORDS,
    "binary": BINARY,
    "every byte": EVERY_BYTE,
    "all equal": bytes(500),
}

# Kind 2: every sort of token. The number of a word gives its code.


def word_code(number: int) -> bytes:
    if number < 80:
        return bytes((0x80 + number,))
    number -= 80
    if number < 5120:
        return bytes((0xD0 + number // 128, 0x80 + number % 128))
    number -= 5120
    return bytes((0xF8 + number // 16384, 0x80 + number // 128 % 128, 0x80 + number % 128))


def every_token() -> tuple[bytes, bytes]:
    """Symbols of kind 2 and the content that they stand for."""
    words = dictionary()
    symbols, content = bytearray(), bytearray()
    for number in (0, 1, 79, 80, 207, 208, 5198, 5199, 5200, 5327, 5328, len(words) - 1):
        code, word = word_code(number), words[number]
        symbols += code + b" " + b"\x0e" + code + b"-" + b"\x0f" + code + b"\n"
        content += word + b" " + word.capitalize() + b"-" + word.upper() + b"\n"
    for byte in (0x0E, 0x0F, 0x80, 0xA4, 0xD0, 0xF8, 0xFF):
        symbols += bytes((0xFF, byte))
        content.append(byte)
    plain = bytes(byte for byte in range(0x80) if byte not in (0x0E, 0x0F))
    return bytes(symbols + plain * 3), bytes(content + plain * 3)


# Valid archives

Recipe = dict[str, Any]
"""How the package makes the archive, for a test to do so again: see `remake` in test_golden.py."""


def frame(
    content: bytes,
    level: int,
    check: bool = True,
    blocks: list[int] | None = None,
    network: str | None = None,
) -> tuple[bytes, Recipe]:
    """A frame of the package, cut by explicit flushes into blocks of the given sizes if there are any.

    `network` is the name of a file in networks/.
    """
    recipe: Recipe = {"bytes": len(content), "level": level, "check": check, "blocks": blocks}
    model = None
    if network is not None:
        recipe["network"] = network
        model = NETWORKS / network
    if blocks is None:
        return codelength.compress(content, level, model=model, check=check), recipe
    compressor = codelength.Compressor(level, model=model, check=check)
    out, start = b"", 0
    for size in blocks:
        out += compressor.compress(content[start : start + size], compressor.FLUSH_BLOCK)
        start += size
    return out + compressor.flush(), recipe


def tiny_network() -> bytes:
    """One that knows nothing, with phrases of what is to be coded."""
    model = RandomModel({"layers": 1, "taps": 2, "orders": [2, 3], "echoes": [1, 4]}, seed=6)
    model.add_phrases(5, what_came_next(PROSE + CODE))
    return model.data()


def network_with_starts() -> bytes:
    """One whose mixing starts otherwise for text and for logs, from numbers that take little room."""
    model = RandomModel({"layers": 1, "taps": 2, "orders": [2], "echoes": []}, seed=7)
    for kind, step in ((1, 37), (7, 91)):
        model.add_start(5, 20, kind=kind)
        for name, numbers in model.numbers.items():
            if name.startswith(f"mixing.5.{kind}."):
                numbers[:] = [
                    i * step % 2000 + (20000 if model.dtypes[name] == "U16" else 0)
                    for i in range(len(numbers))
                ]
    return model.data()


TINY = tiny_network()
"""It stands in networks/tiny.safetensors."""
STARTS = network_with_starts()
"""It stands in networks/starts.safetensors."""


def verses(size: int) -> bytes:
    """Text that repeats itself, now here, now there, and so takes little room."""
    rng = random.Random(size)
    song = b" ".join(rng.choice(dictionary()) for _ in range(500))
    out = bytearray()
    while len(out) < size:
        start = rng.randrange(len(song))
        out += song[start : start + rng.randrange(50, 500)] + b",\n"
    return bytes(out[:size])


def valid() -> Iterator[tuple[str, bytes, bytes, list[Recipe]]]:
    """File name, archive, content, recipe of every frame; no recipes for what the package does not write."""

    def one(name: str, content: bytes, level: int = 3, **how: Any) -> tuple[str, bytes, bytes, list[Recipe]]:
        archive, recipe = frame(content, level, **how)
        return f"{name}.clz", archive, content, [recipe]

    for level in (1, 2, 3, 4):
        for name, content in CONTENTS.items():
            yield one(f"level {level} {name}", content, level)
    yield one("level 5 prose", PROSE, 5)
    yield one("empty", b"")
    yield one("empty without checksum", b"", check=False)
    yield one("one byte", b"x")
    yield one("two equal bytes", b"\xff\xff")
    yield one("stored 255", NOISE[:255])
    yield one("stored 256", NOISE[:256])
    yield one("stored without checksum", NOISE, check=False)
    yield one("coded without checksum", PROSE, check=False)
    for size in (255, 256, 65535, 65536):
        yield one(f"coded {size}", (b"0123456789abcdef" * 4096)[:size], 1)
    yield one("stored 65536", random.Random(2).randbytes(65536), 1)
    yield one("licence", (ROOT / "LICENSE").read_bytes(), 4)
    yield one("segments 1", PROSE, blocks=[len(PROSE)])
    yield one("segments 3", PROSE + NOISE + RECORDS, 1, blocks=[len(PROSE), len(NOISE), len(RECORDS)])
    yield one("segments without checksum", PROSE + NOISE, blocks=[len(PROSE), len(NOISE)], check=False)
    yield one("segments of one byte", b"abc", blocks=[1, 1, 1])

    first, second, third = frame(PROSE, 1), frame(b"", 1), frame(CSV, 2, blocks=[200, len(CSV) - 200])
    frames = [first[1], second[1], third[1]]
    yield "concatenated.clz", first[0] + second[0] + third[0], PROSE + CSV, frames
    between = skippable(b"") + first[0] + skippable(b"\xc1\x5a not a frame") + second[0] + third[0]
    between += skippable(b"x" * 300)
    yield "skippable between.clz", between, PROSE + CSV, []
    yield "skippable alone.clz", skippable(b"nothing to see"), b"", []
    yield "skippable empty.clz", skippable(b""), b"", []

    def by_hand(name: str, predictor: int, kind: int, content: bytes, symbols: bytes, stride: int = 0) -> Any:
        payload = coded(predictor, kind, len(content), symbols, stride)
        width = 1 if len(content) < 256 else 2
        body = segment(predictor, kind, len(content), payload, crc(content), width)
        return f"{name}.clz", simple(body, 0x28 | width - 1), content, []

    symbols, content = every_token()
    for predictor in (1, 2, 3, 4):
        yield by_hand(f"by hand words {predictor} every token", predictor, 2, content, symbols)
        yield by_hand(f"by hand binary {predictor} prose", predictor, 0, PROSE, PROSE)
        yield by_hand(f"by hand text {predictor} records", predictor, 1, RECORDS, RECORDS)
    for stride in (0, 1, 12, 255, 65535):
        yield by_hand(f"by hand stride {stride}", 3, 3, RECORDS, RECORDS, stride)
    yield by_hand("by hand spelled words", 1, 2, PROSE, PROSE)
    yield "by hand stored zeros.clz", simple(segment(0, 0, 200, bytes(200), crc(bytes(200)))), bytes(200), []
    for size in (1, 2, 250):
        ones = b"\xff" * size
        yield f"by hand payload of no bytes {size}.clz", simple(segment(1, 0, size, b"", crc(ones))), ones, []
    parts = [PROSE, NOISE, CODE, b"z"]
    segments = [
        segment(4, 1, len(PROSE), coded(4, 1, len(PROSE), PROSE), crc(PROSE), 4),
        stored(NOISE),
        segment(1, 3, len(CODE), coded(1, 3, len(CODE), CODE, 7), crc(CODE), 4),
        stored(b"z"),
    ]
    sizes = [(len(part), len(made)) for part, made in zip(parts, segments, strict=True)]
    yield "by hand mixed segments.clz", segmented(b"".join(segments), index_of(*sizes)), b"".join(parts), []

    tiny = {"network": "tiny.safetensors"}
    for level in (6, 9):
        for name in ("prose", "unicode", "code", "csv", "records", "binary"):
            yield one(f"network level {level} {name}", CONTENTS[name], level, **tiny)
    yield one("network stored", NOISE, 6, **tiny)
    yield one("network empty", b"", 6, **tiny)
    yield one("network without checksum", PROSE, 6, check=False, **tiny)
    yield one("network coded 255", PROSE[:255], 6, **tiny)
    yield one("network coded 256", PROSE[:256], 6, **tiny)
    parts = [PROSE, NOISE, RECORDS, CODE]
    blocks = [len(part) for part in parts]
    yield one("network segments", b"".join(parts), 6, blocks=blocks, **tiny)
    yield one("network 262143 in one lane", verses(262_143), 6, **tiny)
    yield one("network 262144 in two lanes", verses(262_144), 6, **tiny)
    yield one("network 524291 in four lanes", verses(524_291), 6, **tiny)
    yield one("network 65537 at level 9", verses(65537), 9, **tiny)

    network = Network(TINY)
    for predictor in (5, 6):
        for name, content in (("records", RECORDS), ("binary", BINARY), ("every byte", EVERY_BYTE)):
            payload = coded(predictor, 1, len(content), content, network=network)
            made = networked(network.hash, predictor, 1, len(content), payload, crc(content), 2)
            yield f"by hand network {predictor} {name}.clz", simple(made, 0x29), content, []
    for predictor, kind in ((5, 4), (6, 5), (5, 6), (6, 7)):
        payload = coded(predictor, kind, len(PROSE), PROSE, network=network)
        made = networked(network.hash, predictor, kind, len(PROSE), payload, crc(PROSE), 2)
        yield f"by hand network {predictor} kind {kind}.clz", simple(made, 0x29), PROSE, []
    short = PROSE[:200]
    parts = [short, short, NOISE, short]
    segments = [
        networked(network.hash, 5, 1, 200, coded(5, 1, 200, short, network=network), crc(short), 4),
        segment(4, 1, 200, coded(4, 1, 200, short), crc(short), 4),
        stored(NOISE),
        networked(network.hash, 6, 1, 200, coded(6, 1, 200, short, network=network), crc(short), 4),
    ]
    sizes = [(len(part), len(made)) for part, made in zip(parts, segments, strict=True)]
    archive = segmented(b"".join(segments), index_of(*sizes))
    yield "by hand network mixed segments.clz", archive, b"".join(parts), []

    with_starts = Network(STARTS)
    for kind in (1, 4, 7):
        payload = coded(5, kind, len(PROSE), PROSE, network=with_starts)
        made = networked(with_starts.hash, 5, kind, len(PROSE), payload, crc(PROSE), 2)
        yield f"by hand network with starts kind {kind}.clz", simple(made, 0x29), PROSE, []
    for name in ("prose", "unicode", "code", "csv"):
        yield one(f"network with starts {name}", CONTENTS[name], 6, network="starts.safetensors")
    yield one("network with starts in four lanes", verses(524_289), 6, network="starts.safetensors")

    def message(name: str, content: bytes, level: int) -> tuple[str, bytes, bytes, list[Recipe]]:
        made = codelength.compress(content, level, message=True)
        return f"{name}.message", made, content, [{"bytes": len(content), "level": level}]

    for level in (1, 2, 3, 4):
        yield message(f"message level {level} prose", PROSE[:200], level)
        yield message(f"message level {level} records", RECORDS, level)
    yield message("message empty", b"", 3)
    yield message("message one byte", b"x", 3)
    yield message("message stored", NOISE[:40], 3)
    for size in (2, 3, 255, 256, 65535):
        yield message(f"message zeros {size}", bytes(size), 1)


# Invalid archives


def invalid() -> Iterator[tuple[str, bytes, str]]:
    """File name, archive, name of the exception class that it must raise."""
    good = codelength.compress(PROSE, 1)
    two = segmented(stored(b"ab") + stored(b"abcd"), index_of((2, 11), (4, 13)))
    format_error, corrupt, truncated = "FormatError", "CorruptError", "TruncatedError"
    model = "ModelNotFoundError"

    yield "nothing.clz", b"", truncated
    yield "text.clz", PROSE, format_error
    yield "zeros.clz", bytes(20), format_error
    yield "junk before.clz", b"\0" + good, format_error
    yield "other second byte.clz", b"\xc1\x5c" + good[2:], format_error
    yield "junk after.clz", good + b"\0", corrupt
    yield "text after.clz", good + PROSE[:20], corrupt
    yield "other second byte after.clz", good + b"\xc1\x5c", corrupt

    for what, n in (
        ("first byte", 1),
        ("magic", 2),
        ("descriptor", 3),
        ("model", 4),
        ("size", 5),
        ("sizes", 8),
    ):
        yield f"cut after {what}.clz", good[:n], truncated
    yield "cut in payload.clz", good[:60], truncated
    yield "cut checksum.clz", good[:-1], truncated
    yield "cut before the second frame ends.clz", good + good[:40], truncated
    yield "cut before the end of segments.clz", two[:27], truncated
    yield "cut index.clz", two[:34], truncated
    yield "cut trailer.clz", two[:-1], truncated
    yield "cut skippable size.clz", skippable(b"abc")[:4], truncated
    yield "cut skippable.clz", skippable(b"abc")[:-1], truncated

    ab = segment(0, 0, 2, b"ab", crc(b"ab"))
    for version in (0, 2, 3, 7):
        yield f"version {version}.clz", simple(ab, 0x08 | version << 5), format_error
    yield "reserved bit.clz", simple(ab, 0x2C), format_error
    yield "reserved width.clz", simple(ab, 0x2B), format_error
    yield "wide fields 2.clz", simple(stored(b"ab", 2), 0x29), corrupt
    yield "wide fields 4.clz", simple(stored(b"ab", 4), 0x2A), corrupt
    yield "wide fields coded.clz", simple(segment(1, 0, 2, b"", crc(b"\xff\xff"), 2), 0x29), corrupt
    yield "narrow segmented.clz", segmented(stored(b"ab", 2), index_of((2, 9)), 0x39), corrupt
    yield "checksum not announced.clz", simple(ab, 0x20), corrupt

    payload = coded(1, 0, len(PROSE), PROSE)
    n = len(PROSE)
    right = crc(PROSE)

    def prose(
        predictor: int = 1, kind: int = 0, size: int = n, data: bytes = payload, tail: bytes = right
    ) -> bytes:
        return simple(segment(predictor, kind, size, data, tail, 2), 0x29)

    damaged = bytearray(payload)
    damaged[20] ^= 4
    yield "wrong checksum.clz", prose(tail=crc(PROSE + b"!")), corrupt
    yield "wrong checksum stored.clz", simple(segment(0, 0, 2, b"ab", crc(b"ba"))), corrupt
    yield (
        "wrong checksum in a segment.clz",
        segmented(stored(b"ab") + stored(b"cd")[:-1] + b"\0", index_of((2, 11), (2, 11))),
        corrupt,
    )
    yield "damaged payload.clz", prose(data=bytes(damaged)), corrupt
    yield "payload short.clz", prose(data=payload[:-10], tail=crc(PROSE)), corrupt
    yield "payload long.clz", prose(data=payload + b"\1\2\3\4\5"), corrupt
    yield "payload long by zeros.clz", prose(data=payload + bytes(5)), corrupt
    yield "content size less.clz", prose(size=n - 9, tail=crc(PROSE[:-9])), corrupt
    yield "content size more.clz", prose(size=n + 50), corrupt
    yield "kind taken for another.clz", prose(kind=1), corrupt
    yield "predictor taken for another.clz", prose(predictor=2), corrupt
    yield "not smaller.clz", simple(segment(1, 0, 2, b"ab", crc(b"ab"))), corrupt
    yield "larger.clz", simple(segment(1, 0, 2, b"abc", crc(b"ab"))), corrupt
    yield "coded empty.clz", simple(segment(1, 0, 0, b"", crc(b""))), corrupt
    yield "stored with a kind.clz", simple(segment(0, 1, 2, b"ab", crc(b"ab"))), corrupt
    yield "end of segments in a simple frame.clz", simple(segment(0, 7, 2, b"ab", crc(b"ab"))), corrupt
    limit = (1 << 25) + 1
    header = struct.pack("<BII", 8, limit, 3)
    yield "content above the limit.clz", simple(header + b"abc" + crc(b""), 0x2A), corrupt
    yield "stored above the limit.clz", simple(struct.pack("<BI", 0, limit) + b"abc", 0x2A), corrupt
    for kind in (4, 5, 6, 7):
        yield f"kind {kind}.clz", prose(kind=kind), format_error
    for predictor in (7, 17, 30):
        yield f"predictor {predictor}.clz", prose(predictor=predictor), model

    network = Network(TINY)
    with_network = coded(5, 1, n, PROSE, network=network)

    def by_hash(
        predictor: int = 5,
        kind: int = 1,
        network_hash: bytes = network.hash,
        size: int = n,
        data: bytes = with_network,
        tail: bytes = right,
    ) -> bytes:
        return simple(networked(network_hash, predictor, kind, size, data, tail, 2), 0x29)

    for predictor in (5, 6):
        without_hash = prose(predictor=predictor, kind=1, data=with_network)
        yield f"network not named {predictor}.clz", without_hash, format_error
        yield f"network unknown {predictor}.clz", by_hash(predictor, network_hash=b"12345678"), model
    for predictor in (1, 4):
        yield f"network not needed {predictor}.clz", by_hash(predictor), format_error
    yield "network unknown and not needed.clz", by_hash(1, network_hash=b"12345678"), format_error
    for predictor in (0, 31, 32, 255):
        yield f"network before predictor {predictor}.clz", by_hash(predictor), corrupt
    yield "network before predictor 7.clz", by_hash(7), model
    for kind in (0, 2, 3):
        yield f"network kind {kind}.clz", by_hash(kind=kind), format_error
    yield "network predictor taken for another.clz", by_hash(6), corrupt
    yield "network wrong checksum.clz", by_hash(tail=crc(b"")), corrupt
    damaged = bytearray(with_network)
    damaged[20] ^= 4
    yield "network damaged payload.clz", by_hash(data=bytes(damaged)), corrupt
    yield "network payload short.clz", by_hash(data=with_network[:-10]), corrupt
    yield "network payload long.clz", by_hash(data=with_network + bytes(5)), corrupt
    yield "network content size less.clz", by_hash(size=n - 9, tail=crc(PROSE[:-9])), corrupt
    yield "network content size more.clz", by_hash(size=n + 50), corrupt
    yield "network not smaller.clz", simple(networked(network.hash, 5, 1, 2, b"ab", crc(b"ab"))), corrupt
    yield "network coded empty.clz", simple(networked(network.hash, 5, 1, 0, b"", crc(b""))), corrupt
    limit_by_hash = networked(network.hash, 5, 1, limit, b"abc", crc(b""), 4)
    yield "network content above the limit.clz", simple(limit_by_hash, 0x2A), corrupt
    for what, n_bytes in (("the hash", 9), ("the predictor", 12), ("the sizes", 15), ("the payload", 40)):
        yield f"network cut in {what}.clz", by_hash()[:n_bytes], truncated

    # the symbols of kind 2; x up to the size, so that nothing but the token is wrong
    words = len(dictionary())
    for what, token in (
        ("capital before a letter", b"\x0ea"),
        ("upper before an escape", b"\x0f\xff\x80"),
        ("capital before capital", b"\x0e\x0e\x80"),
        ("escape before a letter", b"\xffa"),
        ("escape before 10", b"\xff\x10"),
        ("low second byte", b"\xd0\x7f"),
        ("low third byte", b"\xf8\x80\x7f"),
        ("low second byte of three", b"\xf8\x00\x80"),
        ("code after the last word", word_code(words)),
        ("code FE", b"\xfe\xff\xff"),
        ("capital code of no word", b"\x0e\xf9\x80\x80"),
    ):
        symbols = b"x" * 60 + token + b"x" * 60
        made = segment(1, 2, 120, coded(1, 2, 120, symbols), crc(b"x" * 120))
        yield f"words {what}.clz", simple(made), corrupt
    beyond = coded(1, 2, 120, b"x" * 119 + word_code(0))
    yield "words beyond the content.clz", simple(segment(1, 2, 120, beyond, crc(b"x" * 119 + b"t"))), corrupt

    yield "no segments.clz", segmented(b"", index_of()), corrupt
    yield "empty segment.clz", segmented(stored(b""), index_of((0, 9))), corrupt
    for n_segments in (0, 2, 0xFFFFFFFF):
        end = index_of((2, 11), n_segments=n_segments)
        yield f"index with n_segments {n_segments}.clz", segmented(stored(b"ab"), end), corrupt
    end = index_of((2, 11), content_size=3)
    yield "index with content_size 3.clz", segmented(stored(b"ab"), end), corrupt
    for frame_size in (3, 48, 50):
        end = index_of((2, 11), frame_size=frame_size)
        yield f"index with frame_size {frame_size}.clz", segmented(stored(b"ab"), end), corrupt
    both = stored(b"ab") + stored(b"abcd")
    yield "index with other content sizes.clz", segmented(both, index_of((4, 11), (2, 13))), corrupt
    yield "index with other segment sizes.clz", segmented(both, index_of((2, 13), (4, 11))), corrupt
    end = index_of((2, 11))
    wrong = end[:-6] + bytes((end[-6] ^ 1,)) + end[-5:]
    yield "index with wrong checksum.clz", segmented(stored(b"ab"), wrong), corrupt
    yield "trailer with wrong end.clz", segmented(stored(b"ab"), end[:-1] + b"\xc2"), corrupt
    yield "trailer alone after a frame.clz", good + end, corrupt

    short = message_of(1, 0, 40, coded(1, 0, 40, bytes(40)))
    yield "nothing.message", b"", truncated
    yield "cut header.message", short[:1], truncated
    yield "cut long header.message", message_of(1, 0, 300, b"")[:2], truncated
    yield "stored with a kind.message", b"\x01ab", corrupt
    yield "stored with a long size.message", b"\x08ab", corrupt
    yield "long size of 255.message", message_of(1, 0, 255, coded(1, 0, 255, bytes(255)), long=True), corrupt
    yield "not smaller.message", message_of(1, 0, 2, b"ab"), corrupt
    yield "coded empty.message", message_of(1, 0, 0, b""), corrupt
    yield "payload long.message", short + bytes(5), corrupt
    yield "payload short.message", message_of(1, 0, len(PROSE), payload[:-10]), corrupt
    for kind in (4, 7):
        yield f"kind {kind}.message", message_of(1, kind, 40, short[2:]), format_error
    for first in (0xC0, 0xFF):
        yield f"first byte {first:02x}.message", bytes((first, 40)) + short[2:], format_error
    yield "cut short header.message", b"\x70", truncated
    yield "network not smaller.message", b"\x70\x02ab", corrupt
    for size in (40, 300, 2047):
        yield f"network long header {size}.message", message_of(5, 1, size, short[2:]), corrupt
    for predictor in (5, 6):
        yield f"network kind 0 {predictor}.message", message_of(predictor, 0, 40, short[2:]), format_error


def write(folder: Path, files: Iterable[tuple[str, bytes]], manifest: dict[str, Any]) -> None:
    """Empties the folder, then writes files and manifest."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files:
        (folder / name).write_bytes(data)
    lines = [f"  {json.dumps(name)}: {json.dumps(manifest[name])}" for name in sorted(manifest)]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """Writes all folders, once every archive has been seen to be right (or wrong as it should be)."""
    parser = argparse.ArgumentParser(description="Write the golden archives anew.")
    parser.add_argument(
        "--write", action="store_true", required=True, help="replace networks/, valid/ and invalid/"
    )
    parser.parse_args()
    NETWORKS.mkdir(exist_ok=True)
    (NETWORKS / "tiny.safetensors").write_bytes(TINY)
    (NETWORKS / "starts.safetensors").write_bytes(STARTS)
    os.environ["CODELENGTH_MODELS"] = str(NETWORKS)

    files: list[tuple[str, bytes]] = []
    manifest: dict[str, Any] = {}
    for file_name, archive, content, recipes in valid():
        name = file_name.replace(" ", "_")
        if name in manifest:
            raise ValueError(f"two archives are called {name}")
        try:
            restored = codelength.decompress(archive, message=name.endswith(".message"))
        except codelength.CodecError as error:
            raise ValueError(f"{name} is refused") from error
        if restored != content:
            raise ValueError(f"{name} does not give its content")
        files.append((name, archive))
        if len(content) <= SMALL:
            files.append((name + ".content", content))
        manifest[name] = {
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "frames": recipes,
        }
    write(HERE / "valid", files, manifest)

    files, manifest = [], {}
    for file_name, archive, error_name in invalid():
        name = file_name.replace(" ", "_")
        if name in manifest:
            raise ValueError(f"two archives are called {name}")
        try:
            codelength.decompress(archive, message=name.endswith(".message"))
        except codelength.CodecError as caught:
            if type(caught).__name__ != error_name:
                raise ValueError(f"{name} raises {caught!r}, not {error_name}") from caught
        else:
            raise ValueError(f"{name} raises nothing")
        files.append((name, archive))
        manifest[name] = error_name
    write(HERE / "invalid", files, manifest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
