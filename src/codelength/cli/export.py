"""`codelength export`: the model file of a trained network, in the integers that the engine computes with."""

import dataclasses
from pathlib import Path

import click

from codelength.cli.training_options import data_option, threads_option

__all__ = ["export"]


@click.command()
@click.argument("checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The model file; one that is there is replaced.",
)
@click.option("--name", help="The model's name on its card; that of the file if not said.")
@click.option("--description", default="", help="What the card says about it.")
@click.option(
    "--bytes",
    "n_bytes",
    type=click.IntRange(1),
    default=65536,
    show_default=True,
    help="Bytes of each source's validation documents that are measured.",
)
@click.option(
    "--mixing-bytes",
    type=click.IntRange(0),
    default=2_400_000,
    show_default=True,
    help="Bytes of each kind of text among the training documents that mixing learns its start from.",
)
@click.option(
    "--phrases",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the phrases of this file, of `codelength phrases` or another model; none if not said.",
)
@click.option(
    "--most-phrases",
    type=click.IntRange(1),
    help="Leave the least sure out until there are so many.",
)
@threads_option
def export(
    checkpoint: Path,
    data: Path,
    out: Path,
    name: str | None,
    description: str,
    n_bytes: int,
    mixing_bytes: int,
    phrases: Path | None,
    most_phrases: int | None,
    threads: int | None,
) -> None:
    """Write the network of CHECKPOINT as integers (docs/format.md, section 5), with a card.

    A network that was trained with --quantise keeps its scales. Another gets them from a calibration now, and
    loses a little more.
    """
    try:
        from codelength.training.run import choose_device
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise click.ClickException("export needs PyTorch: pip install 'codelength[train]'") from error

    from codelength.codec.engine import thread_count
    from codelength.training.checkpoint import load_checkpoint
    from codelength.training.config import parse_config
    from codelength.training.corpus import read_corpus
    from codelength.training.export import export_model
    from codelength.training.phrases import read_phrases, thinned
    from codelength.training.trainer import Trainer

    device = choose_device("cpu", threads)
    try:
        known = read_phrases(phrases) if phrases else None
        if known is not None and most_phrases is not None:
            known = thinned(known, most_phrases)
        tensors, facts = load_checkpoint(checkpoint)
        config = parse_config(facts["config"])
        config = dataclasses.replace(
            config, training=dataclasses.replace(config.training, validation_bytes=n_bytes)
        )
        corpus = read_corpus(data, config.sources, config.training.validation_share)
        trainer = Trainer(config, corpus, device)
        trainer.restore(tensors, facts)
        n_threads = thread_count(threads)
        card = export_model(
            trainer, corpus, out, name or out.stem, description, mixing_bytes, known, n_threads
        )
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    rates_bpb = card["validation"]["bits_per_byte"]
    for kind, rate_bpb in rates_bpb["integer"].items():
        click.echo(f"{kind:14}{rate_bpb:8.4f} bits per byte, as floats {rates_bpb['float'][kind]:8.4f}")
    click.echo(f"{out}: {out.stat().st_size} bytes", err=True)


if __name__ == "__main__":
    export()
