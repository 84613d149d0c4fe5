"""Libraries that only some measurements need, imported when one does."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["need"]


def need(module: str, extra: str, what: str) -> Any:
    """The module. Raises ModuleNotFoundError, which says what wants it and which extra brings it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        message = f"{what} needs {missing}: pip install 'codelength[{extra}]'"
        raise ModuleNotFoundError(message, name=missing) from error
