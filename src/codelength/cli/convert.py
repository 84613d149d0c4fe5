"""What `clz` does with each file: compress, decompress, test, and afterwards perhaps remove it."""

from __future__ import annotations

import io
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import BinaryIO, cast

from codelength.cli.files import (
    SUFFIX,
    Nowhere,
    OutputFile,
    StandardOutput,
    is_special,
    open_source,
    printable,
    resolve,
    same_file,
    walk,
)
from codelength.cli.messages import Messages, Progress, human_size, reduction
from codelength.cli.options import Mode, Options
from codelength.cli.process import undisturbed
from codelength.cli.transfer import Sizes, Skipped, gives_back, plain, transfer
from codelength.errors import CodecError

__all__ = ["Conversion", "Tally", "derived_name"]

_PAST = {Mode.COMPRESS: "compressed", Mode.DECOMPRESS: "decompressed", Mode.TEST: "tested"}


@dataclass(slots=True)
class Tally:
    """What came of some files."""

    has_failed: bool = False
    """Whether any did."""
    n_done: int = 0
    n_bytes_in: int = 0
    n_bytes_out: int = 0
    """Bytes of those that are done."""

    def add(self, other: Tally) -> None:
        """Those of another too."""
        self.has_failed |= other.has_failed
        self.n_done += other.n_done
        self.n_bytes_in += other.n_bytes_in
        self.n_bytes_out += other.n_bytes_out


class Conversion:
    """One command line at work. Files fail one by one; `run` says whether all went well."""

    def __init__(self, options: Options, messages: Messages) -> None:
        self._options = options
        self._messages = messages
        self._tally = Tally()
        self._n_inputs = 0
        self._written: set[str] = set()

    def run(self) -> bool:
        """Do it. True if every file was processed."""
        with undisturbed():  # the native module clears exceptions while it is loaded
            import_module("codelength._native")
        names = self._inputs()
        self._n_inputs = len(names)
        output = self._options.output
        if self._options.mode is Mode.LIST:
            self._list(names)
            return not self._tally.has_failed
        is_written = output is not None and output != "-" and self._options.mode is not Mode.TEST
        if output is not None and is_written and len(names) > 1:
            self._attempt(output, lambda output: self._join(names, output))
        else:
            self._each(names)
        if self._tally.n_done and self._n_inputs > 1 and output != "-":
            self._messages.say(self._summary())
        return not self._tally.has_failed

    def _each(self, names: list[str]) -> None:
        output = self._options.output
        for name in names:
            is_filter = name == "-" and self._options.output_folder is None
            if self._options.mode is Mode.TEST:
                self._attempt(name, self._test)
            elif output == "-" or (output is None and is_filter):
                self._attempt(name, self._to_standard_output)
            elif output is None:
                self._attempt(name, self._beside)
            else:
                self._attempt(name, partial(self._to_file, target=output))

    # Inputs.

    def _inputs(self) -> list[str]:
        names: list[str] = []
        for name in self._options.files:
            if name == "-" or not os.path.isdir(name):
                names.append(name)
            elif self._options.recursive:
                names.extend(walk(name, self._is_wanted, self._report_walk))
            else:
                self._report(name, Skipped(_about_folder(name, self._options.mode)))
        return names

    def _report_walk(self, error: OSError) -> None:
        self._report(str(error.filename), error)

    def _is_wanted(self, name: str) -> bool:
        """Of the files in a directory only those that the mode is for: packing twice is no one's wish."""
        return name.endswith(SUFFIX) != (self._options.mode is Mode.COMPRESS)

    def _open(self, name: str) -> io.BufferedReader:
        source = open_source(name)
        if name == "-" and source.isatty() and not self._options.force:
            raise Skipped("is a terminal; name a file, or force it with -f (clz -h for help)")
        return source

    # Outputs.

    def _list(self, names: list[str]) -> None:
        from codelength.cli.listing import ArchiveInfo, read_archive, segments_table, table

        archives: list[ArchiveInfo] = []

        def read(name: str) -> None:
            with self._open(name) as source:
                archive, is_message = plain(self._options, source)
                if is_message:
                    raise Skipped("a message holds nothing to list")
                archives.append(read_archive(name, archive))

        for name in names:
            self._attempt(name, read)
        texts = [table(archives)] if archives else []
        if self._messages.verbosity >= 3:
            texts += [segments_table(archive) for archive in archives]
        StandardOutput().write(("\n\n".join(texts) + "\n" if texts else "").encode(errors="replace"))

    def _test(self, name: str) -> None:
        with self._open(name) as source:
            started = time.monotonic()
            sizes = self._transfer(name, source, cast(BinaryIO, Nowhere()))
            self._account(name, sizes, None, started)

    def _to_standard_output(self, name: str) -> None:
        with self._open(name) as source:
            sink = StandardOutput()
            is_forced = self._options.output == "-" or self._options.force
            is_forced = is_forced or self._options.armor
            if self._options.mode is Mode.COMPRESS and sink.isatty() and not is_forced:
                raise Skipped("an archive is not written to a terminal; use -o FILE, or force it with -c")
            status = os.fstat(source.fileno())
            if stat.S_ISREG(status.st_mode) and same_file(status, sink.stat()):
                raise Skipped("standard output is the same file")
            self._count(self._transfer(name, source, cast(BinaryIO, sink)))

    def _to_file(self, name: str, target: str) -> None:
        with self._open(name) as source:
            status = os.fstat(source.fileno())
            may_remove = self._options.remove and name != "-" and stat.S_ISREG(status.st_mode)
            if may_remove and os.path.islink(name) and not self._options.force:
                raise Skipped("is a symbolic link; --rm removes a link only with -f")
            with self._open_target(target, [status]) as sink:
                started = time.monotonic()
                sizes = self._transfer(name, source, cast(BinaryIO, sink))
                may_remove = may_remove and self._prove(name, source, sink)
                sink.commit(None if name == "-" else status, durable=may_remove)
            self._written.add(resolve(target))
        if may_remove:
            self._remove(name, status)
        self._account(name, sizes, target, started)

    def _beside(self, name: str) -> None:
        # Before it is opened: opening a pipe waits for somebody to write into it.
        if not self._options.force and name != "-" and is_special(name):
            raise Skipped("is not a regular file; name the output with -o, use -c, or force it with -f")
        self._to_file(name, derived_name(self._options, name))

    def _join(self, names: list[str], target: str) -> None:
        self._confirm_joining(target)
        statuses = [os.stat(name) for name in names if name != "-" and os.path.exists(name)]
        with self._open_target(target, statuses) as sink:
            for name in names:
                if not self._tally.has_failed:
                    self._attempt(name, lambda name: self._append(name, sink, target))
            if self._tally.has_failed:
                # A part of the contents under the name of the whole would be taken for the whole.
                self._tally.n_done = 0
                raise Skipped("not written, as an input failed")
            sink.commit(None, durable=False)

    def _append(self, name: str, sink: OutputFile, target: str) -> None:
        with self._open(name) as source:
            started = time.monotonic()
            self._account(name, self._transfer(name, source, cast(BinaryIO, sink)), target, started)

    def _open_target(self, target: str, inputs: list[os.stat_result]) -> OutputFile:
        if resolve(target) in self._written:
            # Also with -f: the earlier file was made a moment ago, and its source may be gone by now.
            raise Skipped(f"{printable(target)} was already written from another input; not overwritten")
        overwrite = self._options.force
        try:
            status = os.stat(target)
        except FileNotFoundError:
            pass
        else:
            if stat.S_ISDIR(status.st_mode):
                raise Skipped(f"{printable(target)} is a directory")
            if any(same_file(status, other) for other in inputs):
                raise Skipped(f"writing {printable(target)} would overwrite an input")
            if not overwrite and (stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)):
                self._confirm_overwriting(target)
                overwrite = True
        return OutputFile(target, overwrite=overwrite)

    def _confirm_overwriting(self, target: str) -> None:
        shown = printable(target)
        if not self._can_ask():
            raise Skipped(f"{shown} already exists; not overwritten (-f overwrites)")
        if not self._messages.ask(f"{shown} already exists; overwrite"):
            raise Skipped("not overwritten")

    def _confirm_joining(self, target: str) -> None:
        self._messages.warn(f"all inputs go into one {printable(target)}; their names will be lost")
        if self._options.remove:
            self._messages.warn("--rm is ignored: the inputs are kept")
        if self._options.force:
            return
        if not self._can_ask():
            raise Skipped("several inputs go into one file only with -f")
        if not self._messages.ask("go on"):
            raise Skipped("not written")

    def _can_ask(self) -> bool:
        """Whether there is somebody at standard input, and it is not an input itself."""
        is_free = "-" not in self._options.files and self._messages.verbosity >= 2
        return is_free and sys.stdin is not None and sys.stdin.isatty()

    # The work.

    def _transfer(self, name: str, source: io.BufferedReader, sink: BinaryIO) -> Sizes:
        is_decoding = self._options.mode is not Mode.COMPRESS
        with self._progress(name, source, is_decoding=is_decoding) as progress:
            return transfer(self._options, source, sink, progress)

    def _prove(self, name: str, source: io.BufferedReader, sink: OutputFile) -> bool:
        """Before a source is removed: decode its archive and compare. True if the source may go.

        When decoding, the checksums in the archive have already said that the output is right.
        """
        written = sink.open_written()
        if written is None:
            self._messages.warn(f"{printable(name)}: kept, as the output is no regular file")
            return False
        shown = f"{name} (comparing)"
        with written, self._progress(shown, written, is_decoding=True) as progress:
            if self._options.mode is Mode.COMPRESS and not gives_back(
                self._options, written, source, progress
            ):
                raise Skipped("its archive does not give it back (was it written to?); nothing removed")
        return True

    def _remove(self, name: str, status: os.stat_result) -> None:
        now = os.stat(name)
        if not same_file(now, status) or _version(now) != _version(status):
            raise Skipped("changed in the meantime; not removed")
        os.unlink(name)

    # Reports.

    def _attempt(self, name: str, action: Callable[[str], None]) -> None:
        try:
            action(name)
        except BrokenPipeError:
            raise  # nobody reads any more: the end of the whole command, not of one file
        except Exception as error:
            self._report(name, error)

    def _report(self, name: str, error: Exception) -> None:
        self._tally.has_failed = True
        if self._options.debug:
            import traceback

            self._messages.write("".join(traceback.format_exception(error)))
        shown = _shown(name)
        if isinstance(error, OSError) and error.strerror:
            # From the commit of an output only: another process was faster.
            is_late = isinstance(error, FileExistsError)
            reason = "appeared in the meantime; not overwritten" if is_late else error.strerror
            if error.filename is not None and error.filename != name:
                shown = printable(str(error.filename))
        elif isinstance(error, MemoryError):
            reason = "not enough memory; fewer threads (-T1) or a lower level need less"
        elif isinstance(error, Skipped | CodecError | OSError):
            reason = str(error)
        else:
            reason = f"internal error: {type(error).__name__}: {error} (--debug shows where)"
        self._messages.error(f"{shown}: {reason}")

    def _shows_progress(self) -> bool:
        if self._options.progress is None:
            return self._messages.verbosity >= 2 and self._messages.is_terminal()
        return self._options.progress

    @contextmanager
    def _progress(
        self, name: str, source: io.BufferedReader, *, is_decoding: bool
    ) -> Iterator[Progress | None]:
        if not self._shows_progress():
            yield None
            return
        status = os.fstat(source.fileno())
        n_total = status.st_size if stat.S_ISREG(status.st_mode) else None
        progress = Progress(self._messages, _shown(name), n_total, is_decoding=is_decoding)
        try:
            yield progress
        finally:
            progress.clear()

    def _count(self, sizes: Sizes) -> None:
        self._tally.n_done += 1
        self._tally.n_bytes_in += sizes.n_bytes_in
        self._tally.n_bytes_out += sizes.n_bytes_out

    def _account(self, name: str, sizes: Sizes, target: str | None, started: float) -> None:
        self._count(sizes)
        is_only = self._n_inputs == 1
        if self._options.mode is Mode.COMPRESS:
            shown = None if target is None else printable(target)
            line = f"{_shown(name)} : {reduction(sizes.n_bytes_in, sizes.n_bytes_out, shown)}"
        else:
            line = f"{_shown(name)} : {sizes.n_bytes_out} bytes"
        elapsed_s = time.monotonic() - started
        if self._messages.verbosity >= 3:
            content = sizes.n_bytes_in if self._options.mode is Mode.COMPRESS else sizes.n_bytes_out
            line += f" in {elapsed_s:.2f} s, {human_size(round(content / max(elapsed_s, 1e-3)))}/s"
        self._messages.say(line, at=2 if is_only else 3)

    def _summary(self) -> str:
        share = "" if self._tally.n_done == self._n_inputs else f" of {self._n_inputs}"
        subject = f"{self._tally.n_done}{share} files {_PAST[self._options.mode]}"
        if self._options.mode is Mode.COMPRESS:
            return f"{subject} : {reduction(self._tally.n_bytes_in, self._tally.n_bytes_out)}"
        return f"{subject} : {self._tally.n_bytes_out} bytes"


def derived_name(options: Options, name: str) -> str:
    """The output that belongs to an input, where none is named. Raises Skipped if there is none."""
    if name == "-":
        raise Skipped("has no name for an output; use -o")
    if options.mode is Mode.COMPRESS:
        target = name + SUFFIX
    elif name.endswith(SUFFIX) and os.path.basename(name) != SUFFIX:
        target = name.removesuffix(SUFFIX)
    else:
        raise Skipped(f"unknown suffix ({SUFFIX} expected); name the output with -o, or use -c")
    if options.output_folder is not None:
        target = os.path.join(options.output_folder, os.path.basename(target))
    return target


def _shown(name: str) -> str:
    return "standard input" if name == "-" else printable(name)


def _version(status: os.stat_result) -> tuple[int, int]:
    """What changes when somebody writes to a file."""
    return status.st_size, status.st_mtime_ns


def _about_folder(name: str, mode: Mode) -> str:
    if mode is not Mode.COMPRESS:
        return f"is a directory; -r takes the {SUFFIX} files in it"
    base = printable(os.path.basename(os.path.abspath(name)) or "root")
    return (
        f"is a directory; pack it with tar -I clz -cf {base}.tar{SUFFIX} {printable(name)}, "
        "or take each file in it with -r"
    )
