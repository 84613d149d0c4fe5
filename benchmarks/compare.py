"""Compare clz with other compressors, on real files, by archives that were decoded and compared.

    python benchmarks/compare.py FILE_OR_FOLDER... --record results/NAME.json
    python benchmarks/compare.py --table results/NAME.json

Every file goes through every compressor, one after the other, before the next file does, so that a machine
that slows down slows all of them. A cell is one file under one compressor: sizes, seconds and peak memory
both ways, and whether the decoded bytes were those of the file. Cells are written to the record as they
come; a run that was stopped goes on where it was, and measures only what is not there yet.

Times are of whole processes, start-up included, by the wall clock and in processor seconds. Peak memory is
what the kernel counted for the process and its children; it cannot be seen below that of this script, which
the record states as a floor. Every compressor works on one thread.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import lzma
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compare_table import render

SCHEMA = "codelength.compare"
SCHEMA_VERSION = 1
CHUNK_BYTES = 1 << 20

CONTENT, ARCHIVE, RESTORED = "content", "archive", "restored"
"""What the files are called in the working folder: always the same, as some archives hold the name."""


@dataclass(frozen=True, slots=True)
class Compressor:
    """How to call one, in a folder that holds CONTENT. What is not written to a file is standard output."""

    name: str
    program: str
    compress: tuple[str, ...]
    decompress: tuple[str, ...]
    version: tuple[str, ...] = ()
    archive: str = ARCHIVE
    """Some insist on a suffix."""
    writes_archive: bool = True
    """False: `compress` writes to standard output, and `decompress` reads standard input."""
    writes_restored: bool = False
    """False: `decompress` writes to standard output."""


def like_gzip(name: str, program: str, *options: str, both: Sequence[str] = ()) -> Compressor:
    """A compressor with gzip's manners. The options `both` go to both directions."""
    return Compressor(
        name,
        program,
        (*options, *both, "-c", CONTENT),
        ("-d", *both, "-c"),
        version=("--version",),
        writes_archive=False,
    )


COMPRESSORS = {
    compressor.name: compressor
    for compressor in (
        *(like_gzip(f"clz -{level}", "clz", f"-{level}", both=("-T1",)) for level in range(1, 10)),
        like_gzip("gzip -9", "gzip", "-9"),
        like_gzip("bzip2 -9", "bzip2", "-9"),
        like_gzip("xz -9e", "xz", "-9e", both=("-T1",)),
        like_gzip("zstd -22", "zstd", "-22", "--ultra", "-T1"),
        like_gzip("brotli -q 11", "brotli", "-q", "11", both=("--large_window=30",)),
        like_gzip("brotli -q 11 -w 24", "brotli", "-q", "11", "-w", "24"),
        Compressor(
            "7z PPMd",
            "7z",
            ("a", "-m0=PPMd", "-mx=9", "-mmt=1", "-bd", f"{ARCHIVE}.7z", CONTENT),
            ("x", "-so", "-mmt=1", f"{ARCHIVE}.7z"),
            archive=f"{ARCHIVE}.7z",
        ),
        Compressor(
            "zpaq -m5",
            "zpaq",
            ("add", f"{ARCHIVE}.zpaq", CONTENT, "-m5", "-t1"),
            ("extract", f"{ARCHIVE}.zpaq", CONTENT, "-to", RESTORED, "-t1"),
            archive=f"{ARCHIVE}.zpaq",
            writes_restored=True,
        ),
        Compressor(
            "cmix",
            "cmix",
            ("-c", CONTENT, ARCHIVE),
            ("-d", ARCHIVE, RESTORED),
            writes_restored=True,
        ),
    )
}
USUAL = [
    name for name in COMPRESSORS if not name.startswith("clz -") or name in ("clz -1", "clz -3", "clz -9")
]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be compressed."""

    path: Path
    group: str
    """Its folder, as the table names it."""
    name: str
    is_packed: bool
    """True: what counts is the content of this .xz file."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class Failed(Exception):
    """A compressor did not do its work."""


def find_program(name: str) -> str | None:
    """Where a program is; ours is the one that belongs to this Python."""
    if name == "clz":
        return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    return shutil.which(name)


def find_sources(paths: Sequence[Path], unpack_xz: bool, excluded: Sequence[str]) -> Iterator[Source]:
    """Every file under the paths, in a fixed order, named by its folder below the path that was given."""
    for path in paths:
        for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
            if any(file.match(pattern) for pattern in excluded):
                continue
            root = path if path.is_dir() else file.parent
            group = file.parent.relative_to(root).as_posix()
            is_packed = unpack_xz and file.suffix == ".xz"
            name = file.stem if is_packed else file.name
            yield Source(file, root.resolve().name if group == "." else group, name, is_packed)


def place(source: Source, folder: Path) -> tuple[int, str]:
    """Put the content into the working folder. Returns its size in bytes and its SHA-256."""
    digest = hashlib.sha256()
    n_bytes = 0
    with source.path.open("rb") as file, (folder / CONTENT).open("wb") as copy:
        content = lzma.LZMAFile(file) if source.is_packed else file  # noqa: SIM115 - nothing of its own to close
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
            n_bytes += copy.write(chunk)
    return n_bytes, digest.hexdigest()


def run(command: Sequence[str], folder: Path, stdin: Path | None, stdout: Path | None) -> Usage:
    """Run a command to its end. Raises Failed if it says that it failed."""
    with (
        open(stdin or os.devnull, "rb") as source,
        open(stdout or os.devnull, "wb") as sink,
        tempfile.TemporaryFile() as said,
    ):
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdin=source, stdout=sink, stderr=said)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            reason = said.read().decode(errors="replace").strip()
            raise Failed(f"exit code {process.returncode}: {reason[-300:]}")
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def are_equal(one: Path, other: Path) -> bool:
    """Byte for byte, in little memory."""
    with one.open("rb") as a, other.open("rb") as b:
        while chunk := a.read(CHUNK_BYTES):
            if chunk != b.read(CHUNK_BYTES):
                return False
        return not b.read(1)


def measure(compressor: Compressor, program: str, folder: Path) -> dict[str, Any]:
    """One cell, of the content in the working folder."""
    archive, restored = folder / compressor.archive, folder / RESTORED
    for old in (archive, restored):
        old.unlink(missing_ok=True)
    try:
        is_filter = not compressor.writes_archive
        packing = run([program, *compressor.compress], folder, None, archive if is_filter else None)
        unpacking = run(
            [program, *compressor.decompress],
            folder,
            archive if is_filter else None,
            None if compressor.writes_restored else restored,
        )
        is_verified = restored.exists() and are_equal(folder / CONTENT, restored)
    except (Failed, OSError) as error:
        return {"verified": False, "error": str(error)}
    return {
        "verified": is_verified,
        "n_bytes_in": (folder / CONTENT).stat().st_size,
        "n_bytes_out": archive.stat().st_size,
        "compress_seconds": round(packing.seconds, 4),
        "compress_cpu_seconds": round(packing.cpu_seconds, 4),
        "compress_peak_bytes": packing.peak_bytes,
        "decompress_seconds": round(unpacking.seconds, 4),
        "decompress_cpu_seconds": round(unpacking.cpu_seconds, 4),
        "decompress_peak_bytes": unpacking.peak_bytes,
    }


def version_of(compressor: Compressor, program: str) -> str:
    """The first line a program says about itself that has a number in it."""
    done = subprocess.run(
        [program, *compressor.version], capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    line = next((line for line in lines if re.search(r"\d+\.\d+|\bv\d+", line)), "unknown")
    return line.strip().removeprefix("*** ").removesuffix(" ***")


def describe_machine() -> dict[str, Any]:
    """What the times depend on."""
    cpu = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            cpu = next(
                (line.partition(":")[2].strip() for line in info if line.startswith("model name")), cpu
            )
    except OSError:
        pass
    return {"cpu": cpu, "n_cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def describe_commit() -> str:
    """The commit of this checkout, marked if something in it differs."""
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD") or "unknown"
    # Records that are being written are not what a measurement depends on.
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)results")
    return f"{commit}-dirty" if changed else commit


def load(path: Path | None) -> dict[str, Any]:
    """A record, or an empty one. Raises ValueError for another kind of file."""
    if path is None or not path.exists():
        return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "runs": [], "files": [], "cells": []}
    record: dict[str, Any] = json.loads(path.read_text())
    if record.get("schema") != SCHEMA or record.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"{path} is no record of {SCHEMA}, version {SCHEMA_VERSION}")
    return record


def save(record: dict[str, Any], path: Path) -> None:
    """Write a record so that an interruption leaves the old one or the new one, one line for each entry."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for key, value in record.items():
        if isinstance(value, list) and value:
            entries = ",\n".join("  " + json.dumps(entry) for entry in value)
            parts.append(f" {json.dumps(key)}: [\n{entries}\n ]")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    temporary.replace(path)


def compare(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Measure all cells that the record does not have. True if every one of them was verified."""
    record = load(arguments.record)
    chosen = [COMPRESSORS[name] for name in arguments.compressors or USUAL]
    programs = {c.name: find_program(c.program) for c in chosen}
    for name in [name for name, program in programs.items() if program is None]:
        print(f"{name}: not installed, left out", file=sys.stderr)
    found = {c.name: (c, program) for c in chosen if (program := programs[c.name])}
    record["cells"] = [cell for cell in record["cells"] if cell["compressor"] not in (arguments.again or ())]
    record["cells"] = [cell for cell in record["cells"] if cell["verified"]]
    done = {(cell["sha256"], cell["compressor"]) for cell in record["cells"]}
    run_number = len(record["runs"])
    is_all_well = True
    with tempfile.TemporaryDirectory(prefix="compare-") as name:
        folder = Path(name)
        # A program that needs next to nothing shows what the kernel counts for this script.
        floor = run([shutil.which("true") or "true"], folder, None, None).peak_bytes
        this_run = {
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "command": arguments.command,
            "git_commit": describe_commit(),
            "machine": describe_machine(),
            "python": platform.python_version(),
            "peak_floor_bytes": floor,
            "compressors": {
                name: {
                    "version": version_of(compressor, program),
                    "compress": [compressor.program, *compressor.compress],
                    "decompress": [compressor.program, *compressor.decompress],
                }
                for name, (compressor, program) in found.items()
            },
        }
        for source in find_sources(arguments.paths, arguments.unpack_xz, arguments.exclude):
            n_bytes, sha256 = place(source, folder)
            file = {"group": source.group, "name": source.name, "n_bytes": n_bytes, "sha256": sha256}
            if file not in record["files"]:
                record["files"].append(file)
            for compressor, program in found.values():
                if (sha256, compressor.name) in done:
                    continue
                print(f"{source.group}/{source.name}: {compressor.name}", file=sys.stderr)
                cell = measure(compressor, program, folder)
                if not cell["verified"]:
                    is_all_well = False
                    reason = cell.get("error", "the decoded bytes differ")
                    print(
                        f"{source.group}/{source.name}: {compressor.name}: FAILED: {reason}", file=sys.stderr
                    )
                if len(record["runs"]) == run_number:
                    record["runs"].append(this_run)
                done.add((sha256, compressor.name))
                record["cells"].append(
                    {"sha256": sha256, "compressor": compressor.name, "run": run_number, **cell}
                )
                if arguments.record:
                    save(record, arguments.record)
    if arguments.record:
        save(record, arguments.record)
    return record, is_all_well


def _launch_line(arguments: Sequence[str]) -> str:
    """The command as a record may hold it: of paths outside this folder only the last part."""
    words = [
        os.path.basename(os.path.normpath(a)) if os.path.isabs(a) or a.startswith("..") else a
        for a in arguments
    ]
    return " ".join(
        ["python benchmarks/compare.py", *(f"'{word}'" if " " in word else word for word in words)]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 if every cell was verified, 1 if not, 2 for wrong usage."""
    line = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("--record", type=Path, help="JSON record to write, and to go on with")
    parser.add_argument("--table", type=Path, metavar="RECORD", help="only show a record as a table")
    parser.add_argument("--per-file", action="store_true", help="show the size of every file too")
    parser.add_argument("--cpu", action="store_true", help="show speeds by processor seconds")
    parser.add_argument(
        "--compressors",
        type=lambda text: [name.strip() for name in text.split(",")],
        metavar="NAME,NAME",
        help=f"which (usual: all but some levels of clz); known: {', '.join(COMPRESSORS)}",
    )
    parser.add_argument("--again", action="append", metavar="NAME", help="forget its cells and measure anew")
    parser.add_argument("--unpack-xz", action="store_true", help="of .xz files take the content")
    parser.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help="leave files out")
    options = parser.parse_args(line)
    if bool(options.table) == bool(options.paths):
        parser.error("name either files to compare or a record with --table")
    unknown = [
        name for name in (*(options.compressors or ()), *(options.again or ())) if name not in COMPRESSORS
    ]
    if unknown:
        parser.error(f"unknown compressor {unknown[0]!r}; known are {', '.join(COMPRESSORS)}")
    if missing := [path for path in options.paths if not path.exists()]:
        parser.error(f"{missing[0]} does not exist")
    is_all_well = True
    if options.table:
        record = load(options.table)
    else:
        options.command = _launch_line(line)
        record, is_all_well = compare(options)
    print(render(record, per_file=options.per_file, by_cpu=options.cpu), end="")
    return 0 if is_all_well else 1


if __name__ == "__main__":
    sys.exit(main())
