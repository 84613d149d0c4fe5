"""`clz --engine ray`: many files on a cluster, whose machines all read and write the same storage.

Each file is converted by the code that converts it here (`cli.convert`); this process says which files there
are, shows what came of them, and adds it up. Files that have to do with each other, because one is the output
of another or two would be written to one name, go to one worker in their order: so the outcome is that of a
run on one machine.

A worker may be lost at any point, and its files are begun again by another one, which must not take what the
first had finished for files of somebody else: `_Again` knows it by what it is.
"""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass

from codelength.cli.convert import Conversion, Tally, derived_name
from codelength.cli.files import resolve
from codelength.cli.messages import Messages, Progress
from codelength.cli.options import Mode, Options
from codelength.cli.transfer import Sizes, Skipped, gives_back
from codelength.errors import CodecError

__all__ = ["Errand", "Input", "SpreadConversion", "convert_group", "groups"]

_MODELS = "CODELENGTH_MODELS"


@dataclass(frozen=True, slots=True)
class Input:
    """A file as it was before the work began; nothing but its name if it could not be seen."""

    name: str
    target: str | None = None
    """Where its output goes; None where there is none."""
    n_bytes: int = 0
    modified_ns: int = 0
    had_output: bool = False

    @classmethod
    def seen(cls, options: Options, name: str) -> Input:
        """As it is now. What is wrong with it, the worker will say."""
        try:
            target = None if options.mode is Mode.TEST else derived_name(options, name)
            status = os.stat(name)
        except (OSError, Skipped):
            return cls(name)
        had_output = target is not None and os.path.lexists(target)
        return cls(name, target, status.st_size, status.st_mtime_ns, had_output)


@dataclass(frozen=True, slots=True)
class Errand:
    """What every worker is told once."""

    program: str
    options: Options
    n_inputs: int
    """Of the whole command."""
    folder: str | None
    """Where relative names begin; None if there are none."""
    models: str | None
    """The environment variable for networks."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a group of files, and what is said about it."""

    tally: Tally
    text: str


class SpreadConversion(Conversion):
    """A command line whose files are converted by a cluster."""

    def _each(self, names: list[str]) -> None:
        from codelength.measure.cluster import Cluster

        options, program = self._options, self._messages.program
        inputs = [Input.seen(options, name) for name in names]
        folder = None if all(map(os.path.isabs, _paths(options, names))) else os.getcwd()
        errand = Errand(program, options, len(names), folder, os.environ.get(_MODELS))
        n_total = sum(file.n_bytes for file in inputs)
        is_decoding = options.mode is not Mode.COMPRESS
        progress = Progress(self._messages, f"{len(names)} files", n_total, is_decoding=is_decoding)
        n_seen = 0
        try:
            n_cpus = max(os.cpu_count() or 1, options.n_threads)
            cluster = Cluster(options.address, None if options.address else n_cpus)
            n_gpus = _n_gpus(options)
            work = groups(inputs)
            for done in cluster.run(
                convert_group, errand, work, n_cpus=options.n_threads, n_gpus=lambda _: n_gpus
            ):
                progress.clear()
                if done.result is None:
                    for file in done.task:
                        self._report(file.name, Skipped(done.failure))
                else:
                    self._messages.write(done.result.text)
                    self._tally.add(done.result.tally)
                n_seen += sum(file.n_bytes for file in done.task)
                if self._shows_progress():
                    progress(n_seen, self._tally.n_bytes_out)
        except (ImportError, ConnectionError) as error:
            self._messages.error(str(error))
            self._tally.has_failed = True
        finally:
            progress.clear()


def _paths(options: Options, names: Sequence[str]) -> list[str]:
    """All that a worker opens by name."""
    others = (options.output_folder, options.network, *(os.environ.get(_MODELS) or "").split(os.pathsep))
    return [*names, *(path for path in others if path)]


def _n_gpus(options: Options) -> int:
    """For each group of files."""
    if options.model is None:
        return 0
    from codelength.measure.ray_engine import wants_gpu

    return int(wants_gpu(options.model, None))


def groups(inputs: Sequence[Input]) -> list[tuple[Input, ...]]:
    """The inputs in groups that share no file, in reading or in writing; each in its order."""
    parents = list(range(len(inputs)))  # each points to an earlier one of its group, the first to itself

    def first_of(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    user_of: dict[str, int] = {}
    for number, file in enumerate(inputs):
        for path in (file.name, file.target):
            if path is not None:
                one, other = first_of(number), first_of(user_of.setdefault(resolve(path), number))
                parents[max(one, other)] = min(one, other)
    found: dict[int, list[Input]] = {}
    for number, file in enumerate(inputs):
        found.setdefault(first_of(number), []).append(file)
    return [tuple(group) for group in found.values()]


def convert_group(errand: Errand, group: Sequence[Input]) -> Report:
    """What a worker does: convert some files, one after the other."""
    if errand.folder is not None:
        os.chdir(errand.folder)
    if errand.models is not None:
        os.environ[_MODELS] = errand.models
    said = io.StringIO()
    conversion = _Again(errand, group, Messages(errand.program, errand.options.verbosity, said))
    return Report(conversion.tally(), said.getvalue())


class _Again(Conversion):
    """Converts files some of which a worker that is lost may have finished. Nobody can be asked."""

    def __init__(self, errand: Errand, group: Sequence[Input], messages: Messages) -> None:
        super().__init__(errand.options, messages)
        self._n_inputs = errand.n_inputs
        self._group = {file.name: file for file in group}
        self._names = [file.name for file in group]

    def tally(self) -> Tally:
        """Do it, and say what came of it."""
        self._each(self._names)
        return self._tally

    def _can_ask(self) -> bool:
        return False

    def _shows_progress(self) -> bool:
        return False

    def _to_file(self, name: str, target: str) -> None:
        file = self._group[name]
        started = time.monotonic()
        if resolve(target) in self._written or not self._is_finished(file, target):
            super()._to_file(name, target)
            return
        n_bytes_in = file.n_bytes
        if os.path.exists(name):
            status = os.stat(name)
            n_bytes_in = status.st_size
            if self._options.remove:
                self._remove(name, status)
        self._written.add(resolve(target))
        self._account(name, Sizes(n_bytes_in, os.stat(target).st_size), target, started)

    def _is_finished(self, file: Input, target: str) -> bool:
        """Whether the output, which appears complete or not at all, was made of this input since we began."""
        try:
            output = os.stat(target)
        except OSError:
            return False
        if not os.path.lexists(file.name):
            # It is removed last of all, and its output has its time.
            return self._options.remove and output.st_mtime_ns == file.modified_ns
        if file.had_output or self._options.force or not stat.S_ISREG(output.st_mode):
            return False
        if self._options.remove and not stat.S_ISREG(os.lstat(file.name).st_mode):
            return False
        pair = (target, file.name) if self._options.mode is Mode.COMPRESS else (file.name, target)
        try:
            with open(pair[0], "rb") as archive, open(pair[1], "rb") as content:
                return gives_back(self._options, archive, content, None)
        except (CodecError, Skipped, OSError):
            return False
