"""The arrows between layers: a module imports what stands above it, never what stands below."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "codelength"

LAYERS = (
    "_native",
    "errors",
    "units",
    "coding",
    "predictors",
    "codec",
    "sampling",
    "measure",
    "experiments",
    "training",
    "report",
    "weights",
    "cli",
)
FACADE = "codec"
"""`import codelength` itself stands where the functions do that it offers."""

MAY_IMPORT_TORCH = (
    "training/",
    "predictors/causal_lm",
    *(f"experiments/{name}.py" for name in ("capacity", "circuits", "grokking", "induction")),
    *(
        f"experiments/parts/{name}.py"
        for name in (
            "agreement_network",
            "byte_network",
            "digits",
            "family",
            "greater_than",
            "habits",
            "heads",
            "loops",
            "mdl_networks",
            "transformer",
            "variational",
        )
    ),
)
"""Beside the training of the network that ships: the experiments that train."""

PARTS_IMPORT = tuple(f"codelength.experiments.{name}" for name in ("parts", "result", "task"))
"""Of the experiments, what their parts may know."""

FILES = sorted(PACKAGE.rglob("*.py"))


def layer_of(name: str) -> int:
    """Number of the layer of a dotted name below `codelength`."""
    first = name.split(".")[0]
    assert first in LAYERS, f"codelength.{name} belongs to no layer"
    return LAYERS.index(first)


def imported_names(path: Path) -> Iterator[str]:
    """Absolute dotted names of all that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            module = node.module or ""
            # `from codelength import _native` is about a module, that of a function about the facade
            root = module == "codelength"
            yield from (f"{module}.{alias.name}" if root else module for alias in node.names)


def target_layer(name: str) -> int | None:
    """The layer that an imported name belongs to; None outside the package."""
    top, _, rest = name.partition(".")
    if top != "codelength":
        return None
    first = rest.split(".")[0]
    return layer_of(first) if first in LAYERS else layer_of(FACADE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows(path: Path) -> None:
    own = path.relative_to(PACKAGE).with_suffix("").parts
    if own == ("__init__",):
        return
    for name in imported_names(path):
        target = target_layer(name)
        assert target is None or target <= layer_of(own[0]), f"imports {name}, which stands below"


def test_torch_stays_where_it_belongs() -> None:
    for path in FILES:
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(MAY_IMPORT_TORCH):
            assert not any(name.split(".")[0] == "torch" for name in imported_names(path)), place


def test_parts_know_no_claim() -> None:
    for path in (PACKAGE / "experiments" / "parts").glob("*.py"):
        for name in imported_names(path):
            is_experiment = name.startswith("codelength.experiments")
            assert not is_experiment or name.startswith(PARTS_IMPORT), f"{path.name}: {name}"


def test_no_utils_and_no_common() -> None:
    for path in FILES:
        parts = {part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts}
        assert not parts & {"utils", "util", "common", "helpers", "misc"}


def test_decompression_imports_neither_torch_nor_numpy() -> None:
    script = """
import io, sys, codelength
archive = codelength.compress(b"abc" * 1000)
assert codelength.decompress(archive) == b"abc" * 1000
assert codelength.Decompressor().decompress(archive) == b"abc" * 1000
assert codelength.open(io.BytesIO(archive)).read() == b"abc" * 1000
print([name for name in ("torch", "numpy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
