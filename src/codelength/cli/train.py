"""`codelength train`: trains a network from a configuration file."""

import os
from pathlib import Path

import click

from codelength.cli.training_options import data_option, threads_option

__all__ = ["train"]


@click.command()
@click.argument("config")
@data_option
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run: checkpoint.safetensors and log.jsonl.",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in --out.")
@click.option(
    "--from",
    "origin",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Start a new run from this checkpoint, which stays as it is.",
)
@click.option(
    "--decay", "decay_bytes", type=click.IntRange(1), help="Let the rate fall to 0 over this many bytes."
)
@click.option(
    "--rewarm",
    is_flag=True,
    help="Warm up again and hold the rate (or let it fall as --decay says): for a checkpoint whose rate has "
    "fallen, or that came without the state of its update rules.",
)
@click.option(
    "--quantise",
    is_flag=True,
    help="Compute as the integer export will, so that the weights settle where its roundings do no harm.",
)
@click.option("--minutes", type=click.FloatRange(0), help="Stop after this long.")
@click.option(
    "--bytes", "n_bytes", type=click.IntRange(0), help="Stop after training on this many bytes in all."
)
@click.option("--checkpoint-minutes", type=click.FloatRange(0), default=5.0, show_default=True)
@click.option("--validate-minutes", type=click.FloatRange(0), default=10.0, show_default=True)
@click.option(
    "--workers",
    "n_workers",
    type=click.IntRange(1),
    default=1,
    help="Train in this many processes of --threads, each on its own streams; the weights are averaged "
    "every 200 steps.",
)
@threads_option
@click.option("--device", help="cpu or cuda; a GPU if there is one, if not said.")
def train(
    config: str,
    data: Path,
    out: Path,
    resume: bool,
    origin: Path | None,
    decay_bytes: int | None,
    rewarm: bool,
    quantise: bool,
    minutes: float | None,
    n_bytes: int | None,
    checkpoint_minutes: float,
    validate_minutes: float,
    n_workers: int,
    threads: int | None,
    device: str | None,
) -> None:
    """Train the network that CONFIG describes: a TOML file, or the name of one that comes with the package.

    SIGINT and SIGTERM end a run cleanly, with a checkpoint; with --workers once their round has ended. The
    learning rate is held until a run is started with --decay: hold it in one run, go on with it in others,
    and branch a decayed model off with --from. If the model is to be exported, add --quantise to the branch.
    """
    try:
        from codelength.training.run import Limits, choose_device, run
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise click.ClickException("training needs PyTorch: pip install 'codelength[train]'") from error

    from codelength.training.config import load_config
    from codelength.training.plan import Plan
    from codelength.training.workers import run_workers

    checkpoint = out / "checkpoint.safetensors"
    if resume and origin is not None:
        raise click.UsageError("--resume goes on with a run, --from starts one: not both")
    if resume and decay_bytes is not None:
        # The stable part must survive: other runs may go on from it.
        raise click.UsageError("--decay starts a new run: give the checkpoint by --from, and another --out")
    if rewarm and origin is None:
        raise click.UsageError("--rewarm starts from a trained network: give its checkpoint by --from")
    if quantise and origin is None:
        # Scales are chosen once a network has learned something; a resumed run has them in its checkpoint.
        raise click.UsageError("--quantise starts from a trained network: give its checkpoint by --from")
    if n_workers > 1 and (quantise or device not in (None, "cpu")):
        raise click.UsageError("--workers train in floats, on a CPU")
    if resume and not checkpoint.exists():
        raise click.ClickException(f"{checkpoint} is not there: nothing to resume")
    if not resume and checkpoint.exists():
        raise click.ClickException(f"{checkpoint} is there already: --resume it, or name another --out")

    limits = Limits(
        None if minutes is None else minutes * 60, n_bytes, checkpoint_minutes * 60, validate_minutes * 60
    )
    begin = checkpoint if resume else origin
    if n_workers > 1:
        device = "cpu"
        threads = threads or max(1, (os.cpu_count() or 1) // n_workers)
    try:
        where = choose_device(device, threads)
        plan = Plan(load_config(config), data, begin, decay_bytes, rewarm, quantise, where, n_workers)
        reason = run_workers(plan, out, limits) if n_workers > 1 else run(plan.make_trainer(), out, limits)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: {reason}", err=True)


if __name__ == "__main__":
    train()
