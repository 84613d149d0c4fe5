"""Measuring from Python: one call for a number, generators for streams."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength.measure import meters
from codelength.measure.documents import Document, read_documents
from codelength.measure.measurement import Measurement
from codelength.measure.meters import Meter, Options
from codelength.measure.preparation import Preparation
from codelength.measure.summary import Summary
from codelength.predictors.lengths import SymbolLengths

__all__ = ["Data", "measure", "measure_many", "stream_lengths", "symbol_lengths"]

Buffer: TypeAlias = bytes | bytearray | memoryview
Data: TypeAlias = Buffer | os.PathLike[str] | Document
"""One document: its bytes, the path of a file, or a document of `read_documents`."""


def measure(
    data: Data | Iterable[Data],
    predictor: str | Meter = "network",
    *,
    form: str = "bytes",
    chunk_bytes: int | None = None,
    context: int | None = None,
    stride: int | None = None,
    device: str | None = None,
    dtype: str | None = None,
) -> Summary:
    """How many bits some data costs under a predictor.

    ``measure(b"...", "kt:3")``, ``measure(Path("a.txt"), "xz")``, ``measure([b"...", b"..."], "hf:NAME")``. A
    path of a folder stands for all files in it. `form` and `chunk_bytes` are --as and --chunk of the command
    line (`measure.preparation`), `context` and the rest are for language models. Names of predictors:
    `codelength.measure.meters.names()`; what a figure counts: docs/measures.md.

    The result is a `CodeLength`, with rates per character and token, an interval over documents, and, in a
    notebook, a table. Raises TypeError for str (give bytes or a Path), OSError, ValueError if the data is not
    what `form` needs, ModelNotFoundError for an unknown predictor.
    """
    options = Options(context, stride, device, dtype)
    preparation = Preparation(form, chunk_bytes)
    return Summary.of(measure_many(_documents(data), predictor, preparation=preparation, options=options))


def measure_many(
    documents: Iterable[Data],
    predictor: str | Meter = "network",
    *,
    preparation: Preparation | None = None,
    options: Options | None = None,
) -> Iterator[Measurement]:
    """Each document of a stream as it is done, in order. A language model reads some ahead, for batches."""
    meter = predictor if isinstance(predictor, Meter) else meters.get(predictor, options or Options())
    prepare = preparation or Preparation()
    prepared = (prepare.prepare(document.read()) for data in documents for document in _documents(data))
    return meter.measure_many(prepared, meter.settings(prepare))


def symbol_lengths(
    data: Data,
    predictor: str | Meter = "network",
    *,
    context: int | None = None,
    stride: int | None = None,
    device: str | None = None,
    dtype: str | None = None,
) -> SymbolLengths:
    """What each symbol of one document costs: bytes, or the tokens of a language model.

    Raises ValueError for a predictor that does not know, such as a compressor; else as `measure`.
    """
    options = Options(context, stride, device, dtype)
    meter = predictor if isinstance(predictor, Meter) else meters.get(predictor, options)
    if not meter.has_symbols:
        raise ValueError(f"{meter.name} does not say what single symbols cost")
    [document] = _documents(data)
    lengths = meter.measure(document).lengths
    if lengths is None:
        raise ValueError(f"{meter.name} does not say what single symbols cost")
    return lengths[0]


def stream_lengths(parts: Iterable[Buffer], predictor: str = "network") -> Iterator[NDArray[np.float64]]:
    """What each byte of a stream costs, part by part, float64 (bytes of the part,), in bounded memory.

    The predictor remembers earlier parts: the lengths are those of the whole stream, however it is cut. For
    `network` and the simple predictors of `codelength.predictors`; ValueError for language models.
    """
    from codelength.predictors import registry

    one_by_one = registry.get_bytewise(predictor)
    one_by_one.reset()
    for part in parts:
        symbols = memoryview(part).tobytes()
        lengths_bits = np.empty(len(symbols), np.float64)
        for i, symbol in enumerate(symbols):
            frequencies = one_by_one.distribution()
            total = int(frequencies.sum(dtype=np.uint64))
            lengths_bits[i] = math.log2(total / int(frequencies[symbol]))
            one_by_one.update(symbol)
        yield lengths_bits


def _documents(data: Data | Iterable[Data]) -> list[Document]:
    if isinstance(data, str):
        raise TypeError("data is bytes or a pathlib.Path, not str: encode text, or wrap a path in Path()")
    if isinstance(data, Document):
        return [data]
    if isinstance(data, bytes | bytearray | memoryview):
        return [Document.of("data", data)]
    if isinstance(data, os.PathLike):
        return read_documents([os.fspath(data)])
    return [document for part in data for document in _documents(part)]
