"""The compressor's own predictor, measured: what its arithmetic coder would spend if it were perfect."""

from __future__ import annotations

from codelength import _native
from codelength.units import CodeLength

__all__ = ["mixing_length"]


def mixing_length(data: bytes, predictor: int = 3) -> CodeLength:
    """Code length of `data` as one segment under a mixing predictor (by number: docs/format.md, 3.1).

    Counted: -log2 p of every bit coded. Not counted: the frame, the rounding of the coder. Raises ValueError
    for an unknown predictor.
    """
    return CodeLength(_native.ideal_length_bits(data, predictor), n_bytes=len(data), n_symbols=len(data))
