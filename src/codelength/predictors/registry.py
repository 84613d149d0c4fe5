"""Predictors by name. A name is looked up as a string and its module imported only when it is asked for."""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import cast

from codelength.errors import ModelNotFoundError
from codelength.predictors.protocol import Predictor

__all__ = ["get", "names"]

# "name" or "name:PARAMETER" -> "module:callable"; the parameter is a whole number.
_TARGETS = {
    "uniform": "codelength.predictors.counting:Uniform",
    "kt:ORDER": "codelength.predictors.counting:KT",
    "ctw:DEPTH": "codelength.predictors.context_tree:ContextTreeWeighting",
    "gzip": "codelength.predictors.compressors:gzip_predictor",
    "bz2": "codelength.predictors.compressors:bz2_predictor",
    "xz": "codelength.predictors.compressors:xz_predictor",
    "network": "codelength.predictors.network:Network",
}


def names() -> list[str]:
    """Every name that `get` knows, a parameter shown in capitals: "kt:ORDER"."""
    return sorted(_TARGETS)


def get(name: str) -> Predictor:
    """A new predictor of bytes: ``get("kt:3")`` is ``KT(3)``.

    Raises ModelNotFoundError for an unknown name and says which known one is near; ValueError for a
    parameter that is missing, unwanted or no whole number.
    """
    base, colon, argument = name.partition(":")
    known = {pattern.partition(":")[0]: pattern for pattern in _TARGETS}
    if base not in known:
        near = difflib.get_close_matches(base, known, n=1)
        hint = f"did you mean {known[near[0]]!r}?" if near else f"known are {', '.join(names())}"
        raise ModelNotFoundError(f"no predictor is called {name!r}; {hint}")
    pattern = known[base]
    module_name, _, attribute = _TARGETS[pattern].partition(":")
    if ":" not in pattern:
        if colon:
            raise ValueError(f"{base!r} takes no parameter: {name!r}")
        return cast(Predictor, getattr(import_module(module_name), attribute)())
    if not (argument.isascii() and argument.isdigit()):
        raise ValueError(f"{name!r} should be {pattern!r} with a whole number")
    return cast(Predictor, getattr(import_module(module_name), attribute)(int(argument)))
