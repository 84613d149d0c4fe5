"""`codelength length`: what files cost under predictors."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import click

from codelength.units import CodeLength

__all__ = ["length"]


@dataclass(frozen=True, slots=True)
class _Result:
    """One file under one predictor."""

    file: str
    sha256: str
    predictor: str
    n_bytes: int
    length_bits: float
    rate_bpb: float | None
    """None for an empty file, which has no rate."""
    is_coded: bool
    """True: real bytes, decoded again and compared. False: an estimate, the sum of -log2 p."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "-p",
    "--predictor",
    "predictors",
    multiple=True,
    default=("clz:3",),
    show_default=True,
    metavar="NAME",
    help="network, kt:3, ctw:16, ...: an estimate, the sum of -log2 p over the bytes. clz:LEVEL: the archive "
    "itself, decoded again and compared. May be given several times; codelength models lists them.",
)
@click.option("--json", "as_json", is_flag=True, help="Write records.")
def length(files: tuple[str, ...], predictors: tuple[str, ...], as_json: bool) -> None:
    """Bits, and bits per byte, that FILEs cost under predictors.

    Counted: every byte of a file and, for clz:LEVEL, the frame around it. Not counted: the predictor itself.
    """
    results = []
    for file in files:
        with open(file, "rb") as opened:
            data = opened.read()
        digest = hashlib.sha256(data).hexdigest()
        for name in predictors:
            cost, is_coded = _measure(data, name)
            rate_bpb = cost.rate_bpb if data else None
            results.append(_Result(file, digest, name, len(data), cost.length_bits, rate_bpb, is_coded))
    if as_json:
        click.echo(_record(results))
        return
    width = max(len("Predictor"), *(len(result.predictor) for result in results))
    click.echo(f"{'Predictor':{width}}  {'Bits':>14}  {'bpb':>7}            File")
    for result in results:
        rate = "-" if result.rate_bpb is None else f"{result.rate_bpb:.4f}"
        kind = "coded   " if result.is_coded else "estimate"
        name = click.format_filename(result.file)
        click.echo(f"{result.predictor:{width}}  {result.length_bits:14.1f}  {rate:>7}  {kind}  {name}")


def _measure(data: bytes, name: str) -> tuple[CodeLength, bool]:
    from codelength.errors import ModelNotFoundError

    try:
        if name.startswith("clz:"):
            return _coded(data, name.removeprefix("clz:")), True
        from codelength.predictors.network import Network
        from codelength.predictors.protocol import code_length
        from codelength.predictors.registry import get

        predictor = get(name)
        if isinstance(predictor, Network):  # the same, faster
            return predictor.code_length(data), False
        return code_length(data, predictor), False
    except (ModelNotFoundError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="--predictor") from error


def _coded(data: bytes, level: str) -> CodeLength:
    from codelength.codec.oneshot import compress, decompress

    if not (level.isascii() and level.isdigit()):
        raise ValueError("'clz:LEVEL' wants a level from 1 to 9")
    archive = compress(data, int(level))
    if decompress(archive) != data:
        raise click.ClickException(
            "the archive does not give the data back"
        )  # a bug, and never to be counted
    return CodeLength(8.0 * len(archive), n_bytes=len(data), n_symbols=len(data))


def _record(results: list[_Result]) -> str:
    import sys

    from codelength import __version__

    record = {
        "schema": "codelength.length",
        "schema_version": 1,
        "codelength_version": __version__,
        "command": ["codelength", *sys.argv[1:]],
        "results": [asdict(result) for result in results],
    }
    return json.dumps(record, indent=2)
