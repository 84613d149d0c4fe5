"""What changes when a person sits at a terminal: questions, refusals, progress."""

from __future__ import annotations

import io
import os
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

import codelength
from codelength.cli.messages import Messages, Progress, human_duration, human_size

pty = pytest.importorskip("pty", reason="no pseudo-terminals here")


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self.shown = b""

    def run(self, *arguments: str, answer: bytes = b"", **redirected: int) -> int:
        """The exit code. `answer` is typed when a question is shown; `redirected` are not at the terminal."""
        ours, theirs = pty.openpty()
        files = dict.fromkeys(("stdin", "stdout", "stderr"), theirs) | redirected
        process = subprocess.Popen(arguments, cwd=self._folder, env=self._environment, **files)  # type: ignore[call-overload]
        os.close(theirs)
        self.shown = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                data = os.read(ours, 4096)
            except OSError:  # how Linux says that the last process has closed it
                break
            if not data:
                break
            self.shown += data
            if answer and self.shown.endswith(b" ? "):
                os.write(ours, answer)
                answer = b""
        os.close(ours)
        code: int = process.wait(timeout=10)
        return code


@pytest.fixture
def terminal(tmp_path: Path, environment: dict[str, str]) -> Terminal:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "a.clz").write_bytes(b"what was here before")
    return Terminal(tmp_path, environment)


def test_asks_before_overwriting(terminal: Terminal, tmp_path: Path) -> None:
    question = b"clz: a.clz already exists; overwrite (y/n) ? "
    assert terminal.run("clz", "a", answer=b"n\n") == 1
    assert terminal.shown == question + b"n\r\nclz: a: not overwritten\r\n"
    assert (tmp_path / "a.clz").read_bytes() == b"what was here before"
    assert terminal.run("clz", "a", answer=b"y\n") == 0
    assert codelength.decompress((tmp_path / "a.clz").read_bytes()) == b"content"
    # An empty answer, and the end of the input, are no yes.
    assert terminal.run("clz", "a", answer=b"\x04") == 1
    # Nobody is asked who did not want to hear anything.
    assert terminal.run("clz", "-q", "a") == 1
    assert terminal.shown == b"clz: a: a.clz already exists; not overwritten (-f overwrites)\r\n"


def test_asks_before_joining(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.run("clz", "a", "a.clz", "-o", "x", answer=b"y\n") == 0
    assert terminal.shown.startswith(
        b"clz: all inputs go into one x; their names will be lost\r\nclz: go on (y/n) ? y\r\n"
    )
    assert codelength.decompress((tmp_path / "x").read_bytes()) == b"contentwhat was here before"


def test_does_not_read_or_write_binary(terminal: Terminal) -> None:
    assert terminal.run("clz") == 1
    assert (
        terminal.shown
        == b"clz: standard input: is a terminal; name a file, or force it with -f (clz -h for help)\r\n"
    )
    assert terminal.run("clz", stdin=subprocess.DEVNULL) == 1
    refusal = (
        b"clz: standard input: an archive is not written to a terminal; use -o FILE, or force it with -c\r\n"
    )
    assert terminal.shown == refusal
    assert terminal.run("clz", "-c", stdin=subprocess.DEVNULL) == 0
    assert terminal.shown == codelength.compress(b"")
    assert terminal.run("clzcat", "a") == 1
    assert terminal.shown == b"clzcat: a: this is not a clz archive\r\n"


def test_progress(terminal: Terminal, tmp_path: Path, long_text: bytes) -> None:
    (tmp_path / "b").write_bytes(long_text)
    assert terminal.run("clz", "-1", "b") == 0
    *lines, summary, end = terminal.shown.split(b"\r")
    assert end == b"\n"
    assert summary.startswith(b"b : ")
    assert summary.endswith(b" bpb, b.clz)")
    progress = [line for line in lines if line.strip()]
    running = rb"b : +\d+% of [\d.]+ MiB  => [\d.]+ (?:[KM]i)?B  [\d.]+ [KM]iB/s  ETA 0:\d\d"
    # While nothing is done yet there is no rate, and no time to go.
    started = rb"b : +0% of [\d.]+ MiB  => 0 B  0 B/s"
    assert all(re.fullmatch(running + b" *|" + started + b" *", line) for line in progress)
    assert any(re.fullmatch(running + b" *", line) for line in progress)
    # The last one is wiped out by spaces before the line that stays.
    assert lines[-1] == b" " * len(progress[-1].rstrip())


def test_progress_line() -> None:
    stream = io.StringIO()
    now = 100.0
    progress = Progress(Messages("clz", 2, stream), "name", 10 << 20, clock=lambda: now)
    progress(1 << 20, 1000)  # too early to be shown
    assert stream.getvalue() == ""
    now += 2
    progress(1 << 20, 300_000)
    progress(2 << 20, 600_000)  # too soon after the last
    assert stream.getvalue() == "\rname :  10% of 10.0 MiB  => 293 KiB  512 KiB/s  ETA 0:18"
    progress.clear()
    assert stream.getvalue().endswith("\r" + " " * 56 + "\r")

    unknown = Progress(Messages("clz", 2, stream := io.StringIO()), "x" * 200, None, clock=lambda: now)
    now += 10
    unknown(5 << 20, 0)
    assert stream.getvalue().startswith("\rxxxx")
    assert len(stream.getvalue()) <= (os.get_terminal_size(2).columns if os.isatty(2) else 80)


def test_numbers_for_people() -> None:
    sizes = [0, 9, 1023, 1024, 10_239, 10_240, 1_048_063, 1_048_575, 1_048_576, 294 << 10, 1 << 40]
    assert [human_size(n) for n in sizes] == [
        "0 B", "9 B", "1023 B", "1.00 KiB", "10.0 KiB", "10.0 KiB", "1023 KiB", "1.00 MiB", "1.00 MiB",
        "294 KiB", "1.00 TiB",
    ]  # fmt: skip
    assert [human_duration(s) for s in (0, 59.4, 59.6, 3599, 3600, 100_000)] == [
        "0:00", "0:59", "1:00", "59:59", "1:00:00", "27:46:40",
    ]  # fmt: skip
