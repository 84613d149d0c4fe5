"""Code lengths of documents under a causal language model."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from codelength.predictors.causal_lm.identity import stack
from codelength.predictors.causal_lm.loading import LoadedModel, load
from codelength.predictors.causal_lm.settings import USUAL_CONTEXT, Settings
from codelength.predictors.causal_lm.spans import RawSpan, Span, cut, number_size, records
from codelength.predictors.causal_lm.windows import windows
from codelength.predictors.lengths import SymbolLengths

__all__ = ["CausalLM"]

_BATCHES_AHEAD = 8
"""Documents are read ahead until this many batches are full, so that windows of like length meet."""


class CausalLM:
    """Any causal language model of the Hugging Face hub, or of a folder in its format, as a predictor.

    What it costs to code a document:

    * Each token costs -log2 p, p from the model's logits made float64. What a token is predicted from, where
      the document is longer than the context, is defined in `predictors.causal_lm.windows`.
    * The first token is predicted from the tokenizer's beginning-of-text token, or its end-of-text token if
      it has no other, as Huang et al. (2024) and lm-evaluation-harness do; if it has neither, or with
      ``bos=False``, it costs log2 V bits, V the size of the vocabulary. Which one it is, `describe` says.
      The token in front is not part of the document and costs nothing.
    * Bytes that the tokenizer would not restore are raw: 8 bits each, and what it takes to say where they
      are (`predictors.causal_lm.spans`).

    Counted: all bytes of the document. Not counted: its size and its number of tokens, the model itself.
    Special tokens that are spelt out in a document are read as these tokens, as the tokenizer does by itself.

    The same documents give the same lengths up to rounding, whatever the batch.
    """

    def __init__(
        self,
        name_or_path: str,
        *,
        device: str | None = None,
        dtype: str = "float32",
        context: int | None = None,
        stride: int | None = None,
        batch_size: int = 8,
        bos: bool | None = None,
        local_files_only: bool = False,
    ) -> None:
        """See `Settings` for the arguments. The model is loaded here.

        Raises ModelNotFoundError if there is no such model, or the extra is not installed; ModelError if it
        is no causal language model with a tokenizer; ValueError for settings that do not exist or do not go
        with the model.
        """
        asked = Settings(name_or_path, device, dtype, context, stride, batch_size, bos)
        self.model: LoadedModel = load(asked, local_files_only=local_files_only)
        self._asked = asked
        limit = self.model.max_context
        if context is not None and limit is not None and context > limit:
            raise ValueError(f"{name_or_path} takes at most {limit} tokens of context, not {context}")
        self.context: int = context or min(limit or USUAL_CONTEXT, USUAL_CONTEXT)
        self.stride: int = stride or max(1, self.context // 2)
        if self.stride > self.context:
            raise ValueError(f"a stride of {stride} passes over tokens: the context is {self.context}")
        beginning = None if bos is False else self.model.tokenizer.beginning
        if bos and beginning is None:
            raise ValueError(f"{name_or_path} has no token to begin with")
        self.first_token: int | None = None if beginning is None else beginning[0]
        self._beginning = "none: first token uniform" if beginning is None else beginning[1]

    @classmethod
    def from_settings(cls, settings: Settings, *, local_files_only: bool = False) -> CausalLM:
        """The same from settings, which may have been parsed from a name."""
        return cls(
            settings.name,
            device=settings.device,
            dtype=settings.dtype,
            context=settings.context,
            stride=settings.stride,
            batch_size=settings.batch_size,
            bos=settings.bos,
            local_files_only=local_files_only,
        )

    @classmethod
    def from_name(cls, name: str) -> CausalLM:
        """By a name such as "hf:NAME" or "hf:NAME?context=1024&stride=512", see `Settings.parse`."""
        return cls.from_settings(Settings.parse(name))

    @property
    def name(self) -> str:
        """Name or path, as it was given."""
        return self._asked.name

    @property
    def batch_size(self) -> int:
        """Windows that are run at once, at most."""
        return self._asked.batch_size

    @property
    def weights_bytes(self) -> int:
        """Size of the weights in the type of numbers that they are used in; shared ones count once."""
        n_weights = sum(int(weight.numel()) for weight in self.model.module.parameters())
        return n_weights * int(self.model.module.dtype.itemsize)

    @cached_property
    def fingerprint(self) -> dict[str, str]:
        """All that the numbers depend on, for records: the model's SHA-256 (of weights, configuration and
        tokenizer files), settings, libraries, device. The first call reads the model's files."""
        return {
            "model": self.name,
            "sha256": self.model.sha256,
            "dtype": self._asked.dtype,
            "context": str(self.context),
            "stride": str(self.stride),
            "batch": str(self._asked.batch_size),
            "beginning": self._beginning,
            "attention": str(getattr(self.model.module.config, "_attn_implementation", None)),
        } | stack(self.model.device)

    def describe(self) -> str:
        """One line: what is measured with."""
        return (
            f"hf:{self.name} ({self._asked.dtype}, {self.model.device}), context {self.context}, "
            f"stride {self.stride}, before the first token: {self._beginning}"
        )

    def spans(self, data: bytes) -> list[Span]:
        """What of a document is coded as tokens and what as bytes."""
        return cut(data, self.model.tokenizer)

    def symbol_lengths(self, data: bytes, *, guesses: int = 0) -> SymbolLengths:
        """What each token of one document costs, and each raw byte; see the class.

        Tokens that are part of one character are one symbol, and counted one by one in `n_tokens`. `guesses`
        is how many of the likeliest tokens to give for each symbol, as they stood before its first token; a
        raw byte has none, and rank 0.

        Raises TypeError for str, MemoryError, FloatingPointError if the model gives no numbers.
        """
        return next(self._lengths([data], guesses))

    def many_symbol_lengths(self, documents: Iterable[bytes]) -> Iterator[SymbolLengths]:
        """The same for each document, in order; their windows are run together, in batches.

        Documents are read some batches ahead of what is given back.
        """
        return self._lengths(documents, 0)

    def _lengths(self, documents: Iterable[bytes], n_guesses: int) -> Iterator[SymbolLengths]:
        from codelength.predictors.causal_lm.scoring import Job, Scorer

        scorer = Scorer(self.model, self._asked.batch_size)
        waiting: deque[_Document] = deque()
        jobs: list[tuple[_Document, int, Job]] = []

        def run() -> Iterator[SymbolLengths]:
            scores = scorer.score([job for _, _, job in jobs], n_guesses)
            for (document, at, _), score in zip(jobs, scores, strict=True):
                end = at + len(score.lengths_bits)
                document.token_bits[at:end] = score.lengths_bits
                document.token_ranks[at:end] = score.ranks
                if n_guesses:
                    document.guesses[at:end] = score.guesses
                    document.chances[at:end] = score.probabilities
            jobs.clear()
            while waiting:
                yield self._put_together(waiting.popleft(), n_guesses)

        for data in documents:
            document = _Document(_bytes(data), self, n_guesses)
            waiting.append(document)
            inputs, n_uniform = document.inputs, document.n_uniform
            for window in windows(len(inputs) - 1, self.context, self.stride):
                targets = inputs[window.first_scored + 1 : window.end + 1]
                job = Job(inputs[window.start : window.end], targets)
                jobs.append((document, window.first_scored + n_uniform, job))
            if len(jobs) >= _BATCHES_AHEAD * self._asked.batch_size:
                yield from run()
        yield from run()

    def _put_together(self, document: _Document, n_guesses: int) -> SymbolLengths:
        """Tokens and raw bytes in their order, what has no bytes merged into what it belongs to."""
        lengths, ends, ranks = document.parts()
        # A symbol is the parts up to one that ends further on; the first of them is where it was guessed.
        is_last = (np.diff(ends, append=len(document.data) + 1) > 0) & (ends > 0)
        last = np.flatnonzero(is_last)
        # Parts without bytes at the front or behind an end belong to what follows; none follow the last end.
        first = np.concatenate(([0], last[:-1] + 1)).astype(np.int64) if len(last) else last
        bits = np.add.reduceat(lengths, first) if len(first) else np.zeros(0)
        worst = np.maximum.reduceat(ranks, first) if len(first) else np.zeros(0, np.int32)
        guesses = None
        if n_guesses:
            numbers = document.token_numbers()[first]
            guesses = [[] if i < 0 else self._guesses_at(document, int(i)) for i in numbers]
        return SymbolLengths(bits, ends[last], len(document.data), worst, guesses, len(lengths))

    def _guesses_at(self, document: _Document, i: int) -> list[tuple[str | bytes, float]]:
        if i < document.n_uniform:
            return []
        pairs = zip(document.guesses[i].tolist(), document.chances[i].tolist(), strict=True)
        return [(self.model.tokenizer.token(number), chance) for number, chance in pairs]


@dataclass(init=False)
class _Document:
    """One document while its windows are run."""

    data: bytes
    spans: list[Span]
    inputs: NDArray[np.int64]
    """(N + 1,) what the model reads, and the last target; N without `n_uniform`."""
    n_uniform: int
    """1 if the first token costs log2 V, and none is put in front; else 0."""
    token_bits: NDArray[np.float64]
    token_ranks: NDArray[np.int32]
    guesses: NDArray[np.int64] = field(repr=False)
    chances: NDArray[np.float64] = field(repr=False)

    def __init__(self, data: bytes, predictor: CausalLM, n_guesses: int) -> None:
        self.data = data
        self.spans = predictor.spans(data)
        ids = [span.ids for span in self.spans if not isinstance(span, RawSpan)]
        n_tokens = sum(map(len, ids))
        first = [] if predictor.first_token is None else [np.array([predictor.first_token], np.int64)]
        self.inputs = np.concatenate([*first, *ids]) if first or ids else np.zeros(0, np.int64)
        self.n_uniform = 1 if predictor.first_token is None and n_tokens else 0
        self.token_bits = np.full(n_tokens, np.log2(predictor.model.n_vocabulary))
        self.token_ranks = np.zeros(n_tokens, np.int32)
        self.guesses = np.zeros((n_tokens if n_guesses else 0, n_guesses), np.int64)
        self.chances = np.zeros((n_tokens if n_guesses else 0, n_guesses))

    def parts(self) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int32]]:
        """Lengths in bits, ends in bytes and ranks of tokens and raw bytes, in their order.

        The table of spans is paid by the first raw byte of each record, or by what follows if it has none.
        """
        lengths, ends, ranks = [np.zeros(0)], [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
        table = records(self.spans)
        n_seen, n_records, owed = 0, 0, 8.0 * number_size(len(table)) if table else 0.0
        for span in self.spans:
            if isinstance(span, RawSpan):
                owed += 8.0 * sum(map(number_size, table[n_records]))
                n_records += 1
                bits = np.full(span.end - span.start, 8.0)
                ends.append(np.arange(span.start + 1, span.end + 1, dtype=np.int64))
                ranks.append(np.zeros(len(bits), np.int32))
            else:
                bits = self.token_bits[n_seen : n_seen + len(span.ids)].copy()
                ends.append(span.ends)
                ranks.append(self.token_ranks[n_seen : n_seen + len(span.ids)])
                n_seen += len(bits)
            if len(bits) and (isinstance(span, RawSpan) or n_records):
                bits[0] += owed
                owed = 0.0
            lengths.append(bits)
        return np.concatenate(lengths), np.concatenate(ends), np.concatenate(ranks)

    def token_numbers(self) -> NDArray[np.int64]:
        """For each part the number of its token; -1 for raw bytes."""
        numbers, n_seen = [np.zeros(0, np.int64)], 0
        for span in self.spans:
            if isinstance(span, RawSpan):
                numbers.append(np.full(span.end - span.start, -1, np.int64))
            else:
                numbers.append(np.arange(n_seen, n_seen + len(span.ids), dtype=np.int64))
                n_seen += len(span.ids)
        return np.concatenate(numbers)


def _bytes(data: bytes | bytearray | memoryview) -> bytes:
    if isinstance(data, str):
        raise TypeError("a bytes-like object is required, not str")
    return memoryview(data).tobytes()
