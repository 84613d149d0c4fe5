"""Gets a model and its tokenizer, from a folder or from the hub."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from codelength.errors import ModelError, ModelNotFoundError
from codelength.predictors.causal_lm.identity import SMALL_FILES, folder_sha256, weight_files
from codelength.predictors.causal_lm.settings import Settings
from codelength.predictors.causal_lm.tokenizer import Tokenizer

__all__ = ["LoadedModel", "folder_of", "load"]

_VOCABULARIES = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab",
    "merges",
    "spiece",
    "sentencepiece",
    "qwen.tik",
)

T = TypeVar("T")


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
    causal language model, has no tokenizer, lacks weights or does not fit on the device, ValueError for a
    device that is not here.
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
    module = _loaded(
        lambda: module.to(device).eval().requires_grad_(False),
        f"{settings.name} does not go to the device {device}",
    )
    config = module.config.get_text_config()
    n_vocabulary = _loaded(
        lambda: int(module.get_output_embeddings().weight.shape[0]),
        f"{settings.name} gives no logits of tokens",
    )
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
            raise ModelNotFoundError(f"{name!r} is a folder, but no model's: it has no config.json")
        return name
    if os.path.isabs(name) or name.startswith((".", "~")) or name.count("/") > 1:
        raise ModelNotFoundError(f"there is no folder {name!r}")
    return _with_libraries(lambda: _hub_folder(name, local_files_only))


def _hub_folder(name: str, local_files_only: bool) -> str:
    from huggingface_hub import snapshot_download

    try:
        weights = "model*.safetensors*"
        wanted = [*SMALL_FILES, weights, "*.tiktoken"]
        folder: str = snapshot_download(name, allow_patterns=wanted, local_files_only=local_files_only)
        if not weight_files(folder):
            wanted[wanted.index(weights)] = "pytorch_model*"
            folder = snapshot_download(name, allow_patterns=wanted, local_files_only=local_files_only)
    except Exception as error:  # what the client raises is of many libraries
        where = "on this machine" if local_files_only else "on the hub, or it cannot be reached"
        raise ModelNotFoundError(f"there is no model {name!r} {where}, and no folder of this name") from error
    return folder
