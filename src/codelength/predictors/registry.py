"""Predictors by name. A name is looked up as a string and its module imported only when it is asked for."""

from __future__ import annotations

import difflib
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from codelength.errors import ModelNotFoundError
from codelength.predictors.protocol import Predictor

if TYPE_CHECKING:
    from codelength.predictors.causal_lm import CausalLM

__all__ = ["get", "get_bytewise", "names"]

_CAUSAL_LM = "hf:NAME"

# "name" or "name:PARAMETER" -> "module:callable"; the parameter is a whole number, but for language models.
_TARGETS = {
    "uniform": "codelength.predictors.counting:Uniform",
    "kt:ORDER": "codelength.predictors.counting:KT",
    "ctw:DEPTH": "codelength.predictors.context_tree:ContextTreeWeighting",
    "gzip": "codelength.predictors.compressors:gzip_predictor",
    "bz2": "codelength.predictors.compressors:bz2_predictor",
    "xz": "codelength.predictors.compressors:xz_predictor",
    "network": "codelength.predictors.network:Network",
    _CAUSAL_LM: "codelength.predictors.causal_lm:CausalLM.from_name",
}


def names() -> list[str]:
    """Every name that `get` knows, a parameter shown in capitals: "kt:ORDER"."""
    return sorted(_TARGETS)


def get(name: str) -> Predictor | CausalLM:
    """A new predictor: ``get("kt:3")`` is ``KT(3)``, ``get("hf:NAME")`` is ``CausalLM("NAME")``.

    A language model is loaded here, and torch with it. It predicts tokens and is therefore no `Predictor` of
    bytes, but has `symbol_lengths` of its own; `get_bytewise` refuses it.

    Raises ModelNotFoundError for an unknown name and says which known one is near, or for a language model
    that is not there or whose extra is not installed; ValueError for a parameter that is missing, unwanted or
    of the wrong kind.
    """
    base, colon, argument = name.partition(":")
    known = {pattern.partition(":")[0]: pattern for pattern in _TARGETS}
    if base not in known:
        near = difflib.get_close_matches(base, known, n=1)
        hint = f"did you mean {known[near[0]]!r}?" if near else f"known are {', '.join(names())}"
        raise ModelNotFoundError(f"no predictor is called {name!r}; {hint}")
    pattern = known[base]
    module_name, _, maker = _TARGETS[pattern].partition(":")
    parameters: tuple[object, ...] = ()
    if ":" not in pattern:
        if colon:
            raise ValueError(f"{base!r} takes no parameter: {name!r}")
    elif pattern == _CAUSAL_LM:
        if not argument:
            raise ValueError(f"{name!r} should be {pattern!r}, with a name or a path")
        parameters = (name,)
    elif not (argument.isascii() and argument.isdigit()):
        raise ValueError(f"{name!r} should be {pattern!r} with a whole number")
    else:
        parameters = (int(argument),)
    make = attrgetter(maker)(import_module(module_name))
    return cast("Predictor | CausalLM", make(*parameters))


def get_bytewise(name: str) -> Predictor:
    """As `get`, where each byte is wanted on its own. Raises ValueError for a language model, unloaded."""
    if name.partition(":")[0] == _CAUSAL_LM.partition(":")[0]:
        raise ValueError(f"{name!r} predicts tokens and not single bytes")
    return cast(Predictor, get(name))
