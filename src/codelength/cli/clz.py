"""The command `clz` and its aliases.

Nothing heavy is imported before it is needed: `clz --version` and `clz -h` answer at once.
"""

from __future__ import annotations

import sys
from functools import partial

from codelength.cli.process import DONE, FAILED, USAGE, run

__all__ = ["main", "main_cat", "main_decompress"]


def main() -> int:
    """`clz`"""
    return run("clz", partial(_convert, "clz", sys.argv[1:]))


def main_decompress() -> int:
    """`unclz`"""
    return run("unclz", partial(_convert, "unclz", ["-d", *sys.argv[1:]]))


def main_cat() -> int:
    """`clzcat`"""
    return run("clzcat", partial(_convert, "clzcat", ["-dcf", *sys.argv[1:]]))


def _convert(program: str, arguments: list[str]) -> int:
    if _answer_at_once(arguments):
        return DONE
    import click

    from codelength.cli.options import parse

    try:
        options = parse(program, arguments)
    except click.ClickException as error:
        sys.stderr.write(f"{program}: {error.format_message()}\nTry '{program} -h' for help.\n")
        return USAGE
    except click.exceptions.Abort as error:  # click's own name for Ctrl-C
        raise KeyboardInterrupt from error
    if isinstance(options, str):
        print(options, end="")
        return DONE
    from codelength.cli.convert import Conversion
    from codelength.cli.messages import Messages

    conversion = Conversion
    if options.is_spread:
        from codelength.cli.spread import SpreadConversion as conversion
    is_complete = conversion(options, Messages(program, options.verbosity)).run()
    return DONE if is_complete else FAILED


def _answer_at_once(arguments: list[str]) -> bool:
    """Two common questions, without the parser of options, which would take longer than the answer."""
    from codelength.cli.help import SHORT_HELP, version_line

    if arguments == ["-h"]:
        print(SHORT_HELP, end="")
    elif arguments in (["-V"], ["--version"]):
        print(version_line(quiet=False))
    else:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
