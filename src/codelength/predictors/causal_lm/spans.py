"""A document as spans of tokens and spans of raw bytes, so that any bytes can be coded exactly.

A tokenizer is made for text, and not every text survives it: some make lower case of it, or normalise it,
or tidy its spaces. A **text span** is a stretch of valid UTF-8 that the tokenizer is seen to restore:
decoding its tokens gives the very same characters. All else is **raw**: bytes, at 8 bits each.

The document is then records (tokens, raw bytes), in turn, and tokens behind the last record. What it costs to
say where the spans are is this, and it is written in archives just so:

    table = number of records, for each record: number of tokens, number of raw bytes
    number = 7 bits a byte, low ones first, the top bit set on all but the last

Each byte of the table costs 8 bits. A document that is one text span has no records and no table. The number
of all its tokens stands in an archive's block header and is, like the document's size, no part of its length.

To the model, the tokens of all spans follow each other; raw bytes it does not see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Codebook", "Encoding", "RawSpan", "Span", "TextSpan", "cut", "number_size", "records"]

MAX_TOKENS_PER_BYTE = 4
"""A span with more tokens counts as not restored: bounds what an archive may claim."""

_LEAF_CHARACTERS = 32
"""Text this short that is not restored is not cut further than into what is and what is not."""

_MIN_TEXT_BYTES = 8
"""Text shorter than this beside raw bytes is raw too: a switch costs 16 bits at least, and so do few tokens
that come as a surprise."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """Tokens of a text."""

    ids: NDArray[np.int64]
    """(N,)"""
    ends: NDArray[np.int64]
    """(N,) how many characters of the text the tokens up to this one cover; never falling."""


class Codebook(Protocol):
    """A tokenizer."""

    def encode(self, text: str) -> Encoding | None:
        """The tokens of a text; None if the model does not know one of them."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens."""


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Bytes of the document that tokens restore."""

    start: int
    end: int
    ids: NDArray[np.int64]
    """(N,)"""
    ends: NDArray[np.int64]
    """(N,) offset in the document, in bytes, behind each token; never falling."""


@dataclass(frozen=True, slots=True)
class RawSpan:
    """Bytes of the document that are coded as they are; none at all between two text spans."""

    start: int
    end: int


Span = TextSpan | RawSpan


def cut(data: bytes, codebook: Codebook) -> list[Span]:
    """The spans of a document, in order and without a gap; a raw span stands between any two of text.

    Raises what the codebook raises.
    """
    spans: list[Span] = []
    for start, end, is_text in _stretches(data):
        if is_text:
            spans += _joined(_cut_text(data[start:end].decode(), start, codebook), data, codebook)
        else:
            spans.append(RawSpan(start, end))
    return _with_separators(_without_crumbs(spans))


def records(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """(tokens, raw bytes) of each record."""
    table: list[tuple[int, int]] = []
    n_tokens = 0
    for span in spans:
        if isinstance(span, TextSpan):
            n_tokens = len(span.ids)
        else:
            table.append((n_tokens, span.end - span.start))
            n_tokens = 0
    return table


def number_size(number: int) -> int:
    """Bytes of a number in the table."""
    return max(1, -(-number.bit_length() // 7))


def _stretches(data: bytes) -> Iterator[tuple[int, int, bool]]:
    """(start, end, is to be tried as text) of stretches, in order: valid UTF-8, and what is not."""
    text = data.decode("utf-8", "surrogateescape")
    start = 0
    for part in re.split("([\udc80-\udcff]+)", text):  # no valid UTF-8 stands for these
        if part:
            is_text = not "\udc80" <= part[0] <= "\udcff"
            end = start + len(part.encode("utf-8", "surrogateescape"))
            yield start, end, is_text and (end - start >= _MIN_TEXT_BYTES or end - start == len(data))
            start = end


def _byte_ends(text: str, start: int, ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Offsets in bytes of the ends, in characters, of parts of a text that begins at `start`."""
    if text.isascii():
        return ends + start
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4")
    sizes = 1 + (codes >= 1 << 7) + (codes >= 1 << 11) + (codes >= 1 << 16).astype(np.int64)
    return np.concatenate(([0], np.cumsum(sizes)))[ends] + start


def _restored(text: str, start: int, codebook: Codebook) -> TextSpan | None:
    """The text as a span, if its tokens give it back."""
    encoding = codebook.encode(text)
    if encoding is None or codebook.decode(encoding.ids.tolist()) != text:
        return None
    n_bytes = len(text) if text.isascii() else len(text.encode())
    if not 0 < len(encoding.ids) <= MAX_TOKENS_PER_BYTE * n_bytes:
        return None
    ends = np.maximum.accumulate(np.clip(encoding.ends, 0, len(text)))
    ends[-1] = len(text)
    return TextSpan(start, start + n_bytes, encoding.ids, _byte_ends(text, start, ends))


def _cut_text(text: str, start: int, codebook: Codebook) -> list[Span]:
    """Halves it until the halves are restored or short: about twice the work of one encoding."""
    span = _restored(text, start, codebook)
    if span is not None:
        return [span]
    if len(text) <= _LEAF_CHARACTERS:
        return _trimmed(text, start, codebook)
    middle = len(text) // 2
    space = text.rfind(" ", middle - _LEAF_CHARACTERS // 4, middle)
    middle = middle if space < 0 else space
    head, tail = text[:middle], text[middle:]
    return _cut_text(head, start, codebook) + _cut_text(tail, start + len(head.encode()), codebook)


def _trimmed(text: str, start: int, codebook: Codebook) -> list[Span]:
    """The least part of a short text that has to be raw, as far as one look at it tells."""
    end = start + len(text.encode())
    whole: list[Span] = [RawSpan(start, end)]
    encoding = codebook.encode(text)
    if encoding is None:
        return whole
    other = codebook.decode(encoding.ids.tolist())
    least = min(len(text), len(other))
    n_head = next((i for i in range(least) if text[i] != other[i]), least)
    n_tail = next((i for i in range(least - n_head) if text[-1 - i] != other[-1 - i]), least - n_head)
    head, tail = text[:n_head], text[len(text) - n_tail :]
    raw_start, raw_end = start + len(head.encode()), end - len(tail.encode())
    if raw_start >= raw_end:
        return whole
    parts: list[Span | None] = [RawSpan(raw_start, raw_end)]
    if head:
        parts.insert(0, _restored(head, start, codebook))
    if tail:
        parts.append(_restored(tail, raw_end, codebook))
    found = [part for part in parts if part is not None]
    return found if len(found) == len(parts) else whole


def _joined(spans: list[Span], data: bytes, codebook: Codebook) -> list[Span]:
    """Text spans that follow each other as one, where that is restored too."""
    joined: list[Span] = []
    run: list[Span] = []

    def end_run() -> None:
        if len(run) > 1:
            text = data[run[0].start : run[-1].end].decode()
            whole = _restored(text, run[0].start, codebook)
            joined.extend(run if whole is None else [whole])
        else:
            joined.extend(run)
        run.clear()

    for span in spans:
        if isinstance(span, TextSpan):
            run.append(span)
        else:
            end_run()
            joined.append(span)
    end_run()
    return joined


def _without_crumbs(spans: list[Span]) -> list[Span]:
    """Short text beside raw bytes made raw, and raw spans that follow each other made one."""
    kept: list[Span] = []
    for i, span in enumerate(spans):
        beside = spans[max(i - 1, 0) : i] + spans[i + 1 : i + 2]
        is_short = span.end - span.start < _MIN_TEXT_BYTES
        if isinstance(span, TextSpan) and not (is_short and any(isinstance(x, RawSpan) for x in beside)):
            kept.append(span)
        elif kept and isinstance(kept[-1], RawSpan):
            kept[-1] = RawSpan(kept[-1].start, span.end)
        else:
            kept.append(RawSpan(span.start, span.end))
    return kept


def _with_separators(spans: list[Span]) -> list[Span]:
    separated: list[Span] = []
    for span in spans:
        if separated and isinstance(separated[-1], TextSpan) and isinstance(span, TextSpan):
            separated.append(RawSpan(span.start, span.start))
        separated.append(span)
    return separated
