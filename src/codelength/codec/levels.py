"""What the levels 1 to 9 mean: each names the predictor that codes the segments."""

from __future__ import annotations

import os
from dataclasses import dataclass
from operator import index

from codelength import _native
from codelength.codec.networks import NetworkFile, read_network
from codelength.codec.segmenter import UNIT_BYTES

DEFAULT_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Level:
    """One point on the line between speed and size."""

    model_id: int
    """Number of the predictor, as registered in docs/format.md."""
    words: str
    """What the level is for, in one line."""


LEVELS: dict[int, Level] = {
    1: Level(1, "fast: six contexts, one layer of mixing"),
    2: Level(2, "twelve contexts, two layers of mixing"),
    3: Level(3, "twenty contexts"),
    4: Level(4, "thirty-two contexts: the smallest without a network"),
    5: Level(4, "as 4"),
    6: Level(5, "the default: a network and twenty contexts for text, as 3 for other data"),
    7: Level(5, "as 6"),
    8: Level(5, "as 6"),
    9: Level(
        6, "the smallest: the network and thirty-one contexts for text, in one lane; as 4 for other data"
    ),
}


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A predictor that can be named in `compress(data, model=...)`."""

    model_id: int
    levels: tuple[int, ...]
    """The levels that use it."""
    memory_bytes: int
    """Bytes of tables for one segment of 16,000,000 bytes: what a thread takes."""


def list_models() -> tuple[ModelInfo, ...]:
    """The predictors that are installed, by number."""
    return tuple(
        ModelInfo(
            model_id,
            tuple(number for number, level in LEVELS.items() if level.model_id == model_id),
            _native.memory_bytes(model_id, UNIT_BYTES),
        )
        for model_id in range(1, _native.N_PREDICTORS + 1)
    )


def memory_bytes(level: int | None = None, n_bytes: int = UNIT_BYTES) -> int:
    """Bytes that a segment of `n_bytes` takes at `level`, both ways: tables, and the network that ships."""
    return _native.memory_bytes(resolve_model(level).predictor, n_bytes)


@dataclass(frozen=True, slots=True)
class Model:
    """What codes a segment."""

    predictor: int
    network: NetworkFile | None = None
    """For a predictor that needs one; None is the one that comes with the package."""


def resolve_model(level: int | None = None, model: int | str | os.PathLike[str] | None = None) -> Model:
    """What `level` names; or, if `model` is a number, that predictor; or, if it is the path of a model file,
    the level's predictor with that network.

    Raises TypeError for another type, ValueError for a level outside 1 to 9, a model that is not installed or
    a path where the level has no network, OSError for a file that cannot be read.
    """
    number = DEFAULT_LEVEL if level is None else index(level)
    if number not in LEVELS:
        raise ValueError(f"the level must be from 1 to {max(LEVELS)}, not {number}")
    predictor = LEVELS[number].model_id
    if model is None:
        return Model(predictor)
    if isinstance(model, str | os.PathLike):
        if not _native.is_networked(predictor):
            raise ValueError(f"level {number} uses no network")
        return Model(predictor, read_network(model))
    model_id = index(model)
    if not 1 <= model_id <= _native.N_PREDICTORS:
        raise ValueError(f"the model must be from 1 to {_native.N_PREDICTORS}, not {model_id}")
    return Model(model_id)
