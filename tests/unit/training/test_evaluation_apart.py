"""Nothing that the project measures itself by is among what its networks have learnt from."""

from __future__ import annotations

import itertools
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codelength.training.config import load_config
from codelength.training.corpus import read_documents
from codelength.training.synthetic import synthetic_documents

CONFIGS = Path(__file__).resolve().parents[3] / "src" / "codelength" / "training" / "configs"

WINDOW = 64
"""Bytes that must be equal for a place to count as known."""
MOST_KNOWN = 0.02
"""Part of a document's windows that may occur elsewhere: stock phrases, headers, licences."""
LEAST_WINDOWS = 20


def normalised(content: bytes) -> bytes:
    """Text without what another printing changes: ends of lines, indentation, case."""
    return b" ".join(content.lower().split())


def hashes_of(content: bytes) -> NDArray[np.uint64]:
    """One of each window, by where it begins."""
    hashes = np.frombuffer(content, np.uint8).astype(np.uint64)
    width = 1
    while width < WINDOW:  # of twice the width, from two beside each other
        hashes = hashes[:-width] * np.uint64(0x9E3779B97F4A7C15 + 2 * width) + hashes[width:]
        hashes ^= hashes >> np.uint64(29)
        width *= 2
    return hashes


def windows_of(content: bytes, most: int = 500) -> NDArray[np.uint64]:
    """Hashes of windows from all over the document."""
    text = normalised(content)
    if len(text) < WINDOW:
        return np.zeros(0, np.uint64)
    places = np.unique(np.linspace(0, len(text) - WINDOW, most).astype(int)).tolist()
    telling = [place for place in places if tells(text[place : place + WINDOW])]
    return hashes_of(text)[telling]


def tells(window: bytes) -> bool:
    """Whether it is no mere repetition, as a row of zeros or of dashes that anybody might have written."""
    return all(window[period:] != window[:-period] for period in range(1, WINDOW // 2))


def known_parts(documents: dict[str, bytes], library: Iterable[bytes]) -> dict[str, float]:
    """Of each document that has enough to tell: the part of its windows that occurs in the library."""
    windows = {name: windows_of(content) for name, content in documents.items()}
    wanted = np.unique(np.concatenate([*windows.values(), np.zeros(0, np.uint64)]))
    maybe = np.zeros(1 << 24, np.bool_)  # by the upper bits: rules most out at once
    maybe[wanted >> np.uint64(40)] = True
    found: set[int] = set()
    for content in library:
        text = normalised(content)
        if len(text) >= WINDOW:
            hashes = hashes_of(text)
            hashes = hashes[maybe[hashes >> np.uint64(40)]]
            found.update(hashes[np.isin(hashes, wanted)].tolist())
    return {
        name: sum(h in found for h in hashes.tolist()) / len(hashes)
        for name, hashes in windows.items()
        if len(hashes) >= LEAST_WINDOWS
    }


def test_what_is_known_is_found() -> None:
    rng = np.random.default_rng(1)
    texts = [" ".join(map(str, rng.integers(0, 1 << 40, 2000).tolist())).encode() for _ in range(4)]
    one, two, three, four = texts
    reprinted = two.upper().replace(b" ", b"\r\n\t")
    library = [b"short", one[5000:9000], reprinted, bytes(10_000)]
    documents = {"quoted": one, "whole": two, "new": three, "cut": two[7:1000], "zeros": bytes(5000), "": b""}
    known = known_parts(documents, library)
    assert set(known) == {"quoted", "whole", "new", "cut"}
    assert known["whole"] == known["cut"] == 1
    assert known["new"] == 0
    assert 0.1 < known["quoted"] < 0.25
    assert known_parts({"long": four + three}, [three[100:]])["long"] > 0.4


def evaluation_documents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield (
                path.relative_to(folder).as_posix(),
                lzma.decompress(content) if path.suffix == ".xz" else content,
            )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_evaluation_document_is_trained_on(data_dir: Path) -> None:
    training, evaluation = data_dir / "train", data_dir / "eval"
    if not (training.is_dir() and evaluation.is_dir()):
        pytest.skip(f"{data_dir} does not have both folders")
    sources = [source for config in sorted(CONFIGS.glob("*.toml")) for source in load_config(config).sources]
    patterns = {pattern for source in sources for pattern in source.paths}
    kinds = {source.synthetic for source in sources if source.synthetic}
    documents = dict(evaluation_documents(evaluation))
    library = itertools.chain(
        (document.content.tobytes() for document in read_documents(training, sorted(patterns))),
        (content for kind in sorted(kinds) for _, content in synthetic_documents(kind)),
    )
    known = known_parts(documents, library)
    assert len(known) > 50
    too_well = {name: part for name, part in known.items() if part > MOST_KNOWN}
    assert not too_well
