"""Comparisons that others have published, to be made again on data at hand.

"Language modeling is compression" (Delétang et al., ICLR 2024), table 1: compressors of text, of pictures and
of sound, and models, each on text, pictures, sound and random bytes, in chunks of 2048 bytes; compressors
also on all of it at once. The paper's rates count a compressor's header once for all chunks:

    rate = (Σ coded bytes - (chunks - 1) · bytes that it makes of one byte 0) / Σ bytes

That is what `Row.rate_one_header` is; `Row.rate` counts everything that is written.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codelength.measure import meters
from codelength.measure.documents import Document, Source, read_documents
from codelength.measure.preparation import CHUNK_BYTES, Preparation
from codelength.measure.scores import published
from codelength.measure.summary import Summary

__all__ = ["HUANG_CONTEXT", "HUANG_STRIDE", "LMIC_PREDICTORS", "DataSet", "Row", "data_sets", "rows"]

LMIC_PREDICTORS = ("gzip", "xz:6", "png", "flac", "network")
"""The compressors of the paper (its LZMA2 is Python's, preset 6) and our network."""

HUANG_CONTEXT, HUANG_STRIDE = 1900, 512
"""Tokens, in Huang et al. 2024."""

_RANDOM_CHUNKS = 256


@dataclass(frozen=True, slots=True)
class DataSet:
    """One kind of data."""

    name: str
    form: str
    """How it is prepared, in chunks."""
    documents: tuple[Document, ...]

    def whole(self) -> Document:
        """All chunks of all documents one after the other, as one document."""
        return Document(f"{self.name}, whole", _Joined(self.form, self.documents))


@dataclass(frozen=True, slots=True)
class _Joined:
    """The prepared bytes of some documents; those that cannot be prepared are left out."""

    form: str
    documents: tuple[Document, ...]

    def read(self) -> bytes:
        preparation = Preparation(self.form)
        parts = []
        for document in self.documents:
            try:
                prepared = preparation.prepare(document.read())
            except ValueError:
                continue
            parts += [piece.data for piece in prepared.pieces]
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class _Some:
    """The first bytes of a source."""

    source: Source
    n_bytes: int

    def read(self) -> bytes:
        return self.source.read()[: self.n_bytes]


def data_sets(folder: Path, n_documents: int | None = None, n_text_bytes: int | None = None) -> list[DataSet]:
    """What a folder holds of the four kinds, random bytes always among them.

    Text: files whose name begins with "enwik". Pictures: the folder "imagenet". Sound: the WAV files of the
    folder "audio" that are LibriSpeech's, READER-CHAPTER-NUMBER.wav. Of pictures and sound at most
    `n_documents` files, of text at most `n_text_bytes`.

    Raises FileNotFoundError if the folder has none of the three.
    """
    found = [
        DataSet("text", "text:deletang", _documents(folder, "enwik*")),
        DataSet("images", "image:deletang", _documents(folder, "imagenet/*")[:n_documents]),
        DataSet("audio", "audio:deletang", _documents(folder, "audio/*-*-*.wav")[:n_documents]),
    ]
    found = [data for data in found if data.documents]
    if not found:
        raise FileNotFoundError(f"{folder} has no enwik* file, no folder imagenet and no folder audio")
    if n_text_bytes is not None and found[0].name == "text":
        document = found[0].documents[0]
        first = Document(document.name, _Some(document.source, n_text_bytes))
        found[0] = DataSet("text", "text:deletang", (first,))
    noise = random.Random(0).randbytes(_RANDOM_CHUNKS * CHUNK_BYTES)
    return [*found, DataSet("random", "text:deletang", (Document.of("random", noise),))]


def _documents(folder: Path, pattern: str) -> tuple[Document, ...]:
    try:
        return tuple(read_documents([str(folder / pattern)]))
    except FileNotFoundError:
        return ()


@dataclass(frozen=True, slots=True)
class Row:
    """A predictor on one kind of data: what it makes of it here and what is published, as shares of 1."""

    data: str
    predictor: str
    is_coded: bool
    n_chunks: int
    rate: float
    """All that is written, of all chunks."""
    rate_one_header: float | None
    """With one header for all chunks; None for estimates, which have none."""
    rate_adjusted: float
    """`rate`, and the bytes of the predictor."""
    rate_whole: float | None
    """All of it at once; None if it was not measured."""
    published_chunked: float | None
    published_whole: float | None

    @property
    def distance(self) -> float | None:
        """How far from the published rate in chunks, counted as it was, in percentage points."""
        ours = self.rate if self.rate_one_header is None else self.rate_one_header
        return None if self.published_chunked is None else 100.0 * (ours - self.published_chunked)


def rows(results: Iterable[tuple[DataSet, Sequence[Summary], Sequence[Summary]]]) -> list[Row]:
    """The paper's table: for each kind of data the summaries in chunks and of the whole."""
    known = {(row["predictor"], row["data"]): row for row in published("deletang2024")}
    table = []
    for data, chunked, whole in results:
        rates_whole = {summary.predictor: summary.ratio for summary in whole}
        for summary in chunked:
            n_chunks = sum(m.n_pieces for m in summary.measurements)
            paper = known.get((summary.predictor, data.name))
            table.append(
                Row(
                    data.name,
                    summary.predictor,
                    summary.is_coded,
                    n_chunks,
                    summary.ratio,
                    _one_header(summary, n_chunks) if summary.is_coded else None,
                    summary.ratio_adjusted,
                    rates_whole.get(summary.predictor),
                    float(paper["chunked"]) / 100 if paper else None,
                    float(paper["whole"]) / 100 if paper else None,
                )
            )
    return table


def _one_header(summary: Summary, n_chunks: int) -> float:
    header_bits = meters.get(summary.predictor).measure(b"\0").length_bits
    return (summary.length_bits - (n_chunks - 1) * header_bits) / (8 * summary.n_bytes)
