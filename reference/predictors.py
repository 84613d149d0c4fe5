"""3.1 and 3.2: the registered predictors and the kinds of content."""

from __future__ import annotations

from typing import Final, NamedTuple

from reading import require

__all__ = [
    "BINARY",
    "MESSAGES",
    "PREDICTORS",
    "RECORDS",
    "TEXT",
    "TEXT_KINDS",
    "WORDS",
    "Parameters",
    "check_model",
]


class Parameters(NamedTuple):
    """What tells one registered predictor from another (3.1)."""

    contexts: int
    layers: int
    least_match: int
    most_line_bits: int
    has_network: bool = False
    most_lanes: int = 1


PREDICTORS: Final = {
    1: Parameters(contexts=6, layers=1, least_match=6, most_line_bits=19),
    2: Parameters(contexts=12, layers=2, least_match=6, most_line_bits=20),
    3: Parameters(contexts=20, layers=2, least_match=6, most_line_bits=21),
    4: Parameters(contexts=32, layers=2, least_match=6, most_line_bits=22),
    5: Parameters(contexts=20, layers=2, least_match=6, most_line_bits=21, has_network=True, most_lanes=8),
    6: Parameters(contexts=31, layers=2, least_match=6, most_line_bits=22, has_network=True),
}


KINDS: Final = range(8)
BINARY, TEXT, WORDS, RECORDS, MESSAGES, PROGRAMS, TABLES, LOGS = KINDS
TEXT_KINDS: Final = (TEXT, MESSAGES, PROGRAMS, TABLES, LOGS)


def check_model(predictor: int, kind: int) -> None:
    """Refuse numbers of predictors and kinds that are not registered (1.2, 3.1, 3.2)."""
    if predictor == 0:
        require(kind == 0, "a stored content has kind 0")
    else:
        require(predictor in PREDICTORS, f"unknown predictor {predictor}")
        if PREDICTORS[predictor].has_network:
            require(kind in TEXT_KINDS, "a predictor with a network takes nothing but text")
        else:
            require(kind <= RECORDS, "a kind of text for predictors with a network")
