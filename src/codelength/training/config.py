"""One readable TOML file a model: its size, its data, its training. This module is the schema.

[model]     width, layers, cell, ...    -> ModelConfig
[training]  streams, window, rates, ... -> TrainingConfig
[[source]]  name, paths, weight         -> SourceConfig, one a kind of data
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from codelength import _native

__all__ = [
    "Config",
    "ModelConfig",
    "SourceConfig",
    "TrainingConfig",
    "load_config",
    "model_config",
    "parse_config",
]

CELLS = ("gated", "matrix")


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Shape of the network."""

    width: int
    layers: int
    hidden: int
    """Width of a layer's channel mixing, after its gate."""
    cell: str = "gated"
    heads: int = 16
    """Heads of the matrix cell; its state a layer is width * keys numbers."""
    keys: int = 16
    taps: int = 0
    """Taps of the causal convolution in front of the gates: 0 is none, 2 a token shift."""
    orders: tuple[int, ...] = ()
    """Lengths n of the hashed byte n-grams."""
    rows: int = 32768
    """Rows of each order's table: a power of two."""
    columns: int = 24
    echoes: tuple[int, ...] = ()
    """Lengths n of echoes: what byte followed when the last n bytes stood in the last 4096 before."""

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise ValueError(f"model.cell: {self.cell!r} is none of {', '.join(CELLS)}")
        if self.rows & (self.rows - 1) or self.rows < 2:
            raise ValueError(f"model.rows: {self.rows} is not a power of two")
        if any(not 1 <= order <= 8 for order in self.orders):
            raise ValueError("model.orders: from 1 to 8")
        if sorted(set(self.echoes) & set(range(1, 9))) != list(self.echoes):
            raise ValueError("model.echoes: from 1 to 8, increasing")
        if self.echoes and not self.orders:
            raise ValueError("model.echoes: only beside model.orders")
        if self.cell == "matrix" and self.width % self.heads:
            raise ValueError("model.heads: must divide the width")
        if min(self.width, self.layers, self.hidden, self.columns) < 1 or self.taps < 0:
            raise ValueError("model: sizes must be positive")

    def may_become(self, other: "ModelConfig") -> bool:
        """Whether this model with more layers, or with longer echoes too, is the other one."""
        same = dataclasses.replace(self, layers=other.layers, echoes=other.echoes) == other
        return same and self.layers <= other.layers and other.echoes[: len(self.echoes)] == self.echoes


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How the model is trained. A step reads streams * window bytes."""

    streams: int = 8
    window: int = 256
    matrix_rule: str = "adam"
    """Update rule of the layers' matrices: adam or muon."""
    rate: float = 3e-3
    """Learning rate of AdamW."""
    matrix_rate: float = 5e-3
    """Learning rate of Muon."""
    row_rate: float = 2e-2
    """Learning rate of the rows of tables."""
    weight_decay: float = 0.01
    clip: float = 1.0
    """Largest norm of the gradient of the dense parameters."""
    warmup_steps: int = 200
    piece_bytes: int = 8192
    """Longer documents are read in pieces of this size, each from a fresh state; 0 reads them whole."""
    validation_share: float = 0.02
    """Share of the documents of each source that is never trained on."""
    validation_bytes: int = 32768
    """Bytes of each source that the live validation reads."""
    bfloat16: bool = False
    """Whether products are in bfloat16 on a CPU too, where AVX512-BF16 or AMX makes that faster."""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.matrix_rule not in ("adam", "muon"):
            raise ValueError(f"training.matrix_rule: {self.matrix_rule!r} is neither adam nor muon")
        if min(self.streams, self.window, self.validation_bytes) < 1 or self.piece_bytes < 0:
            raise ValueError("training: sizes must be positive")
        if not 0 < self.validation_share < 1:
            raise ValueError("training.validation_share: between 0 and 1")


@dataclasses.dataclass(frozen=True)
class SourceConfig:
    """One kind of data: `paths` are files, folders, tars or globs under the data folder, or `synthetic` names
    a kind of documents that are made (training/synthetic); `weight` is its share of the bytes trained on (the
    weights are normalised to 1).
    """

    name: str
    weight: float
    paths: tuple[str, ...] = ()
    synthetic: str = ""
    text_kind: str = "text"
    """What the compressor's mixing takes it for, where it is text: a name of `_native.TEXT_KINDS`."""
    terms: str = ""
    """Licences of its documents, for the model's card."""

    def __post_init__(self) -> None:
        if self.text_kind not in _native.TEXT_KINDS:
            known = ", ".join(_native.TEXT_KINDS)
            raise ValueError(f"source {self.name}: text_kind {self.text_kind!r} is none of {known}")
        if not self.weight > 0:
            raise ValueError(f"source {self.name}: the weight must be positive")
        if bool(self.paths) == bool(self.synthetic):
            raise ValueError(f"source {self.name}: either paths or synthetic")


@dataclasses.dataclass(frozen=True)
class Config:
    """A whole configuration file."""

    model: ModelConfig
    training: TrainingConfig
    sources: tuple[SourceConfig, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, the inverse of `parse_config`."""
        return {
            "model": dataclasses.asdict(self.model),
            "training": dataclasses.asdict(self.training),
            "source": [dataclasses.asdict(source) for source in self.sources],
        }


Section = TypeVar("Section", ModelConfig, TrainingConfig, SourceConfig)


def _section(kind: type[Section], name: str, values: Mapping[str, Any]) -> Section:
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ValueError(f"{name}: unknown {', '.join(unknown)}; known are {', '.join(fields)}")
    missing = [
        field.name
        for field in fields.values()
        if field.default is dataclasses.MISSING and field.name not in values
    ]
    if missing:
        raise ValueError(f"{name}: {', '.join(missing)} missing")
    arguments: Any = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return kind(**arguments)


def parse_config(values: Mapping[str, Any]) -> Config:
    """Checks parsed TOML and makes a `Config`; ValueError names what is wrong."""
    unknown = sorted(set(values) - {"model", "training", "source"})
    if unknown:
        raise ValueError(f"unknown sections: {', '.join(unknown)}")
    sources = tuple(_section(SourceConfig, "source", each) for each in values.get("source", ()))
    names = [source.name for source in sources]
    if not sources:
        raise ValueError("no [[source]]")
    if len(set(names)) != len(names):
        raise ValueError("two sources have one name")
    return Config(
        _section(ModelConfig, "model", values.get("model", {})),
        _section(TrainingConfig, "training", values.get("training", {})),
        sources,
    )


def model_config(values: Mapping[str, Any]) -> ModelConfig:
    """That of a [model] section, as a checkpoint keeps it."""
    return _section(ModelConfig, "model", values)


def load_config(path: Path | str) -> Config:
    """Reads a file, or by its bare name one of the configurations that come with the package."""
    path = Path(path)
    shipped = Path(__file__).with_name("configs") / f"{path}.toml"
    if not path.exists() and len(path.parts) == 1 and shipped.exists():
        path = shipped
    with path.open("rb") as file:
        return parse_config(tomllib.load(file))
