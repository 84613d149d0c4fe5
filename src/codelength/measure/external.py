"""Compressors that are programs of their own, as meters, where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from codelength.errors import ModelNotFoundError
from codelength.measure.coders import Coder
from codelength.measure.meters import Meter, Options, number
from codelength.measure.preparation import Piece

__all__ = ["cmix_meter", "zpaq_meter"]

_CONTENT, _ARCHIVE, _RESTORED = "content", "archive.zpaq", "restored"
"""Names in the working folder: always the same, as archives of zpaq hold them."""


def zpaq_meter(name: str, options: Options) -> Meter:
    """zpaq, method 5 unless another is given, one thread. Its archive holds the file's name and date."""
    method = number(name, 5, 0, 5)
    add = ["add", _ARCHIVE, _CONTENT, f"-m{method}", "-t1"]
    extract = ["extract", _ARCHIVE, _CONTENT, "-to", _RESTORED, "-t1"]
    return _program_meter(name, options, "zpaq", add, extract)


def cmix_meter(name: str, options: Options) -> Meter:
    """cmix without its English dictionary. Very slow: minutes for 100 kB, both ways."""
    return _program_meter(name, options, "cmix", ["-c", _CONTENT, _ARCHIVE], ["-d", _ARCHIVE, _RESTORED])


def _program_meter(
    name: str, options: Options, program: str, compress: Sequence[str], decompress: Sequence[str]
) -> Meter:
    path = shutil.which(program)
    if path is None:
        raise ModelNotFoundError(f"{name} needs the program {program}, which is not installed")
    where = str(path)

    def to_code(piece: Piece) -> bytes:
        return _run([where, *compress], _CONTENT, piece.data, _ARCHIVE)

    def from_code(code: bytes, _: Piece) -> bytes:
        return _run([where, *decompress], _ARCHIVE, code, _RESTORED)

    return Coder(name, options, to_code, from_code, {})


def _run(command: Sequence[str], given_name: str, given: bytes, wanted_name: str) -> bytes:
    """What the program makes of one file in a folder of its own. Raises OSError if it makes nothing."""
    with tempfile.TemporaryDirectory(prefix="codelength-") as folder:
        (Path(folder) / given_name).write_bytes(given)
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        wanted = Path(folder) / wanted_name
        if done.returncode != 0 or not wanted.is_file():
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise OSError(f"{Path(command[0]).name} failed ({done.returncode}): {''.join(last)}")
        return wanted.read_bytes()
