"""The model file: a float network and its scales as the integer tensors of docs/format.md, section 5.

The integers are those that `quantise.QuantisedNetwork` computes with. The bounds of section 5.5 are proved
from them before anything is written.

Letters: D width, O outputs and K inputs of a linear map.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength import _native
from codelength.measure.replacing import replaced
from codelength.training.config import ModelConfig
from codelength.training.corpus import Corpus
from codelength.training.network import ByteNetwork, GatedCell, Layer, is_table, multiply_adds_per_byte
from codelength.training.phrases import n_phrases
from codelength.training.quantise import Scales, activation_integers, check_exportable, weight_integers
from codelength.training.starts import sample_documents, start_tensors
from codelength.training.streams import HISTORY, Window
from codelength.training.trainer import Trainer

__all__ = ["FORMAT", "check_integers", "export_model", "integer_tensors", "model_shape", "write_model"]

FORMAT = "codelength-network-1"

Integers = dict[str, NDArray[Any]]


def model_shape(config: ModelConfig) -> dict[str, Any]:
    """`shape` of the metadata."""
    return {
        "width": config.width,
        "layers": config.layers,
        "hidden": config.hidden,
        "taps": config.taps,
        "rows": config.rows,
        "columns": config.columns,
        "orders": list(config.orders),
        "echoes": list(config.echoes),
    }


def _whole(values: Tensor | NDArray[Any], kind: type[np.signedinteger[Any]], name: str) -> NDArray[Any]:
    """Rounded, as integers of this kind; ValueError if one does not fit."""
    rounded = np.rint(np.asarray(values, np.float64))
    limits = np.iinfo(kind)
    if not np.isfinite(rounded).all() or rounded.min() < limits.min or rounded.max() > limits.max:
        raise ValueError(f"{name}: a value does not fit {8 * np.dtype(kind).itemsize} bits")
    return rounded.astype(kind)


def _linear(name: str, weight: Tensor, bias: Tensor | None, scales: Scales) -> Integers:
    scale = scales.linears[name]
    offset = torch.zeros_like(scale.outputs) if bias is None else bias.double().cpu() * scale.outputs
    # Half of what the shift removes, so that it rounds.
    whole = (offset * 2.0**scale.shift).round() + 2.0 ** (scale.shift - 1)
    return {
        f"{name}.weight": _whole(weight_integers(weight.cpu(), scale), np.int8, f"{name}.weight"),
        f"{name}.multiplier": _whole(scale.multiplier, np.int16, f"{name}.multiplier"),
        f"{name}.bias": _whole(whole, np.int32, f"{name}.bias"),
        f"{name}.shift": np.array([scale.shift], np.int32),
    }


@torch.no_grad()
def integer_tensors(network: ByteNetwork, scales: Scales) -> Integers:
    """Every tensor of the model file; ValueError if one cannot hold its values."""
    config = network.config
    check_exportable(config)
    assert network.ngrams is not None
    n_orders, root = len(config.orders), math.sqrt(config.width)
    rows = network.ngrams.weight.cpu().view(n_orders, config.rows, config.columns)
    columns = scales.activations["rows"].float().view(-1, 1, config.columns)
    found: Integers = {
        "embed": _whole(network.bytes.weight.cpu() * scales.residual, np.int16, "embed"),
        "ngrams": _whole(activation_integers(rows, columns[:n_orders]), np.int8, "ngrams"),
        **_linear("widen", network.widen, None, scales),
        "norm_scale": _whole(scales.activations["normed"] * (16 * root), np.int32, "norm_scale"),
        **_linear("head", network.head, network.head_bias, scales),
    }
    if network.echoes is not None:
        rows = network.echoes.weight[:-1].cpu().view(len(config.echoes), -1, config.columns)
        found["echoes"] = _whole(activation_integers(rows, columns[n_orders:]), np.int8, "echoes")
    for number, layer in enumerate(network.layers):
        assert isinstance(layer, Layer)
        assert isinstance(layer.cell, GatedCell)
        assert layer.taps is not None
        name = f"layers.{number}"
        # y is a unit vector in 1/2^14, and 18 bits are shifted away: 2^18 / 2^14 sqrt(D) = 16 sqrt(D).
        taps = layer.taps.double().cpu() * scales.activations[f"{name}.convolved"] * (16 * root)
        found |= {
            f"{name}.taps": _whole(taps, np.int16, f"{name}.taps"),
            f"{name}.mixed_scale": _whole(scales.activations[f"{name}.mixed"][:1], np.int32, "mixed_scale"),
            f"{name}.norm_scale": _whole(
                scales.activations[f"{name}.normed"] * (16 * root), np.int32, f"{name}.norm_scale"
            ),
            **_linear(f"{name}.gates", layer.cell.gates, layer.cell.bias, scales),
            **_linear(f"{name}.mix", layer.cell.project, None, scales),
            **_linear(f"{name}.hidden", layer.hidden, layer.hidden_bias, scales),
            **_linear(f"{name}.project", layer.project, None, scales),
        }
    return found


def check_integers(tensors: Mapping[str, NDArray[Any]]) -> None:
    """Proves that no sum of the engine can overflow (format 5.5); ValueError names the tensor otherwise."""
    for name, values in tensors.items():
        last = name.rpartition(".")[2]
        if name.startswith("mixing.") or name == "phrases":
            continue
        if last == "weight":
            linear = name.removesuffix(".weight")
            _check_linear(
                linear, values, *(tensors[f"{linear}.{part}"] for part in ("multiplier", "bias", "shift"))
            )
        elif last == "taps":
            sums = (np.abs(values.astype(np.int64)).sum(0) << 14) + 2**17
            if sums.max() >= 2**31:
                raise ValueError(f"{name}: the convolution of channel {sums.argmax()} could overflow")
        elif last in ("norm_scale", "mixed_scale") and not (values.min() >= 1 and values.max() <= 32767):
            raise ValueError(f"{name}: not within 1 ... 32767")


def _check_linear(
    name: str, weight: NDArray[Any], multiplier: NDArray[Any], bias: NDArray[Any], shift: NDArray[Any]
) -> None:
    if weight.min() < -127:
        raise ValueError(f"{name}: a weight below -127")
    if multiplier.min() < 1:
        raise ValueError(f"{name}: a multiplier below 1")
    if not 1 <= int(shift[0]) <= 30:
        raise ValueError(f"{name}: the shift is not within 1 ... 30")
    sums = np.abs(weight.astype(np.int64)).sum(1)
    bound = 127 * multiplier.astype(np.int64) * sums + np.abs(bias.astype(np.int64))
    if bound.max() >= 2**31:
        raise ValueError(f"{name}: output {bound.argmax()} could overflow 32 bits")
    if name == "head" and int(bound.max()) >> int(shift[0]) >= 2**24:
        raise ValueError(f"{name}: output {bound.argmax()} could reach 2^24")


_DTYPES = {"int8": "I8", "int16": "I16", "int32": "I32", "uint8": "U8", "uint16": "U16"}


def _safetensors(tensors: Integers, metadata: dict[str, str]) -> bytes:
    """A safetensors file. The library's own writer puts the metadata in another order every time."""
    header: dict[str, Any] = {"__metadata__": metadata}
    contents: list[bytes] = []
    end = 0
    # Wide numbers first, so that all are aligned.
    for name in sorted(tensors, key=lambda name: (-tensors[name].itemsize, name)):
        values = tensors[name]
        contents.append(values.astype(values.dtype.newbyteorder("<")).tobytes())
        start, end = end, end + len(contents[-1])
        header[name] = {
            "dtype": _DTYPES[values.dtype.name],
            "shape": list(values.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((len(text).to_bytes(8, "little"), text, *contents))


def write_model(path: Path, tensors: Integers, shape: dict[str, Any], card: dict[str, Any]) -> None:
    """Checks and writes a model file: the same arguments give the same bytes."""
    check_integers(tensors)
    metadata = {
        "card": json.dumps(card, ensure_ascii=False, sort_keys=True),
        "format": FORMAT,
        "shape": json.dumps(shape),
    }
    with replaced(path) as file:
        file.write(_safetensors(tensors, metadata))


def _card(trainer: Trainer, name: str, description: str, rates_bpb: dict[str, Any]) -> dict[str, Any]:
    """What people want to know of a model: its origin, its size and what it was measured to do."""
    config, network = trainer.config, trainer.network
    n_tables = sum(p.numel() for n, p in network.named_parameters() if is_table(n))
    return {
        "name": name,
        "description": description,
        "training_data": [
            {name: value for name, value in dataclasses.asdict(source).items() if value}
            for source in config.sources
        ],
        "bytes_trained": trainer.n_bytes,
        "parameters": {
            "dense": sum(p.numel() for p in network.parameters()) - n_tables,
            "tables": n_tables,
        },
        "multiply_adds_per_byte": multiply_adds_per_byte(network),
        "validation": {
            "bytes_per_source": config.training.validation_bytes,
            "bits_per_byte": rates_bpb,
        },
    }


def _rounded(rates_bpb: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in rates_bpb.items()}


def _engine(tensors: Integers, shape: dict[str, Any]) -> _native.Network:
    """The network as the compressor runs it."""
    return _native.Network(
        shape,
        {
            name: (
                _DTYPES[values.dtype.name],
                list(values.shape),
                values.astype(values.dtype.newbyteorder("<")).tobytes(),
            )
            for name, values in tensors.items()
        },
    )


def _engine_rate_bpb(network: _native.Network, windows: list[Window]) -> float:
    """Bits per byte of the counted bytes under the engine's own frequencies, from fresh states."""
    content = np.concatenate([window.bytes[:, HISTORY:] for window in windows], 1)
    counted = np.concatenate([window.counted for window in windows], 1)
    total_bits = 0.0
    for lane, mask in zip(content, counted, strict=True):
        frequencies = np.frombuffer(network.frequencies([lane.tobytes()]), np.uint32).reshape(-1, 256)
        chosen = frequencies[np.arange(lane.size), lane]
        total_bits += float((np.log2(frequencies.sum(1, dtype=np.float64)) - np.log2(chosen))[mask].sum())
    return total_bits / int(counted.sum())


def export_model(
    trainer: Trainer,
    corpus: Corpus,
    path: Path,
    name: str,
    description: str,
    n_mixing_bytes: int,
    phrases: NDArray[np.uint8] | None = None,
    n_threads: int = 1,
) -> dict[str, Any]:
    """Writes the model file of a trained network and returns its card.

    The scales are those that it was trained with, or of a calibration now. From `n_mixing_bytes` of the
    training documents of each kind of text the mixing predictors learn what they start from, beside the
    network and the tensor `phrases`; 0 leaves that out. ValueError if the network has no integer form that
    is safe.
    """
    if trainer.scales is None:
        trainer.quantise()
    assert trainer.scales is not None
    tensors, shape = integer_tensors(trainer.network, trainer.scales), model_shape(trainer.config.model)
    if phrases is not None:
        tensors["phrases"] = phrases
    check_integers(tensors)
    engine = _engine(tensors, shape)
    integer_rates = trainer.validation_rates(lambda windows: _engine_rate_bpb(engine, windows))
    rates_bpb = {
        "float": _rounded(trainer.validate(trainer.network)),
        "integer": _rounded(integer_rates),
    }
    if n_mixing_bytes:
        seed = trainer.config.training.seed
        documents = {
            kind: sample_documents(corpus, kind, n_mixing_bytes, seed) for kind in _native.TEXT_KINDS
        }
        tensors |= start_tensors(engine, documents, n_threads)
    card = _card(trainer, name, description, rates_bpb)
    if phrases is not None:
        card["phrases"] = {"contexts": n_phrases(phrases), "bytes": phrases.nbytes}
    write_model(path, tensors, shape, card)
    return card
