"""`clz -l`: the table of what archives hold."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import codelength
from codelength.coding.frame import pack_skippable

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def test_table(run: Run, tmp_path: Path, samples: dict[str, bytes]) -> None:
    random = codelength.compress(samples["random"])
    (tmp_path / "random.clz").write_bytes(random)
    (tmp_path / "two.clz").write_bytes(
        random + pack_skippable(b"12345") + codelength.compress(b"", check=False)
    )
    done = run("clz", "-l", "random.clz", "two.clz")
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == [
        "Frames  Segments  Compressed  Uncompressed  Ratio  Check   Model  Filename",
        "     1         1    2.94 KiB      2.93 KiB  0.997  CRC32  stored  random.clz",
        "     3         2    2.96 KiB      2.93 KiB  0.991   some  stored  two.clz",
        "-" * len("     1         1    2.94 KiB      2.93 KiB  0.997  CRC32  stored  random.clz"),
        "     4         3    5.89 KiB      5.86 KiB  0.994   some  stored  2 files",
    ]


def test_segments(run: Run, tmp_path: Path, text: bytes) -> None:
    compressor = codelength.Compressor(level=1)
    archive = compressor.compress(text) + compressor.flush(compressor.FLUSH_BLOCK)
    archive += compressor.compress(b"0123456789") + compressor.flush()
    (tmp_path / "a.clz").write_bytes(archive)
    lines = run("clz", "-lv", "a.clz").stdout.decode().splitlines()
    assert lines[1].split() == ["1", "2", *lines[1].split()[2:]]
    assert lines[3] == "a.clz"
    assert lines[4].split()[:3] == ["Frame", "Segment", "Offset"]
    first, second = lines[5].split(), lines[6].split()
    assert (first[:2], second[:2]) == (["1", "1"], ["1", "2"])
    assert first[4] == str(len(text))
    assert int(second[2]) > int(first[2]) + int(first[3]) - 1
    assert second[4] == "10"
    assert second[7] == "stored"


def test_pipe(run: Run, text: bytes) -> None:
    done = run("clz", "-l", input=codelength.compress(text))
    assert done.returncode == 0
    assert done.stdout.endswith(b"  -\n")


def test_what_made_it_has_a_name(run: Run, tmp_path: Path, text: bytes) -> None:
    prose = (b"A letter that nobody has written yet says more than one would think. " * 4)[:250]
    archive = codelength.compress(prose)
    (tmp_path / "a.clz").write_bytes(archive)
    (tmp_path / "b.clz").write_bytes(archive[:4] + bytes(8) + archive[12:])
    assert run("clz", "-lv", "a.clz").stdout.decode().split()[-3:-1] == ["CRC32", "5:small"]
    assert run("clz", "-l", "b.clz").stdout.decode().split()[-2:] == ["5:" + "00" * 8, "b.clz"]
