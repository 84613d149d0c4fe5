"""`clz --engine ray`: what a cluster makes of files is what one machine makes of them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codelength.cli import spread
from codelength.cli.convert import Conversion
from codelength.cli.messages import Messages
from codelength.cli.options import Options, UsageError, parse
from codelength.cli.spread import Errand, Input, Report, SpreadConversion, convert_group, groups
from codelength.measure.cluster import Cluster, Done


def options_of(*arguments: str) -> Options:
    parsed = parse("clz", ["--engine", "ray", *arguments])
    assert isinstance(parsed, Options)
    return parsed


def names(tasks: Sequence[Sequence[Input]]) -> list[list[str]]:
    return [[file.name for file in group] for group in tasks]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "not standard input"),
        (["a", "-"], "not standard input"),
        (["-l", "a"], "none of -l"),
        (["-c", "a"], "none of -l"),
        (["-o", "b", "a"], "none of -l"),
        (["--message", "-t", "a"], "none of -l"),
        (["-T0", "a"], "not 0"),
    ],
)
def test_what_a_cluster_cannot_do(arguments: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        options_of(*arguments)


def test_an_address_is_that_of_a_cluster() -> None:
    with pytest.raises(UsageError, match="--address is for --engine ray"):
        parse("clz", ["--address", "auto", "a"])
    assert options_of("--address", "auto", "a").address == "auto"
    assert options_of("a").n_threads == 1
    assert options_of("-T3", "a").n_threads == 3


def test_files_that_have_to_do_with_each_other_stay_together(folder: Path) -> None:
    def grouped(*inputs: str, arguments: Sequence[str] = ()) -> list[list[str]]:
        options = options_of(*arguments, *inputs)
        return names(groups([Input.seen(options, name) for name in inputs]))

    (folder / "d").mkdir()
    for name in ("d/a", "a.clz"):
        (folder / name).write_bytes(b"x")
    assert grouped("a", "b", "c") == [["a"], ["b"], ["c"]]
    assert grouped("a", "b", "./a") == [["a", "./a"], ["b"]]
    assert grouped("a.clz", "b", "a") == [["a.clz", "a"], ["b"]]  # the output of the last is the first
    assert grouped("b", "d/a", "a", arguments=["--output-dir-flat", "d"]) == [["b"], ["d/a", "a"]]
    assert grouped("nothing", "a", "nothing") == [["nothing", "nothing"], ["a"]]
    one = Input("x", "y")
    assert groups([one, Input("z", "w"), Input("y", "z")]) == [(one, Input("z", "w"), Input("y", "z"))]
    assert groups([]) == []


class OneByOne(Cluster):
    """A cluster of one worker in this process, which is lost once after each task, when all was done."""

    n_lost = 1

    def __init__(self, *_: Any) -> None:
        pass

    def run(self, function: Any, shared: Any, tasks: Any, **_: Any) -> Any:
        for task in tasks:
            for _ in range(self.n_lost):
                function(shared, task)
            yield Done(task, function(shared, task))


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codelength.measure.cluster.Cluster", OneByOne)


def converted(kind: type[Conversion], options: Options, capsys: Any) -> tuple[bool, str]:
    is_done = kind(options, Messages("clz", options.verbosity)).run()
    return is_done, capsys.readouterr().err


CASES = [
    ["a", "b", "c"],
    ["-f", "a", "b"],
    ["--rm", "a", "b", "c"],
    ["-f", "--rm", "a", "b"],
    ["-9", "--armor", "a", "c"],
    ["a", "nothing", "b"],
    ["a", "a", "a.clz"],
    ["-r", "."],
    ["-d", "a", "old.clz"],
    ["-d", "--rm", "old.clz", "b"],
    ["-t", "old.clz", "a"],
    ["--rm", "link", "a"],
]


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("arguments", CASES, ids=" ".join)
def test_a_worker_lost_behind_its_work_changes_nothing(
    arguments: list[str], folder: Path, capsys: Any
) -> None:
    import codelength

    (folder / "old.clz").write_bytes(codelength.compress(b"old " * 100))
    (folder / "b.clz").write_bytes(b"somebody else's")
    (folder / "link").symlink_to("c")
    os.utime(folder / "a", ns=(10**18 + 1, 10**18 + 1))
    before = contents(folder)
    options = options_of(*arguments)
    here = converted(Conversion, options, capsys)
    expected = contents(folder)
    for path in folder.iterdir():
        path.unlink()
    for name, data in before.items():
        (folder / name).write_bytes(data)
    (folder / "link").unlink()
    (folder / "link").symlink_to("c")
    assert converted(SpreadConversion, options, capsys) == here
    assert contents(folder) == expected


def test_what_another_put_there_in_the_meantime_is_kept(folder: Path) -> None:
    options = options_of("--rm", "a", "b")
    group = [Input.seen(options, name) for name in ("a", "b")]
    (folder / "a.clz").write_bytes(b"somebody else's")
    (folder / "b").unlink()
    (folder / "b.clz").write_bytes(b"of another time")
    report = convert_group(Errand("clz", options, 2, str(folder), None), group)
    assert report.tally.has_failed
    assert report.tally.n_done == 0
    assert "a: a.clz already exists; not overwritten" in report.text
    assert "b: No such file" in report.text
    assert (folder / "a").exists()


@pytest.mark.usefixtures("forgetful")
def test_progress_is_shown(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codelength.cli.messages._FIRST_AFTER_S", 0.0)
    converted_all, said = converted(SpreadConversion, options_of("--progress", "a", "b", "c"), capsys)
    assert converted_all
    assert "3 files :  33% of 2.93 KiB" in said


def test_groups_that_are_lost_fail(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lossy(OneByOne):
        def run(self, function: Any, shared: Any, tasks: Any, **_: Any) -> Any:
            for task in tasks:
                is_b = task[0].name == "b"
                yield Done(task, None, "was lost") if is_b else Done(task, function(shared, task))

    monkeypatch.setattr("codelength.measure.cluster.Cluster", Lossy)
    is_done, said = converted(SpreadConversion, options_of("a", "b", "c"), capsys)
    assert not is_done
    assert "clz: b: was lost\n2 of 3 files compressed" in said


def test_without_the_extra(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    is_done, said = converted(SpreadConversion, options_of("a", "b"), capsys)
    assert not is_done
    assert said == "clz: --engine ray needs ray: pip install 'codelength[ray]'\n"


def test_a_real_cluster(ray_cluster: Any, folder: Path, capsys: Any) -> None:
    options = options_of("a", "b", "c", "nothing")
    assert converted(SpreadConversion, options, capsys)[0] is False
    spread_out = {name: (folder / name).read_bytes() for name in ("a.clz", "b.clz", "c.clz")}
    converted(Conversion, replace(options, force=True), capsys)
    assert {name: (folder / name).read_bytes() for name in spread_out} == spread_out


def dies_once(when: str) -> Callable[[Errand, Sequence[Input]], Report]:
    """The work of a worker that is killed the first time that it converts b."""

    def work(errand: Errand, group: Sequence[Input]) -> Report:
        is_fatal = group[0].name == "b" and not os.path.exists(f"{errand.folder}/died")
        if is_fatal and when == "behind":
            convert_group(errand, group)
        if is_fatal:
            with open(f"{errand.folder}/died", "w"):
                os.kill(os.getpid(), signal.SIGKILL)
        return convert_group(errand, group)

    return work


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("when", ["before", "behind"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_worker_that_is_killed(
    when: str, ray_cluster: Any, folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread, "convert_group", dies_once(when))
    is_done, said = converted(SpreadConversion, options_of("--rm", "a", "b", "c"), capsys)
    assert is_done, said
    assert set(contents(folder)) == {"a.clz", "b.clz", "c.clz", "died"}
    assert "3 files compressed" in said
