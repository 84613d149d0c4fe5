"""Records: files in which every measurement stands, with what made it, and from which all figures are drawn.

One file holds the facts of each run that wrote to it ("runs") and one object for each document under each
predictor ("measurements", each with the number of its run). It is replaced as a whole, so that it is complete
whenever it is read. A run that is given an existing file goes on with it: what is finished there, by hash of
the document, predictor and settings, is not measured again.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from codelength.measure.measurement import Measurement
from codelength.measure.replacing import replaced

__all__ = [
    "SCHEMA",
    "SCHEMA_VERSION",
    "Cell",
    "Records",
    "cell",
    "cell_of",
    "facts_of_run",
    "read",
    "write_whole",
]

SCHEMA, SCHEMA_VERSION = "codelength.measurements", 1

Cell = tuple[str, str, str]
"""Hash of the document, predictor, settings and facts as JSON."""

_LIBRARIES = (
    "numpy",
    "scipy",
    "torch",
    "transformers",
    "tokenizers",
    "Pillow",
    "soundfile",
    "zstandard",
    "brotli",
    "ray",
)
_SHARE_OF_TIME = 0.05
"""At most this share of a run goes into writing the file, however long it grows."""
_LEAST_PAUSE_S = 1.0


def cell(sha256: str, predictor: str, settings: Mapping[str, Any], facts: Mapping[str, str]) -> Cell:
    """What one measurement is found by.

    Another version of a compressor or another network is another cell. Of a language model the name must do,
    as its hash is known only when it is loaded: keep models that change at one path in records of their own.
    """
    known = {} if predictor.startswith("hf:") else dict(facts)
    return sha256, predictor, json.dumps([dict(settings), known], sort_keys=True)


def cell_of(measurement: Measurement) -> Cell:
    """What this one is found by."""
    return cell(measurement.sha256, measurement.predictor, measurement.settings, measurement.facts)


@dataclass(slots=True)
class Records:
    """Measurements and the runs that made them, in memory and perhaps in a file."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    run_of: list[int] = field(default_factory=list)
    """For each measurement the number of its run."""
    path: Path | None = None
    clock: Callable[[], float] = time.monotonic
    _pause_until: float = 0.0

    @classmethod
    def at(cls, path: str | os.PathLike[str] | None) -> Records:
        """The records in a file, or none yet. Raises ValueError for a file that is something else."""
        if path is None:
            return cls()
        where = Path(path)
        records = read(where) if where.exists() else cls()
        records.path = where
        return records

    def begin(self, facts: dict[str, Any]) -> None:
        """Measurements that follow are of a new run."""
        self.runs.append(facts)

    def add(self, measurement: Measurement, run: int | None = None) -> None:
        """Keep one, of this run or of an earlier one, and write the file if that was some time ago."""
        self.measurements.append(measurement)
        self.run_of.append(len(self.runs) - 1 if run is None else run)
        if self.path is not None and self.clock() >= self._pause_until:
            self.save()

    def finished(self) -> dict[Cell, Measurement]:
        """All measurements, by what they are found by."""
        return {cell_of(m): m for m in self.measurements}

    def only(self, measurements: Iterable[Measurement]) -> Records:
        """Some of the measurements, perhaps under other names of documents, each still of its run."""
        run_of = {cell_of(m): run for run, m in zip(self.run_of, self.measurements, strict=True)}
        kept = list(measurements)
        return Records(self.runs, kept, [run_of[cell_of(m)] for m in kept])

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        pairs = zip(self.run_of, self.measurements, strict=True)
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "runs": self.runs,
            "measurements": [{"run": run} | measurement.to_json() for run, measurement in pairs],
        }

    def save(self) -> None:
        """Write the file, whole or not at all. Raises OSError."""
        if self.path is None:
            return
        started = self.clock()
        write_whole(self.path, json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n")
        now = self.clock()
        self._pause_until = now + max(_LEAST_PAUSE_S, (now - started) / _SHARE_OF_TIME)


def read(path: str | os.PathLike[str]) -> Records:
    """The records in a file. Raises OSError, and ValueError for a file that holds something else."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        if content["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"its schema version is {content['schema_version']}, known is {SCHEMA_VERSION}")
        rows = content["measurements"]
        measurements = [Measurement.from_json(row) for row in rows]
        return Records(
            [_checked(run) for run in content["runs"]], measurements, [int(row["run"]) for row in rows]
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{os.fspath(path)} holds no measurements: {what}") from None


def _checked(run: Any) -> dict[str, Any]:
    """The facts of a run, if they can be such. Raises ValueError, TypeError."""
    if not isinstance(run, dict) or not all(isinstance(word, str) for word in run.get("command", [])):
        raise ValueError("its runs are not those of a record")
    return run


def facts_of_run(command: Sequence[str], seed: int = 0) -> dict[str, Any]:
    """What a record says of its run: versions, machine, command line, seed, time."""
    from codelength import __version__

    return {
        "codelength_version": __version__,
        "versions": {"python": platform.python_version(), **_versions(_LIBRARIES)},
        "machine": {
            "system": platform.system(),
            "machine": platform.machine(),
            "processor": _processor(),
            "n_cpus": os.cpu_count(),
        },
        "command": list(command),
        "seed": seed,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _versions(libraries: Iterable[str]) -> dict[str, str]:
    """Of those that are installed: what may have had a part in a figure. Nothing is imported for it."""
    versions = {}
    for library in libraries:
        with suppress(metadata.PackageNotFoundError):
            versions[library] = metadata.version(library)
    return versions


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def write_whole(path: Path, text: str) -> None:
    """Write a text file, whole or not at all. Raises OSError."""
    with replaced(path) as file:
        file.write(text.encode())
