"""What several tests need."""

from __future__ import annotations

import gc
import io
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import codelength
from codelength.codec import engine, segmenter

# Under nohup, or behind a shell's "&", signals arrive here ignored, and so would they in the commands
# that the tests interrupt.
for _number in (signal.SIGINT, getattr(signal, "SIGHUP", None)):
    if _number is not None and signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)

DATA = Path(os.environ.get("CODELENGTH_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
TINY_NETWORK = Path(__file__).resolve().parent / "golden" / "networks" / "tiny.safetensors"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of evaluation data: beside the checkout, or where CODELENGTH_DATA says."""
    if not DATA.is_dir():
        pytest.skip(f"no evaluation data at {DATA}")
    return DATA


@pytest.fixture
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model file of a network that knows nothing but is fast. Archives that name it can be read."""
    monkeypatch.setenv("CODELENGTH_MODELS", str(TINY_NETWORK.parent), prepend=os.pathsep)
    return TINY_NETWORK


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> int:
    """Segments of 500 bytes, done on threads as if they were large; returns that size."""
    monkeypatch.setattr(segmenter, "UNIT_BYTES", 500)
    monkeypatch.setattr(engine, "INLINE_BYTES", 100)
    return 500


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """One content of each sort that has ever been a corner."""
    words = ["the", "of", "and", "a", "to", "in", "he", "it", "was", "that", "his", "with", "as", "you"]
    choice = random.Random(1).choice
    return {
        "empty": b"",
        "1 byte": b"x",
        "2 equal bytes": b"\xff\xff",
        "text": " ".join(choice(words) for _ in range(1500)).encode(),
        "unicode": ("Grüße, 世界! Ἀρχιμήδης, здравствуй 🙂\n" * 40).encode(),
        "binary": b"".join(i.to_bytes(2, "little") + bytes(6) for i in range(700)),
        "random": random.Random(2).randbytes(3000),
        "all bytes": bytes(range(256)),
        "all equal": bytes(20_000),
        "255 bytes": b"ab" * 127 + b"c",
        "256 bytes": b"ab" * 128,
        "65535 bytes": b"0123456789abcde" * 4369,
        "65536 bytes": b"0123456789abcdef" * 4096,
    }


def _decompressor(data: bytes) -> bytes:
    """Frame by frame, with output in small parts."""
    out: list[bytes] = []
    while True:
        decompressor = codelength.Decompressor()
        if out and data[:2] not in (b"\xc1", b"\xc1\x5a", b"\xc1\x5b"):
            raise codelength.CorruptError("junk follows the end")
        out.append(decompressor.decompress(data, 100))
        while not decompressor.needs_input and not decompressor.eof:
            out.append(decompressor.decompress(b"", 100))
        if not decompressor.eof:
            raise codelength.TruncatedError("more input is needed")
        data = decompressor.unused_data
        if not data:
            return b"".join(out)


def _stream(threads: int) -> Callable[[bytes], bytes]:
    def read(data: bytes) -> bytes:
        sink = io.BytesIO()
        codelength.decompress_stream(io.BytesIO(data), sink, threads=threads)
        return sink.getvalue()

    return read


def _file(data: bytes) -> bytes:
    with codelength.ClzFile(io.BytesIO(data)) as file:
        return file.read()


class Pipe(io.RawIOBase):
    """A file that cannot seek and gives a few bytes at a time."""

    def __init__(self, data: bytes, most: int = 37) -> None:
        self._data = io.BytesIO(data)
        self._most = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        part = self._data.read(min(self._most, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


def _piped_file(data: bytes) -> bytes:
    with codelength.ClzFile(Pipe(data)) as file:
        return file.read()


def _seeking_file(data: bytes) -> bytes:
    with codelength.ClzFile(io.BytesIO(data)) as file:
        half = file.seek(0, io.SEEK_END) // 2
        file.seek(half)
        tail = file.read()
        file.seek(0)
        return file.read(half) + tail


@pytest.fixture(scope="session")
def pipe() -> Callable[[bytes], Pipe]:
    """Makes a file that cannot seek and gives a few bytes at a time."""
    return Pipe


@pytest.fixture(scope="session")
def readers() -> dict[str, Callable[[bytes], bytes]]:
    """All ways to restore an archive; each gives the content or raises."""
    return {
        "decompress": codelength.decompress,
        "Decompressor": _decompressor,
        "decompress_stream": _stream(1),
        "decompress_stream on 2 threads": _stream(2),
        "ClzFile": _file,
        "ClzFile on a pipe": _piped_file,
        "ClzFile with seeks": _seeking_file,
    }


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """Whatever a test does, no thread of ours may be left behind."""
    before = set(threading.enumerate())
    yield
    if _threads_since(before):
        gc.collect()  # an exception that pytest has kept may hold on to an engine
    assert not _threads_since(before)


def _threads_since(before: set[threading.Thread]) -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t not in before and t.name == engine.THREAD_NAME]


@pytest.fixture(scope="module")
def ray_cluster(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A real Ray with two workers on this machine, which need not import the tests' module."""
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.cloudpickle.register_pickle_by_value(request.module)
    yield ray
    ray.shutdown()
