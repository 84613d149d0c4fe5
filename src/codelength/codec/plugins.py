"""Tells other packages about us when they are imported, without importing any of them.

An entry point would do, if they had one for compressions; they do not.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

PLUGINS = {
    "fsspec.compression": "codelength.codec.fsspec_plugin",
    "pandas.io.common": "codelength.codec.pandas_plugin",
}
"""Modules that are waited for, and ours whose `register` is then called with them."""


def install() -> None:
    """Registers with the packages that are there, and waits for the others. May be called again."""
    waiting = set(PLUGINS)
    for name in PLUGINS:
        if (module := sys.modules.get(name)) is not None and not _is_being_imported(module):
            _register(name, module)
            waiting.remove(name)
    if waiting and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder(waiting))


def _is_being_imported(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _register(name: str, module: ModuleType) -> None:
    try:
        import_module(PLUGINS[name]).register(module)
    except Exception as error:  # whatever it is, it must not break the import of another package
        warnings.warn(f"codelength could not register with {name}: {error}", RuntimeWarning, stacklevel=2)


class _Finder:
    """Lets the other finders find a module and adds a step after its execution."""

    def __init__(self, waiting: set[str]) -> None:
        self._waiting = waiting

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._waiting:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            self._waiting.discard(name)
            _register(name, module)

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec
