"""A tokenizer of the Hugging Face hub, as documents want it: exact, and with the text of single tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from codelength.predictors.causal_lm.spans import Encoding

__all__ = ["Tokenizer"]


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
