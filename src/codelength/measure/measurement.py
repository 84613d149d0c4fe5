"""One document under one predictor: what a record holds."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codelength.measure.positions import Positions
from codelength.measure.preparation import Prepared
from codelength.predictors.lengths import SymbolLengths

__all__ = ["SCHEMA", "SCHEMA_VERSION", "Cost", "Measurement", "peak_memory_bytes"]

SCHEMA, SCHEMA_VERSION = "codelength.measurement", 1


@dataclass(frozen=True, slots=True)
class Cost:
    """What one piece costs."""

    length_bits: float
    n_tokens: int | None = None
    """Symbols that were predicted, where they are tokens of the predictor's own."""
    symbols: SymbolLengths | None = None
    """What each symbol costs, where that is known."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One document under one predictor. All counts and bits are of the same bytes."""

    document: str
    sha256: str
    """Of the document as it was read."""
    predictor: str
    settings: Mapping[str, Any]
    """How it was prepared and measured: "as", "chunk_bytes", "context", "stride"."""
    length_bits: float
    """8 times the coded bytes if `is_coded`, else the sum of -log2 p."""
    n_bytes: int
    """Bytes that were measured."""
    n_source_bytes: int
    """Bytes of the document as it was read."""
    n_pieces: int
    n_characters: int | None
    n_tokens: int | None
    is_coded: bool
    """True: real bytes, decoded again and compared. False: an estimate."""
    weights_bytes: int
    """What the predictor itself weighs; 0 for one that knows nothing beforehand."""
    seconds: float
    peak_memory_bytes: int
    """Of the process that measured it, up to then."""
    facts: Mapping[str, str]
    """What else decides the figure: hashes and versions of the predictor."""
    positions: Positions | None = None
    data: str = ""
    """What the document is part of, where data sets are compared: the name of a column."""
    lengths: tuple[SymbolLengths, ...] | None = field(default=None, compare=False)
    """Of each piece, if asked for; not part of the record."""

    @classmethod
    def of(
        cls,
        prepared: Prepared,
        costs: Sequence[Cost],
        *,
        predictor: str,
        settings: Mapping[str, Any],
        is_coded: bool,
        weights_bytes: int,
        facts: Mapping[str, str],
        seconds: float,
    ) -> Measurement:
        """A document from the costs of its pieces."""
        symbols = tuple(cost.symbols for cost in costs if cost.symbols is not None)
        has_symbols = len(symbols) == len(costs)
        n_tokens = [cost.n_tokens for cost in costs if cost.n_tokens is not None]
        return cls(
            document=prepared.name,
            sha256=prepared.sha256,
            predictor=predictor,
            settings=dict(settings),
            length_bits=math.fsum(cost.length_bits for cost in costs),
            n_bytes=prepared.n_bytes,
            n_source_bytes=prepared.n_source_bytes,
            n_pieces=len(costs),
            n_characters=prepared.n_characters,
            n_tokens=sum(n_tokens) if len(n_tokens) == len(costs) else None,
            is_coded=is_coded,
            weights_bytes=weights_bytes,
            seconds=seconds,
            peak_memory_bytes=peak_memory_bytes(),
            facts=dict(facts),
            positions=Positions.of(symbols) if has_symbols else None,
            lengths=symbols if has_symbols else None,
        )

    @property
    def rate_bpb(self) -> float:
        """Bits per byte. No data has no rate: nan."""
        return self.length_bits / self.n_bytes if self.n_bytes else math.nan

    def to_json(self) -> dict[str, Any]:
        """As it stands in a record. An infinite length is the word "inf", as JSON has no such number."""
        is_finite = math.isfinite(self.length_bits)
        record: dict[str, Any] = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION}
        for name in _FIELDS:
            record[name] = getattr(self, name)
        record["length_bits"] = self.length_bits if is_finite else "inf"
        if self.data:
            record["data"] = self.data
        record["rate_bpb"] = self.rate_bpb if is_finite and self.n_bytes else None
        if self.positions is not None:
            bits = [value if math.isfinite(value) else "inf" for value in self.positions.bits]
            record["positions"] = {
                "starts": self.positions.starts, "bits": bits, "n_bytes": list(self.positions.n_bytes),
            }  # fmt: skip
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Measurement:
        """Back from a record.

        Raises ValueError for another schema or a value that cannot be, KeyError where a field is missing,
        TypeError where something else stands in place of a number or a list.
        """
        if record.get("schema") != SCHEMA or record.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"is no {SCHEMA} of version {SCHEMA_VERSION}")
        values = {name: record[name] for name in _FIELDS}
        values["length_bits"] = float(values["length_bits"])
        values["data"] = record.get("data", "")
        for name, is_right in _CHECKS.items():
            if not is_right(values[name]):
                raise ValueError(f"{name} cannot be {values[name]!r:.60}")
        positions = record.get("positions")
        if positions is not None:
            bits = tuple(float(value) for value in positions["bits"])
            n_bytes = tuple(positions["n_bytes"])
            if len(bits) != len(n_bytes) or not all(value >= 0.0 for value in bits):
                raise ValueError("its positions do not fit each other")
            if not all(_is_count(n) and n > 0 for n in n_bytes):
                raise ValueError("there are positions without bytes")
            values["positions"] = Positions(bits, n_bytes)
        return cls(**values)


_FIELDS = (
    "document",
    "sha256",
    "predictor",
    "settings",
    "length_bits",
    "n_bytes",
    "n_source_bytes",
    "n_pieces",
    "n_characters",
    "n_tokens",
    "is_coded",
    "weights_bytes",
    "seconds",
    "peak_memory_bytes",
    "facts",
)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 0 and not isinstance(value, bool)


def _is_perhaps_count(value: object) -> bool:
    return value is None or _is_count(value)


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and value >= 0.0  # not nan either


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


_CHECKS: dict[str, Callable[[object], bool]] = {
    "document": _is_text,
    "sha256": _is_text,
    "predictor": _is_text,
    "settings": _is_object,
    "length_bits": _is_amount,
    "n_bytes": _is_count,
    "n_source_bytes": _is_count,
    "n_pieces": _is_count,
    "n_characters": _is_perhaps_count,
    "n_tokens": _is_perhaps_count,
    "is_coded": lambda value: isinstance(value, bool),
    "weights_bytes": _is_count,
    "seconds": _is_amount,
    "peak_memory_bytes": _is_count,
    "facts": _is_object,
    "data": _is_text,
}
"""What may stand in a record, which anybody may have written."""


def peak_memory_bytes() -> int:
    """The most memory that this process has held; 0 where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
