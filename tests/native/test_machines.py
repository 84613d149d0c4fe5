"""Archives are the same on every machine: the native core, built for others and run under an emulator, reads
and writes the golden archives, and those of the default network, byte for byte.

The package around it runs here; `segment_server` (native/tests) does on the other machine what the native
module does.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import codelength
from codelength import _native
from codelength.codec import networks, segment

GOLDEN = Path(__file__).resolve().parents[1] / "golden"

PROCESSORS = {"aarch64": ("neon_dot", "neon", "portable"), "s390x": ("portable",)}
"""The kernels of the network that each has. s390x puts the high byte first."""

TEXT = (
    b"The same text makes the same archive on every machine: this is shown here, not claimed. The network\n"
    b"reads it byte by byte in integers alone, and what it expects of the next byte must not differ by 1,\n"
    b"for the decoder would lose its way. Gr\xc3\xbc\xc3\x9fe!\n"
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


class Machine:
    """What `codelength._native` is, for the part of the package that codes segments."""

    CorruptPayload = _native.CorruptPayload
    N_PREDICTORS = _native.N_PREDICTORS
    is_networked = staticmethod(_native.is_networked)

    def __init__(self, command: list[str | Path], isa: str) -> None:
        environment = os.environ | {"CODELENGTH_ISA": isa}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment)
        self._lock = threading.Lock()
        self.n_encoded = self.n_decoded = 0
        self.isa_names: set[str] = set()

    def close(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def _ask(self, *request: object, data: bytes = b"") -> tuple[list[str], bytes]:
        """The words of the answer and the bytes after it; raises what the native module would."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        with self._lock:
            to.write(" ".join(map(str, request)).encode() + b"\n" + data)
            to.flush()
            answer, *words = back.readline().decode().split()
            if answer == "ok":
                return words, back.read(int(words[-1]))
        error = {
            "CorruptPayload": _native.CorruptPayload,
            "BadNetwork": ValueError,
            "invalid_argument": ValueError,
        }
        raise error[answer](" ".join(words))

    def Network(self, shape: dict[str, Any], tensors: dict[str, tuple[str, list[int], bytes]]) -> int:
        """The number of a network on the other machine."""
        sizes = [shape[name] for name in ("width", "layers", "hidden", "taps", "rows", "columns")]
        parts = []
        for name, (dtype, dims, data) in tensors.items():
            line = " ".join(map(str, (name, dtype, len(dims), *dims, len(data))))
            parts.append(line.encode() + b"\n" + data)
        lists = [number for name in ("orders", "echoes") for number in (len(shape[name]), *shape[name])]
        request = ("network", *sizes, *lists, len(tensors))
        (number, isa_name, _), _ = self._ask(*request, data=b"".join(parts))
        self.isa_names.add(isa_name)
        return int(number)

    def encode_segment(
        self,
        content: memoryview,
        predictor: int,
        network: int | None,
        threads: int,
        monitor: object,
        name_bytes: int | None,
    ) -> tuple[int, int, bytes]:
        number, name = (-1 if value is None else value for value in (network, name_bytes))
        request = ("encode", predictor, number, name, threads, len(content))
        (used, kind, _), payload = self._ask(*request, data=bytes(content))
        self.n_encoded += 1
        return int(used), int(kind), payload

    def decode_segment(
        self,
        payload: memoryview,
        n_bytes: int,
        predictor: int,
        kind: int,
        network: int | None,
        threads: int,
        monitor: object,
    ) -> bytes:
        number = -1 if network is None else network
        request = ("decode", predictor, kind, n_bytes, number, threads, len(payload))
        _, content = self._ask(*request, data=bytes(payload))
        self.n_decoded += 1
        return content


@pytest.fixture(scope="module")
def golden() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_on_machines", GOLDEN / "test_golden.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=PROCESSORS)
def command(request: pytest.FixtureRequest, build: Callable[..., Path]) -> tuple[str, list[str | Path]]:
    """A processor's name, and how segment_server runs on it."""
    processor: str = request.param
    compiler, emulator = f"{processor}-linux-gnu-g++", f"qemu-{processor}"
    for program in (compiler, emulator):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}")
    options = (
        "-DCMAKE_SYSTEM_NAME=Linux",
        f"-DCMAKE_SYSTEM_PROCESSOR={processor}",
        "-DCMAKE_EXE_LINKER_FLAGS=-static",
        "-DCODELENGTH_SANITIZE=",
        "-DCODELENGTH_FUZZ=OFF",
    )
    folder = build(processor, compiler, *options, target="segment_server")
    return processor, [emulator, "-cpu", "max", folder / "segment_server"]


@pytest.fixture
def start(
    command: tuple[str, list[str | Path]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Machine]]:
    """Starts the machine with the kernels of this name; from then on the package codes segments there."""
    machines: list[Machine] = []

    def start(isa: str) -> Machine:
        machine = Machine(command[1], isa)
        machines.append(machine)
        for module in (segment, networks):
            monkeypatch.setattr(module, "_native", machine)
        monkeypatch.setattr(networks, "_read", {})  # networks of the machine before
        return machine

    yield start
    monkeypatch.undo()
    for machine in machines:
        machine.close()


def test_golden_archives(
    command: tuple[str, list[str | Path]],
    start: Callable[[str], Machine],
    golden: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CODELENGTH_MODELS", str(GOLDEN / "networks"))
    for isa in PROCESSORS[command[0]]:
        machine = start(isa)
        assert golden.check_all_with_package() == len(golden.VALID) + len(golden.INVALID)
        assert machine.n_encoded > sum(bool(entry["frames"]) for entry in golden.VALID.values()) // 2
        assert machine.n_decoded > len(golden.VALID) // 2
        assert machine.isa_names == {isa}
        # The other kernels of this machine differ in nothing but the network.
        for folder in ("VALID", "INVALID"):
            networked = {name: entry for name, entry in getattr(golden, folder).items() if "network" in name}
            monkeypatch.setattr(golden, folder, networked)
        assert golden.VALID


def test_default_network(command: tuple[str, list[str | Path]], start: Callable[[str], Machine]) -> None:
    archives = [codelength.compress(TEXT, level) for level in (6, 9)]
    message = codelength.compress(TEXT, 9, message=True)
    for isa in PROCESSORS[command[0]]:
        machine = start(isa)
        for level, archive in zip((6, 9), archives, strict=True):
            assert codelength.compress(TEXT, level, threads=1) == archive
            assert codelength.decompress(archive, threads=1) == TEXT
        assert codelength.decompress(message, message=True) == TEXT
        assert (machine.n_encoded, machine.n_decoded) == (2, 3)
        assert machine.isa_names == {isa}
