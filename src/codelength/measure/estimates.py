"""Predictors as meters: the sum of -log2 p over the symbols, which a coder would come very near to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from codelength.measure.extras import need
from codelength.measure.measurement import Cost
from codelength.measure.meters import Meter, Options, number
from codelength.measure.preparation import Piece, Preparation
from codelength.predictors.causal_lm.settings import Settings
from codelength.predictors.lengths import SymbolLengths

if TYPE_CHECKING:
    from codelength.predictors.causal_lm import CausalLM

__all__ = ["CausalLmMeter", "CountingMeter", "MixMeter", "NetworkMeter"]


class NetworkMeter(Meter):
    """The network that comes with the package, alone, without the contexts that clz mixes in."""

    is_coded = False
    has_symbols = True

    def __init__(self, name: str, options: Options) -> None:
        from codelength.codec.networks import default_network
        from codelength.predictors.network import Network

        super().__init__(name, options)
        self._file = default_network()
        self._network = Network(self._file.native)

    @property
    def weights_bytes(self) -> int:
        return len(self._file.data)

    def facts(self) -> dict[str, str]:
        return {"network": self._file.hash.hex()}

    def costs(self, pieces: Iterable[Piece]) -> Iterator[Cost]:
        for piece in pieces:
            symbols = SymbolLengths.of_bytes(self._network.symbol_lengths(piece.data))
            yield Cost(symbols.length_bits, symbols=symbols)


class CountingMeter(Meter):
    """A simple predictor of the registry, which learns from the data alone."""

    is_coded = False
    has_symbols = True

    def __init__(self, name: str, options: Options) -> None:
        from codelength.predictors import registry

        super().__init__(name, options)
        self._predictor = registry.get_bytewise(f"{name}:16" if name == "ctw" else name)

    def costs(self, pieces: Iterable[Piece]) -> Iterator[Cost]:
        from codelength.predictors.protocol import symbol_lengths

        for piece in pieces:
            symbols = SymbolLengths.of_bytes(symbol_lengths(piece.data, self._predictor))
            yield Cost(symbols.length_bits, symbols=symbols)


class MixMeter(Meter):
    """What clz at a level would spend on the data as one segment if its arithmetic coder were perfect.

    Not counted: frames, checksums, the rounding of the coder. The costs of single bytes are not known.
    """

    is_coded = False

    def __init__(self, name: str, options: Options) -> None:
        from codelength import _native
        from codelength.codec.levels import LEVELS
        from codelength.codec.networks import default_network

        super().__init__(name, options)
        self._model_id = LEVELS[number(name, 3, 1, 9)].model_id
        self._file = default_network() if _native.is_networked(self._model_id) else None

    @property
    def weights_bytes(self) -> int:
        return len(self._file.data) if self._file else 0

    def facts(self) -> dict[str, str]:
        from codelength import __version__

        return {"codelength": __version__} | ({"network": self._file.hash.hex()} if self._file else {})

    def costs(self, pieces: Iterable[Piece]) -> Iterator[Cost]:
        from codelength import _native

        network = self._file.native if self._file else None
        for piece in pieces:
            yield Cost(_native.ideal_length_bits(piece.data, self._model_id, network))


class CausalLmMeter(Meter):
    """A causal language model of Hugging Face's library, by its name there or by its folder."""

    is_coded = False
    has_symbols = True
    takes_context = True

    def __init__(self, name: str, options: Options) -> None:
        super().__init__(name, options)
        chosen = {key: value for key, value in asdict(options).items() if value is not None}
        self._settings = replace(Settings.parse(name), **chosen)

    @cached_property
    def _model(self) -> CausalLM:
        need("torch", "hf", self.name)
        need("transformers", "hf", self.name)
        from codelength.predictors.causal_lm import CausalLM

        return CausalLM.from_settings(self._settings)

    def load(self) -> None:
        _ = self._model

    def settings(self, preparation: Preparation) -> dict[str, Any]:
        asked = asdict(self._settings)
        return super().settings(preparation) | {
            name: asked[name] for name in ("context", "stride", "dtype", "bos", "batch_size")
        }

    @property
    def weights_bytes(self) -> int:
        return self._model.weights_bytes

    def facts(self) -> dict[str, str]:
        return self._model.fingerprint

    def costs(self, pieces: Iterable[Piece]) -> Iterator[Cost]:
        for symbols in self._model.many_symbol_lengths(piece.data for piece in pieces):
            length_bits = symbols.length_bits
            if math.isnan(length_bits):
                raise ValueError(f"{self.name} gives probabilities that are not numbers; try --dtype float32")
            yield Cost(length_bits, n_tokens=symbols.n_tokens, symbols=symbols)
