"""Each line here is a script, and exactly what it must say: exit code, standard output, standard error.

The folder holds `a` (7 bytes), `a.clz`, `b` (no archive), `cut.clz`, `junk.clz`, `big.clz`, a directory `d`.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import codelength

Run = Callable[..., subprocess.CompletedProcess[bytes]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripts are for a shell")

TRY = "Try 'clz -h' for help.\n"
DIRECTORY = "is a directory; pack it with tar -I clz -cf d.tar.clz d, or take each file in it with -r"
LOST = "clz: all inputs go into one x; their names will be lost\n"

# script, exit code, standard output, standard error
SCRIPTS = [
    # What it says when all goes well.
    ("clz b", 0, "", "b : 121.43% (42 B => 51 B, 9.714 bpb, b.clz)\n"),
    ("clz -q b", 0, "", ""),
    ("clz -f a b", 0, "", "2 files compressed : 136.73% (49 B => 67 B, 10.939 bpb)\n"),
    ("clz -c a >x", 0, "", ""),
    ("clz -df a.clz", 0, "", "a.clz : 7 bytes\n"),
    ("clz -t a.clz", 0, "", "a.clz : 7 bytes\n"),
    ("clz -t < a.clz", 0, "", "standard input : 7 bytes\n"),
    ("clz -dc a.clz", 0, "qzxjkvw", ""),
    ("clz -qV", 0, f"{codelength.__version__}\n", ""),
    ("clz -V", 0, f"clz {codelength.__version__}, format 1\n", ""),
    ("unclz --version -v", 0, f"clz {codelength.__version__}, format 1\n", ""),
    # Wrong usage: 2.
    ("clz --level 10 a", 2, "", "clz: Invalid value for '--level': 10 is not in the range 1<=x<=9.\n" + TRY),
    ("clz -19 a", 2, "", "clz: there is no level 19: levels are -1 to -9\n" + TRY),
    ("clz -M x a", 2, "", "clz: Invalid value for '-M' / '--memory': "
                          "'x' is no size; write 500M, 300K or 2G\n" + TRY),
    ("clz -c a --output-dir-flat d", 2, "", "clz: --output-dir-flat goes with neither -o nor -c\n" + TRY),
    ("clz a --output-dir-flat a", 2, "", "clz: --output-dir-flat: a is not a directory\n" + TRY),
    ("clz --message a", 2, "", "clz: --message needs -o OUTPUT or -c\n" + TRY),
    ("clz --message a b -o x", 2, "", "clz: --message takes one input\n" + TRY),
    ("clz --message -l a", 2, "", "clz: a message holds nothing to list\n" + TRY),
    # A file failed: 1, and the others are still processed.
    ("clz nofile b", 1, "", "clz: nofile: No such file or directory\n"
                            "1 of 2 files compressed : 121.43% (42 B => 51 B, 9.714 bpb)\n"),
    ("clz -qq nofile", 1, "", ""),
    ("clz a", 1, "", "clz: a: a.clz already exists; not overwritten (-f overwrites)\n"),
    ("clz d", 1, "", f"clz: d: {DIRECTORY}\n"),
    ("clz -d d", 1, "", "clz: d: is a directory; -r takes the .clz files in it\n"),
    ("clz -o d a", 1, "", "clz: a: d is a directory\n"),
    ("clz -f -o a a", 1, "", "clz: a: writing a would overwrite an input\n"),
    ("clz -f -o a < a", 1, "", "clz: standard input: writing a would overwrite an input\n"),
    ("clz -c a >> a", 1, "", "clz: a: standard output is the same file\n"),
    ("clz -d b", 1, "", "clz: b: unknown suffix (.clz expected); name the output with -o, or use -c\n"),
    ("clz -d -o x b", 1, "", "clz: b: this is not a clz archive\n"),
    ("clz -t b a.clz", 1, "", "clz: b: this is not a clz archive\n1 of 2 files tested : 7 bytes\n"),
    ("clz -l b", 1, "", "clz: b: this is not a clz archive\n"),
    ("clz -d cut.clz", 1, "", "clz: cut.clz: the input ends inside frame 1 of the archive\n"),
    ("clz -t junk.clz", 1, "", "clz: junk.clz: junk follows the end of the archive, at byte 16\n"),
    ("clz -d < b", 1, "", "clz: standard input: this is not a clz archive\n"),
    ("clz -d < /dev/null", 1, "", "clz: standard input: the input is empty: "
                             "an archive has at least one frame\n"),
    ("clz a b -o x", 1, "", LOST + "clz: x: several inputs go into one file only with -f\n"),
    ("clz -f a nofile -o x", 1, "", LOST + "clz: nofile: No such file or directory\n"
                                            "clz: x: not written, as an input failed\n"),
    ("clz -f a b -o x --rm -q", 0, "", ""),
    ("clz a --output-dir-flat d - < b", 1, "", "clz: standard input: has no name for an output; use -o\n"
                                             "1 of 2 files compressed : 228.57% (7 B => 16 B, 18.286 bpb)\n"),
    ("clz -f d/../a a", 1, "", "clz: a: a.clz was already written from another input; not overwritten\n"
                              "1 of 2 files compressed : 228.57% (7 B => 16 B, 18.286 bpb)\n"),
    ("clz -o no/such a", 1, "", "clz: no/such: No such file or directory\n"),
    ("clz -o a/x a", 1, "", "clz: a/x: Not a directory\n"),
    ("clz -c /proc/self/mem", 1, "", "clz: /proc/self/mem: Input/output error\n"),
    ("clz -f -o /dev/full a", 1, "", "clz: /dev/full: No space left on device\n"),
    ("clz -c a > /dev/full", 1, "", "clz: standard output: No space left on device\n"),
    ("clz -l a.clz > /dev/full", 1, "", "clz: standard output: No space left on device\n"),
    ("clz -h > /dev/full", 1, "", "clz: standard output: No space left on device\n"),
    ("clz -c a >&-", 1, "", "clz: a: standard output is closed\n"),
    ("clz <&-", 1, "", "clz: standard input: standard input is closed\n"),
    ("clz 'nö\tfile'", 1, "", "clz: nö\\tfile: No such file or directory\n"),
    ("clz -t -M1K a.clz", 0, "", "a.clz : 7 bytes\n"),
    ("clz -t -M1K big.clz", 1, "", "clz: big.clz: decoding needs # of memory; the limit is 1.00 KiB (-M)\n"),
    ("clz -t -M1K < big.clz", 1, "", "clz: standard input: decoding needs # of memory; "
                                      "the limit is 1.00 KiB (-M)\n"),
    ("cat big.clz | clz -t -M1", 1, "", "clz: standard input: decoding from a pipe may need # of memory; "
                                       "the limit is 1.00 MiB (-M)\n"),
    ("clz -t -M4G -T7 -q big.clz", 0, "", ""),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, text: bytes) -> Path:
    # Contents that no predictor makes smaller: they are stored, and the sizes below hold for every predictor.
    archive = codelength.compress(b"qzxjkvw")
    files = {
        "a": b"qzxjkvw",
        "a.clz": archive,
        "b": hashlib.sha512(b"not a frame").digest()[:42],
        "cut.clz": archive[:-3],
        "junk.clz": archive + b"junk",
        "big.clz": codelength.compress(text),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "d").mkdir()
    return tmp_path


@pytest.mark.parametrize(("script", "code", "output", "error"), SCRIPTS, ids=[row[0] for row in SCRIPTS])
def test_script(run: Run, folder: Path, script: str, code: int, output: str, error: str) -> None:
    for path in ("/proc/self/mem", "/dev/full"):
        if path in script and not Path(path).exists():
            pytest.skip(f"no {path} here")
    before = {path.name for path in folder.iterdir()}
    done = run("sh", "-c", script)
    said = done.stderr.decode()
    if "#" in error:
        said = re.sub(r"[\d.]+ (B|KiB|MiB|GiB) of", "# of", said)
    assert (done.returncode, done.stdout.decode(), said) == (code, output, error)
    left = {path.name for path in folder.iterdir()} - before
    assert left <= {"b.clz", "x", "d", "a.clz"}, "a temporary file was left"
    if code and "x" not in script.split(">")[-1]:
        assert "x" not in left
