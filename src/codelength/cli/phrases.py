"""`codelength phrases`: what often came next in the documents of training, for a model file."""

from pathlib import Path

import click

from codelength.cli.training_options import data_option, threads_option

__all__ = ["phrases"]


@click.command()
@click.argument("config")
@data_option
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, for `codelength export --phrases`.",
)
@click.option(
    "--lines",
    type=click.IntRange(2, 1 << 24),
    default=1 << 17,
    show_default=True,
    help="Lines of 64 bytes, a power of two.",
)
@threads_option
def phrases(config: str, data: Path, out: Path, lines: int, threads: int | None) -> None:
    """Learn phrases (docs/format.md, section 6.3) from the text among the sources of CONFIG."""
    from safetensors.numpy import save

    from codelength.codec.engine import thread_count
    from codelength.measure.replacing import replaced
    from codelength.training.config import load_config
    from codelength.training.corpus import read_corpus
    from codelength.training.phrases import learn_phrases

    try:
        settings = load_config(config)
        corpus = read_corpus(data, settings.sources, settings.training.validation_share)
        found = learn_phrases(corpus, lines, thread_count(threads))
        with replaced(out) as file:
            file.write(save({"phrases": found}))
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: {out.stat().st_size} bytes", err=True)


if __name__ == "__main__":
    phrases()
