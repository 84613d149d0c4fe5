"""Parallel streams of documents: what a training step reads.

Letters: B streams, T bytes of a window, E echoes.
"""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength import _native
from codelength.training.corpus import Corpus, Document

__all__ = ["HISTORY", "StreamBatcher", "Window", "echoes_of", "validation_windows"]

HISTORY = 8
"""Bytes before a window that come with it: what the longest hashed n-gram needs."""


@dataclasses.dataclass(frozen=True)
class Window:
    """T bytes of each stream, and what stood before them.

    bytes (B, HISTORY + T) uint8: the last T are to be predicted; age (B, T) int32: bytes of the same document
    before each of them, counted up to HISTORY (0 at a document's start, where the state is dropped); echoes
    (B, T, E) int32: the row of each echo, E * ECHO_ROWS where there is none; counted (B, T) bool: False where
    the stream had ended.
    """

    bytes: NDArray[np.uint8]
    age: NDArray[np.int32]
    echoes: NDArray[np.int32]
    counted: NDArray[np.bool_]


def echoes_of(content: NDArray[np.uint8], lengths: tuple[int, ...]) -> NDArray[np.int32]:
    """Rows of the echoes before each byte of a piece: (bytes, E)."""
    rows = np.frombuffer(_native.echoes(content.tobytes(), list(lengths)), np.uint16)
    return rows.reshape(content.size, len(lengths)).astype(np.int32)


class _Pieces:
    """The documents of one source in pieces, endlessly, in a new order each time around."""

    def __init__(self, documents: tuple[Document, ...], piece_bytes: int, seed: tuple[int, int]) -> None:
        self._documents = documents
        self._seed = seed
        self._pieces = [
            (index, start, min(start + (piece_bytes or document.content.size), document.content.size))
            for index, document in enumerate(documents)
            for start in range(0, document.content.size, piece_bytes or document.content.size)
        ]
        self.position = 0
        self._order_of = -1
        self._order: NDArray[np.int64] = np.empty(0, np.int64)

    def take(self) -> int:
        """The number of the next piece."""
        epoch, index = divmod(self.position, len(self._pieces))
        if epoch != self._order_of:
            self._order = np.random.default_rng((*self._seed, epoch)).permutation(len(self._pieces))
            self._order_of = epoch
        self.position += 1
        return int(self._order[index])

    def piece(self, number: int) -> NDArray[np.uint8]:
        """The bytes of a piece."""
        document, start, stop = self._pieces[number]
        return self._documents[document].content[start:stop]


class StreamBatcher:
    """B streams, each reading one piece after another; the state of a stream carries from window to window.

    A stream that needs a piece takes it from the source that is furthest behind its share of the bytes, so
    the mix is met exactly, over short stretches too. Everything follows from the corpus, the arguments and
    the state.
    """

    def __init__(
        self,
        corpus: Corpus,
        n_streams: int,
        window: int,
        piece_bytes: int,
        seed: int,
        echoes: tuple[int, ...] = (),
    ) -> None:
        self._window = window
        self._echo_lengths = echoes
        self._names = [source.name for source in corpus.sources]
        self._shares = np.array([source.share for source in corpus.sources])
        self._sources = [
            _Pieces(source.training, piece_bytes, (seed, number))
            for number, source in enumerate(corpus.sources)
        ]
        self._given = np.zeros(len(self._sources), np.int64)
        # (source, piece, bytes already read) of each stream; None before its first piece.
        self._at: list[tuple[int, int, int] | None] = [None] * n_streams
        # Of each stream's piece, once it is read.
        self._echoes: list[NDArray[np.int32] | None] = [None] * n_streams

    def _next_piece(self) -> tuple[int, int, int]:
        total = int(self._given.sum())
        number = int(np.argmax(self._shares * (total + 1) - self._given))
        piece = self._sources[number].take()
        self._given[number] += self._sources[number].piece(piece).size
        return number, piece, 0

    def next_window(self) -> Window:
        """The next T bytes of every stream."""
        n_streams = len(self._at)
        data = np.zeros((n_streams, HISTORY + self._window), np.uint8)
        age = np.zeros((n_streams, self._window), np.int32)
        echoes = np.zeros((n_streams, self._window, len(self._echo_lengths)), np.int32)
        for stream in range(n_streams):
            filled = 0
            while filled < self._window:
                at = self._at[stream]
                if at is None:
                    at = self._next_piece()
                    self._echoes[stream] = None
                number, piece, read = at
                content = self._sources[number].piece(piece)
                rows = self._echoes[stream]
                if rows is None:
                    rows = self._echoes[stream] = echoes_of(content, self._echo_lengths)
                if filled == 0:
                    before = content[max(0, read - HISTORY) : read]
                    data[stream, HISTORY - before.size : HISTORY] = before
                n_taken = min(self._window - filled, content.size - read)
                data[stream, HISTORY + filled : HISTORY + filled + n_taken] = content[read : read + n_taken]
                age[stream, filled : filled + n_taken] = np.minimum(np.arange(read, read + n_taken), HISTORY)
                echoes[stream, filled : filled + n_taken] = rows[read : read + n_taken]
                filled += n_taken
                read += n_taken
                self._at[stream] = (number, piece, read) if read < content.size else None
        return Window(data, age, echoes, np.ones(age.shape, np.bool_))

    def state(self) -> dict[str, Any]:
        """Everything that decides the windows to come, as JSON."""
        return {
            "given": self._given.tolist(),
            "positions": [source.position for source in self._sources],
            "at": [None if at is None else list(at) for at in self._at],
        }

    def restore(self, state: dict[str, Any], mix: dict[str, float]) -> bool:
        """Continues from what `state` returned. mix: the share of each source there, in order.

        With another mix or number of streams what has been read of a source stays read, but every stream
        starts a new piece: then the answer is False, and the recurrent state must start anew too. Another mix
        is met from here on.
        """
        positions = dict(zip(mix, state["positions"], strict=True))
        for name, source in zip(self._names, self._sources, strict=True):
            source.position = positions.get(name, 0)
        if list(mix.items()) != list(zip(self._names, self._shares.tolist(), strict=True)):
            return False
        self._given = np.array(state["given"], np.int64)
        if len(state["at"]) != len(self._at):
            return False
        self._at = [None if at is None else (int(at[0]), int(at[1]), int(at[2])) for at in state["at"]]
        self._echoes = [None] * len(self._at)
        return True


_VALIDATION_PIECE = 4096


def validation_windows(
    documents: tuple[Document, ...], n_bytes: int, window: int, echoes: tuple[int, ...] = ()
) -> list[Window]:
    """About `n_bytes` of the documents, as parallel streams cut into successive windows of T bytes.

    Each stream is a stretch of at most 4096 bytes from the start of a part of some document: the documents
    are walked in turn, so every one is seen before any is seen twice.
    """
    stretches: list[NDArray[np.uint8]] = []
    n_left, start = n_bytes, 0
    while n_left > 0:
        found = [document.content[start : start + _VALIDATION_PIECE] for document in documents]
        found = [content for content in found if content.size]
        if not found:
            break
        for content in found:
            if n_left > 0:
                stretches.append(content[:n_left])
                n_left -= stretches[-1].size
        start += _VALIDATION_PIECE
    longest = max((stretch.size for stretch in stretches), default=0)
    n_steps = -(-longest // window) * window
    data = np.zeros((len(stretches), HISTORY + n_steps), np.uint8)
    counted = np.zeros((len(stretches), n_steps), np.bool_)
    rows = np.full((len(stretches), n_steps, len(echoes)), len(echoes) * _native.ECHO_ROWS, np.int32)
    for row, stretch in enumerate(stretches):
        data[row, HISTORY : HISTORY + stretch.size] = stretch
        rows[row, : stretch.size] = echoes_of(stretch, echoes)
        counted[row, : stretch.size] = True
    age = np.tile(np.minimum(np.arange(n_steps, dtype=np.int32), HISTORY), (len(stretches), 1))
    return [
        Window(
            data[:, first : first + HISTORY + window],
            np.ascontiguousarray(age[:, first : first + window]),
            rows[:, first : first + window],
            counted[:, first : first + window],
        )
        for first in range(0, n_steps, window)
    ]
