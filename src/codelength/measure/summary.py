"""Documents under one predictor, taken together."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass

from codelength.measure.intervals import Interval, rate_interval
from codelength.measure.measurement import Measurement
from codelength.measure.positions import Positions
from codelength.units import CodeLength

__all__ = ["Summary"]


@dataclass(frozen=True)
class Summary(CodeLength):
    """The code length of some documents under one predictor: all bits over all bytes.

    `n_symbols` counts tokens where the predictor has tokens of its own, else bytes. In a notebook it shows
    itself as a table.
    """

    predictor: str = ""
    measurements: tuple[Measurement, ...] = ()

    @classmethod
    def of(cls, measurements: Iterable[Measurement]) -> Summary:
        """Raises ValueError if there is none, or if they are of different predictors."""
        documents = tuple(measurements)
        predictors = {measurement.predictor for measurement in documents}
        if len(predictors) != 1:
            raise ValueError(f"a summary is of one predictor, not of {len(predictors)}")
        n_bytes = sum(m.n_bytes for m in documents)
        n_tokens = _sum(m.n_tokens for m in documents)
        return cls(
            math.fsum(m.length_bits for m in documents),
            n_bytes,
            n_bytes if n_tokens is None else n_tokens,
            predictors.pop(),
            documents,
        )

    @property
    def data(self) -> str:
        """What the documents are part of, if all of them are and it has a name."""
        names = {m.data for m in self.measurements}
        return names.pop() if len(names) == 1 else ""

    @property
    def is_coded(self) -> bool:
        """Whether the length is that of real bytes, decoded again and compared."""
        return all(m.is_coded for m in self.measurements)

    @property
    def n_characters(self) -> int | None:
        """Characters, if every document is text."""
        return _sum(m.n_characters for m in self.measurements)

    @property
    def n_tokens(self) -> int | None:
        """Tokens, if the predictor has tokens of its own."""
        return _sum(m.n_tokens for m in self.measurements)

    @property
    def weights_bytes(self) -> int:
        """What the predictor weighs."""
        return max((m.weights_bytes for m in self.measurements), default=0)

    @property
    def seconds(self) -> float:
        """Time that measuring took, over all processes."""
        return math.fsum(m.seconds for m in self.measurements)

    @property
    def peak_memory_bytes(self) -> int:
        """The most that any process held."""
        return max((m.peak_memory_bytes for m in self.measurements), default=0)

    @property
    def rate_bpc(self) -> float:
        """Bits per character: nan where the data is not text."""
        return self.length_bits / self.n_characters if self.n_characters else math.nan

    @property
    def rate_bpt(self) -> float:
        """Bits per token: nan where the predictor has no tokens of its own."""
        return self.length_bits / self.n_tokens if self.n_tokens else math.nan

    @property
    def ratio_adjusted(self) -> float:
        """(coded bytes + bytes of the weights) / bytes of the data: all that a receiver needs."""
        if not self.n_bytes:
            return math.nan
        return (self.length_bits / 8 + self.weights_bytes) / self.n_bytes

    @property
    def positions(self) -> Positions | None:
        """Cost by position, over all documents; None if the predictor does not say what symbols cost."""
        total = Positions((), ())
        for measurement in self.measurements:
            if measurement.positions is None:
                return None
            total += measurement.positions
        return total

    def interval(self, level: float = 0.95, seed: int = 0) -> Interval | None:
        """Bootstrap interval of the bits per byte over documents; None with fewer than two."""
        bits = [m.length_bits for m in self.measurements]
        return rate_interval(bits, [m.n_bytes for m in self.measurements], level=level, seed=seed)

    def _repr_html_(self) -> str:
        interval = self.interval()
        between = f"{interval.low:.4f} to {interval.high:.4f}" if interval else "needs two documents"
        rows = [
            ("Predictor", html.escape(self.predictor)),
            ("Length", f"{self.length_bits:,.1f} bits, {'coded' if self.is_coded else 'an estimate'}"),
            ("Data", f"{self.n_bytes:,} bytes, {len(self.measurements)} documents"),
            ("Bits per byte", f"<b>{self.rate_bpb:.4f}</b>"),
            ("95 % interval", between),
            ("Bits per character", _number(self.rate_bpc)),
            ("Bits per token", _number(self.rate_bpt)),
            ("Ratio", f"{self.ratio:.2%}"),
            ("Ratio with the predictor", f"{self.ratio_adjusted:.2%}"),
            ("Time", f"{self.seconds:.2f} s"),
        ]
        cells = "".join(f"<tr><th style='text-align:left'>{a}</th><td>{b}</td></tr>" for a, b in rows)
        return f"<table>{cells}</table>"


def _sum(counts: Iterable[int | None]) -> int | None:
    """The sum, or None if any is unknown or there is none."""
    known = list(counts)
    if not known or any(count is None for count in known):
        return None
    return sum(count for count in known if count is not None)


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}"  # noqa: RUF001
