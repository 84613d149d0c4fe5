"""The record of an experiment: a file with the result and all that made it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codelength.experiments.registry import load
from codelength.experiments.result import Result
from codelength.experiments.task import Task
from codelength.measure.records import facts_of_run, write_whole

__all__ = ["Record", "read", "run"]

SCHEMA, SCHEMA_VERSION = "codelength.experiment", 1


@dataclass(frozen=True, slots=True)
class Record:
    """A result, the task that it answers, and the run that made it."""

    result: Result
    task: Mapping[str, Any]
    run: Mapping[str, Any]
    seconds: float
    was_read: bool = False
    """Whether it stood in the folder already."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "task": dict(self.task),
            "run": dict(self.run),
            "seconds": round(self.seconds, 3),
            "result": self.result.to_json(),
        }


def read(path: str | os.PathLike[str]) -> Record:
    """The record in a file. Raises OSError, and ValueError for a file that holds something else."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        if content["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"its schema version is {content['schema_version']}, known is {SCHEMA_VERSION}")
        result = Result.from_json(content["result"])
        return Record(result, content["task"], content["run"], float(content["seconds"]), was_read=True)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{os.fspath(path)} holds no experiment: {error}") from None


def run(task: Task, folder: Path | None, command: Sequence[str] = ()) -> Record:
    """Do the experiment, or read it if `folder` holds it already, done as the same task.

    Its record is written to NAME.json in `folder`. What was done of an experiment that was stopped is in
    NAME.parts.json, which is removed at the end. Raises MissingInputError, LookupError, OSError, and
    ModuleNotFoundError that names the extra to install.
    """
    path = None if folder is None else folder / f"{task.name}.json"
    key = task.key()
    if path is not None and path.exists():
        try:
            found = read(path)
        except ValueError:
            found = None  # of another version, or cut: it is made anew
        if found is not None and found.task == key:
            return found
    facts = facts_of_run(command, task.seed)
    started = time.perf_counter()
    result = load(task.name)(task)
    record = Record(result, key, facts, time.perf_counter() - started)
    if path is not None:
        write_whole(path, json.dumps(record.to_json(), ensure_ascii=False, allow_nan=False) + "\n")
        if task.parts_path is not None:
            task.parts_path.unlink(missing_ok=True)
    return record
