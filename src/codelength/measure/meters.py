"""Meters: what measures documents under one predictor, and all of them by name."""

from __future__ import annotations

import difflib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple, cast

from codelength.errors import ModelNotFoundError
from codelength.measure.documents import Content, Document
from codelength.measure.measurement import Cost, Measurement
from codelength.measure.preparation import Piece, Preparation, Prepared

__all__ = ["Meter", "Options", "check", "get", "names"]


@dataclass(frozen=True, slots=True)
class Options:
    """How language models are run; None leaves the choice to them. Other meters leave all of it."""

    context: int | None = None
    """Tokens that the model is given at most."""
    stride: int | None = None
    """Tokens by which a full window moves on."""
    device: str | None = None
    dtype: str | None = None
    batch_size: int | None = None


class Meter(ABC):
    """Measures documents under one predictor. Every piece of a document is measured on its own."""

    is_coded: bool
    """True: the length is that of real bytes, decoded again and compared. False: an estimate, Σ -log2 p."""
    has_symbols: bool = False
    """Whether it knows what each symbol costs."""
    takes_context: bool = False
    """Whether a context and a stride mean something to it."""

    def __init__(self, name: str, options: Options = Options()) -> None:
        self.name = name
        self.options = options

    @property
    def weights_bytes(self) -> int:
        """What the predictor weighs that came before all data; 0 for one that knows nothing."""
        return 0

    def facts(self) -> dict[str, str]:
        """What decides the figures beside the name: versions, hashes."""
        return {}

    def load(self) -> None:  # noqa: B027 (most have nothing to load)
        """Get ready what takes long, if anything does. Raises what is in the way of it."""

    @abstractmethod
    def costs(self, pieces: Iterable[Piece]) -> Iterator[Cost]:
        """What each piece costs, in order."""

    def measure(
        self, document: Prepared | Document | bytes, settings: Mapping[str, Any] | None = None
    ) -> Measurement:
        """One document, or bytes. Raises what reading or measuring it does."""
        return next(self.measure_many([document], settings))

    def measure_many(
        self, documents: Iterable[Prepared | Document | bytes], settings: Mapping[str, Any] | None = None
    ) -> Iterator[Measurement]:
        """Each document, in order, as it is done; a meter that works in batches reads some ahead."""
        waiting: deque[Prepared] = deque()

        def pieces() -> Iterator[Piece]:
            for document in documents:
                waiting.append(_prepared(document))
                yield from waiting[-1].pieces

        self.load()
        started = time.perf_counter()
        costs: list[Cost] = []
        for cost in self.costs(pieces()):
            costs.append(cost)
            if len(costs) == len(waiting[0].pieces):
                now = time.perf_counter()
                yield Measurement.of(
                    waiting.popleft(),
                    costs,
                    predictor=self.name,
                    settings=self.settings(Preparation()) if settings is None else settings,
                    is_coded=self.is_coded,
                    weights_bytes=self.weights_bytes,
                    facts=self.facts(),
                    seconds=now - started,
                )
                started, costs = time.perf_counter(), []

    def settings(self, preparation: Preparation) -> dict[str, Any]:
        """How it measures documents that were prepared so, as records say it."""
        return {"as": preparation.form, "chunk_bytes": preparation.chunk_bytes}


def _prepared(document: Prepared | Document | bytes) -> Prepared:
    if isinstance(document, Prepared):
        return document
    content = document.read() if isinstance(document, Document) else Content.of("data", bytes(document))
    return Preparation().prepare(content)


class _Target(NamedTuple):
    """Where the meter of a name is made."""

    pattern: str
    """The name; a parameter in capitals, in brackets if it may be left out."""
    module: str
    maker: str


_TARGETS = {
    target.pattern.partition(":")[0].partition("[")[0]: target
    for target in (
        _Target("network", "estimates", "NetworkMeter"),
        _Target("mix[:LEVEL]", "estimates", "MixMeter"),
        _Target("kt:ORDER", "estimates", "CountingMeter"),
        _Target("ctw[:DEPTH]", "estimates", "CountingMeter"),
        _Target("uniform", "estimates", "CountingMeter"),
        _Target("hf:NAME", "estimates", "CausalLmMeter"),
        _Target("clz[:LEVEL]", "coders", "clz_meter"),
        _Target("gzip[:LEVEL]", "coders", "gzip_meter"),
        _Target("bz2[:LEVEL]", "coders", "bz2_meter"),
        _Target("xz[:LEVEL]", "coders", "xz_meter"),
        _Target("zstd[:LEVEL]", "coders", "zstd_meter"),
        _Target("brotli[:QUALITY]", "coders", "brotli_meter"),
        _Target("png", "media_coders", "png_meter"),
        _Target("webp", "media_coders", "webp_meter"),
        _Target("flac", "media_coders", "flac_meter"),
        _Target("zpaq[:METHOD]", "external", "zpaq_meter"),
        _Target("cmix", "external", "cmix_meter"),
    )
}


def names() -> list[str]:
    """Every name that `get` knows: a parameter in capitals, in brackets if it may be left out."""
    return sorted(target.pattern for target in _TARGETS.values())


def check(name: str) -> None:
    """Raise for a name that `get` would refuse, without loading anything heavy."""
    base, colon, argument = name.partition(":")
    if base not in _TARGETS:
        near = difflib.get_close_matches(base, _TARGETS, n=1)
        hint = f"did you mean {_TARGETS[near[0]].pattern!r}?" if near else f"known are {', '.join(names())}"
        raise ModelNotFoundError(f"no predictor is called {name!r}; {hint}")
    pattern = _TARGETS[base].pattern
    if ":" not in pattern:
        if colon:
            raise ValueError(f"{base!r} takes no parameter: {name!r}")
    elif not argument and (colon or "[" not in pattern):
        raise ValueError(f"{name!r} should be {pattern!r}")
    elif base == "hf":
        from codelength.predictors.causal_lm.settings import Settings

        Settings.parse(name)
    elif argument and not (argument.isascii() and argument.isdigit()):
        raise ValueError(f"{name!r} should be {pattern!r} with a whole number")


def get(name: str, options: Options = Options()) -> Meter:
    """The meter of a name: ``get("xz")``, ``get("kt:3")``, ``get("hf:folder/of/a/model")``.

    Raises ModelNotFoundError for an unknown name and says which known one is near, or for a program that is
    not installed; ValueError for a parameter that is missing, unwanted or out of range; ModuleNotFoundError,
    which names the extra to install, where a library is missing.
    """
    check(name)
    target = _TARGETS[name.partition(":")[0]]
    maker = getattr(import_module(f"codelength.measure.{target.module}"), target.maker)
    return cast(Meter, maker(name, options))


def number(name: str, default: int, least: int, most: int) -> int:
    """The whole number behind the colon of a name. Raises ValueError out of range."""
    argument = name.partition(":")[2]
    value = int(argument) if argument else default
    if not least <= value <= most:
        raise ValueError(f"the number of {name!r} should be {least} to {most}")
    return value
