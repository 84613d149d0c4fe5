"""From a document to the bytes that are measured: as text, bytes, pictures or sound; whole or in chunks.

Each of the forms below has a name, which stands in every record. Those that end in ":deletang" do what
Delétang et al. did, losses included, so that figures can be held against theirs; the others lose nothing.

    bytes             the bytes of the file
    text              the same, which must be UTF-8; chunks end where characters do
    image             the pixels of a picture file, eight bits a colour, nothing else of the file
    audio             the samples of a sound file, nothing else of the file
    text:deletang     the bytes in chunks of 2048
    image:deletang    grey by the mean of the colours; patches of 32 rows of 64 pixels from the upper left;
                      what is left at the right and below is dropped
    audio:deletang    the high byte of each sample of 16 kHz speech, in chunks of 2048; the rest is dropped

Source: G. Delétang et al., "Language modeling is compression", ICLR 2024, section 3.1, and its code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codelength.measure.documents import Content
from codelength.measure.signals import Picture, Sound, grey, high_bytes, read_picture, read_sound

__all__ = ["CHUNK_BYTES", "FORMS", "Piece", "Preparation", "Prepared"]

CHUNK_BYTES = 2048
"""Bytes that Delétang et al. compressed at a time."""

_PATCH_ROWS, _PATCH_COLUMNS = 32, 64
_SPEECH_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are measured on their own: no piece is known when another is predicted."""

    data: bytes
    layout: Picture | Sound | None = None
    """What the bytes are, for compressors of pictures and sound."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document as it is measured."""

    name: str
    sha256: str
    """Of the document as it was read."""
    n_source_bytes: int
    """Bytes of the document as it was read."""
    pieces: tuple[Piece, ...]
    """At least one."""
    n_characters: int | None
    """Characters (Unicode code points) if it is UTF-8 text, else None."""

    @property
    def n_bytes(self) -> int:
        """Bytes that are measured: the denominator of every rate."""
        return sum(len(piece.data) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Preparation:
    """How documents are prepared. Raises ValueError for an unknown form or a chunk size that cannot be."""

    form: str = "bytes"
    chunk_bytes: int | None = None
    """Cut into pieces of this many bytes, the last one shorter; None: whole."""

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise ValueError(f"no form is called {self.form!r}; known are {', '.join(FORMS)}")
        if self.chunk_bytes is not None and self.chunk_bytes < 1:
            raise ValueError(f"a chunk has at least 1 byte, not {self.chunk_bytes}")
        if self.chunk_bytes is not None and self.form.endswith(":deletang"):
            raise ValueError(f"{self.form} has chunks of {CHUNK_BYTES} bytes and takes no other size")

    def prepare(self, content: Content) -> Prepared:
        """The pieces of a document. Raises ValueError if it is not what the form needs."""
        pieces = tuple(self._pieces(content.data))
        n_characters = _count_characters(content.data) if self.form.startswith(("bytes", "text")) else None
        return Prepared(content.name, content.sha256, len(content.data), pieces, n_characters)

    def _pieces(self, data: bytes) -> Iterator[Piece]:
        for piece in FORMS[self.form](data):
            if self.chunk_bytes is None or len(piece.data) <= self.chunk_bytes:
                yield piece
            elif self.form == "text":
                yield from _cut_text(piece.data, self.chunk_bytes)
            else:
                yield from (Piece(part) for part in _cut(piece.data, self.chunk_bytes))


def _as_bytes(data: bytes) -> Iterator[Piece]:
    yield Piece(data)


def _as_text(data: bytes) -> Iterator[Piece]:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"is not UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}; --as bytes takes anything"
        ) from None
    yield Piece(data)


def _as_image(data: bytes) -> Iterator[Piece]:
    pixels, picture = read_picture(data)
    yield Piece(pixels, picture)


def _as_audio(data: bytes) -> Iterator[Piece]:
    samples, sound = read_sound(data)
    yield Piece(samples, sound)


def _text_chunks(data: bytes) -> Iterator[Piece]:
    return (Piece(part) for part in _cut(data, CHUNK_BYTES))


def _patches(data: bytes) -> Iterator[Piece]:
    pixels = grey(data)
    height, width = pixels.shape
    if height < _PATCH_ROWS or width < _PATCH_COLUMNS:
        raise ValueError(f"has {width} by {height} pixels, less than one patch of 64 by 32")
    for y in range(0, height - _PATCH_ROWS + 1, _PATCH_ROWS):
        for x in range(0, width - _PATCH_COLUMNS + 1, _PATCH_COLUMNS):
            yield Piece(pixels[y : y + _PATCH_ROWS, x : x + _PATCH_COLUMNS].tobytes())


def _speech(data: bytes) -> Iterator[Piece]:
    samples, sound = read_sound(data)
    if (sound.rate_hz, sound.n_channels) != (_SPEECH_HZ, 1):
        raise ValueError(
            f"has {sound.rate_hz} samples a second in {sound.n_channels} channels; audio:deletang is for "
            f"speech with {_SPEECH_HZ} in one"
        )
    content = high_bytes(samples, sound)
    if len(content) < CHUNK_BYTES:
        raise ValueError(f"has {len(content)} samples, less than one chunk of {CHUNK_BYTES}")
    whole = len(content) - len(content) % CHUNK_BYTES
    return (Piece(part) for part in _cut(content[:whole], CHUNK_BYTES))


FORMS: dict[str, Callable[[bytes], Iterator[Piece]]] = {
    "bytes": _as_bytes,
    "text": _as_text,
    "image": _as_image,
    "audio": _as_audio,
    "text:deletang": _text_chunks,
    "image:deletang": _patches,
    "audio:deletang": _speech,
}
"""What --as takes, and what each makes of the bytes of a document."""


def _cut(data: bytes, n_bytes: int) -> Iterator[bytes]:
    """Pieces of `n_bytes`, the last one shorter; one empty piece of nothing."""
    yield data[:n_bytes]
    yield from (data[start : start + n_bytes] for start in range(n_bytes, len(data), n_bytes))


def _cut_text(data: bytes, n_bytes: int) -> Iterator[Piece]:
    """Pieces of at most `n_bytes`, or of one character if that is longer, that end where characters do."""
    start = 0
    while start < len(data):
        end = min(start + n_bytes, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80 and end > start:  # inside a character
            end -= 1
        if end == start:
            end += 1
            while end < len(data) and data[end] & 0xC0 == 0x80:
                end += 1
        yield Piece(data[start:end])
        start = end


def _count_characters(data: bytes) -> int | None:
    try:
        return len(data.decode())
    except UnicodeDecodeError:
        return None
