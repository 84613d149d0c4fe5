"""Documents from files, folders and tars, kept apart; and the split that keeps some for validation."""

import dataclasses
import hashlib
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codelength.training.config import SourceConfig
from codelength.training.synthetic import synthetic_documents

__all__ = ["Corpus", "Document", "SourceDocuments", "read_corpus", "read_documents", "split_documents"]

_TAR_ENDINGS = (".tar", ".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz")


@dataclasses.dataclass(frozen=True)
class Document:
    """One document; `content` (n_bytes,) uint8."""

    name: str
    content: NDArray[np.uint8]

    @property
    def key(self) -> int:
        """64 bits of a hash of name and content: what the split depends on."""
        digest = hashlib.blake2b(self.name.encode(), digest_size=8)
        digest.update(b"\0")
        digest.update(self.content.tobytes())
        return int.from_bytes(digest.digest(), "little")


@dataclasses.dataclass(frozen=True)
class SourceDocuments:
    """The documents of one source, split; `share` is its part of the bytes trained on, and all shares sum to
    1; `text_kind` as in the configuration.
    """

    name: str
    share: float
    training: tuple[Document, ...]
    validation: tuple[Document, ...]
    text_kind: str = "text"


@dataclasses.dataclass(frozen=True)
class Corpus:
    """All sources, in the order of the configuration."""

    sources: tuple[SourceDocuments, ...]


def _read_tar(path: Path) -> Iterator[Document]:
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield Document(member.name, np.frombuffer(file.read(), np.uint8))


def read_documents(folder: Path, patterns: Sequence[str]) -> Iterator[Document]:
    """Non-empty documents that the patterns name under `folder`, in sorted order, each file or tar once.

    A pattern is a relative path or a glob; what it matches may be a tar (each member is a document), a folder
    (each file below it) or a file. FileNotFoundError if a pattern matches nothing: a mix that silently lost a
    source is another mix.
    """
    seen: set[Path] = set()
    for pattern in patterns:
        matches = sorted(folder.glob(pattern))
        if not matches:
            raise FileNotFoundError(f"nothing matches {pattern} in {folder}")
        for match in matches:
            for path in sorted(match.rglob("*")) if match.is_dir() else [match]:
                if path in seen or not path.is_file():
                    continue
                seen.add(path)
                if path.name.endswith(_TAR_ENDINGS):
                    documents = _read_tar(path)
                else:
                    name = path.relative_to(folder).as_posix()
                    documents = iter([Document(name, np.frombuffer(path.read_bytes(), np.uint8))])
                yield from (document for document in documents if document.content.size)


def split_documents(documents: Sequence[Document], share: float) -> tuple[list[Document], list[Document]]:
    """(training, validation), by document, both in the given order.

    Documents validate in the order of their hashes until they hold `share` of the bytes and of the documents;
    a source of one document has none for validation. Neither the order of the documents nor the way they are
    packed has any influence.
    """
    bytes_wanted = share * sum(document.content.size for document in documents)
    # The last document always stays for training.
    count_wanted = min(share * len(documents), len(documents) - 1)
    chosen: set[int] = set()
    n_chosen = 0
    for _, index in sorted((document.key, index) for index, document in enumerate(documents)):
        if (n_chosen >= bytes_wanted and len(chosen) >= count_wanted) or len(chosen) == len(documents) - 1:
            break
        chosen.add(index)
        n_chosen += documents[index].content.size
    training = [document for index, document in enumerate(documents) if index not in chosen]
    validation = [document for index, document in enumerate(documents) if index in chosen]
    return training, validation


def _documents(folder: Path, source: SourceConfig) -> Iterator[Document]:
    if not source.synthetic:
        yield from read_documents(folder, source.paths)
        return
    for name, content in synthetic_documents(source.synthetic):
        yield Document(name, np.frombuffer(content, np.uint8))


def read_corpus(folder: Path, sources: Sequence[SourceConfig], validation_share: float) -> Corpus:
    """Reads and splits every source; ValueError if one has nothing to train on."""
    total = sum(source.weight for source in sources)
    result = []
    for source in sources:
        training, validation = split_documents(list(_documents(folder, source)), validation_share)
        if not training:
            raise ValueError(f"source {source.name}: no document to train on")
        share = source.weight / total
        result.append(
            SourceDocuments(source.name, share, tuple(training), tuple(validation), source.text_kind)
        )
    return Corpus(tuple(result))
