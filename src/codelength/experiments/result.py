"""What every experiment gives back: the claim, published and measured figures side by side, a verdict.

All of it is plain values that go to JSON and back, so that reports are drawn from records alone.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Exhibit", "Panel", "Picture", "Quantity", "Result", "Series", "Verdict", "floats"]


class Verdict(StrEnum):
    """How a claim came out."""

    HOLDS = "holds"
    IN_PART = "holds in part"
    FAILS = "does not hold here"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One figure: what was measured here, and what was published, if anything was."""

    name: str
    unit: str
    measured: float | None = None
    low: float | None = None
    """Where the measured figure lies with 95 % confidence; None where nothing was resampled."""
    high: float | None = None
    published: float | None = None
    source: str = ""
    """Of the published figure: paper and place."""
    note: str = ""


def floats(values: Iterable[float]) -> tuple[float, ...]:
    """Points of a `Series`, from a list or an array."""
    return tuple(float(value) for value in values)


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y) of a figure, of equal number."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    style: str = "line"
    """line, points, dashes, or bars."""

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(f"{self.label}: {len(self.x)} x do not fit {len(self.y)} y")


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes."""

    title: str
    x_name: str
    y_name: str
    series: tuple[Series, ...]
    x_scale: str = "linear"
    """linear or log; log2 is log with powers of two named."""
    y_scale: str = "linear"
    x_ticks: tuple[str, ...] = ()
    """Names in place of the numbers 0, 1, 2 ... of the x axis."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Text to look at."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A small image to look at: rows of grey values 0 to 255, or of (red, green, blue)."""

    title: str
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What an experiment gives back."""

    name: str
    claim: str
    source: str
    verdict: Verdict
    reason: str
    """Why this verdict, with the interval or bound that supports it."""
    quantities: tuple[Quantity, ...]
    panels: tuple[Panel, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    pictures: tuple[Picture, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What decides the figures: sizes, hashes of data, versions of what took part."""

    def quantity(self, name: str) -> Quantity:
        """The figure of a name. Raises KeyError."""
        for quantity in self.quantities:
            if quantity.name == name:
                return quantity
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Plain values; figures that are no numbers become null."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Result:
        """The inverse of `to_json`. Raises ValueError for something else."""
        try:
            result = _build(cls, content)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no result of an experiment: {error!r}") from None
        assert isinstance(result, cls)
        return result


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Verdict) else value


def _build(kind: Any, content: Any) -> Any:
    """A value of a type from plain values: dataclasses, tuples of them, and what JSON has itself."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        unknown = set(content) - {f.name for f in fields(kind)}
        if unknown:
            raise KeyError(sorted(unknown)[0])
        return kind(**{name: _build(hints[name], value) for name, value in content.items()})
    if typing.get_origin(kind) is tuple:
        [item, _] = typing.get_args(kind)
        if not isinstance(content, list):
            raise TypeError(f"{content!r} is no list")
        return tuple(_build(item, part) for part in content)
    if kind is Verdict:
        return Verdict(content)
    if kind is float and content is None:
        return math.nan
    kinds = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if float in kinds and isinstance(content, int):
        return float(content)
    if kind in (str, float) and not isinstance(content, kind):
        raise TypeError(f"{content!r} is no {kind.__name__}")
    return content
