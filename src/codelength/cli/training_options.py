"""Options that the commands around training share."""

from pathlib import Path

import click

__all__ = ["data_option", "threads_option"]

data_option = click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that the sources of the configuration lie in.",
)

threads_option = click.option(
    "--threads", type=click.IntRange(1), help="CPU threads; those of the machine if not said."
)
