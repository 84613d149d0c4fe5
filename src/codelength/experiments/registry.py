"""The experiments by name. A module is imported only when its experiment is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, cast

from codelength.experiments.result import Result
from codelength.experiments.task import Task

__all__ = ["Entry", "entries", "get", "load"]


class Entry(NamedTuple):
    """An experiment, without loading it."""

    target: str
    """module:function"""
    claim: str
    """In one line."""
    source: str
    data: str = ""
    """What --data means to it; empty if it takes none."""
    needs_data: bool = False


_HOME = "codelength.experiments"
_ENTRIES: dict[str, Entry] = {
    "entropy": Entry(
        f"{_HOME}.entropy:run",
        "A source cannot be coded below its entropy, and arithmetic coding reaches it.",
        "Shannon 1948",
    ),
    "two-agents": Entry(
        f"{_HOME}.two_agents:run",
        "Two agents with the same predictor transmit data losslessly; the bits sent are the loss.",
        "Shannon 1948; Delétang et al. 2024",
        data="a text",
    ),
}


def entries() -> dict[str, Entry]:
    """All of them, in the order in which they are best read."""
    return dict(_ENTRIES)


def get(name: str) -> Entry:
    """The entry of a name. Raises LookupError, which says what is near."""
    if name not in _ENTRIES:
        near = difflib.get_close_matches(name, _ENTRIES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_ENTRIES)}"
        raise LookupError(f"no experiment is called {name!r}; {hint}")
    return _ENTRIES[name]


def load(name: str) -> Callable[[Task], Result]:
    """The function that runs it. Raises LookupError."""
    module, _, function = get(name).target.partition(":")
    return cast(Callable[[Task], Result], getattr(import_module(module), function))
