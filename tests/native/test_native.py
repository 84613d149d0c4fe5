"""The native core under sanitizers and fuzzers.

Each fuzzer runs for 30 seconds, or for as many as CODELENGTH_FUZZ_SECONDS says.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]
Build = Callable[..., Path]

FUZZ_SECONDS = int(os.environ.get("CODELENGTH_FUZZ_SECONDS", "30"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(FUZZ_SECONDS + 1800)]


@pytest.fixture(scope="module")
def sanitized(build: Build) -> Path:
    """A build with ASan and UBSan, and with the fuzzers if there is a clang."""
    if platform.system() == "Windows":
        pytest.skip("the sanitizers' options are those of gcc and clang")
    return build("sanitized", shutil.which("clang++"))


@pytest.fixture(scope="module")
def plain(build: Build) -> Path:
    """A build as users run it, with the compiler that cmake picks."""
    return build("plain", None, "-DCODELENGTH_SANITIZE=", "-DCODELENGTH_FUZZ=OFF")


def test_units_under_sanitizers(sanitized: Path, run: Run) -> None:
    assert "FAILED" not in run(sanitized / "round_trip")


def test_units_as_users_run_them(plain: Path, run: Run) -> None:
    assert "FAILED" not in run(plain / "round_trip")


def test_no_races(build: Build, run: Run) -> None:
    """Lanes, which are what has threads, under ThreadSanitizer."""
    if platform.system() != "Linux":
        pytest.skip("ThreadSanitizer is for Linux here")
    options = ("-DCODELENGTH_SANITIZE=thread", "-DCODELENGTH_FUZZ=OFF")
    program = build("thread", shutil.which("clang++"), *options, target="round_trip") / "round_trip"
    # It knows where memory may lie, and newer kernels scatter it more widely.
    still = ["setarch", "-R"] if shutil.which("setarch") else []
    assert "FAILED" not in run(*still, program, "lanes")


@pytest.mark.parametrize("name", ["decode", "round_trip", "network"])
def test_fuzzers(sanitized: Path, tmp_path: Path, run: Run, name: str) -> None:
    fuzzer = sanitized / f"fuzz_{name}"
    if not fuzzer.exists():
        pytest.skip("no clang, hence no fuzzers")
    run(sanitized / "fuzz_seeds", tmp_path / "seeds")
    (tmp_path / "corpus").mkdir()
    limits = (f"-max_total_time={FUZZ_SECONDS}", "-max_len=2048", "-timeout=60")
    output = run(fuzzer, *limits, "corpus", tmp_path / "seeds" / name, cwd=tmp_path)
    assert re.search(r"Done \d+ runs", output), output[-2000:]


NOT_ON_EVERY_X86 = re.compile(r"v[a-z]|andn|bextr|bls(i|r|msk)|tzcnt|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx")


def test_avx2_code_is_not_shared(plain: Path, run: Run) -> None:
    """Of an inline function that the builds of segment_isa.cpp share, the linker keeps any one."""
    objects = list((plain / "CMakeFiles" / "codelength_avx2.dir").rglob("segment_isa.cpp.o"))
    if not objects or shutil.which("objdump") is None or shutil.which("nm") is None:
        pytest.skip("not x86, or no binutils")
    symbols = (line.split() for line in run("nm", *objects).splitlines())
    shared = {s[-1] for s in symbols if s[-2] == "W" and "4avx2" not in s[-1]}
    function = ""
    for line in run("objdump", "-d", "--no-show-raw-insn", *objects).splitlines():
        if header := re.fullmatch(r"[0-9a-f]+ <(\S+)>:", line):
            function = header[1]
        elif function in shared and (instruction := re.match(r"\s+[0-9a-f]+:\s+(\S+)", line)):
            assert not NOT_ON_EVERY_X86.match(instruction[1]), f"{function}: {line}"
