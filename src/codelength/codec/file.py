"""Archives as files: `ClzFile` and `open`, in the shapes of `lzma`."""

from __future__ import annotations

import builtins
import io
import os
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast, overload

from codelength.codec.buffers import byte_view
from codelength.codec.incremental import Compressor
from codelength.codec.partial_io import write_all
from codelength.codec.reader import ArchiveReader

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from typing_extensions import Buffer

READ_AHEAD_BYTES = 1 << 17

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class ClzFile(io.BufferedIOBase):
    """An archive, read or written as a file of its content.

    Reading takes memory for one segment (up to 32 MiB of content) and for the predictor, whatever the size of
    the file. Concatenated frames are read as one content.

    A seek needs a file that can seek. It finds the segment through the index and decodes it from its
    beginning: up to 32,000,000 bytes of work, for archives of any size; seeks inside the segment at hand cost
    nothing. Where the file cannot seek, `seekable()` is False and `seek` raises io.UnsupportedOperation.

    Args:
        file: a path, or a binary file object, which is not closed with this one.
        mode: "r", "w", "x" or "a", with or without "b". "a" adds a frame.
        level, model, check: as of `compress`, for writing.
        threads: how many to use at most; None is one for each CPU. For reading, as many segments are decoded
            ahead.

    Raises:
        ValueError: a mode, level or model that does not exist.
        TypeError: `file` is neither a path nor a file object, or a level or model is given for reading.
        OSError: as of the built-in `open`.
    """

    _file: BinaryIO | None = None
    closes_file = False
    """Whether `close` closes the underlying file: true if a path was given."""
    _compressor: Compressor | None = None
    _reader: io.BufferedReader | None = None
    _n_written = 0
    _failed = False  # a write was lost: the archive must stay visibly cut

    def __init__(
        self,
        file: Path | BinaryIO,
        mode: str = "r",
        *,
        level: int | None = None,
        model: int | str | os.PathLike[str] | None = None,
        check: bool = True,
        threads: int | None = 1,
    ) -> None:
        letter = mode.replace("b", "", 1)
        if letter not in ("r", "w", "x", "a"):
            raise ValueError(f"invalid mode: {mode!r}")
        if letter == "r":
            if level is not None or model is not None:
                raise TypeError("level and model are for writing; an archive knows how it is to be read")
        else:
            self._compressor = Compressor(level, model=model, check=check, threads=threads)
        if isinstance(file, (str, bytes, os.PathLike)):
            opened = cast(BinaryIO, builtins.open(file, letter + "b"))  # noqa: SIM115
            self.closes_file = True
        elif hasattr(file, "read" if letter == "r" else "write"):
            opened = file
        else:
            raise TypeError(f"file must be a path or a binary file object, not {type(file).__name__}")
        self._file = opened
        if letter == "r":
            try:
                self._reader = io.BufferedReader(ArchiveReader(opened, threads), READ_AHEAD_BYTES)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Ends the frame, when writing, and closes the file if a path was given. May be called again.

        After a write that failed the frame is not ended, so that no reader takes it for whole.
        """
        file, self._file = self._file, None
        reader, self._reader = self._reader, None
        compressor, self._compressor = self._compressor, None
        if file is None:
            return
        try:
            if reader is not None:
                reader.close()
            elif compressor is not None and not self._failed:
                write_all(file, compressor.flush())
        finally:
            if self.closes_file:
                file.close()

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._file is None

    @property
    def name(self) -> Any:
        """Name of the underlying file. Raises AttributeError if it has none."""
        return self._open_file().name

    @property
    def mode(self) -> Literal["rb", "wb"]:
        """The string "rb" or "wb"."""
        return "rb" if self.readable() else "wb"

    def fileno(self) -> int:
        """Descriptor of the underlying file."""
        return self._open_file().fileno()

    def readable(self) -> bool:
        """True if open for reading."""
        self._open_file()
        return self._reader is not None

    def writable(self) -> bool:
        """True if open for writing."""
        self._open_file()
        return self._compressor is not None

    def seekable(self) -> bool:
        """True if open for reading a file that can seek."""
        return self.readable() and self._open_reader().seekable()

    def peek(self, size: int = -1) -> bytes:
        """Some bytes from here on, at least one unless at the end, without moving."""
        return self._open_reader().peek(size)

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, fewer only at the end; all for a negative size or None.

        Raises what `decompress` does: TruncatedError, an EOFError, where the archive ends too early.
        """
        return self._open_reader().read(size)

    def read1(self, size: int = -1) -> bytes:
        """Up to `size` bytes, decoding at most one segment; at the end b""."""
        return self._open_reader().read1(io.DEFAULT_BUFFER_SIZE if size < 0 else size)

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills `buffer`; returns the number of bytes, fewer only at the end."""
        return self._open_reader().readinto(buffer)

    def readinto1(self, buffer: WriteableBuffer) -> int:
        """Fills some of `buffer`, decoding at most one segment; returns the number of bytes."""
        return self._open_reader().readinto1(buffer)

    def readline(self, size: int | None = -1) -> bytes:
        """A line with its end, at most `size` bytes of it if that is not negative; at the end b""."""
        return self._open_reader().readline(size)

    def write(self, data: Buffer) -> int:
        """Writes some content; returns its number of bytes.

        Up to 64,000,000 bytes are held back until `close`.
        """
        self._open_file()
        if self._compressor is None:
            raise io.UnsupportedOperation("file not open for writing")
        view = byte_view(data)
        try:
            write_all(self._open_file(), self._compressor.compress(view))
        except BaseException:
            self._failed = True
            raise
        self._n_written += view.nbytes
        return view.nbytes

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to a position in the content, in bytes, and returns it; see the class for the cost.

        Positions before the beginning and after the end mean the beginning and the end. Raises
        io.UnsupportedOperation when writing or where the file cannot seek.
        """
        reader = self._open_reader()
        return reader.seek(offset, whence)

    def tell(self) -> int:
        """Position in the content, in bytes."""
        self._open_file()
        return self._n_written if self._reader is None else self._reader.tell()

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("I/O operation on closed file")
        return self._file

    def _open_reader(self) -> io.BufferedReader:
        self._open_file()
        if self._reader is None:
            raise io.UnsupportedOperation("file not open for reading")
        return self._reader


@overload
def open(
    file: Path | BinaryIO,
    mode: Literal["r", "rb", "w", "wb", "x", "xb", "a", "ab"] = "rb",
    *,
    level: int | None = None,
    model: int | str | os.PathLike[str] | None = None,
    check: bool = True,
    threads: int | None = 1,
    encoding: None = None,
    errors: None = None,
    newline: None = None,
) -> ClzFile: ...


@overload
def open(
    file: Path | BinaryIO,
    mode: Literal["rt", "wt", "xt", "at"],
    *,
    level: int | None = None,
    model: int | str | os.PathLike[str] | None = None,
    check: bool = True,
    threads: int | None = 1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> io.TextIOWrapper: ...


@overload
def open(
    file: Path | BinaryIO,
    mode: str,
    *,
    level: int | None = None,
    model: int | str | os.PathLike[str] | None = None,
    check: bool = True,
    threads: int | None = 1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> ClzFile | io.TextIOWrapper: ...


def open(
    file: Path | BinaryIO,
    mode: str = "rb",
    *,
    level: int | None = None,
    model: int | str | os.PathLike[str] | None = None,
    check: bool = True,
    threads: int | None = 1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> ClzFile | io.TextIOWrapper:
    """Opens an archive as a file of its content: a `ClzFile`, or a text file over one for the modes "rt",
    "wt", "xt", "at".

    `encoding`, `errors` and `newline` are those of the built-in `open`; the other arguments and the
    exceptions are those of `ClzFile`. Raises ValueError for text arguments in a binary mode.
    """
    if "t" in mode:
        if "b" in mode:
            raise ValueError(f"invalid mode: {mode!r}")
        mode = mode.replace("t", "", 1)
        binary = ClzFile(file, mode, level=level, model=model, check=check, threads=threads)
        try:
            return io.TextIOWrapper(binary, io.text_encoding(encoding), errors, newline)
        except BaseException:
            binary.close()
            raise
    for name, value in (("encoding", encoding), ("errors", errors), ("newline", newline)):
        if value is not None:
            raise ValueError(f"argument {name!r} is for the text modes only")
    return ClzFile(file, mode, level=level, model=model, check=check, threads=threads)
