"""Phrases: what often came next in the documents of training (docs/format.md, 6.3)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from codelength import _native
from codelength.training.corpus import Corpus, Document, SourceDocuments, split_documents

__all__ = [
    "LINE_BYTES",
    "LINE_ENTRIES",
    "is_text",
    "learn_phrases",
    "n_phrases",
    "read_phrases",
    "split_from_phrases",
    "thinned",
]

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


def learn_phrases(corpus: Corpus, n_lines: int, n_threads: int) -> NDArray[np.uint8]:
    """The tensor `phrases`, (n_lines, 64), of the text among the training documents.

    Takes 20 bytes of memory for each byte of them. ValueError unless n_lines is a power of two, 2 to 2^24,
    and for more than 65,536 documents.
    """
    documents = [
        document.content.tobytes()
        for source in corpus.sources
        if is_text(source)
        for document in split_from_phrases(source)[0]
    ]
    lines = _native.learn_phrases(documents, n_lines, n_threads)
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


def _tags(phrases: NDArray[np.uint8]) -> NDArray[np.uint16]:
    tags: NDArray[np.uint16] = np.ascontiguousarray(phrases[:, : 2 * LINE_ENTRIES]).view("<u2")
    return tags


def n_phrases(phrases: NDArray[np.uint8]) -> int:
    """How many entries the lines hold."""
    return int(np.count_nonzero(_tags(phrases)))


def thinned(phrases: NDArray[np.uint8], n_most: int) -> NDArray[np.uint8]:
    """The tensor with n_most entries at most: those most often right stay, of these those of most documents.

    What is left out becomes zeros, which a package hardly feels.
    """
    tags = _tags(phrases)
    surety = np.where(tags > 0, 1 + (tags & 7) * 4 + (tags >> 3 & 3), 0)
    order = np.argsort(-surety.astype(np.int64), axis=None, kind="stable")
    kept = np.zeros(tags.size, np.bool_)
    kept[order[:n_most]] = True
    stays = kept.reshape(tags.shape)
    lines = phrases.copy()
    lines[:, : 2 * LINE_ENTRIES] = np.where(stays, tags, 0).astype("<u2").view(np.uint8)
    lines[:, 2 * LINE_ENTRIES : 3 * LINE_ENTRIES] *= stays
    return lines
