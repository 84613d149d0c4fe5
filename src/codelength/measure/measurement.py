"""One document under one predictor: what a record holds."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
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
        """Back from a record. Raises ValueError for another schema, KeyError where a field is missing."""
        if record.get("schema") != SCHEMA or record.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"is no {SCHEMA} of version {SCHEMA_VERSION}")
        values = {name: record[name] for name in _FIELDS}
        values["length_bits"] = float(values["length_bits"])
        values["data"] = str(record.get("data", ""))
        positions = record.get("positions")
        if positions is not None:
            bits = tuple(float(value) for value in positions["bits"])
            values["positions"] = Positions(bits, tuple(positions["n_bytes"]))
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


def peak_memory_bytes() -> int:
    """The most memory that this process has held; 0 where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
