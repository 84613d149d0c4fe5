"""A tool for every day answers at once, and small files cost little."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import codelength
from codelength.cli.options import command, parse

resource = pytest.importorskip("resource", reason="no POSIX here")

Run = Callable[..., subprocess.CompletedProcess[bytes]]

HEAVY = {"torch", "numpy", "rich", "safetensors", "pandas", "asyncio", "fsspec", "tempfile"}


def modules(*arguments: str) -> set[str]:
    """What a run of clz imports."""
    program = (
        "import sys; before = set(sys.modules); from codelength.cli.clz import main; "
        f"sys.argv[1:] = {list(arguments)!r}; code = main(); "
        "print(*sys.modules.keys() - before, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()} | {
        name for name in done.stderr.splitlines()[-1].split() if name.startswith("codelength")
    }


def test_questions_import_next_to_nothing() -> None:
    for question in ("-h", "--version"):
        imported = modules(question)
        assert "click" not in imported
        assert not {name for name in imported if name.startswith("codelength.codec.")} - {
            "codelength.codec.plugins"
        }


def test_help_imports_no_codec() -> None:
    imported = modules("--help")
    assert "click" in imported
    assert not imported & (HEAVY | {"codelength.codec.stream", "codelength._native"})


def test_work_imports_nothing_heavy(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a").write_bytes(text)
    (tmp_path / "a.clz").write_bytes(codelength.compress(text))
    for arguments in (["-f", "a"], ["-df", "a.clz"], ["-tqM1G", "a.clz"]):
        options = [*arguments[:-1], str(tmp_path / arguments[-1])]
        assert not modules(*options) & HEAVY


def test_times(run: Run, tmp_path: Path, text: bytes) -> None:
    # Loose, as other work may share the machine; what the times really are is for benchmarks.
    (tmp_path / "a").write_bytes(text[:1024])

    def median_s(*arguments: str) -> float:
        times = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert run(*arguments).returncode == 0
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return statistics.median(times)

    assert median_s("clz", "--version") < 0.2
    assert median_s("clz", "-h") < 0.2
    assert median_s("clz", "-c", "a") < 1


def test_every_option_is_explained() -> None:
    text = parse("clz", ["-H"])
    assert isinstance(text, str)
    for parameter in command.params:
        for name in parameter.opts + parameter.secondary_opts:
            if name.startswith("-") and not name[1:].isdigit():
                assert name in text
    assert "Examples:" in text
    assert "tar -I clz" in text
    assert "_CLZ_COMPLETE=bash_source clz" in text
    assert max(map(len, text.splitlines())) <= 100
    short = parse("clz", ["-h"])
    assert isinstance(short, str)
    assert len(short.splitlines()) < 20


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run: Run, environment: dict[str, str], shell: str) -> None:
    script = run("clz", env=environment | {"_CLZ_COMPLETE": f"{shell}_source"})
    if shell == "bash" and b"Couldn't detect Bash version" in script.stderr:
        pytest.skip("no bash here")
    assert script.returncode == 0
    assert b"_CLZ_COMPLETE" in script.stdout
    words = {"COMP_WORDS": "clz --outp", "COMP_CWORD": "--outp" if shell == "fish" else "1"}
    done = run("clz", env=environment | words | {"_CLZ_COMPLETE": f"{shell}_complete"})
    assert b"--output-dir-flat" in done.stdout


@pytest.mark.slow
def test_memory_does_not_grow_with_the_input(tmp_path: Path, environment: dict[str, str]) -> None:
    def peak_bytes(script: str) -> int:
        program = (
            "import resource, subprocess, sys; "
            f"subprocess.run(['sh', '-c', {script!r}], check=True); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, check=True
        )
        return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)

    def compress(n_bytes: int) -> int:
        return peak_bytes(f"head -c {n_bytes} /dev/zero | clz -1 -T2 > x.clz")

    small, large = compress(100_000_000), compress(250_000_000)
    assert large < small + 20_000_000
    restored = peak_bytes("clz -dc -T2 x.clz > /dev/null")
    assert restored < 400_000_000


@pytest.mark.slow
def test_whole_process_on_a_small_file(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a").write_bytes(text[:1024])
    times = []
    for _ in range(9):
        started = time.monotonic()
        assert run("clz", "-c", "a").returncode == 0
        times.append(time.monotonic() - started)
    assert statistics.median(times) < 0.3
