"""Says which model it is, and what else decides the last bits of its numbers."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from codelength.errors import ModelError

__all__ = ["SMALL_FILES", "folder_sha256", "stack", "threads", "weight_files"]

# All that decides how text becomes tokens, and the model's shape.
SMALL_FILES = (
    "added_tokens.json",
    "config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)
# Weights, in the order in which transformers looks for them.
_WEIGHTS = (
    "model.safetensors.index.json",
    "model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
)
_CHUNK_BYTES = 1 << 22


def weight_files(folder: str) -> list[str]:
    """Names of the files with the weights that transformers would take.

    Raises OSError, and ModelError for an index that names no files of this folder.
    """
    for name in _WEIGHTS:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            if not name.endswith(".index.json"):
                return [name]
            return [name, *_shards(path)]
    return []


def _shards(index: str) -> list[str]:
    """Files in the same folder that an index of weights names, sorted."""
    try:
        with open(index, encoding="utf-8") as file:
            names = sorted(set(json.load(file)["weight_map"].values()))
        if any(name != os.path.basename(name) for name in names):
            raise ValueError("they are elsewhere")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{index!r} names no files with weights beside it") from error
    return names


def folder_sha256(folder: str) -> str:
    """SHA-256 over the files of a model that decide its numbers: weights, configuration, tokenizer.

    Of each, in the order of their names: name, size and content. Raises OSError as the files do, ModelError.
    """
    names = {name for name in SMALL_FILES if os.path.exists(os.path.join(folder, name))}
    names.update(weight_files(folder))
    names.update(name for name in os.listdir(folder) if name.endswith(".tiktoken"))
    files = []
    for name in sorted(names):
        path = os.path.join(folder, name)
        status = os.stat(path)
        files.append((name, path, status.st_size, status.st_mtime_ns))
    return _sha256_of(tuple(files))


@lru_cache(maxsize=8)
def _sha256_of(files: tuple[tuple[str, str, int, int], ...]) -> str:
    """Of files as they are at (name, path, size, time of last change): read once, not for each archive."""
    digest = hashlib.sha256()
    for name, path, n_bytes, _ in files:
        digest.update(f"{name}\0{n_bytes}\0".encode())
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def stack(device: Any) -> dict[str, str]:
    """What else decides the last bits of a model's numbers: libraries, processor, accelerator, threads."""
    import tokenizers
    import torch
    import transformers

    found = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "machine": platform.machine(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "device": device.type,
    }
    if device.type == "cuda":
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        found["accelerator"] = torch.cuda.get_device_name(device)
        found["cuda"] = f"{torch.version.cuda or torch.version.hip}, cudnn {cudnn}"
    return found


@contextmanager
def threads(number: int | None) -> Iterator[None]:
    """So many threads, on which the order of sums depends; None: as many as there are."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
