"""`codelength models`: what there is to compress and to measure with."""

from __future__ import annotations

import json

import click

__all__ = ["models"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write a record.")
def models(as_json: bool) -> None:
    """The levels of clz with the memory that a thread takes, and the predictors by name."""
    from codelength import __version__
    from codelength.cli.messages import human_size
    from codelength.codec.levels import DEFAULT_LEVEL, LEVELS, memory_bytes
    from codelength.predictors.registry import names

    if as_json:
        record = {
            "schema": "codelength.models",
            "schema_version": 1,
            "codelength_version": __version__,
            "default_level": DEFAULT_LEVEL,
            "levels": [
                {
                    "level": number,
                    "model_id": level.model_id,
                    "memory_bytes_per_thread": memory_bytes(number),
                    "words": level.words,
                }
                for number, level in LEVELS.items()
            ],
            "predictors": names(),
        }
        click.echo(json.dumps(record, indent=2))
        return
    click.echo("Level  Model  Memory/thread  For")
    for number, level in LEVELS.items():
        click.echo(f"{-number:5}  {level.model_id:5}  {human_size(memory_bytes(number)):>13}  {level.words}")
    click.echo(f"\nPredictors for codelength length: clz:LEVEL, {', '.join(names())}")
