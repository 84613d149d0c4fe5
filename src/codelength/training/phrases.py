"""Phrases: what often came next in the documents of training (docs/format.md, 6.3)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from codelength import _native
from codelength.training.corpus import Corpus, Document, SourceDocuments, split_documents

__all__ = ["LINE_BYTES", "LINE_ENTRIES", "is_text", "learn_phrases", "read_phrases", "split_from_phrases"]

LINE_BYTES = 64
LINE_ENTRIES = 21

_KEPT_SHARE = 1 / 16


def is_text(source: SourceDocuments) -> bool:
    """Whether the first document is UTF-8, as far as a look at its beginning tells."""
    try:
        source.training[0].content.tobytes()[:4096].decode()
    except UnicodeDecodeError as error:
        return error.start > 4000
    return True


def split_from_phrases(source: SourceDocuments) -> tuple[list[Document], list[Document]]:
    """(those to learn phrases from, those kept from it), of the training documents.

    What mixing starts from is learned from the latter: where phrases come from, it would learn to trust them
    too much. A source of one document has it in both.
    """
    learned, kept = split_documents(source.training, _KEPT_SHARE)
    return learned, kept or learned


def learn_phrases(
    corpus: Corpus,
    n_lines: int,
    n_threads: int,
    n_most: int | None = None,
    network: _native.Network | None = None,
) -> NDArray[np.uint8]:
    """The tensor `phrases`, (n_lines, 64), of the text among the training documents.

    `n_most` phrases at most, those that save most: beyond what a document teaches by itself, and beyond what
    `network` knows if one is given, which reads all of them. Takes 20 bytes of memory for each byte of text.
    ValueError unless n_lines is a power of two, 2 to 2^24, and for more than 65,536 documents.
    """
    documents = [
        document.content.tobytes()
        for source in corpus.sources
        if is_text(source)
        for document in split_from_phrases(source)[0]
    ]
    n_most = n_lines * LINE_ENTRIES if n_most is None else n_most
    lines = _native.learn_phrases(documents, n_lines, n_most, network, n_threads)
    return np.frombuffer(lines, np.uint8).reshape(n_lines, LINE_BYTES)


def read_phrases(path: Path) -> NDArray[np.uint8]:
    """The tensor `phrases` of a model file or of one that holds nothing else. ValueError if it has none."""
    try:
        phrases: NDArray[np.uint8] = load_file(path)["phrases"]
    except (SafetensorError, KeyError):
        raise ValueError(f"{path} holds no phrases") from None
    if phrases.dtype != np.uint8 or phrases.ndim != 2 or phrases.shape[1] != LINE_BYTES:
        raise ValueError(f"the phrases of {path} are not (lines, {LINE_BYTES}) bytes")
    return phrases
