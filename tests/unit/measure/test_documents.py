"""Finding and reading what is to be measured."""

from __future__ import annotations

import hashlib
import io
import pickle
import sys
from pathlib import Path

import pytest

from codelength.measure.documents import Document, read_documents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b").mkdir()
    for name, content in {"z.txt": b"z", "a.txt": b"a", "b/c.txt": b"c", "b/d.bin": b"\xff"}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def names(documents: list[Document], folder: Path) -> list[str]:
    return [Path(document.name).relative_to(folder).as_posix() for document in documents]


def test_folder_is_read_in_order_and_below(folder: Path) -> None:
    documents = read_documents([str(folder)])
    assert names(documents, folder) == ["a.txt", "z.txt", "b/c.txt", "b/d.bin"]
    assert [document.read().data for document in documents] == [b"a", b"z", b"c", b"\xff"]
    assert all(document.is_listed for document in documents)


def test_globs(folder: Path) -> None:
    assert names(read_documents([f"{folder}/*.txt"]), folder) == ["a.txt", "z.txt"]
    assert names(read_documents([f"{folder}/**/*.txt"]), folder) == ["a.txt", "b/c.txt", "z.txt"]


def test_a_file_whose_name_looks_like_a_glob(tmp_path: Path) -> None:
    (tmp_path / "[1].txt").write_bytes(b"one")
    assert read_documents([str(tmp_path / "[1].txt")])[0].read().data == b"one"


def test_content_has_its_hash(folder: Path) -> None:
    [document] = read_documents([str(folder / "a.txt")])
    assert not document.is_listed
    assert document.read().sha256 == hashlib.sha256(b"a").hexdigest()
    assert document.n_bytes == 1
    (folder / "a.txt").unlink()
    assert document.n_bytes is None


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))
    assert read_documents(["-"])[0].read().data == b"from a pipe"
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FileNotFoundError, match="standard input"):
        read_documents(["-"])


def test_nothing_found(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for spec in ("missing", "empty", "*.txt"):
        with pytest.raises(FileNotFoundError, match="no"):
            read_documents([str(tmp_path / spec)])


def test_reading_is_put_off(folder: Path) -> None:
    [document] = read_documents([str(folder / "a.txt")])
    (folder / "a.txt").unlink()
    with pytest.raises(FileNotFoundError):
        document.read()


def test_documents_travel(folder: Path) -> None:
    documents = [*read_documents([str(folder)]), Document.of("memory", b"m")]
    assert [d.read().data for d in pickle.loads(pickle.dumps(documents))] == [b"a", b"z", b"c", b"\xff", b"m"]


def test_urls() -> None:
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    files.pipe({"/corpus/b.txt": b"b", "/corpus/a.txt": b"a", "/corpus/deep/c.bin": b"c"})
    try:
        assert [d.read().data for d in read_documents(["memory://corpus"])] == [b"a", b"b", b"c"]
        assert [d.read().data for d in read_documents(["memory://corpus/*.txt"])] == [b"a", b"b"]
        [one] = read_documents(["memory://corpus/a.txt"])
        assert (one.name, one.read().data) == ("memory://corpus/a.txt", b"a")
        with pytest.raises(FileNotFoundError):
            read_documents(["memory://nothing/*.txt"])
    finally:
        files.rm("/corpus", recursive=True)


def test_urls_in_an_archive(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.txt", "1")
        archive.writestr("two.txt", "2")
    documents = read_documents([f"zip://*.txt::file://{tmp_path}/a.zip"])
    assert [document.read().data for document in documents] == [b"1", b"2"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")
def test_rows_of_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    table = datasets.Dataset.from_dict({"text": ["one", "zwölf"], "raw": [b"\x00", b"\xff"], "n": [1, 2]})
    table.save_to_disk(str(tmp_path / "saved"))
    spec = f"hf-dataset:{tmp_path / 'saved'}:train"
    documents = read_documents([f"{spec}:text"])
    assert [document.read().data for document in documents] == [b"one", "zwölf".encode()]
    assert documents[1].name.endswith(":train:text:1")
    assert [d.read().data for d in pickle.loads(pickle.dumps(read_documents([f"{spec}:raw"])))] == [
        b"\0",
        b"\xff",
    ]
    with pytest.raises(ValueError, match="no column 'txt'"):
        read_documents([f"{spec}:txt"])
    with pytest.raises(ValueError, match="neither text nor bytes"):
        read_documents([f"{spec}:n"])[0].read()


@pytest.mark.parametrize("spec", ["hf-dataset:", "hf-dataset:a", "hf-dataset:a:b", "hf-dataset::b:c"])
def test_malformed_dataset(spec: str) -> None:
    with pytest.raises(ValueError, match="NAME:SPLIT:COLUMN"):
        read_documents([spec])


@pytest.mark.parametrize(("spec", "module"), [("memory://a", "fsspec"), ("hf-dataset:a:b:c", "datasets")])
def test_missing_extra_is_named(spec: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"codelength\[{module}\]"):
        read_documents([spec])
