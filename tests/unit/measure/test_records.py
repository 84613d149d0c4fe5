"""Records: what is written is read again, whole or not at all."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from codelength.measure import meters, records
from codelength.measure.documents import Document
from codelength.measure.measurement import Measurement
from codelength.measure.positions import Positions
from codelength.measure.records import Records, facts_of_run, read


@pytest.fixture
def measurement() -> Measurement:
    return replace(meters.get("kt:1").measure(Document.of("a", b"abracadabra")), lengths=None)


def test_round_trip(measurement: Measurement, tmp_path: Path) -> None:
    kept = Records.at(tmp_path / "r.json")
    kept.begin(facts_of_run(["codelength", "measure"], seed=7))
    kept.add(measurement)
    kept.add(
        replace(measurement, document="b", length_bits=math.inf, positions=Positions((math.inf,), (11,)))
    )
    kept.save()
    again = read(tmp_path / "r.json")
    assert again.measurements == kept.measurements
    assert again.runs == kept.runs
    assert again.run_of == [0, 0]
    assert again.finished() == kept.finished()


def test_what_stands_in_a_file(measurement: Measurement, tmp_path: Path) -> None:
    kept = Records.at(tmp_path / "r.json")
    kept.begin(facts_of_run(["codelength", "measure", "kt:1", "a"]))
    kept.add(measurement)
    content = json.loads((tmp_path / "r.json").read_text())
    assert (content["schema"], content["schema_version"]) == ("codelength.measurements", 1)
    [run] = content["runs"]
    assert set(run) == {"codelength_version", "versions", "machine", "command", "seed", "started"}
    assert {"python", "numpy"} <= set(run["versions"])
    [row] = content["measurements"]
    assert (row["schema"], row["schema_version"], row["run"]) == ("codelength.measurement", 1, 0)
    assert row["sha256"] == "045babdcd2118960e8c8b8e0ecf65b734686e1b18f58710c9646779f49e942ae"
    assert row["rate_bpb"] == row["length_bits"] / 11
    assert row["settings"] == {"as": "bytes", "chunk_bytes": None}
    assert row["positions"]["n_bytes"] == [1, 1, 2, 4, 3]


def test_runs_add_up(measurement: Measurement, tmp_path: Path) -> None:
    for name in "ab":
        kept = Records.at(tmp_path / "r.json")
        kept.begin({"name": name})
        kept.add(replace(measurement, document=name, sha256=name))
        kept.save()
    again = read(tmp_path / "r.json")
    assert [run["name"] for run in again.runs] == ["a", "b"]
    assert again.run_of == [0, 1]


def test_a_failed_write_leaves_the_old_file(
    measurement: Measurement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Records.at(tmp_path / "r.json")
    kept.begin({})
    kept.add(measurement)
    before = (tmp_path / "r.json").read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(records.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        kept.save()
    assert (tmp_path / "r.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_long_file_is_not_written_for_every_document(measurement: Measurement, tmp_path: Path) -> None:
    now = 0.0
    kept = Records(path=tmp_path / "r.json", clock=lambda: now)
    kept.begin({})
    kept.add(measurement)
    kept.add(measurement)
    assert len(read(tmp_path / "r.json").measurements) == 1
    now = 1.5
    kept.add(measurement)
    assert len(read(tmp_path / "r.json").measurements) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "not json",
        '{"schema": "codelength.measurements"}',
        '{"schema": "codelength.measurements", "schema_version": 2, "runs": [], "measurements": []}',
        '{"schema": "codelength.measurements", "schema_version": 1, "runs": [], "measurements": [{}]}',
        '{"schema": "codelength.measurements", "schema_version": 1, "runs": [], "measurements": [3]}',
        "[" * 100_000,
    ],
)
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(ValueError, match=r"r\.json holds no measurements"):
        Records.at(tmp_path / "r.json")


def test_missing_field(measurement: Measurement, tmp_path: Path) -> None:
    kept = Records.at(tmp_path / "r.json")
    kept.begin({})
    kept.add(measurement)
    content = json.loads((tmp_path / "r.json").read_text())
    del content["measurements"][0]["n_bytes"]
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="it has no 'n_bytes'"):
        read(tmp_path / "r.json")


@pytest.mark.parametrize(
    "change",
    [
        {"n_bytes": "x"},
        {"n_bytes": -5},
        {"n_tokens": 1.5},
        {"length_bits": math.nan},
        {"length_bits": -1.0},
        {"seconds": "x"},
        {"settings": [1]},
        {"facts": 5},
        {"predictor": ["a"]},
        {"document": {"a": 1}},
        {"data": 3},
        {"is_coded": "no"},
        {"positions": {"bits": [1.0, 2.0], "n_bytes": [1]}},
        {"positions": {"bits": [1.0], "n_bytes": [0]}},
        {"positions": {"bits": [-1.0], "n_bytes": [1]}},
        {"positions": 3},
    ],
)
def test_values_that_cannot_be(change: dict[str, object], measurement: Measurement, tmp_path: Path) -> None:
    content = Records([{}], [measurement], [0]).to_json()
    content["measurements"][0] |= change
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"r\.json holds no measurements"):
        read(tmp_path / "r.json")


@pytest.mark.parametrize("runs", [[5], [{"command": 5}], [{"command": [1]}], 3])
def test_runs_that_cannot_be(runs: object, measurement: Measurement, tmp_path: Path) -> None:
    content = Records([{}], [measurement], [0]).to_json() | {"runs": runs}
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"r\.json holds no measurements"):
        read(tmp_path / "r.json")
