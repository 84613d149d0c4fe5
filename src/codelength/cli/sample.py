"""`codelength sample`: random bits, decoded by the network, are text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain

import click

__all__ = ["sample"]


@click.command()
@click.option("--prompt", default="", metavar="TEXT", help="What the network goes on with.")
@click.option(
    "-n", "--bytes", "n_bytes", default=500, show_default=True, type=click.IntRange(0), metavar="N",
    help="How many bytes it writes, the prompt not counted.",
)  # fmt: skip
@click.option(
    "-t", "--temperature", default=1.0, show_default=True, type=click.FloatRange(0, 100), metavar="T",
    help="1: the network's own probabilities. Less: more careful. 0: the likeliest byte each time.",
)  # fmt: skip
@click.option("-s", "--seed", default=0, show_default=True, metavar="S", help="Of the random bits.")
@click.option(
    "--network", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
    help="A model file, in place of the network that comes with the package.",
)  # fmt: skip
@click.option("--no-prompt", is_flag=True, help="Write only what follows the prompt.")
def sample(
    prompt: str, n_bytes: int, temperature: float, seed: int, network: str | None, no_prompt: bool
) -> None:
    """Decode random bits with the network: what comes out is what it takes for text.

    The same options give the same bytes on every machine. They are not always UTF-8.
    """
    from codelength.errors import CodecError
    from codelength.sampling import generate

    start = os.fsencode(prompt)
    try:
        symbols = generate(n_bytes, start, temperature, seed, network)
    except (CodecError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    _write(symbols if no_prompt else chain(start, symbols))


def _write(symbols: Iterator[int]) -> None:
    """Byte by byte for somebody who watches, else line by line."""
    from codelength.cli.files import StandardOutput

    sink = StandardOutput()
    is_watched = sink.isatty()
    line = bytearray()
    last = ord("\n")
    try:
        for last in symbols:
            line.append(last)
            if is_watched or last == ord("\n"):
                sink.write(line)
                line.clear()
    except KeyboardInterrupt:
        sink.write(line)
        raise
    if is_watched and last != ord("\n"):
        line += b"\n"
    sink.write(line)
