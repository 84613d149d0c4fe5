"""What mixing starts from, for each kind of text."""

import numpy as np
import pytest

from codelength import _native
from codelength.codec.networks import default_network
from codelength.training.corpus import Corpus, Document, SourceDocuments
from codelength.training.starts import sample_documents, start_tensors


def source(name: str, text: bytes, text_kind: str = "text") -> SourceDocuments:
    documents = [Document(f"{name}/{i}", np.frombuffer(text * 40 + b"%d" % i, np.uint8)) for i in range(20)]
    return SourceDocuments(name, 0.5, tuple(documents), (), text_kind)


PROSE, LOGS = b"It was a dark night, and it rained. ", b"2026-01-01 INFO started\n"


@pytest.fixture
def corpus() -> Corpus:
    noise = Document("noise", np.frombuffer(bytes(range(256)) * 40, np.uint8))
    return Corpus(
        (
            source("prose", PROSE),
            source("logs", LOGS, "logs"),
            SourceDocuments("noise", 0.5, (noise, noise), (), "logs"),
        )
    )


def test_samples_are_of_one_kind(corpus: Corpus) -> None:
    for kind, text in (("text", PROSE), ("logs", LOGS)):
        pieces = sample_documents(corpus, kind, 5000, 1)
        assert 5000 <= sum(map(len, pieces)) < 5000 + 16000
        assert all(text in piece for piece in pieces)
        assert pieces == sample_documents(corpus, kind, 5000, 1)
        assert pieces != sample_documents(corpus, kind, 5000, 2)
    assert sample_documents(corpus, "tables", 5000, 1) == []


def test_a_start_for_each_kind(corpus: Corpus) -> None:
    network = default_network().native
    documents = {kind: sample_documents(corpus, kind, 2000, 1) for kind in _native.TEXT_KINDS}
    tensors = start_tensors(network, documents)
    parts = {"histories", "match", "phrases", "weights", "last"}
    assert set(tensors) == {f"mixing.{p}.{k}.{part}" for p in (5, 6) for k in (1, 7) for part in parts}
    assert any((tensors[f"mixing.5.1.{part}"] != tensors[f"mixing.5.7.{part}"]).any() for part in parts)
    again = start_tensors(network, documents, n_threads=3)
    assert all((again[name] == tensor).all() for name, tensor in tensors.items())


def test_what_is_learned_is_the_mean_over_the_later_half() -> None:
    network = default_network().native

    def learned(*documents: bytes) -> list[np.ndarray]:
        dtypes = ("<u2", "<u2", "<u2", "<i2", "<i2")
        made = _native.learn_start(list(documents), 5, network)
        return [np.frombuffer(part, dtype).astype(int) for part, dtype in zip(made, dtypes, strict=True)]

    first, second = PROSE * 9, LOGS * 9
    # From nothing nothing is learned, so this is the state after the first, and that after both.
    means = learned(first, b"", b"", second)
    for one, both, mean in zip(learned(first), learned(first, second), means, strict=True):
        assert (one != both).any()
        assert (mean == np.trunc((one + both) / 2)).all()
