"""ClzFile and open: beside lzma's where both must agree, and what only ours does."""

from __future__ import annotations

import io
import lzma
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

import codelength
from codelength import ClzFile
from codelength.codec import table
from codelength.coding.frame import pack_skippable

TEXT = "".join(f"{n}: the quick brown fox jumps\n" for n in range(40)).encode()

Opener = Callable[..., io.BufferedIOBase]
BOTH = pytest.mark.parametrize("opener", [ClzFile, lzma.LZMAFile])


def outcome(call: Callable[[], object]) -> object:
    """What a call gives: a value, or the sort of its exception."""
    try:
        return call()
    except (ValueError, TypeError, OSError, EOFError) as error:
        return io.UnsupportedOperation if isinstance(error, io.UnsupportedOperation) else type(error)


def step(rng: random.Random, file: io.BufferedIOBase) -> tuple[str, object]:
    """One call, the same for the same state of the generator."""
    n = rng.choice((0, 1, 2, 30, 499, 500, 501, 5000, -1))
    whence = rng.choice((io.SEEK_SET, io.SEEK_CUR, io.SEEK_END))
    offset = rng.randrange(-600, 1800)
    buffer = bytearray(abs(n))
    name, call = rng.choice(
        (
            ("read", lambda: file.read(n)),
            ("readline", lambda: file.readline(n)),
            ("readlines", lambda: file.readlines(n)),
            ("readinto", lambda: (file.readinto(buffer), bytes(buffer))),
            ("next", lambda: next(file, None)),
            ("tell", file.tell),
            ("seek", lambda: file.seek(offset, whence)),
            ("read to the end", file.read),
            ("flags", lambda: (file.readable(), file.writable(), file.seekable(), file.closed)),
        )
    )
    return name, outcome(call)


@pytest.mark.parametrize("seed", range(40))
def test_reading_agrees_with_lzma(small_segments: int, seed: int) -> None:
    archives = (io.BytesIO(codelength.compress(TEXT, 1)), io.BytesIO(lzma.compress(TEXT)))
    with ClzFile(archives[0]) as ours, lzma.LZMAFile(archives[1]) as theirs:
        for n in range(40):
            assert step(random.Random(f"{seed} {n}"), ours) == step(random.Random(f"{seed} {n}"), theirs)


WRONG_CALLS: list[Callable[[io.BufferedIOBase], object]] = [
    lambda file: file.read(),
    lambda file: file.read1(),
    lambda file: file.readline(),
    lambda file: file.readinto(bytearray(3)),
    lambda file: file.readinto1(bytearray(3)),
    lambda file: file.peek(),  # type: ignore[attr-defined]
    lambda file: next(file),
    lambda file: file.write(b"a"),
    lambda file: file.write("a"),  # type: ignore[arg-type]
    lambda file: file.write(bytearray(5)),
    lambda file: file.write(memoryview(b"abcd").cast("H")),
    lambda file: file.writelines([b"a", b"b"]),
    lambda file: file.seek(0),
    lambda file: file.seek(1, 5),
    lambda file: file.tell(),
    lambda file: file.truncate(),
    lambda file: file.flush(),
    lambda file: file.fileno(),
    lambda file: file.readable(),
    lambda file: file.writable(),
    lambda file: file.seekable(),
    lambda file: file.closed,
    lambda file: file.close(),
    lambda file: file.close(),
    lambda file: file.detach(),
]


@pytest.mark.parametrize("state", ["reading", "writing", "closed"])
@pytest.mark.parametrize("number", range(len(WRONG_CALLS)))
def test_states_agree_with_lzma(state: str, number: int) -> None:
    results = []
    for opener, archive in ((ClzFile, codelength.compress(TEXT)), (lzma.LZMAFile, lzma.compress(TEXT))):
        file = opener(io.BytesIO(archive), "w" if state == "writing" else "r")
        if state == "closed":
            file.close()
        results.append(outcome(lambda file=file: WRONG_CALLS[number](file)))  # type: ignore[misc]
        file.close()
    if isinstance(results[0], bytes):  # peek and read1 may give more or less
        assert TEXT.startswith(results[0])
    else:
        assert results[0] == results[1]


@BOTH
def test_modes(opener: Opener, tmp_path: Path) -> None:
    path = tmp_path / "file"
    steps = (("w", b"ab"), ("ab", b"cd"), ("a", b"ef"), ("rb", b"abcdef"), ("wb", b"gh"), ("r", b"gh"))
    for mode, content in steps:
        with opener(path, mode) as file:
            if "r" in mode:
                assert file.read() == content
            else:
                assert file.write(content) == 2
                assert file.tell() == 2
    for mode in ("x", "xb"):
        with pytest.raises(FileExistsError):
            opener(path, mode)
        path.unlink()
        with opener(path, mode) as file:
            file.write(b"x")
    for mode in ("", "b", "rw", "r+", "rbt", "rt", "wt", "z", "bbr"):
        with pytest.raises(ValueError, match="mode"):
            opener(path, mode)
    with pytest.raises(FileNotFoundError):
        opener(tmp_path / "none")
    for wrong in (None, 5, object()):
        with pytest.raises(TypeError):
            opener(wrong)


@BOTH
def test_paths_and_file_objects(opener: Opener, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for name in (path, str(path), str(path).encode()):
        with opener(name, "w") as file:
            file.write(TEXT)
        with opener(name) as file:
            assert file.read() == TEXT
            assert file.fileno() > 0
    with open(path, "rb") as below:
        with opener(below) as file:
            assert file.read() == TEXT
            assert file.fileno() == below.fileno()
        assert not below.closed
        assert file.closed


@BOTH
def test_the_path_is_closed_with_the_file(opener: Opener, tmp_path: Path) -> None:
    file = opener(tmp_path / "file", "w")
    descriptor = file.fileno()
    file.close()
    file.close()
    with pytest.raises(OSError, match="descriptor"):
        io.FileIO(descriptor, closefd=False)


def test_name_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with ClzFile(path, "w") as file:
        assert (file.name, file.mode) == (str(path), "wb")
    with ClzFile(path) as file:
        assert (file.name, file.mode) == (str(path), "rb")
    with ClzFile(io.BytesIO(codelength.compress(b""))) as file, pytest.raises(AttributeError):
        _ = file.name


def test_level_is_for_writing_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for arguments in ({"level": 3}, {"model": 1}):
        with pytest.raises(TypeError):
            ClzFile(path, "r", **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="level"):
        ClzFile(path, "w", level=10)
    assert not path.exists()
    with ClzFile(path, "w", level=2, check=False) as file:
        file.write(TEXT)
    assert path.read_bytes() == codelength.compress(TEXT, 2, check=False)


def test_read1_and_peek(small_segments: int) -> None:
    with ClzFile(io.BytesIO(codelength.compress(TEXT, 1))) as file:
        peeked = file.peek()
        assert peeked
        assert file.tell() == 0
        parts = []
        while part := file.read1(70):
            assert len(part) <= 70
            parts.append(part)
        assert b"".join(parts) == TEXT
        assert file.peek() == b""
        assert file.read1() == b""


def test_small_segments_are_read_singly(small_segments: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seek decodes the segment that is wanted and no other."""
    from codelength.codec import segment

    decoded = []
    decode = segment._native.decode_segment

    def note(payload: bytes, n_bytes: int, *rest: int) -> bytes:
        decoded.append(n_bytes)
        return decode(payload, n_bytes, *rest)

    monkeypatch.setattr(segment._native, "decode_segment", note)
    content = (TEXT * 5)[:5300]
    with ClzFile(io.BytesIO(codelength.compress(content, 1))) as file:
        assert file.seek(0, io.SEEK_END) == 5300
        assert decoded == []
        file.seek(3100)
        assert file.read(50) == content[3100:3150]
        assert decoded == [500]
        file.seek(3400)
        file.seek(3001)
        assert file.read(50) == content[3001:3051]
        assert decoded == [500]
        file.seek(0)
        assert file.read() == content
        assert len(decoded) == 1 + 10


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_seeking(small_segments: int, samples: dict[str, bytes], threads: int) -> None:
    text = samples["text"][:2600]
    one = codelength.compress(text, 1)
    many = pack_skippable(b"abc") + codelength.compress(b"") + one + codelength.compress(b"xyz") + one
    rng = random.Random(threads)
    for archive, content in ((one, text), (many, text + b"xyz" + text)):
        with ClzFile(io.BytesIO(b"before" + archive)) as file, pytest.raises(codelength.FormatError):
            file.read()
        below = io.BytesIO(b"before" + archive)
        below.seek(6)
        with ClzFile(below, threads=threads) as file:
            assert file.read(700) == content[:700]
            for _ in range(12):
                start, n = rng.randrange(len(content)), rng.randrange(900)
                assert file.seek(start) == start
                assert file.read(n) == content[start : start + n]
            assert file.seek(-5, io.SEEK_END) == len(content) - 5
            assert file.read() == content[-5:]


def test_the_index_is_enough(small_segments: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the headers are not to be read")

    monkeypatch.setattr(table, "walk_headers", refuse)
    with ClzFile(io.BytesIO(codelength.compress(TEXT, 1))) as file:
        assert file.seek(700) == 700
        assert file.read() == TEXT[700:]


def test_without_seeking(small_segments: int, pipe: Callable[..., io.RawIOBase]) -> None:
    with ClzFile(pipe(codelength.compress(TEXT, 1))) as file:
        assert not file.seekable()
        assert file.read(10) == TEXT[:10]
        for whence in (0, 1, 2):
            with pytest.raises(io.UnsupportedOperation):
                file.seek(0, whence)
        assert file.tell() == 10
        assert file.read() == TEXT[10:]


def test_one_damaged_segment_leaves_the_others_readable(small_segments: int) -> None:
    archive = bytearray(codelength.compress(TEXT, 1))
    archive[20] ^= 1
    with ClzFile(io.BytesIO(archive)) as file:
        for _ in range(2):
            with pytest.raises(codelength.CorruptError):
                file.read(1)
        file.seek(600)
        assert file.read() == TEXT[600:]
        file.seek(0)
        with pytest.raises(codelength.CorruptError):
            file.read(1)


def test_a_cut_archive(small_segments: int) -> None:
    archive = codelength.compress(TEXT, 1)
    with ClzFile(io.BytesIO(archive[:-1])) as file:
        assert file.read(len(TEXT)) == TEXT
        for _ in range(2):
            with pytest.raises(EOFError):
                file.read(1)
        for _ in range(2):
            with pytest.raises(codelength.TruncatedError):
                file.seek(0, io.SEEK_END)
    for data in (b"", b"\xc1", archive[:5]):
        with ClzFile(io.BytesIO(data)) as file, pytest.raises(codelength.TruncatedError):
            file.read()


def test_after_a_failed_write_the_frame_stays_cut() -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            if self.tell() > 700:
                raise OSError(28, "No space left on device")
            return super().write(data)  # type: ignore[arg-type]

    below = Full()
    from codelength.codec import segmenter

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segmenter, "UNIT_BYTES", 500)
        with pytest.raises(OSError, match="No space"), ClzFile(below, "w") as file:
            file.writelines(random.Random(n).randbytes(100) for n in range(1000))
    assert file.closed
    with pytest.raises(codelength.TruncatedError):
        codelength.decompress(below.getvalue())


def test_text_modes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with codelength.open(path, "wt", encoding="utf-16-le", newline="\r\n") as file:
        file.write("Grüße\n世界\n")
    assert codelength.decompress(path.read_bytes()) == "Grüße\r\n世界\r\n".encode("utf-16-le")
    with codelength.open(path, "at", encoding="utf-16-le", newline="") as file:
        file.write("!")
    with codelength.open(path, "rt", encoding="utf-16-le") as file:
        assert list(file) == ["Grüße\n", "世界\n", "!"]
        file.seek(0)
        assert file.readline() == "Grüße\n"
    with codelength.open(path, "wt", encoding="ascii", errors="replace") as file:
        file.write("ü")
    with codelength.open(path) as binary:
        assert binary.read() == b"?"
    with codelength.open(tmp_path / "new", "xt", encoding="utf-8") as file:
        file.write("new")


def test_wrong_text_arguments(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for arguments in ({"encoding": "utf-8"}, {"errors": "strict"}, {"newline": ""}):
        with pytest.raises(ValueError, match="text"):
            codelength.open(path, "wb", **arguments)  # type: ignore[call-overload]
    for mode in ("rbt", "tb", "t", "rtt"):
        with pytest.raises(ValueError, match="mode"):
            codelength.open(path, mode)
    assert not path.exists()
    with pytest.raises(LookupError):
        codelength.open(path, "wt", encoding="no such encoding")


def test_tar_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.tar.clz"
    with ClzFile(path, "w", level=1) as below, tarfile.open(fileobj=below, mode="w") as archive:
        for name in ("a", "b"):
            info = tarfile.TarInfo(name)
            info.size = len(TEXT)
            archive.addfile(info, io.BytesIO(TEXT))
    with ClzFile(path) as below, tarfile.open(fileobj=below) as archive:
        assert archive.getnames() == ["a", "b"]
        member = archive.extractfile("b")
        assert member is not None
        assert member.read() == TEXT


def test_a_dropped_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    file = ClzFile(path, "w")
    file.write(TEXT)
    del file
    assert codelength.decompress(path.read_bytes()) == TEXT
