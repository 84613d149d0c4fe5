"""Predictors: objects that say how likely each next symbol is. Compressing, measuring and sampling follow."""

from codelength.predictors.compressors import from_compressor
from codelength.predictors.context_tree import ContextTreeWeighting
from codelength.predictors.counting import KT, Uniform
from codelength.predictors.network import Network
from codelength.predictors.protocol import Predictor, code_length, compress, decompress, symbol_lengths
from codelength.predictors.registry import get, names

__all__ = [
    "KT",
    "ContextTreeWeighting",
    "Network",
    "Predictor",
    "Uniform",
    "code_length",
    "compress",
    "decompress",
    "from_compressor",
    "get",
    "names",
    "symbol_lengths",
]
