"""Bits per byte as others define it, by name, from the same symbol lengths.

Three numbers go by this name. They differ in what stands above the fraction bar and in what stands below it;
docs/measures.md has an example on which all three disagree.

Sources: lm-evaluation-harness, lm_eval/api/metrics.py (`bits_per_byte`, `weighted_mean`) and
tasks/wikitext/preprocess_wikitext.py; Uncheatable Eval, evaluator.py (`eval_hf_model`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from codelength.predictors.lengths import SymbolLengths

__all__ = ["DEFINITIONS", "rate_bpb"]

DEFINITIONS = {
    "codelength": "every bit of the documents over every byte of the same documents",
    "lm-evaluation-harness": "every bit of the text that was scored over the bytes of its task's document",
    "uncheatable-eval": "as codelength, but the first symbol of each chunk of symbols costs nothing",
}
"""What each counts, in one line."""

UNCHEATABLE_CHUNK_SYMBOLS = 1024


def rate_bpb(
    documents: Sequence[SymbolLengths],
    definition: str = "codelength",
    *,
    n_reference_bytes: Sequence[int] | None = None,
    chunk_symbols: int = UNCHEATABLE_CHUNK_SYMBOLS,
) -> float:
    """Bits per byte of some documents by the definition of that name; nan without bytes.

    codelength               Σ bits of all symbols / Σ bytes of the documents
    lm-evaluation-harness    Σ bits of all symbols / Σ `n_reference_bytes`: the bytes of what the task calls
                             the document. For most tasks that is what was scored, and the figure is the one
                             above. For wikitext it is the page with its " @-@ " and spaces before commas,
                             while a shorter, mended page is scored
    uncheatable-eval         documents are cut into chunks of `chunk_symbols`; the first symbol of each chunk
                             has nothing to be predicted from and is left out, its bytes are not:
                             Σ bits of the other symbols / Σ bytes of the documents

    This is bookkeeping only. That a window knows less than the whole document is a matter of how the lengths
    were measured: for lm-evaluation-harness with a stride equal to the context, for Uncheatable Eval with a
    context and a stride of `chunk_symbols`.

    Raises ValueError for an unknown definition, or if there is not one count for each document.
    """
    if definition not in DEFINITIONS:
        raise ValueError(f"no definition is called {definition!r}; known are {', '.join(DEFINITIONS)}")
    if n_reference_bytes is not None and len(n_reference_bytes) != len(documents):
        raise ValueError(f"{len(n_reference_bytes)} counts of bytes do not fit {len(documents)} documents")
    if chunk_symbols < 1:
        raise ValueError(f"a chunk has at least one symbol, not {chunk_symbols}")
    n_bytes = sum(document.n_bytes for document in documents)
    length_bits = math.fsum(document.length_bits for document in documents)
    if definition == "lm-evaluation-harness" and n_reference_bytes is not None:
        n_bytes = sum(n_reference_bytes)
    if definition == "uncheatable-eval":
        length_bits -= math.fsum(bit for d in documents for bit in d.lengths_bits[::chunk_symbols])
    return length_bits / n_bytes if n_bytes else math.nan
