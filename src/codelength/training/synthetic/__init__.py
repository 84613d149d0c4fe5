"""Documents that are made, where training has too few that are found."""

from collections.abc import Iterator

from codelength.training.synthetic import logs, texts

__all__ = ["synthetic_documents"]

_KINDS = {"logs": logs.documents, "texts": texts.documents}


def synthetic_documents(kind: str) -> Iterator[tuple[str, bytes]]:
    """(name, content) of all documents of a kind, always the same ones. ValueError for an unknown kind."""
    if kind not in _KINDS:
        raise ValueError(f"synthetic documents: {kind!r} is none of {', '.join(_KINDS)}")
    return _KINDS[kind]()
