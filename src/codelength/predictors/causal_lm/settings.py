"""What can be chosen about a causal language model, and how a name says it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields

__all__ = ["DTYPES", "PREFIX", "USUAL_CONTEXT", "Settings"]

PREFIX = "hf:"

DTYPES = ("float32", "bfloat16", "float16", "float64")

USUAL_CONTEXT = 2048
"""Tokens of context where nothing is asked for and the model could take more: attention over all that modern
models can take costs more memory than most machines have."""

_BOOLEANS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Settings:
    """A model and how it is run. None leaves the choice to `CausalLM`.

    Raises ValueError for what cannot be.
    """

    name: str
    """A name on the hub, "owner/model", or the path of a folder."""
    device: str | None = None
    """As torch names it: "cpu", "cuda", "cuda:1". None: cuda if there is one."""
    dtype: str = "float32"
    """Of weights and activations; sums and logarithms are float64 in any case."""
    context: int | None = None
    """Tokens that the model is given at most. None: what it was made for, at most `USUAL_CONTEXT`."""
    stride: int | None = None
    """Tokens by which a full window moves on, at most `context`. None: half of it."""
    batch_size: int = 8
    """Windows that are run at once, at most."""
    bos: bool | None = None
    """True: begin with the tokenizer's beginning-of-text token (or end-of-text); False: code the first token
    uniformly; None: True if the tokenizer has either."""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a model wants a name or a path: hf:NAME")
        if self.dtype not in DTYPES:
            raise ValueError(f"the type of numbers is one of {', '.join(DTYPES)}, not {self.dtype!r}")
        for what in ("context", "stride", "batch_size"):
            value = getattr(self, what)
            if value is not None and value < 1:
                raise ValueError(f"{what} must be at least 1, not {value}")
        if self.stride is not None and self.context is not None and self.stride > self.context:
            raise ValueError(f"a stride of {self.stride} passes over tokens: the context is {self.context}")

    @classmethod
    def parse(cls, text: str) -> Settings:
        """ "hf:NAME" or "hf:NAME?context=1024&stride=512&dtype=bfloat16&device=cuda&batch_size=4&bos=no".

        Raises ValueError for a setting that does not exist or whose value is none.
        """
        name, _, settings = text.removeprefix(PREFIX).partition("?")
        chosen: dict[str, str | int | bool] = {}
        known = [field.name for field in fields(cls) if field.name != "name"]
        for setting in settings.split("&") if settings else []:
            key, _, value = setting.partition("=")
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
                raise ValueError(f"a model has no setting {key!r}; {hint}")
            if key in ("context", "stride", "batch_size"):
                if not (value.isascii() and value.isdigit()):
                    raise ValueError(f"{key} wants a whole number, not {value!r}")
                chosen[key] = int(value)
            elif key == "bos":
                if value not in _BOOLEANS:
                    raise ValueError(f"bos is yes or no, not {value!r}")
                chosen[key] = _BOOLEANS[value]
            else:
                chosen[key] = value
        return cls(name, **chosen)  # type: ignore[arg-type]
