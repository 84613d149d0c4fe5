"""What the levels 1 to 9 mean: each names the predictor that codes the segments."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index

from codelength import _native
from codelength.codec.segmenter import UNIT_BYTES

DEFAULT_LEVEL = 3


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
    3: Level(3, "the default: twenty contexts"),
    4: Level(4, "the smallest archives: thirty-two contexts"),
    5: Level(4, "as 4"),
    6: Level(4, "as 4"),
    7: Level(4, "as 4"),
    8: Level(4, "as 4"),
    9: Level(4, "as 4"),
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
    """Bytes of tables that a thread takes at `level` for a segment of `n_bytes`, in both directions."""
    return _native.memory_bytes(resolve_model(level), n_bytes)


def resolve_model(level: int | None = None, model: int | None = None) -> int:
    """The number of the predictor that `level` names, or `model` itself, which goes before.

    Raises TypeError unless they are integers or None, ValueError for a level outside 1 to 9 or a model that
    is not installed.
    """
    number = DEFAULT_LEVEL if level is None else index(level)
    if number not in LEVELS:
        raise ValueError(f"the level must be from 1 to {max(LEVELS)}, not {number}")
    if model is None:
        return LEVELS[number].model_id
    model_id = index(model)
    if not 1 <= model_id <= _native.N_PREDICTORS:
        raise ValueError(f"the model must be from 1 to {_native.N_PREDICTORS}, not {model_id}")
    return model_id
