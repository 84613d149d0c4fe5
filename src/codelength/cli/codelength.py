"""The command `codelength`, the laboratory: a group whose subcommands are imported when they are used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NamedTuple, cast

import click

from codelength.cli.process import DONE, FAILED, run

__all__ = ["command", "main"]


class _Subcommand(NamedTuple):
    target: str
    """module:attribute of a click command."""
    words: str
    """What it does, in one line, so that the list of all can be shown without importing any."""
    extra: str | None = None
    """The optional dependencies that it needs."""


_SUBCOMMANDS = {
    "compare": _Subcommand("codelength.cli.compare:compare", "Predictors side by side, and against scores."),
    "export": _Subcommand(
        "codelength.cli.export:export", "Make a model file of a checkpoint.", extra="train"
    ),
    "lab": _Subcommand("codelength.cli.lab:lab", "Claims of the literature, each as an experiment."),
    "measure": _Subcommand("codelength.cli.measure:measure", "Bits that data costs under predictors."),
    "models": _Subcommand("codelength.cli.models:models", "The levels of clz, networks, predictors by name."),
    "phrases": _Subcommand(
        "codelength.cli.phrases:phrases", "Learn phrases for a model file.", extra="train"
    ),
    "report": _Subcommand("codelength.cli.report:report", "Tables and figures from records."),
    "sample": _Subcommand("codelength.cli.sample:sample", "Text that the network writes."),
    "train": _Subcommand("codelength.cli.train:train", "Train a network.", extra="train"),
    "view": _Subcommand("codelength.cli.view:view", "Where the bits of a file go, in colours or as a page."),
}


class _ReaderGone(Exception):
    """A broken pipe, kept from click, which would end with 1 where commands of ours end with 141."""


class _Group(click.Group):
    """Knows its subcommands by name alone."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGone from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _SUBCOMMANDS:
            return None
        subcommand = _SUBCOMMANDS[cmd_name]
        module, _, attribute = subcommand.target.partition(":")
        try:
            return cast(click.Command, getattr(import_module(module), attribute))
        except ModuleNotFoundError as error:
            if subcommand.extra is None or (error.name or "").startswith("codelength"):
                raise
            hint = f"pip install 'codelength[{subcommand.extra}]'"
            raise click.ClickException(f"{cmd_name} needs {error.name}: {hint}") from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, subcommand.words) for name, subcommand in sorted(_SUBCOMMANDS.items())]
            )


@click.group(
    cls=_Group,
    name="codelength",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("-V", "--version", is_flag=True, help="Show the version.")
@click.option("--debug", is_flag=True, help="Show where an error comes from.")
@click.pass_context
def command(ctx: click.Context, version: bool, debug: bool) -> None:
    """Measure how many bits data costs under a model. To compress files: clz."""
    del debug  # read where errors arrive
    if version:
        from codelength import __version__

        click.echo(f"codelength {__version__}")
    elif ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> int:
    """`codelength`"""
    return run("codelength", _run)


def _run() -> int:
    try:
        status = command.main(sys.argv[1:], prog_name="codelength", standalone_mode=False)
    except click.exceptions.Abort as error:  # click's own name for Ctrl-C
        raise KeyboardInterrupt from error
    except click.ClickException as error:
        return _say(error.format_message(), error.exit_code)
    except _ReaderGone as error:
        raise BrokenPipeError from error
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        if isinstance(error, ConnectionError) and not error.strerror:  # one of ours, about a cluster
            return _say(str(error), FAILED)
        return _say(f"{type(error).__name__}: {error} (codelength --debug shows where)", FAILED)
    return status if isinstance(status, int) else DONE  # click returns what a command wished to exit with


def _say(words: str, status: int) -> int:
    from codelength.cli.files import printable

    # Names of files and what models say of themselves stand in errors, and may hold anything.
    sys.stderr.write("codelength: " + "\n".join(printable(line) for line in words.split("\n")) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
