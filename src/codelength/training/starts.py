"""What the mixing predictors learn beside a network, for its model file (docs/format.md, 6.6)."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from codelength import _native
from codelength.training.corpus import Corpus
from codelength.training.phrases import is_text, split_from_phrases

__all__ = ["sample_documents", "start_tensors"]

_N_MORE_INPUTS = 9
_N_SETS = 1544


def sample_documents(corpus: Corpus, text_kind: str, n_bytes: int, seed: int) -> list[bytes]:
    """Pieces of training documents of this kind of text, about `n_bytes` in all; none if no source has any.

    Their lengths are spread evenly in logarithm from 500 to 16,000 bytes: what is learned from them matters
    most for short contents. Sources count by the square root of their share. None is of a document that
    phrases of this corpus are learned from, but where a source has only one.
    """
    sources = [source for source in corpus.sources if source.text_kind == text_kind and is_text(source)]
    if not sources:
        return []
    documents = {source.name: split_from_phrases(source)[1] for source in sources}
    shares = np.sqrt([source.share for source in sources])
    random = np.random.default_rng(seed)
    pieces: list[bytes] = []
    n_found = 0
    while n_found < n_bytes:
        source = sources[random.choice(len(sources), p=shares / shares.sum())]
        kept = documents[source.name]
        content = kept[random.integers(len(kept))].content
        size = int(np.exp(random.uniform(np.log(500), np.log(16000))))
        start = int(random.integers(max(1, content.size - size + 1)))
        pieces.append(content[start : start + size].tobytes())
        n_found += len(pieces[-1])
    return pieces


def start_tensors(
    network: _native.Network, documents: Mapping[str, list[bytes]], n_threads: int = 1
) -> dict[str, NDArray[np.int16 | np.uint16]]:
    """The tensors mixing.* for every predictor that needs a network, from documents of each kind of text.

    The threads change nothing.
    """
    jobs = [
        (predictor, text_kind)
        for predictor in range(1, _native.N_PREDICTORS + 1)
        for text_kind, found in documents.items()
        if _native.is_networked(predictor) and found
    ]
    with ThreadPoolExecutor(n_threads) as threads:
        learned = threads.map(lambda job: _native.learn_start(documents[job[1]], job[0], network), jobs)
        tensors: dict[str, NDArray[np.int16 | np.uint16]] = {}
        for (predictor, text_kind), (histories, match, phrases, weights, last) in zip(
            jobs, learned, strict=True
        ):
            n_contexts = len(histories) // 512
            name = f"mixing.{predictor}.{_native.TEXT_KINDS[text_kind]}"
            tensors |= {
                f"{name}.histories": np.frombuffer(histories, "<u2").reshape(n_contexts, 256),
                f"{name}.match": np.frombuffer(match, "<u2"),
                f"{name}.phrases": np.frombuffer(phrases, "<u2"),
                f"{name}.weights": np.frombuffer(weights, "<i2").reshape(
                    _N_SETS, n_contexts + _N_MORE_INPUTS
                ),
                f"{name}.last": np.frombuffer(last, "<i2").reshape(256, -1),
            }
    return tensors
