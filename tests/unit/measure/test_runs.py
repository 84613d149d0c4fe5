"""Runs: documents times predictors, whatever goes wrong, through every engine alike."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from codelength.measure import meters, shards
from codelength.measure.coders import Coder
from codelength.measure.documents import Document
from codelength.measure.engines import Engine, Here, Processes, usual_jobs
from codelength.measure.meters import Options
from codelength.measure.preparation import Preparation
from codelength.measure.records import Records, read
from codelength.measure.runs import Result, run
from codelength.measure.shards import Outcome, Plan, Shard, cut
from codelength.measure.symbols import save_symbols

DOCUMENTS = [Document.of(f"document {i}", b"some words, " * i + bytes([i])) for i in range(1, 41)]


@dataclass(frozen=True, slots=True)
class Fatal:
    """A document that ends the process that reads it, the first times."""

    counter: str
    n_times: int
    how: str = "kill"

    def read(self) -> bytes:
        with open(self.counter, "a+") as file:
            file.write("x")
            n_before = file.tell() - 1
        if n_before < self.n_times:
            os.kill(os.getpid(), signal.SIGKILL)
        return b"survived"


@dataclass(frozen=True, slots=True)
class Broken:
    """A document that cannot be read."""

    def read(self) -> bytes:
        raise PermissionError(13, "Permission denied", "broken")


@dataclass(frozen=True, slots=True)
class Strange:
    """A document whose file system has errors of its own."""

    def read(self) -> bytes:
        raise LookupError("no credentials")


def bits(result: Result) -> dict[tuple[str, int], float]:
    return {place: m.length_bits for place, m in result.cells.items()}


def without_times(result: Result) -> list[object]:
    return [
        replace(m, seconds=0.0, peak_memory_bytes=0) for name in result.predictors for m in result.of(name)
    ]


def test_every_document_under_every_predictor() -> None:
    result = run(["kt:1", "gzip", "kt:1"], DOCUMENTS, Plan())
    assert len(result.cells) == 80
    assert not result.failures
    assert [summary.predictor for summary in result.summaries()] == ["kt:1", "gzip"]
    for name in ("kt:1", "gzip"):
        expected = [meters.get(name).measure(document).length_bits for document in DOCUMENTS]
        assert [m.length_bits for m in result.of(name)] == expected


def test_processes_give_the_same() -> None:
    plan = Plan(Preparation("text", 100))
    here = run(["kt:1", "gzip"], DOCUMENTS, plan)
    there = run(["kt:1", "gzip"], DOCUMENTS, plan, engine=Processes(2))
    assert without_times(here) == without_times(there)


def test_one_failure_stops_nothing() -> None:
    documents = [DOCUMENTS[0], Document("broken", Broken()), Document.of("empty", b""), DOCUMENTS[1]]
    documents.append(Document("strange", Strange()))
    result = run(["kt:1", "zpaq:9", "gzip"], documents, Plan())
    assert sorted(result.cells) == [("gzip", 0), ("gzip", 3), ("kt:1", 0), ("kt:1", 3)]
    assert {str(failure) for failure in result.failures} == {
        "broken: Permission denied",
        "strange: LookupError: no credentials",
        "empty: is empty: there is nothing to measure",
        "zpaq:9: the number of 'zpaq:9' should be 0 to 5",
    }


def test_one_bad_document_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that measures many at once and fails loses only the document that it fails on."""

    def compress(piece: object) -> bytes:
        data: bytes = piece.data  # type: ignore[attr-defined]
        if len(data) == len(b"some words, " * 3) + 1:
            raise MemoryError
        return data

    meter = Coder("fake", Options(), compress, lambda code, _: code, {})
    meter.takes_context = True
    monkeypatch.setattr(shards, "_meter", lambda *_: meter)
    result = run(["fake"], DOCUMENTS[:5], Plan())
    assert sorted(index for _, index in result.cells) == [0, 1, 3, 4]
    assert [str(f) for f in result.failures] == [
        "document 3: out of memory; --chunk, or a smaller --context or --batch, needs less (fake)"
    ]


def test_what_is_finished_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(["kt:1"], DOCUMENTS[:5], Plan(), records=Records.at(tmp_path / "r"), facts={"run": 1})
    n_measured = 0
    plain = meters.Meter.measure_many

    def counted(self: meters.Meter, *arguments: object) -> Iterator[object]:
        nonlocal n_measured
        for measurement in plain(self, *arguments):  # type: ignore[arg-type]
            n_measured += 1
            yield measurement

    monkeypatch.setattr(meters.Meter, "measure_many", counted)
    renamed = Document("another name", DOCUMENTS[0].source)
    second = run(
        ["kt:1", "uniform"],
        [*DOCUMENTS[:6], renamed],
        Plan(),
        records=Records.at(tmp_path / "r"),
        facts={"run": 2},
    )
    assert n_measured == 1 + 7
    assert second.n_finished_before == 6
    assert bits(second)["kt:1", 3] == bits(first)["kt:1", 3]
    assert second.cells["kt:1", 6].document == "another name"
    kept = read(tmp_path / "r")
    assert (len(kept.measurements), [r["run"] for r in kept.runs]) == (14, [1, 2])
    # of its own run is still what was measured in an earlier one
    assert kept.only(second.of("kt:1")).run_of == [0, 0, 0, 0, 0, 1, 0]
    # other settings are another measurement
    third = run(["kt:1"], DOCUMENTS[:1], Plan(Preparation("bytes", 4)), records=kept)
    assert third.n_finished_before == 0
    # another version of what measures is another measurement
    older = [replace(m, facts={"kt": "0"}) for m in kept.measurements]
    outdated = Records(measurements=older, run_of=[0] * len(older))
    assert run(["kt:1"], DOCUMENTS[:1], Plan(), records=outdated).n_finished_before == 0
    # and nothing left to do leaves no run behind
    fourth = Records.at(tmp_path / "r")
    n_runs = len(fourth.runs)
    run(["kt:1"], DOCUMENTS[:5], Plan(), records=fourth, facts={"run": 4})
    assert len(read(tmp_path / "r").runs) == n_runs


def test_what_was_measured_before_an_interruption_is_kept(tmp_path: Path) -> None:
    def interrupt(outcome: Outcome) -> None:
        if outcome.index == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["kt:1"], DOCUMENTS, Plan(), records=Records.at(tmp_path / "r"), facts={}, on_outcome=interrupt)
    assert len(read(tmp_path / "r").measurements) == 4


def test_interrupted_processes_leave_nobody_behind(tmp_path: Path) -> None:
    import multiprocessing

    def interrupt(_: Outcome) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["kt:1", "kt:2"], DOCUMENTS, Plan(), engine=Processes(2), on_outcome=interrupt)
    assert not multiprocessing.active_children()


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes find this module by its name, however pytest was started."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3]))


@pytest.mark.usefixtures("importable")
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_lost_process_is_replaced(tmp_path: Path) -> None:
    documents = [*DOCUMENTS[:20], Document("fatal", Fatal(str(tmp_path / "n"), 1))]
    result = run(["gzip"], documents, Plan(), engine=Processes(2))
    assert not result.failures
    expected = run(["gzip"], DOCUMENTS[:20], Plan())
    assert bits(expected).items() <= bits(result).items()
    assert result.cells["gzip", 20].n_bytes == len(b"survived")


@pytest.mark.usefixtures("importable")
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_document_that_ends_every_process(tmp_path: Path) -> None:
    documents = [Document("fatal", Fatal(str(tmp_path / "n"), 99)), *DOCUMENTS[:16]]
    result = run(["gzip"], documents, Plan(), engine=Processes(1))
    assert {failure.message for failure in result.failures} == {
        "the process at work on it was lost 3 times; perhaps memory ran out"
    }
    assert ("gzip", 16) in result.cells  # of the other shard


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_process_that_is_lost_while_it_waits() -> None:
    shards = cut(["gzip"], DOCUMENTS)
    before = set(multiprocessing.active_children())
    outcomes = Processes(1).run(Plan(), shards)
    found = [next(outcomes) for _ in range(len(shards[0].documents))]
    for process in set(multiprocessing.active_children()) - before:
        process.kill()
        process.join()
    time.sleep(0.5)  # until the pool has seen it
    found += outcomes
    assert sorted(outcome.index for outcome in found) == list(range(len(DOCUMENTS)))
    assert all(outcome.failure is None for outcome in found)


def test_shards_are_cut_alike_for_every_engine() -> None:
    parts = cut(["a", "b"], DOCUMENTS)
    assert [(part.predictor, len(part.documents)) for part in parts] == [
        ("a", 16), ("a", 16), ("a", 8), ("b", 16), ("b", 16), ("b", 8),
    ]  # fmt: skip


def test_how_many_processes() -> None:
    large = ((0, Document.of("large", bytes(1_000_000))),)
    one = Shard("gzip", large)
    assert usual_jobs([one]) == 1
    assert usual_jobs([one] * 1000) == os.cpu_count()
    assert usual_jobs([one, Shard("hf:x", large)] * 9) == 1
    assert usual_jobs(cut(["gzip", "xz"], DOCUMENTS[:5])) == 1  # not worth a process
    unknown = Document("of unknown size", Broken())
    assert usual_jobs(cut(["gzip", "xz"], [unknown])) == min(2, os.cpu_count() or 1)
    with pytest.raises(ValueError, match="at least one"):
        Processes(0)


def test_engines_are_engines() -> None:
    engines: list[Engine] = [Here(), Processes(1)]
    assert all(callable(engine.run) for engine in engines)


def test_symbols_in_a_file(tmp_path: Path) -> None:
    documents = [Document.of("a", b"abracadabra"), Document.of("ü", b"xyz")]
    plan = Plan(Preparation("bytes", 4), keeps_lengths=True)
    result = run(["kt:1", "uniform"], documents, plan)
    save_symbols(tmp_path / "s.npz", result)
    with np.load(tmp_path / "s.npz") as arrays:
        assert arrays["predictor"].tolist() == ["kt:1", "kt:1", "uniform", "uniform"]
        assert arrays["document"].tolist() == ["a", "ü", "a", "ü"]
        assert arrays["0/lengths_bits"].sum() == pytest.approx(result.cells["kt:1", 0].length_bits)
        assert arrays["0/ends"].tolist() == list(range(1, 12))
        assert arrays["0/pieces"].tolist() == [4, 8, 11]
        assert arrays["3/lengths_bits"].tolist() == [8.0, 8.0, 8.0]


def test_records_and_symbols_need_no_numbers_to_be_finite() -> None:
    assert run(["uniform"], [], Plan()).summaries() == []
