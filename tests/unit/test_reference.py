"""The reference decoder, written from docs/format.md alone, reads what the package writes: the two agree."""

from __future__ import annotations

import ast
import importlib.util
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from arithmetic import ArithmeticDecoder
from histories import STATES
from lanes import count_lanes
from logistic import STRETCH, squash
from mixing import Model
from network import Network
from payload import decode_payload
from words import dictionary

import codelength
from codelength import _native
from codelength.codec import networks, segment
from codelength.coding.message import parse_message

ROOT = Path(__file__).resolve().parents[2]
DECODER = ROOT / "reference" / "decoder.py"
GOLDEN = ROOT / "tests" / "golden"
LEVELS = (1, 2, 3, 4)
NETWORKED_LEVELS = (6, 9)

PROSE = (
    b"When the tide went out, the children walked over the sand to the little island. Nobody had lived there "
    b'for a hundred years. "Come back before the water does," said their mother; and THEY CAME BACK, but '
    b"only just."
)
CONTENTS = {
    "empty": b"",
    "1 byte": b"x",
    "text": PROSE,
    "unicode": "Ὀδυσσεύς, Straße, œuvre; Война и мир. 世界 🙂\n".encode() * 4,
    "code": b"for (i = 0; i < n; i++) {\n    sum[i] += rows[i].value * rate;\n}\n" * 3 + b"return sum;\n",
    "csv": b"".join(b"%d;%d;%s;0.%d\n" % (i, 40 - i, (b"red", b"blue")[i & 1], i % 5) for i in range(18)),
    "records": b"".join(
        struct.pack("<IhBB4s", 500 + i, -3 * i, i & 1, 7, b"key%d" % (i % 4)) for i in range(30)
    ),
    "random": random.Random(3).randbytes(200),
    "all equal": bytes([65]) * 400,
    "all values": bytes(range(256)),
    "all values twice": bytes(range(255, -1, -1)) * 2,
}
COMPRESSIBLE = [name for name in CONTENTS if name not in ("empty", "1 byte", "random", "all values")]


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem + "_loaded", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    return importlib.import_module("decoder")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", CONTENTS)
def test_frames(name: str, level: int, reference: ModuleType) -> None:
    content = CONTENTS[name]
    archive = codelength.compress(content, level)
    assert reference.decode(archive) == content
    assert (archive[3] != 0) >= (name in COMPRESSIBLE)  # what is stored tests nothing here


@pytest.fixture(scope="module")
def network(reference: ModuleType) -> Any:
    """The one of the fixture `tiny_network`."""
    return reference.Network.read(GOLDEN / "networks" / "tiny.safetensors")


@pytest.mark.parametrize("level", NETWORKED_LEVELS)
@pytest.mark.parametrize("name", CONTENTS)
def test_frames_with_a_network(
    name: str, level: int, tiny_network: Path, network: Any, reference: ModuleType
) -> None:
    content = CONTENTS[name]
    archive = codelength.compress(content, level, model=tiny_network)
    assert reference.decode(archive, [network]) == content
    if name in ("text", "code", "all equal"):
        assert archive[3] == 31 << 3 | 1
        assert archive[4:13] == network.hash + bytes([{6: 5, 9: 6}[level]])
        with pytest.raises(reference.FormatError, match=network.hash.hex()):
            reference.decode(archive)


def test_contents_reach_every_kind() -> None:
    kinds = {codelength.compress(CONTENTS[name], 3)[3] & 7 for name in COMPRESSIBLE}
    assert kinds == {0, 1, 2, 3}


@pytest.mark.parametrize("level", [1, 4])
def test_frames_without_checksum(level: int, reference: ModuleType) -> None:
    assert reference.decode(codelength.compress(PROSE, level, check=False)) == PROSE


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["empty", "1 byte", "text", "records", "random"])
def test_messages(name: str, level: int, reference: ModuleType) -> None:
    message = codelength.compress(CONTENTS[name], level, message=True)
    assert reference.decode_message(message) == CONTENTS[name]


@pytest.mark.parametrize("size", [255, 256, 1000])
def test_messages_of_either_size_field(size: int, reference: ModuleType) -> None:
    message = codelength.compress(bytes(size), 1, message=True)
    assert reference.decode_message(message) == bytes(size)


def test_both_read_the_same_headers(reference: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("messages"), "decode_payload", lambda *parts: parts[:4])
    known = {0: (0,), **dict.fromkeys((1, 2, 3, 4), (0, 1, 2, 3)), **dict.fromkeys((5, 6), (1, 4, 5, 6, 7))}
    n_read = 0
    for first in range(256):
        for second in (0, 1, 2, 3, 7, 8, 255):
            for tail in (b"", b"\0", b"\1", b"\7a", b"\x08a", b"abcdef"):
                message = bytes((first, second)) + tail
                own: Any = None
                found: Any = None
                try:
                    header, payload = parse_message(message)
                    if header.kind not in known.get(header.predictor, ()):
                        raise codelength.CodecError
                    own = header.predictor, header.kind, header.content_size, bytes(payload)
                    assert header.pack() + own[3] == message
                    n_read += 1
                except codelength.CodecError:
                    own = None
                try:
                    found = reference.decode_message(message, object())
                    found = (0, 0, len(found), found) if isinstance(found, bytes) else found
                except reference.FormatError:
                    found = None
                assert own == found, message
    assert n_read > 1000


@pytest.mark.parametrize("level", NETWORKED_LEVELS)
def test_messages_with_a_network(
    level: int,
    tiny_network: Path,
    network: Any,
    reference: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(networks, "default_network", lambda: networks.read_network(tiny_network))
    monkeypatch.setattr(segment, "default_network", lambda: networks.read_network(tiny_network))
    encode = _native.encode_segment
    # This network knows nothing, and would be left out.
    monkeypatch.setattr(_native, "encode_segment", lambda *arguments: encode(*arguments[:-1]))
    for content in (PROSE, CONTENTS["all equal"][:255], CONTENTS["records"]):
        message = codelength.compress(content, level, message=True)
        assert (parse_message(message)[0].predictor in (5, 6)) == (content != CONTENTS["records"])
        assert reference.decode_message(message, network) == content
        assert codelength.decompress(message, message=True) == content
    message = codelength.compress(PROSE, level, message=True)
    with pytest.raises(reference.FormatError, match="network of messages"):
        reference.decode_message(message)


def in_blocks(*blocks: bytes, level: int = 1, check: bool = True) -> bytes:
    """A segmented frame of the package."""
    compressor = codelength.Compressor(level, check=check)
    out = [compressor.compress(block, compressor.FLUSH_BLOCK) for block in blocks]
    return b"".join(out) + compressor.flush()


@pytest.mark.parametrize("check", [True, False])
def test_segmented_frames(check: bool, reference: ModuleType) -> None:
    blocks = [PROSE, CONTENTS["random"], CONTENTS["records"], b"z"]
    assert reference.decode(in_blocks(*blocks, check=check)) == b"".join(blocks)


def test_frames_in_a_row(reference: ModuleType) -> None:
    skippable = b"\xc1\x5b\x04\0\0\0\xc1\x5a\xff\xff"
    archives = [codelength.compress(PROSE, 1), codelength.compress(b""), in_blocks(b"abc", PROSE[:90])]
    archive = skippable + skippable.join(archives) + archives[0] + skippable
    assert reference.decode(archive) == PROSE + b"abc" + PROSE[:90] + PROSE
    assert reference.decode(archive) == codelength.decompress(archive)
    assert reference.decode(skippable) == codelength.decompress(skippable) == b""


def same_outcome(reference: ModuleType, data: bytes, message: bool = False) -> bytes | None:
    """The content that both give, or None where both refuse."""
    package: bytes | None
    own: bytes | None
    try:
        package = codelength.decompress(data, message=message)
    except codelength.CodecError:
        package = None
    try:
        own = reference.decode_message(data) if message else reference.decode(data)
    except reference.FormatError:
        own = None
    assert own == package, data.hex()
    return own


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "words": lambda: codelength.compress(PROSE[:60], 1),
    "records": lambda: codelength.compress(CONTENTS["records"][:72], 1),
    "stored": lambda: codelength.compress(b"abc"),
    "segmented": lambda: in_blocks(b"abc", CONTENTS["random"][:20], b"z"),
    "frames": lambda: codelength.compress(b"a") + b"\xc1\x5b\x02\0\0\0ab" + codelength.compress(b""),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_cut_anywhere(name: str, reference: ModuleType) -> None:
    archive = ARCHIVES[name]()
    boundaries = {10, 18} if name == "frames" else set()
    for end in range(len(archive)):
        assert (same_outcome(reference, archive[:end]) is None) == (end not in boundaries)


def with_flipped_bits(archive: bytes) -> Iterator[bytes]:
    """The archive with one bit flipped, for every fifth bit of it, which is each of the eight in turn."""
    for bit in range(0, 8 * len(archive), 5):
        flipped = bytearray(archive)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


@pytest.mark.parametrize("name", ARCHIVES)
def test_flipped_bits(name: str, reference: ModuleType) -> None:
    archive = ARCHIVES[name]()
    content = codelength.decompress(archive)
    # Some bits mean nothing: those of a skippable frame, and a few at the end of an arithmetic code.
    outcomes = [same_outcome(reference, flipped) for flipped in with_flipped_bits(archive)]
    assert set(outcomes) <= {None, content}
    assert outcomes.count(content) <= 6


def test_flipped_bits_in_a_message(reference: ModuleType) -> None:
    # No checksum here: a wrong content is no error, but it is the same wrong content.
    archive = codelength.compress(PROSE[:50], 1, message=True)
    for flipped in with_flipped_bits(archive):
        same_outcome(reference, flipped, message=True)


def test_wrong_checksum_of_wrong_content(reference: ModuleType) -> None:
    archive = bytearray(codelength.compress(b"abc"))
    archive[5:8] = b"abd"
    with pytest.raises(reference.FormatError, match="checksum"):
        reference.decode(bytes(archive))
    archive[8:] = struct.pack("<I", zlib.crc32(b"abd"))
    assert reference.decode(bytes(archive)) == b"abd"


def test_command_line(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, str(DECODER), *arguments], capture_output=True)

    file = tmp_path / "file"
    file.write_bytes(codelength.compress(PROSE, 1))
    done = run(str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, PROSE, b"")
    done = run("--message", str(file))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(str(file).encode())
    file.write_bytes(codelength.compress(PROSE, 1, message=True))
    done = run("--message", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, PROSE, b"")


def test_command_line_with_networks(tmp_path: Path, tiny_network: Path) -> None:
    def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, DECODER, *arguments], capture_output=True)

    file, other = tmp_path / "file", tmp_path / "other"
    file.write_bytes(codelength.compress(PROSE, 6, model=tiny_network))
    other.write_bytes(load(GOLDEN / "random_models.py").RandomModel(seed=1).data())
    for networks_given in ([], ["--network", other]):
        done = run(file, *networks_given)
        assert (done.returncode, done.stdout) == (1, b"")
        assert networks.read_network(tiny_network).hash.hex().encode() in done.stderr
    done = run(file, "--network", other, "--network", tiny_network)
    assert (done.returncode, done.stdout, done.stderr) == (0, PROSE, b"")
    other.write_bytes(b"no network")
    done = run(file, "--network", other)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(str(other).encode())
    done = run("--message", file, "--network", tiny_network, "--network", tiny_network)
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize(
    ("predictor", "starts"),
    [
        (5, [(5, 1)]),
        (6, [(6, 1)]),
        (5, [(5, 1), (6, 1)]),
        (6, [(5, 1)]),
        (5, [(5, 1), (5, 4), (5, 7)]),
        (6, [(5, 1), (6, 5), (6, 1), (6, 6)]),
    ],
)
@pytest.mark.parametrize("most", [3000, 32767])
def test_payloads_of_a_mixing_that_has_learnt(
    predictor: int, starts: list[tuple[int, int]], most: int
) -> None:
    model = load(GOLDEN / "random_models.py").RandomModel(seed=most)
    for number, kind in starts:
        model.add_start(number, {5: 20, 6: 31}[number], most, kind)
    content = PROSE + b"and so on, " * 5
    native = networks.NetworkFile("random", model.data()).native
    _, kind, payload = _native.encode_segment(content, predictor, native)
    assert kind == 1 or (predictor, kind) in starts
    # The weights are as random as they may be: what was learnt was wrong.
    assert decode_payload(predictor, kind, len(content), payload, Network(model.data())) == content


@pytest.mark.parametrize("predictor", [5, 6])
def test_the_kind_of_text_is_the_one_that_serves_it_best(predictor: int) -> None:
    maker = load(GOLDEN / "make.py")
    model = maker.RandomModel({"layers": 1})
    kinds = (1, 4, 5, 6, 7)
    for kind in kinds:
        model.add_start(predictor, {5: 20, 6: 31}[predictor], 1500, kind)
    native = networks.NetworkFile("random", model.data()).native
    network = Network(model.data())
    chosen = set()
    for content in (PROSE[:60], b"0123456789" * 6, b"GET /index.html 200 OK\n" * 3, b"x = x + 1;\n" * 5):
        _, kind, payload = _native.encode_segment(content, predictor, native)
        sizes = {k: len(maker.coded(predictor, k, len(content), content, network=network)) for k in kinds}
        # Less than a byte apart, the choice is that of integers that count nearly right.
        assert len(payload) == sizes[kind] <= min(sizes.values()) + 1
        assert decode_payload(predictor, kind, len(content), payload, network) == content
        chosen.add(kind)
    assert len(chosen) > 1


# Phrases


def model_with_phrases(seed: int, bits: int, content: bytes) -> Any:
    random_models = load(GOLDEN / "random_models.py")
    model = random_models.RandomModel({"layers": 1}, seed)
    model.add_phrases(bits, random_models.what_came_next(content))
    return model


@pytest.mark.parametrize("predictor", [5, 6])
@pytest.mark.parametrize("bits", [1, 4, 12])
@pytest.mark.parametrize("has_start", [False, True])
def test_payloads_with_phrases(predictor: int, bits: int, has_start: bool) -> None:
    content = PROSE + "Ὀδυσσεύς; ".encode() + PROSE[60:150]
    model = model_with_phrases(bits, bits, content)
    if has_start:
        model.add_start(predictor, {5: 20, 6: 31}[predictor], 4000)
    _, kind, payload = _native.encode_segment(
        content, predictor, networks.NetworkFile("random", model.data()).native
    )
    assert kind == 1
    assert decode_payload(predictor, kind, len(content), payload, Network(model.data())) == content
    model.remove("phrases")
    without = networks.NetworkFile("random", model.data()).native
    assert _native.encode_segment(content, predictor, without)[2] != payload


@pytest.mark.parametrize("predictor", [5, 6])
def test_phrases_without_entries_say_nothing(predictor: int) -> None:
    model = load(GOLDEN / "random_models.py").RandomModel({"layers": 1})
    without = networks.NetworkFile("random", model.data())
    model.put("phrases", "U8", [2, 64], ([31, 0] * 21 + [255] * 22) * 2)  # no tag has a check
    nothing = networks.NetworkFile("random", model.data())
    made = _native.encode_segment(PROSE, predictor, nothing.native)
    assert made == _native.encode_segment(PROSE, predictor, without.native)
    assert decode_payload(predictor, 1, len(PROSE), made[2], Network(nothing.data)) == PROSE


@pytest.mark.parametrize("predictor", [5, 6])
def test_phrases_speak_in_every_lane(predictor: int) -> None:
    content = song(600_001)
    lane_size = -(-len(content) // 4) if predictor == 5 else len(content)
    beginnings = [content[start : start + 100] for start in range(0, len(content), lane_size)]
    random_models = load(GOLDEN / "random_models.py")
    model = random_models.RandomModel({"layers": 1})
    model.add_phrases(8, [pair for part in beginnings for pair in random_models.what_came_next(part)])
    native = networks.NetworkFile("random", model.data()).native
    _, kind, payload = _native.encode_segment(content, predictor, native)
    lanes = first_symbols(predictor, kind, payload, len(content), Network(model.data()), 400)
    assert len(lanes) == len(beginnings) == {5: 4, 6: 1}[predictor]
    for lane, beginning in zip(lanes, beginnings, strict=True):
        assert lane[:100] == beginning


# Lanes


def first_symbols(
    predictor: int, kind: int, payload: bytes, content_size: int, network: Network, count: int
) -> list[bytes]:
    """Of every lane, `count` in all. A wrong one would spoil all that come after it."""
    coder = ArithmeticDecoder(payload)
    model = Model(predictor, kind, content_size, 0, network)
    for _ in range(count):
        model.start_symbol()
        partial = 1
        for _ in range(8):
            bit = coder.decode_bit(model.probability())
            model.learn(bit)
            partial = partial * 2 + bit
        model.finish_symbol(partial - 256, 1)
    return [bytes(lane.features.symbols) for lane in model.lanes]


def song(size: int) -> bytes:
    """Text that sings again, elsewhere and soon, what it has sung: matches go from lane to lane."""
    rng = random.Random(size)
    verse = b" ".join(rng.choice(dictionary()) for _ in range(120)) + b".\n"
    out = bytearray()
    while len(out) < size:
        start = rng.randrange(len(verse))
        out += verse[start : start + rng.randrange(20, 300)]
    return bytes(out[:size])


@pytest.mark.parametrize(
    ("level", "size", "lanes"),
    [(6, 65535, 1), (6, 262_143, 1), (6, 262_144, 2), (6, 600_001, 4), (6, 1_200_001, 8), (9, 600_001, 1)],
)
def test_lanes_begin_as_they_should(
    level: int, size: int, lanes: int, tiny_network: Path, network: Any
) -> None:
    content = song(size)
    archive = codelength.compress(content, level, model=tiny_network)
    width = 2 if size < 65536 else 4
    payload = archive[13 + 2 * width : -4]
    found = first_symbols({6: 5, 9: 6}[level], 1, payload, size, network, 600)
    assert len(found) == lanes
    lane_size = -(-size // lanes)
    for number, symbols in enumerate(found):
        start = number * lane_size
        assert symbols == content[start : start + 600 // lanes]


def test_counts_of_lanes() -> None:
    counts = {
        0: 1,
        1: 1,
        262_143: 1,
        262_144: 2,
        524_287: 2,
        524_288: 4,
        (1 << 20) - 1: 4,
        1 << 20: 8,
        1 << 25: 8,
    }
    assert {size: count_lanes(size, 8) for size in counts} == counts
    assert {count_lanes(size, 1) for size in counts} == {1}


def test_imports_only_the_standard_library() -> None:
    files = list(DECODER.parent.glob("*.py"))
    own = {file.stem for file in files}
    assert "decoder" in own
    assert not own & sys.stdlib_module_names
    imported = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                imported.add((node.module or "").split(".")[0])
    assert imported <= own | sys.stdlib_module_names


def test_numbers_of_the_document() -> None:
    assert len(STATES) == 255
    assert len(dictionary()) == 18835
    assert squash(0) == 32768
    assert all(squash(x) + squash(-x) == 65536 for x in range(3072))
    assert min(STRETCH) >= -3071
    assert max(STRETCH) <= 3071


# Deeper, and slow


def longer(name: str) -> bytes:
    """4000 bytes, or a few more, made of parts of the content of this name."""
    rng = random.Random(name)
    parts = [CONTENTS[name]]
    while sum(map(len, parts)) < 4000:
        start = rng.randrange(len(CONTENTS[name]))
        parts.append(CONTENTS[name][start : start + rng.randrange(1, 120)])
    return b"".join(parts)


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", COMPRESSIBLE)
def test_longer_frames(name: str, level: int, reference: ModuleType) -> None:
    content = longer(name)
    assert reference.decode(codelength.compress(content, level)) == content


@pytest.mark.slow
@pytest.mark.parametrize("level", [1, 4])
def test_a_real_text(level: int, reference: ModuleType) -> None:
    content = (ROOT / "LICENSE").read_bytes()
    assert reference.decode(codelength.compress(content, level)) == content


@pytest.mark.slow
def test_full_tables(reference: ModuleType) -> None:
    """Content enough that the lines of slots are as many as they get."""
    rng = random.Random(4)
    content = b" ".join(rng.choices(dictionary(), k=30_000))[:180_000]
    assert reference.decode(codelength.compress(content, 1)) == content


@pytest.mark.slow
@pytest.mark.parametrize("level", NETWORKED_LEVELS)
@pytest.mark.parametrize("name", COMPRESSIBLE)
def test_longer_frames_with_a_network(
    name: str, level: int, tiny_network: Path, network: Any, reference: ModuleType
) -> None:
    content = longer(name)
    archive = codelength.compress(content, level, model=tiny_network)
    assert reference.decode(archive, [network]) == content


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_lanes(tiny_network: Path, network: Any, reference: ModuleType) -> None:
    """Two lanes of which the last is shorter."""
    content = song(262_145)
    archive = codelength.compress(content, 6, model=tiny_network)
    assert reference.decode(archive, [network]) == content


@pytest.mark.slow
@pytest.mark.parametrize("predictor", LEVELS)
@pytest.mark.parametrize("kind", [0, 1, 3])
def test_every_kind_takes_any_symbols(predictor: int, kind: int) -> None:
    """What the reference model has encoded the package decodes, though its encoder might choose otherwise."""
    maker = load(GOLDEN / "make.py")
    rng = random.Random(predictor * 8 + kind)
    for stride in (0, 1, 4, 12, 100, 65535) if kind == 3 else (0,):
        name = rng.choice(COMPRESSIBLE)
        content = CONTENTS[name] + bytes(rng.choice(b"aA \n0\xff\x01.") for _ in range(100)) + bytes(500)
        payload = maker.coded(predictor, kind, len(content), content, stride)
        message = maker.message_of(predictor, kind, len(content), payload)
        assert codelength.decompress(message, message=True) == content


@pytest.mark.slow
@pytest.mark.parametrize("kind", [0, 1, 2, 3, 5])
def test_any_payload_means_the_same(kind: int, reference: ModuleType) -> None:
    rng = random.Random(kind)
    n_accepted = 0
    for _ in range(80):
        content_size = rng.randrange(1, 30)
        noise = rng.randbytes(content_size)
        if kind == 3:
            noise = b"\0" + noise[1:]  # a stride that the few bytes here can tell from none
        for size in range(content_size):
            message = bytes((1 << 4 | kind, content_size)) + noise[:size]
            n_accepted += same_outcome(reference, message, message=True) is not None
    assert (n_accepted > 0) == (kind != 5)
