"""What tests of experiments need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from codelength.experiments.record import Record, run
from codelength.experiments.result import Result, Verdict
from codelength.experiments.task import Task

Try = Callable[..., Result]


@pytest.fixture
def tiny(tmp_path: Path) -> Try:
    """Runs an experiment at its tiny size; checks that its record says the same, and can be drawn."""

    def try_it(name: str, data: Path | None = None, seed: int = 0) -> Result:
        seen: list[float] = []
        task = Task(name, "tiny", seed, data, on_progress=lambda _words, share: seen.append(share))
        record: Record = run(task, tmp_path)
        result = record.result
        again = run(Task(name, "tiny", seed, data), tmp_path)
        assert again.was_read
        assert again.result.to_json() == result.to_json()
        assert seen == sorted(seen)
        assert seen[-1] == 1.0, "the number of parts is wrong"
        assert result.name == name
        assert result.claim
        assert result.source
        assert result.reason
        assert result.verdict in Verdict
        assert result.quantities
        assert all(quantity.unit for quantity in result.quantities)
        return result

    return try_it
