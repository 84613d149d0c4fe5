"""Gets a model and its tokenizer, and says exactly which ones they are."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from codelength.errors import ModelError, ModelNotFoundError
from codelength.predictors.causal_lm.settings import Settings
from codelength.predictors.causal_lm.spans import Encoding

__all__ = ["LoadedModel", "Tokenizer", "folder_of", "folder_sha256", "load", "stack", "threads"]

# All that decides how text becomes tokens, and the model's shape.
_SMALL_FILES = (
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
_VOCABULARIES = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab",
    "merges",
    "spiece",
    "sentencepiece",
    "qwen.tik",
)
_CHUNK_BYTES = 1 << 22

T = TypeVar("T")


class Tokenizer:
    """A Hugging Face tokenizer as `cut` wants it: no tokens added, none left out, no spaces tidied."""

    def __init__(self, tokenizer: Any, n_vocabulary: int) -> None:
        """`n_vocabulary` is how many tokens the model knows."""
        self._tokenizer = tokenizer
        self._n_vocabulary = n_vocabulary
        self._texts: dict[int, str | bytes] = {}

    @property
    def beginning(self) -> tuple[int, str] | None:
        """The token to begin with and how it is called: beginning of text, else end of text, else None."""
        for name in ("bos_token", "eos_token"):
            number = getattr(self._tokenizer, f"{name}_id", None)
            if number is not None and 0 <= number < self._n_vocabulary:
                return number, f"{name} {getattr(self._tokenizer, name)}"
        return None

    def encode(self, text: str) -> Encoding | None:
        """See `Codebook`."""
        has_offsets = bool(getattr(self._tokenizer, "is_fast", False))
        coded = self._tokenizer(
            text,
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            return_offsets_mapping=has_offsets,
            verbose=False,
        )
        ids = np.array(coded["input_ids"], np.int64)
        if len(ids) and int(ids.max()) >= self._n_vocabulary:
            return None
        if has_offsets:
            return Encoding(ids, np.array(coded["offset_mapping"], np.int64).reshape(-1, 2)[:, 1])
        return Encoding(ids, np.array(list(self._ends(coded["input_ids"], len(text))), np.int64))

    def decode(self, ids: Sequence[int]) -> str:
        """See `Codebook`."""
        text: str = self._tokenizer.decode(
            list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return text

    def token(self, number: int) -> str | bytes:
        """What one token stands for, to be shown: text, or bytes that are part of a character."""
        if number not in self._texts:
            self._texts[number] = self._token(number)
        return self._texts[number]

    def _token(self, number: int) -> str | bytes:
        if number >= self._n_vocabulary:
            return ""
        text = self.decode([number])
        name = self._tokenizer.convert_ids_to_tokens(number)
        if name is None:
            return text
        if "�" in text:
            if len(name) == 6 and name.startswith("<0x") and name.endswith(">"):
                return bytes((int(name[3:5], 16),))
            if all(character in _BYTE_OF for character in name):
                return bytes(_BYTE_OF[character] for character in name)
        # Decoders of the SentencePiece kind drop the space that a text begins with.
        return " " + text if name.startswith("▁") and not text.startswith(" ") else text

    def _ends(self, ids: list[int], n_characters: int) -> Iterator[int]:
        """Ends of tokens from how the text grows, a few tokens at a time, where no offsets are at hand."""
        n_done, first, known = 0, 0, 0  # tokens from `first` to `known` are there to be followed by others
        for i in range(len(ids)):
            before, now = self.decode(ids[first:known]), self.decode(ids[first : i + 1])
            if not now.endswith("�"):
                n_done = min(n_done + max(len(now) - len(before), 0), n_characters)
                first, known = known, i + 1
            yield n_done


def _byte_of() -> dict[str, int]:
    """Bytes by the characters that byte-level BPE writes for them (Radford et al. 2019): printable Latin-1
    for itself, all others, in order, from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


_BYTE_OF = _byte_of()


@dataclass
class LoadedModel:
    """A model on its device, ready to run. `module` is a transformers model, `torch` the library."""

    module: Any
    tokenizer: Tokenizer
    device: Any
    n_vocabulary: int
    """Logits that the model gives."""
    max_context: int | None
    """Tokens that it was made for, if it says so."""
    folder: str

    @cached_property
    def sha256(self) -> str:
        """See `folder_sha256`."""
        return folder_sha256(self.folder)


def _with_libraries(action: Callable[[], T]) -> T:
    try:
        return action()
    except ImportError as error:
        raise ModelNotFoundError(
            f"hf: models need {error.name or 'a library'}, which is not installed: "
            "pip install 'codelength[hf]'"
        ) from error


def load(settings: Settings, *, local_files_only: bool = False) -> LoadedModel:
    """Load what the settings ask for, in the shape that they ask for.

    Code that comes with a model is never run. With `local_files_only` nothing is fetched.

    Raises ModelNotFoundError if there is no such model or the extra is not installed, ModelError if it is no
    causal language model, has no tokenizer or lacks weights, ValueError for a device that is not here.
    """
    torch, transformers = _with_libraries(_libraries)
    device = _device(torch, settings.device)
    with _quiet(transformers):
        folder = folder_of(settings.name, local_files_only=local_files_only)
        if not any(name.startswith(_VOCABULARIES) for name in os.listdir(folder)):
            raise ModelError(f"{settings.name} has no tokenizer: no file with a vocabulary is there")
        tokenizer = _loaded(
            lambda: transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False),
            f"{settings.name} has no tokenizer that can be used",
        )
        module, info = _loaded(
            lambda: transformers.AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=getattr(torch, settings.dtype),
                trust_remote_code=False,
                output_loading_info=True,
            ),
            f"{settings.name} is no causal language model that can be used",
        )
    if missing := sorted(info.get("missing_keys", ())):
        raise ModelError(f"{settings.name} lacks weights of a causal language model, {missing[0]} for one")
    module = module.to(device).eval().requires_grad_(False)
    config = module.config.get_text_config()
    n_vocabulary = int(module.get_output_embeddings().weight.shape[0])
    return LoadedModel(
        module,
        Tokenizer(tokenizer, n_vocabulary),
        device,
        n_vocabulary,
        getattr(config, "max_position_embeddings", None),
        folder,
    )


def _libraries() -> tuple[Any, Any]:
    import torch
    import transformers

    return torch, transformers


def _device(torch: Any, name: str | None) -> Any:
    has_cuda = torch.cuda.is_available()
    try:
        device = torch.device(name or ("cuda" if has_cuda else "cpu"))
    except RuntimeError as error:
        raise ValueError(f"torch knows no device {name!r}") from error
    if device.type == "cuda" and (not has_cuda or (device.index or 0) >= torch.cuda.device_count()):
        raise ValueError(f"there is no device {name!r} here")
    return device


def _loaded(action: Callable[[], T], complaint: str) -> T:
    try:
        return action()
    except MemoryError:
        raise
    except Exception as error:  # of many libraries, for files that anybody may have written
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(f"{complaint}: {reason}") from error


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """No progress bars and no advice on standard error while a model is loaded."""
    logging = transformers.utils.logging
    level, had_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if had_bars:
            logging.enable_progress_bar()


def folder_of(name: str, *, local_files_only: bool) -> str:
    """The folder with the files of a model: `name` itself, or where the hub's client keeps it.

    Raises ModelNotFoundError if there is none.
    """
    if os.path.isdir(name):
        if not os.path.exists(os.path.join(name, "config.json")):
            raise ModelNotFoundError(f"{name} is a folder, but no model's: it has no config.json")
        return name
    if os.path.isabs(name) or name.startswith((".", "~")) or name.count("/") > 1:
        raise ModelNotFoundError(f"there is no folder {name}")
    return _with_libraries(lambda: _hub_folder(name, local_files_only))


def _hub_folder(name: str, local_files_only: bool) -> str:
    from huggingface_hub import snapshot_download

    try:
        weights = "model*.safetensors*"
        wanted = [*_SMALL_FILES, weights, "*.tiktoken"]
        folder: str = snapshot_download(name, allow_patterns=wanted, local_files_only=local_files_only)
        if not _weight_files(folder):
            wanted[wanted.index(weights)] = "pytorch_model*"
            folder = snapshot_download(name, allow_patterns=wanted, local_files_only=local_files_only)
    except Exception as error:  # what the client raises is of many libraries
        where = "on this machine" if local_files_only else "on the hub, or it cannot be reached"
        raise ModelNotFoundError(f"there is no model {name!r} {where}, and no folder of this name") from error
    return folder


def _weight_files(folder: str) -> list[str]:
    """Names of the files with the weights that transformers would take."""
    for name in _WEIGHTS:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            if not name.endswith(".index.json"):
                return [name]
            with open(path, encoding="utf-8") as file:
                return [name, *sorted(set(json.load(file)["weight_map"].values()))]
    return []


def folder_sha256(folder: str) -> str:
    """SHA-256 over the files of a model that decide its numbers: weights, configuration, tokenizer.

    Of each, in the order of their names: name, size and content. Raises OSError as the files do.
    """
    names = {name for name in _SMALL_FILES if os.path.exists(os.path.join(folder, name))}
    names.update(_weight_files(folder))
    names.update(name for name in os.listdir(folder) if name.endswith(".tiktoken"))
    digest = hashlib.sha256()
    for name in sorted(names):
        path = os.path.join(folder, name)
        digest.update(f"{name}\0{os.path.getsize(path)}\0".encode())
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
