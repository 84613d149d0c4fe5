"""What is said on standard error: errors, notes, one summary line, and progress on a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

from codelength.cli.files import printable

__all__ = ["Messages", "Progress", "human_duration", "human_size", "reduction"]

_FIRST_AFTER_S = 0.4  # shorter jobs show no progress
_EVERY_S = 0.2


class Messages:
    """Lines on standard error. Verbosity: 0 nothing, 1 errors, 2 also warnings and the summary, 3 more."""

    def __init__(self, program: str, verbosity: int, stream: TextIO | None = None) -> None:
        self.program = program
        self.verbosity = verbosity
        self._stream = stream if stream is not None else sys.stderr

    def error(self, text: str) -> None:
        """Something failed. What an archive says of itself may be part of the text, and is made harmless."""
        if self.verbosity >= 1:
            self.write(f"{self.program}: {printable(text)}\n")

    def warn(self, text: str) -> None:
        """Something is not as it was asked for."""
        if self.verbosity >= 2:
            self.write(f"{self.program}: {printable(text)}\n")

    def say(self, text: str, at: int = 2) -> None:
        """A line for those who listen at this verbosity."""
        if self.verbosity >= at:
            self.write(f"{text}\n")

    def ask(self, question: str) -> bool:
        """A question to the person at the terminal. Only a plain yes is a yes."""
        self.write(f"{self.program}: {question} (y/n) ? ")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def write(self, text: str) -> None:
        """Text as it is. A standard error that is closed must not fail the work itself."""
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            pass

    def is_terminal(self) -> bool:
        """Whether somebody watches."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # closed
            return False


class Progress:
    """One line, rewritten in place: how far, how small, how fast, how long still.

    Called with the bytes read and written so far. `n_total` is the size of the input, if it is known. The
    rate is that of the content: of what is read, or if `is_decoding`, of what is written.
    """

    def __init__(
        self,
        messages: Messages,
        name: str,
        n_total: int | None,
        *,
        is_decoding: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._messages = messages
        self._name = name
        self._n_total = n_total
        self._is_decoding = is_decoding
        self._clock = clock
        self._started = clock()
        self._next = self._started + _FIRST_AFTER_S
        self._n_shown = 0

    def __call__(self, n_in: int, n_out: int) -> None:
        now = self._clock()
        if now < self._next:
            return
        self._next = now + _EVERY_S
        line = self._line(n_in, n_out, now - self._started)[: self._width() - 1]
        self._messages.write("\r" + line.ljust(self._n_shown))
        self._n_shown = len(line)

    def clear(self) -> None:
        """Leave an empty line behind."""
        if self._n_shown:
            self._messages.write("\r" + " " * self._n_shown + "\r")
            self._n_shown = 0

    def _width(self) -> int:
        try:
            return os.get_terminal_size(2).columns or 80
        except OSError:  # shown because it was asked for, but not on a terminal
            return 80

    def _line(self, n_in: int, n_out: int, elapsed_s: float) -> str:
        n_content = n_out if self._is_decoding else n_in
        rate = n_content / elapsed_s if elapsed_s > 0 else 0.0
        parts = [f"{self._name} : {human_size(n_in)}"]
        if self._n_total:
            parts = [f"{self._name} : {n_in / self._n_total:4.0%} of {human_size(self._n_total)}"]
        parts.append(f"=> {human_size(n_out)}")
        parts.append(f"{human_size(round(rate))}/s")
        if self._n_total and 0 < n_in <= self._n_total:
            parts.append(f"ETA {human_duration(elapsed_s * (self._n_total - n_in) / n_in)}")
        return "  ".join(parts)


def human_size(n_bytes: int) -> str:
    """Three digits and a binary unit: 9 B, 1.20 MiB, 72.3 KiB."""
    if n_bytes < 1024:
        return f"{n_bytes} B"
    size = float(n_bytes)
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        size /= 1024
        if size < 1023.5 or unit == "EiB":
            break
    n_decimals = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{size:.{n_decimals}f} {unit}"


def human_duration(seconds: float) -> str:
    """0:07, 12:30, 3:02:01."""
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"


def reduction(n_content: int, n_archive: int, target: str | None = None) -> str:
    """What a compression did: 23.91% (1.20 MiB => 294 KiB, 1.913 bpb, out). No content has no rate."""
    facts = [f"{human_size(n_content)} => {human_size(n_archive)}"]
    if n_content:
        facts.append(f"{8 * n_archive / n_content:.3f} bpb")
    if target is not None:
        facts.append(target)
    share = f"{n_archive / n_content:.2%} " if n_content else ""
    return f"{share}({', '.join(facts)})"
