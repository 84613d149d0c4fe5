"""What goes in comes out, through every way in and out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import codelength

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.mark.parametrize("level", ["-1", "-3", "-9", "--level=2"])
def test_levels(run: Run, tmp_path: Path, text: bytes, level: str) -> None:
    (tmp_path / "a").write_bytes(text)
    assert run("clz", level, "a").returncode == 0
    assert (tmp_path / "a.clz").read_bytes() == codelength.compress(text, int(level[-1]))
    assert (tmp_path / "a").read_bytes() == text  # sources are kept
    (tmp_path / "a").unlink()
    assert run("clz", "-d", "a.clz").returncode == 0
    assert (tmp_path / "a").read_bytes() == text


def test_last_option_wins(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a").write_bytes(text)
    done = run("clz", "-d", "-9", "-o", "x", "--rm", "-k", "-1", "-z", "-c", "a")
    assert done.returncode == 0
    assert done.stdout == codelength.compress(text, 1)
    assert sorted(os.listdir(tmp_path)) == ["a"]


def test_pipes(run: Run, text: bytes) -> None:
    archive = codelength.compress(text)
    assert run("clz", input=text).stdout == archive
    assert run("clz", "-", input=text).stdout == archive
    assert run("clz", "--stdout", "-T2", input=text).stdout == archive
    restored = run("clz", "-d", input=archive)
    assert (restored.returncode, restored.stdout, restored.stderr) == (0, text, b"")


@pytest.mark.parametrize("content", [b"", b"x", bytes(70_000), os.urandom(5000)])
def test_corners(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert run("clz", "--rm", "a").returncode == 0
    assert os.listdir(tmp_path) == ["a.clz"]
    assert run("clz", "-d", "--rm", "a.clz").returncode == 0
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == content


def test_several_files(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a").write_bytes(text)
    (tmp_path / "-b").write_bytes(b"bbb")
    assert run("clz", "a", "--", "-b").returncode == 0
    assert run("clz", "-c", "-d", "a.clz", "--", "-b.clz").stdout == text + b"bbb"
    # Into one: the frames follow each other.
    assert run("clz", "-f", "-o", "both", "a", "--", "-b").returncode == 0
    assert run("clz", "-dc", "both").stdout == text + b"bbb"
    assert run("clz", "-dfo", "restored", "a.clz", "both").returncode == 0
    assert (tmp_path / "restored").read_bytes() == text + text + b"bbb"


def test_standard_input_among_files(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a").write_bytes(text)
    done = run("clz", "a", "-", input=b"piped")
    assert done.returncode == 0
    assert codelength.decompress(done.stdout) == b"piped"
    assert codelength.decompress((tmp_path / "a.clz").read_bytes()) == text


def test_aliases(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.clz").write_bytes(codelength.compress(text))
    assert run("clzcat", "a.clz", "a.clz").stdout == text + text
    assert run("unclz", "a.clz").returncode == 0
    assert (tmp_path / "a").read_bytes() == text
    assert run("unclz", "-c", "a.clz").stdout == text


def test_output_names(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "a").write_bytes(text)
    assert run("clz", "-o", "out/x", "in/a").returncode == 0
    assert run("clz", "-do", "out/y", "out/x").returncode == 0  # -o takes any name
    assert (tmp_path / "out" / "y").read_bytes() == text
    assert run("clz", "in/a", "--output-dir-flat", "out").returncode == 0
    assert run("clz", "-d", "out/a.clz", "--output-dir-flat=out").returncode == 0
    assert sorted(os.listdir(tmp_path / "out")) == ["a", "a.clz", "x", "y"]


@pytest.mark.skipif(os.name != "posix", reason="no POSIX here")
def test_recursion(run: Run, tmp_path: Path, text: bytes) -> None:
    folder = tmp_path / "d" / "e"
    folder.mkdir(parents=True)
    (tmp_path / "d" / "a").write_bytes(text)
    (folder / ".b").write_bytes(b"bbb")
    (folder / "link").symlink_to(tmp_path / "d" / "a")
    (folder / "loop").symlink_to(tmp_path / "d")
    os.mkfifo(folder / "fifo")  # nobody writes to it: opening it would wait for ever
    assert run("clz", "-r", "d").returncode == 0
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.clz"))
    assert made == ["d/a.clz", "d/e/.b.clz"]
    assert run("clz", "-rt", "d").stderr.endswith(b"2 files tested : %d bytes\n" % (len(text) + 3))
    # Once more: archives are not packed again.
    assert run("clz", "-rf", "d").returncode == 0
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.clz")) == made
    (tmp_path / "d" / "a").unlink()
    assert run("clz", "-rdf", "d").returncode == 0
    assert (tmp_path / "d" / "a").read_bytes() == text


def test_message(run: Run, tmp_path: Path, text: bytes) -> None:
    message = run("clz", "--message", "-9", input=text).stdout
    assert message == codelength.compress(text, 9, message=True)
    assert run("clz", "-d", "--message", input=message).stdout == text
    (tmp_path / "a").write_bytes(text)
    assert run("clz", "--message", "a", "-9", "--rm", "-o", "m").returncode == 0
    assert (tmp_path / "m").read_bytes() == message
    assert os.listdir(tmp_path) == ["m"]
    too_long = run("clz", "--message", input=bytes(65_536))
    assert (too_long.returncode, too_long.stdout) == (1, b"")
    assert too_long.stderr == b"clz: standard input: a message has at most 65535 bytes\n"


def test_check(run: Run, text: bytes) -> None:
    checked = run("clz", "--no-check", "--check", input=text).stdout
    unchecked = run("clz", "--no-check", input=text).stdout
    assert checked == codelength.compress(text)
    assert unchecked == codelength.compress(text, check=False)


@pytest.mark.skipif(os.name != "posix", reason="no POSIX here")
def test_attributes_are_kept(run: Run, tmp_path: Path, text: bytes) -> None:
    a = tmp_path / "a"
    a.write_bytes(text)
    os.utime(a, ns=(10**18, 10**18 + 123_456_789))
    a.chmod(0o640)
    assert run("clz", "--rm", "a").returncode == 0
    assert run("clz", "-d", "a.clz").returncode == 0
    for name in ("a.clz", "a"):
        status = (tmp_path / name).stat()
        assert status.st_mode & 0o7777 == 0o640
        assert status.st_mtime_ns == 10**18 + 123_456_789
    # From a pipe there is nothing to keep.
    done = run("sh", "-c", "umask 027; echo x | clz -o p")
    assert done.returncode == 0
    assert (tmp_path / "p").stat().st_mode & 0o7777 == 0o640


@pytest.mark.skipif(os.name != "posix" or shutil.which("tar") is None, reason="no tar here")
def test_tar(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "a").write_bytes(text)
    packed = run("tar", "-I", "clz", "-cf", "x.tar.clz", "dir")
    assert (packed.returncode, packed.stderr) == (0, b"")
    (tmp_path / "dir" / "a").unlink()
    unpacked = run("tar", "-I", "clz", "-xf", "x.tar.clz")
    assert (unpacked.returncode, unpacked.stderr) == (0, b"")
    assert (tmp_path / "dir" / "a").read_bytes() == text
    # tar reads blocks of 10 KiB and may stop before the end of its archive.
    assert b"dir/a" in run("tar", "-I", "clz -1 -T1", "-tf", "x.tar.clz").stdout
