"""Any compressor is a predictor: what it finds short, it finds likely."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from codelength.predictors.protocol import Predictor, check_symbol

__all__ = ["bz2_predictor", "from_compressor", "gzip_predictor", "xz_predictor"]

# k bytes more than the best have frequency 2²⁴ / 2⁸ᵏ, an integer for k <= 3; 256 · 2²⁴ is the largest total.
_FREQUENCY_BITS = 24


def from_compressor(compress: Callable[[bytes], bytes]) -> Predictor:
    """A predictor of bytes out of a compressor, by differences of its code lengths.

        p(s | past) ∝ 2^-(8 · (len(compress(past + s)) - len(compress(past))))

    normalised over the 256 values of s. Constant headers cancel. Lengths are whole bytes, so p moves in
    factors of 256 and says little about single bytes; for the length of a whole text, compress the text.
    More than 3 bytes above the best counts as 3. Exact integers throughout; but a code can be decoded only
    where `compress` gives the same lengths, and builds of zlib do differ.

    256 calls of `compress` on all of the past for each symbol: for short texts.

    Sources: R. Cilibrasi and P. M. B. Vitányi, "Clustering by compression", IEEE Trans. Inf. Theory 51, 2005;
    G. Delétang et al., "Language modeling is compression", ICLR 2024, on compressors as generative models.
    """
    return _CompressorPredictor(compress)


def gzip_predictor() -> Predictor:
    """`from_compressor` of zlib at level 9: gzip's code with a shorter header."""
    return from_compressor(lambda data: zlib.compress(data, 9))


def bz2_predictor() -> Predictor:
    """`from_compressor` of bzip2; blocks of 100 kB, as larger ones change nothing on texts this short."""
    return from_compressor(lambda data: bz2.compress(data, 1))


def xz_predictor() -> Predictor:
    """`from_compressor` of LZMA2 at preset 6, the code inside an .xz file, which itself pads to 4 bytes.

    The dictionary has 64 KiB: a larger one would only take time to set up.
    """
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 16}]
    return from_compressor(lambda data: lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters))


class _CompressorPredictor:
    def __init__(self, compress: Callable[[bytes], bytes]) -> None:
        self.alphabet_size = 256
        self._compress = compress
        self._past = b""

    def distribution(self) -> NDArray[np.uint32]:
        lengths = [len(self._compress(self._past + bytes([symbol]))) for symbol in range(256)]
        shortest = min(lengths)
        # len(compress(past)) is the same for every symbol and cancels; the shortest takes its place.
        frequencies = [1 << max(0, _FREQUENCY_BITS - 8 * (length - shortest)) for length in lengths]
        return np.array(frequencies, dtype=np.uint32)

    def update(self, symbol: int) -> None:
        check_symbol(symbol, self.alphabet_size)
        self._past += bytes([symbol])

    def reset(self) -> None:
        self._past = b""
