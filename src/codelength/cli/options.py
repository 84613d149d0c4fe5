"""What `clz` understands: its options, and what it makes of them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import click

from codelength.cli.help import EXAMPLES, SHORT_HELP, version_line

__all__ = ["Mode", "Options", "UsageError", "parse"]

UsageError = click.UsageError


class Mode(Enum):
    """What to do with the inputs."""

    COMPRESS = "compress"
    DECOMPRESS = "decompress"
    TEST = "test"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Options:
    """A parsed command line."""

    files: tuple[str, ...]
    mode: Mode
    level: int | None
    output: str | None
    """A path, `-` for standard output, None for a name derived from the input."""
    force: bool
    remove: bool
    recursive: bool
    output_folder: str | None
    check: bool
    message: bool
    armor: bool
    """Compress to armored text; decompress nothing else. (Without it, decompressing takes both.)"""
    network: str | None
    """Path of a model file."""
    model: str | None
    """A language model, "hf:NAME": to compress with, or to decompress with in place of the one that an
    archive names."""
    n_threads: int
    max_memory_bytes: int | None
    verbosity: int
    progress: bool | None
    """None: if somebody watches."""
    debug: bool
    is_spread: bool = False
    """Work on a Ray cluster."""
    address: str | None = None
    """Of the cluster; None for one on this machine."""


def _size(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    """Bytes, from a number of MiB or a number with a binary unit: 500, 300K, 2G, 2GiB."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+)(?:([KMG])(?:i?B)?)?", value, re.IGNORECASE)
    if match is None or int(match[1]) == 0:
        raise click.BadParameter(f"{value!r} is no size; write 500M, 300K or 2G")
    return int(match[1]) << {"K": 10, "M": 20, "G": 30}[(match[2] or "M").upper()]


class _Command(click.Command):
    """The command, with its examples under the options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write("\n" + EXAMPLES)


def _levels(function: Callable[..., Options | str]) -> Callable[..., Options | str]:
    # One name for all of them and for --level, so that the last one on the line wins.
    for level in range(9, 0, -1):
        add = click.option(f"-{level}", "level", flag_value=level, type=click.IntRange(1, 9), hidden=True)
        function = add(function)
    return function


_USUAL_THREADS = 4

# Only for completion: what is wrong with a path is said when it is used, and the other files are processed.
_PATH = click.Path(readable=False)


@click.command(
    cls=_Command, name="clz", add_help_option=False, options_metavar="[OPTIONS]",
    context_settings={"max_content_width": 100},
)  # fmt: skip
@click.option("-z", "--compress", "mode", flag_value="compress", help="Compress (usual).")
@click.option(
    "-d", "--decompress", "--uncompress", "mode", flag_value="decompress",
    help="Decompress; inputs must end in .clz unless the output is named by -o or -c.",
)  # fmt: skip
@click.option("-t", "--test", "mode", flag_value="test", help="Decode and verify, write nothing.")
@click.option("-l", "--list", "mode", flag_value="list", help="Show what is in archives; -v: each segment.")
@_levels
@click.option(
    "--level", "level", type=click.IntRange(1, 9), metavar="N",
    help="Level from 1 (fast) to 9 (small); -1 ... -9 for short. 6 if none is given.",
)  # fmt: skip
@click.option("-o", "output", type=_PATH, metavar="OUTPUT", help="Write everything to OUTPUT.")
@click.option(
    "-c", "--stdout", "output", flag_value="-",
    help="Write to standard output, even if it is a terminal. The last of -c and -o wins.",
)  # fmt: skip
@click.option("--output-dir-flat", "output_folder", type=_PATH, metavar="DIR", help="Write into DIR.")
@click.option("-r", "--recursive", is_flag=True,
              help="Take the files in directories: to compress, all but *.clz, else only *.clz. "
                   "Links are not followed.")  # fmt: skip
@click.option(
    "--rm/--keep", " /-k", "remove", default=False,
    help="Remove each input once its output is on the disk; an archive is first decoded and compared "
         "with its source. Usually inputs are kept.",
)  # fmt: skip
@click.option("-f", "--force", is_flag=True,
              help="Overwrite without asking; read from and write to terminals.")  # fmt: skip
@click.option("-T", "--threads", type=click.IntRange(0, 1024), metavar="N",
              help="Number of threads, usually up to 4, as each takes its memory; 0 takes all cores. "
                   "The archive does not depend on it.")  # fmt: skip
@click.option(
    "-M", "--memory", callback=_size, metavar="SIZE",
    help="Memory that decoding may take for its models and buffers: fewer threads are used if that is "
         "enough, else the archive is refused.",
)  # fmt: skip
@click.option("--check/--no-check", default=True,
              help="Store checksums (usual), 4 bytes a segment. Decoding verifies them.")  # fmt: skip
@click.option(
    "--message", is_flag=True,
    help="A bare message of at most 65535 bytes, for protocols that store its length and protect it: "
         "1 to 3 bytes of frame. Give it to -d as well. Needs -c, -o or standard input.",
)  # fmt: skip
@click.option(
    "-a", "--armor", is_flag=True,
    help="Write the archive or the message as a line of text, for chats, logs and mails: clz: and base64. "
         "For inputs of at most 16 MiB. Decompressing recognises it by itself.",
)  # fmt: skip
@click.option(
    "--network", type=_PATH, metavar="FILE",
    help="Compress with the network of a model file, in place of the level's. To decompress, the folder of "
         "the file must be named in the environment variable CODELENGTH_MODELS.",
)  # fmt: skip
@click.option(
    "--model", metavar="hf:NAME",
    help="Compress with a causal language model of the Hugging Face hub or of a folder, very slowly; "
         "hf:NAME?context=1024&stride=512 and other settings: docs/language-models.md. Decompressing finds "
         "the model by itself if it is where it was. It takes the very same model, libraries and device; "
         "-f tries others.",
)  # fmt: skip
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local",
    help="ray: convert many files on a Ray cluster, each by one worker with the -T threads that it asks the "
         "cluster for (1 if none are named). All workers must see the files under the same names, as on "
         "shared storage; they read and write them there, and nobody is asked before overwriting.",
)  # fmt: skip
@click.option("--address", metavar="HOST:PORT",
              help="ray: the cluster; auto finds it. None: one on this machine.")  # fmt: skip
@click.option("-v", "--verbose", count=True, help="Say more: a line for each file, with time and rate.")
@click.option("-q", "--quiet", count=True, help="Say less: -q no notes and no summary, -qq no errors either.")
@click.option("--progress/--no-progress", default=None,
              help="Show progress. Usually only if standard error is a terminal.")  # fmt: skip
@click.option("--debug", is_flag=True, help="Show where an error comes from.")
@click.option("-V", "--version", is_flag=True, help="Show the version; -qV: the number alone.")
@click.option("-h", "short_help", is_flag=True, help="Show a short help.")
@click.option("-H", "--help", "long_help", is_flag=True, help="Show this.")
@click.argument("files", nargs=-1, type=_PATH, metavar="[FILE... | -]")
@click.pass_context
def command(
    ctx: click.Context, /, files: tuple[str, ...], mode: str | None, level: int | None, output: str | None,
    output_folder: str | None, recursive: bool, remove: bool, force: bool, threads: int | None,
    memory: int | None, check: bool, message: bool, armor: bool, network: str | None,
    model: str | None, engine: str, address: str | None, verbose: int, quiet: int,
    progress: bool | None, debug: bool, version: bool, short_help: bool, long_help: bool,
) -> Options | str:  # fmt: skip
    """Compress FILEs to FILE.clz, small and exact, or restore them.

    With no FILE, or when FILE is -, read standard input and write standard output. FILEs are kept.
    """
    if version:
        return version_line(quiet=bool(quiet)) + "\n"
    if short_help or long_help:
        return ctx.get_help() + "\n" if long_help else SHORT_HELP
    if output is not None and output_folder is not None:
        raise UsageError("--output-dir-flat goes with neither -o nor -c")
    if output_folder is not None and not os.path.isdir(output_folder):
        raise UsageError(f"--output-dir-flat: {output_folder} is not a directory")
    chosen = Mode(mode or "compress")
    if message:
        _check_message(chosen, files, output, recursive)
    if armor and chosen is Mode.COMPRESS and output is not None and (recursive or len(files) > 1):
        raise UsageError("--armor takes one input for one output")
    if network is not None:
        _check_network(chosen, level, network, message)
    if model is not None:
        _check_model(chosen, model, has_others=level is not None or network is not None, message=message)
    if engine == "ray":
        _check_spreading(chosen, files, output, threads, message)
        threads = threads or 1
    elif address is not None:
        raise UsageError("--address is for --engine ray")
    return Options(
        files=files or ("-",),
        mode=chosen,
        level=level,
        output=output,
        force=force,
        remove=remove,
        recursive=recursive,
        output_folder=output_folder,
        check=check,
        message=message,
        armor=armor,
        network=network,
        model=model,
        n_threads=threads or (_n_cores() if threads == 0 else min(_n_cores(), _USUAL_THREADS)),
        max_memory_bytes=memory,
        verbosity=2 + verbose - quiet,
        progress=progress,
        debug=debug,
        is_spread=engine == "ray",
        address=address,
    )


def parse(program: str, arguments: Sequence[str]) -> Options | str:
    """The options of a command line, or the text that it asked for: a version, a help.

    Raises click's exceptions for what is wrong.
    """
    _refuse_two_digits(arguments)
    parsed: Options | str = command.main(list(arguments), prog_name=program, standalone_mode=False)
    return parsed


def _n_cores() -> int:
    """Those that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _refuse_two_digits(arguments: Sequence[str]) -> None:
    """-19 would be -1 and then -9, which is not what someone used to zstd means by it."""
    for argument in arguments:
        if argument == "--":
            return
        match = re.match(r"-[a-zA-Z]*?(\d{2,})", argument)
        if match is not None and not re.match(r"-[a-zA-Z]*[TMo]", argument):
            raise UsageError(f"there is no level {match[1]}: levels are -1 to -9")


def _check_network(mode: Mode, level: int | None, network: str, message: bool) -> None:
    """What is wrong with the network is wrong for all files."""
    if mode is not Mode.COMPRESS:
        raise UsageError("--network is for compressing; to decompress, name its folder in CODELENGTH_MODELS")
    if message:
        raise UsageError("--network does not go with --message: a message cannot name a network")
    from codelength.codec.levels import resolve_model
    from codelength.errors import FormatError

    try:
        model = resolve_model(level, network)
        if model.network is not None:
            model.network.native  # noqa: B018
    except OSError as error:
        raise UsageError(f"--network: {network}: {error.strerror or error}") from error
    except (ValueError, FormatError) as error:
        raise UsageError(f"--network: {error}") from error


def _check_model(mode: Mode, model: str, *, has_others: bool, message: bool) -> None:
    """What is wrong with the name of the model is wrong for all files."""
    if mode is Mode.LIST:
        raise UsageError("--model is for compressing and decompressing")
    if message:
        raise UsageError("--model does not go with --message: a message cannot name a model")
    if has_others:
        raise UsageError("--model goes with neither a level nor --network")
    if not model.startswith("hf:"):
        raise UsageError(f"--model: {model!r} should be hf:NAME, with a name or a path")
    from codelength.predictors.causal_lm.settings import Settings

    try:
        Settings.parse(model)
    except ValueError as error:
        raise UsageError(f"--model: {error}") from error


def _check_spreading(
    mode: Mode, files: tuple[str, ...], output: str | None, threads: int | None, message: bool
) -> None:
    """A cluster works on files that have names, each on its own."""
    if not files or "-" in files:
        raise UsageError("--engine ray takes files by name, not standard input")
    if mode is Mode.LIST or message or (output is not None and mode is not Mode.TEST):
        raise UsageError("--engine ray goes with none of -l, --message, -c and -o")
    if threads == 0:
        raise UsageError("--engine ray: -T is a number of threads that each worker has, not 0")


def _check_message(mode: Mode, files: tuple[str, ...], output: str | None, recursive: bool) -> None:
    """A message does not say what it is, so it gets no file name of ours and none follows another."""
    if mode is Mode.LIST:
        raise UsageError("a message holds nothing to list")
    if recursive or len(files) > 1:
        raise UsageError("--message takes one input")
    if output is None and mode is not Mode.TEST and files not in ((), ("-",)):
        raise UsageError("--message needs -o OUTPUT or -c")
