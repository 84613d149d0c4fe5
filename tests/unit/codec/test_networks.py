"""Networks at hand: how they are found, what is no network, and that all machines make the same archive."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import random
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

import codelength
from codelength import FormatError, ModelNotFoundError
from codelength.codec.networks import NetworkFile, default_network, find_network, read_network
from codelength.coding.message import parse_message

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
TEXT = b"A network that knows nothing still has its own opinion of every byte, and says so each time. " * 3


def random_model(**how: Any) -> Any:
    """What a model file is made of, for a test to change."""
    spec = importlib.util.spec_from_file_location("random_models_loaded", GOLDEN / "random_models.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.RandomModel({"layers": 1}, **how)


# Found


def test_archives_name_their_network(
    tmp_path: Path, tiny_network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.safetensors"
    path.write_bytes(random_model(seed=1).data())
    mine = codelength.compress(TEXT, 6, model=path)
    tiny = codelength.compress(TEXT, 6, model=str(tiny_network))
    small = codelength.compress(TEXT, 6)
    assert [archive[4:12] for archive in (mine, tiny, small)] == [
        read_network(path).hash,
        read_network(tiny_network).hash,
        default_network().hash,
    ]
    assert codelength.decompress(tiny + small) == TEXT * 2
    with pytest.raises(ModelNotFoundError, match=read_network(path).hash.hex()):
        codelength.decompress(mine)
    folders = [tmp_path / "none", tmp_path, tiny_network.parent]
    monkeypatch.setenv("CODELENGTH_MODELS", os.pathsep.join(map(str, folders)))
    assert codelength.decompress(mine + tiny + small) == TEXT * 3
    monkeypatch.delenv("CODELENGTH_MODELS")
    assert codelength.decompress(small) == TEXT
    for archive in (mine, tiny):
        with pytest.raises(ModelNotFoundError, match=archive[4:12].hex()):
            codelength.decompress(archive)


def test_files_beside_a_network_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(random_model(seed=2).data())
    archive = codelength.compress(TEXT, 9, model=path)
    (tmp_path / "a.safetensors").write_bytes(b"no network")
    (tmp_path / "b.safetensors").write_bytes(b"")
    (tmp_path / "z.txt").write_bytes(b"text")
    monkeypatch.setenv("CODELENGTH_MODELS", str(tmp_path))
    assert codelength.decompress(archive) == TEXT


def test_a_file_that_is_replaced_is_another_network(tmp_path: Path) -> None:
    """Archives name the hash of what is in the file: of what was there before nobody might have a copy."""
    path = tmp_path / "m.safetensors"
    path.write_bytes(random_model(seed=3).data())
    before = read_network(path)
    assert read_network(path) is before
    path.unlink()
    path.write_bytes(random_model(seed=4).data())
    os.utime(path, ns=(1, 1))
    assert read_network(path).hash != before.hash
    assert codelength.compress(TEXT, 6, model=path)[4:12] == read_network(path).hash


@pytest.mark.parametrize("card", [5, None, "[" * 100_000, "3", "{"])
def test_a_card_that_is_none(card: object) -> None:
    header = {"__metadata__": {"format": "codelength-network-1", "card": card}}
    content = json.dumps(header).encode()
    assert NetworkFile("n", len(content).to_bytes(8, "little") + content).card == {}


def test_the_package_knows_its_own() -> None:
    network = default_network()
    assert find_network(network.hash) is network
    assert len(network.hash) == 8


def test_a_network_is_for_the_levels_that_have_one(tmp_path: Path, tiny_network: Path) -> None:
    for level in range(1, 6):
        with pytest.raises(ValueError, match=f"level {level} uses no network"):
            codelength.compress(TEXT, level, model=tiny_network)
    with pytest.raises(FileNotFoundError):
        codelength.compress(TEXT, 6, model=tmp_path / "none.safetensors")
    with pytest.raises(ValueError, match="message"):
        codelength.compress(TEXT, 6, model=tiny_network, message=True)


def test_every_shape_takes_a_network(tmp_path: Path, tiny_network: Path) -> None:
    archive = codelength.compress(TEXT, 9, model=tiny_network)
    path = tmp_path / "a.clz"
    with codelength.open(path, "wb", level=9, model=tiny_network) as file:
        file.write(TEXT)
    assert path.read_bytes() == archive
    with codelength.open(path) as file:
        assert file.read() == TEXT
    compressor = codelength.Compressor(9, model=tiny_network)
    assert compressor.compress(TEXT) + compressor.flush() == archive


# What is no network


def changed(name: str, **what: Any) -> bytes:
    model = random_model()
    for part, value in what.items():
        getattr(model, part)[name] = value
    return model.data()


def with_header(change: Any) -> bytes:
    model = random_model()
    header = model.header()
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + model.body()


def with_a_name_twice() -> bytes:
    model = random_model()
    header = model.header()
    text = json.dumps(header)[:-1] + ', "embed": ' + json.dumps(header["embed"]) + "}"
    return len(text).to_bytes(8, "little") + text.encode() + model.body()


def overflowing() -> bytes:
    model = random_model()
    model.numbers["head.multiplier"] = [32767] * 256
    return model.data()


DATA = random_model().data()
HOSTILE = {
    "empty": b"",
    "zeros": bytes(5000),
    "text": b"This is no network. " * 10,
    "an archive": codelength.compress(bytes(100)),
    "a header of 2^64 bytes": b"\xff" * 8 + DATA[8:],
    "a header of half the memory": (1 << 36).to_bytes(8, "little") + DATA[8:],
    "a header of no bytes": bytes(8) + DATA[8:],
    "no JSON": (10).to_bytes(8, "little") + b"[[[[[[[[[[",
    "deep JSON": (1_000_000).to_bytes(8, "little") + b"[" * 1_000_000,
    "no metadata": with_header(lambda header: header.pop("__metadata__")),
    "metadata of another sort": with_header(lambda header: header.update(__metadata__=[1])),
    "another format": with_header(lambda header: header["__metadata__"].update(format="other")),
    "no shape": with_header(lambda header: header["__metadata__"].pop("shape")),
    "a shape of another sort": with_header(lambda header: header["__metadata__"].update(shape="[1]")),
    "a shape that is no string": with_header(lambda header: header["__metadata__"].update(shape={})),
    "a shape of 2^40": with_header(
        lambda header: header["__metadata__"].update(
            shape=json.dumps(random_model().shape | {"width": 1 << 40})
        )
    ),
    "too wide a shape": with_header(
        lambda header: header["__metadata__"].update(
            shape=json.dumps(random_model().shape | {"width": 4096, "layers": 64, "rows": 1 << 24})
        )
    ),
    "a field too many": with_header(
        lambda header: header["__metadata__"].update(shape=json.dumps(random_model().shape | {"more": 1}))
    ),
    "a name twice": with_a_name_twice(),
    "a tensor too many": with_header(
        lambda header: header.update(more=header["embed"] | {"shape": [0], "data_offsets": [0, 0]})
    ),
    "a tensor too few": with_header(lambda header: header.pop("head.shift")),
    "a tensor outside the file": with_header(
        lambda header: header["head.shift"].update(data_offsets=[1 << 40, (1 << 40) + 4])
    ),
    "a tensor upside down": with_header(lambda header: header["head.shift"].update(data_offsets=[8, 4])),
    "another dtype": with_header(lambda header: header["embed"].update(dtype="F16")),
    "no dtype of all": with_header(lambda header: header["embed"].update(dtype="X9")),
    "another dtype of that size": changed("head.shift", dtypes="I8", numbers=[1], shapes=[1]),
    "another shape": with_header(lambda header: header["embed"].update(shape=[16, 256])),
    "a byte more": DATA + b"\0",
    "a megabyte more": DATA + bytes(1 << 20),
    "a byte less": DATA[:-1],
    "half": DATA[: len(DATA) // 2],
    "a number outside its range": changed("head.shift", numbers=[31]),
    "a scale of 0": changed("layers.0.mixed_scale", numbers=[0]),
    "what overflows": overflowing(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_model_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(HOSTILE[name])
    for _ in range(2):  # a second time too
        with pytest.raises(FormatError, match="hostile"):
            codelength.compress(TEXT, 6, model=path)


def test_model_files_cut_anywhere(tmp_path: Path) -> None:
    n_header = 8 + int.from_bytes(DATA[:8], "little")
    for n_bytes in [*range(0, n_header + 40, 37), *range(n_header + 40, len(DATA), 997)]:
        path = tmp_path / f"{n_bytes}.safetensors"
        path.write_bytes(DATA[:n_bytes])
        with pytest.raises(FormatError):
            codelength.compress(TEXT, 6, model=path)


def test_damaged_model_files(tmp_path: Path) -> None:
    """A flipped bit makes another network, or none; a network by another hash always."""
    rng = random.Random(5)
    n_header = 8 + int.from_bytes(DATA[:8], "little")
    right = codelength.compress(TEXT, 6, model=write(tmp_path / "right.safetensors", DATA))
    n_refused = 0
    for n in range(200):
        damaged = bytearray(DATA)
        damaged[rng.randrange(n_header) if n % 4 else rng.randrange(len(DATA))] ^= 1 << rng.randrange(8)
        path = write(tmp_path / f"{n}.safetensors", bytes(damaged))
        try:
            archive = codelength.compress(TEXT, 6, model=path)
        except FormatError:
            n_refused += 1
        else:
            assert archive[4:12] == read_network(path).hash != right[4:12]
    assert n_refused >= 100


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_network_in_the_wrong_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has the hash that an archive names, but breaks a rule of the format."""
    data = HOSTILE["what overflows"]
    path = write(tmp_path / "bad.safetensors", data)
    archive = bytearray(codelength.compress(TEXT, 6, model=write(tmp_path / "good.safetensors", DATA)))
    archive[4:12] = read_network(path).hash
    monkeypatch.setenv("CODELENGTH_MODELS", str(tmp_path))
    with pytest.raises(FormatError, match="bad"):
        codelength.decompress(archive)


# The same on every machine


SCRIPT = """
import hashlib, json, os, sys
import codelength
from codelength.codec.networks import read_network

model, isa, content, plan = sys.argv[1:]
if isa != "any" and read_network(model).native.isa_name != isa:
    sys.exit("skip")
content = open(content, "rb").read()
made = {}
for size, level, encoder_threads, decoder_threads in json.loads(plan):
    archive = codelength.compress(content[:size], level, model=model, threads=encoder_threads)
    if decoder_threads:
        # Encoding reads stretches, decoding goes step by step: this compares the two.
        assert codelength.decompress(archive, threads=decoder_threads) == content[:size]
    assert made.setdefault(f"{size} {level}", archive) == archive, "another number of threads"
print(json.dumps({name: hashlib.sha256(archive).hexdigest() for name, archive in made.items()}))
"""
KERNELS = ("portable", "avx2", "avx512vnni", "neon", "neon_dot")
Plan = list[tuple[int, int, int, int]]
"""Size, level, threads to encode with, threads to decode with (0 for no decoding)."""

ONE_LANE = 3001
TWO_LANES = 270_001
MANY_LANES = 1 << 20


def archives_on(isa: str, content: Path, model: Path, plan: Plan) -> dict[str, str] | None:
    """What the archives made on these kernels hash to; None if this machine does not have them."""
    command = [sys.executable, "-c", SCRIPT, str(model), isa, str(content), json.dumps(plan)]
    environment = os.environ | ({} if isa == "any" else {"CODELENGTH_ISA": isa})
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.stderr == "skip\n":
        return None
    assert (done.returncode, done.stderr) == (0, "")
    hashes: dict[str, str] = json.loads(done.stdout)
    return hashes


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mebibyte of text that repeats itself."""
    rng = random.Random(9)
    words = [rng.randbytes(rng.randrange(1, 6)).hex().encode() for _ in range(300)]
    verses = b" ".join(rng.choice(words) for _ in range(3000))
    content = bytearray()
    while len(content) < MANY_LANES:
        start = rng.randrange(len(verses))
        content += verses[start : start + rng.randrange(5000)] + b"\n"
    return write(tmp_path_factory.mktemp("song") / "song", bytes(content))


def check_on_all_kernels(song: Path, model: Path, first: Plan, then: dict[str, Plan]) -> None:
    """`first` on the fastest kernels, and the same archives again on others, by `then`."""
    expected = archives_on("any", song, model, first)
    assert expected is not None
    n_kernels = 0
    for isa in KERNELS:
        made = archives_on(isa, song, model, then[isa] if isa in then else then["other"])
        if made is not None:
            assert made == {name: expected[name] for name in made}, isa
            n_kernels += 1
    assert n_kernels >= 1


@pytest.mark.timeout(900)  # 15 s, but threads that wait for each other suffer where others are at work
def test_archives_are_the_same_everywhere(song: Path, tiny_network: Path) -> None:
    by_threads = [
        (size, 6, *threads) for size in (ONE_LANE, TWO_LANES) for threads in ((1, 7), (7, 2), (2, 1))
    ]
    nine = [(ONE_LANE, 9, 2, 7), (TWO_LANES, 9, 7, 1)]
    check_on_all_kernels(
        song,
        tiny_network,
        [*by_threads, *nine, (MANY_LANES, 6, 7, 2)],
        {
            "portable": [(ONE_LANE, 6, 1, 1), (ONE_LANE, 9, 2, 2), (TWO_LANES, 6, 7, 0)],
            "avx512vnni": [(TWO_LANES, 6, 2, 7), *nine],
            "other": [(TWO_LANES, 6, 2, 7), *nine, (MANY_LANES, 6, 1, 0)],
        },
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_archives_are_the_same_everywhere(song: Path, tiny_network: Path) -> None:
    sizes = (0, 1, 2, 255, ONE_LANE, 65535, 65536, 262_143, 262_144, TWO_LANES, 600_001, MANY_LANES)
    plan = [
        (size, level, *threads)
        for size in sizes
        for level in (6, 9)
        for threads in (((1, 2), (2, 7), (7, 1)) if size < 300_001 else ((7, 1),))
    ]
    check_on_all_kernels(song, tiny_network, plan, {"other": plan})


def test_text_that_repeats_itself_is_left_to_the_contexts() -> None:
    """The network that comes with the package stays out where the content is smaller without it."""
    log = "".join(f"2026-01-{i % 28 + 1:02} 12:00:{i % 60:02} worker {i % 7}\n" for i in range(2000)).encode()
    archive = codelength.compress(log, 6)
    assert archive == codelength.compress(log, 3)
    assert codelength.decompress(archive) == log
    message = codelength.compress(log[:400], 6, message=True)
    assert len(message) <= len(codelength.compress(log[:400], 3, message=True))


def test_text_between_zeros_is_text() -> None:
    """As in a tar of small files, whose headers and ends are padded."""
    names = [f"folder/{i}.txt" for i in range(20)]
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for i, name in enumerate(names):
            member = tarfile.TarInfo(name)
            content = f"What the letter number {i} says is for nobody else to read.\n".encode() * (i + 20)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    assert codelength.get_frame_info(codelength.compress(archive.getvalue())).model_id == 5
    assert codelength.compress(archive.getvalue(), 3) != codelength.compress(archive.getvalue(), 6)
    names_of_a_program = b"\0".join(b"_ZN5shape%dC2Ev" % i for i in range(3000))
    for other in (
        bytes(5000),
        "What every second byte is.".encode("utf-16-le") * 200,
        (b"A line in a block that is nearly empty.\n" + bytes(4056)) * 50,
        random.Random(1).randbytes(9000) + names_of_a_program,
    ):
        assert codelength.compress(other) == codelength.compress(other, 3)


@pytest.mark.parametrize(("n_bytes", "n_head"), [(200, 2), (256, 2), (2047, 2), (2048, 3)])
def test_the_header_of_a_message_of_text(n_bytes: int, n_head: int) -> None:
    sentence = "The {}th letter came on a {} and said that the {} had been sold to a neighbour. "
    days, things = ("Monday", "Thursday", "holiday", "rainy day"), ("boat", "old piano", "apple tree")
    text = "".join(sentence.format(i, days[i % 4], things[i % 3]) for i in range(40)).encode()[:n_bytes]
    message = codelength.compress(text, message=True)
    header, payload = parse_message(message)
    assert (header.predictor, header.content_size) == (5, n_bytes)
    assert len(message) - len(payload) == n_head
    assert codelength.decompress(message, message=True) == text
