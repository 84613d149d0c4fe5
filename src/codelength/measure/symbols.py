"""The cost of every symbol as a file of arrays, for other programs."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from codelength.measure.replacing import replaced
from codelength.measure.runs import Result

__all__ = ["save_symbols"]


def save_symbols(path: str | os.PathLike[str], result: Result) -> None:
    """Write an .npz file of all that was measured with `keeps_lengths`. Raises OSError.

    Arrays "predictor", "document" and "sha256" name the cells, in order. Of cell i there are
    "i/lengths_bits", float64 (N,); "i/ends", int64 (N,), the offset behind each symbol in the bytes that were
    measured; "i/pieces", int64 (P,), the offsets where pieces end; and, where known, "i/ranks", int32 (N,).
    """
    cells = [m for name in result.predictors for m in result.of(name) if m.lengths is not None]
    arrays: dict[str, NDArray[np.generic]] = {
        "predictor": np.array([m.predictor for m in cells], np.str_),
        "document": np.array([m.document for m in cells], np.str_),
        "sha256": np.array([m.sha256 for m in cells], np.str_),
    }
    for i, measurement in enumerate(cells):
        pieces = measurement.lengths or ()
        stops = np.cumsum([piece.n_bytes for piece in pieces], dtype=np.int64)
        starts = [int(stop) - piece.n_bytes for stop, piece in zip(stops, pieces, strict=True)]
        ends = [piece.ends + start for piece, start in zip(pieces, starts, strict=True)]
        arrays[f"{i}/lengths_bits"] = np.concatenate([piece.lengths_bits for piece in pieces])
        arrays[f"{i}/ends"] = np.concatenate(ends)
        arrays[f"{i}/pieces"] = stops
        ranks = [piece.ranks for piece in pieces if piece.ranks is not None]
        if ranks and len(ranks) == len(pieces):
            arrays[f"{i}/ranks"] = np.concatenate(ranks)
    with replaced(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
