"""Documents, the split, and the streams that training reads."""

import io
import tarfile
from collections import Counter

import numpy as np
import pytest

pytest.importorskip("torch")

from codelength.training.config import SourceConfig
from codelength.training.corpus import (
    Corpus,
    Document,
    SourceDocuments,
    read_corpus,
    read_documents,
    split_documents,
)
from codelength.training.streams import HISTORY, StreamBatcher, validation_windows


def document(name, n_bytes, seed=0):
    return Document(name, np.random.default_rng((seed, n_bytes)).integers(0, 256, n_bytes, np.uint8))


def make_tar(path, members):
    with tarfile.open(path, "w:xz" if path.suffix == ".xz" else "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_folders_tars_and_globs_give_the_documents_once(tmp_path):
    make_tar(tmp_path / "a.tar.xz", {"a/1": b"one", "a/2": b"two", "a/empty": b""})
    make_tar(tmp_path / "b.tar", {"b/1": b"three"})
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "x.txt").write_bytes(b"four")
    found = list(read_documents(tmp_path, ["*.tar*", "a.tar.xz", "folder"]))
    assert [(each.name, each.content.tobytes()) for each in found] == [
        ("a/1", b"one"),
        ("a/2", b"two"),
        ("b/1", b"three"),
        ("folder/deep/x.txt", b"four"),
    ]


def test_a_pattern_without_a_match_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.tar"):
        list(read_documents(tmp_path, ["missing.tar"]))


def test_the_split_is_by_document_and_depends_on_nothing_else():
    documents = [document(f"{n}", 100 + n) for n in range(200)]
    training, validation = split_documents(documents, 0.1)
    assert {each.name for each in training} | {each.name for each in validation} == {
        d.name for d in documents
    }
    assert not {each.name for each in training} & {each.name for each in validation}
    n_validation = sum(each.content.size for each in validation)
    n_all = sum(each.content.size for each in documents)
    assert 0.1 <= n_validation / n_all < 0.12
    _, again = split_documents(documents[::-1], 0.1)
    assert {each.name for each in again} == {each.name for each in validation}


def test_a_source_keeps_something_to_train_on():
    training, validation = split_documents([document("a", 10), document("b", 1000)], 0.99)
    assert len(training) == len(validation) == 1
    training, validation = split_documents([document("a", 10)], 0.5)
    assert (len(training), len(validation)) == (1, 0)


def test_a_few_large_documents_do_not_make_up_the_validation():
    documents = [document(f"{n}", 10 if n % 10 else 100_000) for n in range(100)]
    _, validation = split_documents(documents, 0.1)
    assert len(validation) >= 10


def test_two_packings_of_the_same_documents_split_alike(tmp_path):
    members = {f"d/{n}": bytes([n]) * (50 + n) for n in range(40)}
    make_tar(tmp_path / "one.tar", members)
    make_tar(tmp_path / "two.tar.xz", dict(reversed(members.items())))
    names = [
        {
            each.name
            for each in read_corpus(tmp_path, [SourceConfig("s", 1, (path,))], 0.2).sources[0].validation
        }
        for path in ("one.tar", "two.tar.xz")
    ]
    assert names[0] == names[1]


def test_synthetic_documents_are_a_source_like_any_other(tmp_path):
    [source] = read_corpus(tmp_path, [SourceConfig("s", 1, synthetic="logs")], 0.1).sources
    assert len(source.training) > 5 * len(source.validation) > 0
    with pytest.raises(ValueError, match="'poems' is none of logs"):
        read_corpus(tmp_path, [SourceConfig("s", 1, synthetic="poems")], 0.1)
    for neither in ({}, {"synthetic": "logs", "paths": ("x",)}):
        with pytest.raises(ValueError, match="either paths or synthetic"):
            SourceConfig("s", 1, **neither)


def corpus_of(*sizes_and_shares):
    sources = []
    for number, (sizes, share) in enumerate(sizes_and_shares):
        documents = tuple(document(f"{number}/{n}", size, number) for n, size in enumerate(sizes))
        sources.append(SourceDocuments(str(number), share, documents, ()))
    return Corpus(tuple(sources))


def pieces_read(batcher, n_windows, n_streams):
    """The documents as a reader of the windows sees them: cut where the age is 0."""
    streams = [[] for _ in range(n_streams)]
    for _ in range(n_windows):
        window = batcher.next_window()
        for stream in range(n_streams):
            for byte, age in zip(window.bytes[stream, HISTORY:], window.age[stream], strict=True):
                if age == 0:
                    streams[stream].append(bytearray())
                streams[stream][-1].append(byte)
    return streams


def test_the_streams_read_whole_documents_each_once_before_any_twice():
    corpus = corpus_of(([7, 30, 31, 5, 64, 11], 1.0))
    contents = {each.content.tobytes() for each in corpus.sources[0].training}
    # 3 streams of 10 windows of 16 bytes: three times the 148 bytes of the corpus and more.
    streams = pieces_read(StreamBatcher(corpus, 3, 16, 0, 1), 10, 3)
    finished = [bytes(piece) for stream in streams for piece in stream[:-1]]
    assert set(finished) <= contents
    assert max(Counter(finished).values()) - min(Counter(finished)[each] for each in contents) <= 2


def test_long_documents_are_read_in_pieces():
    corpus = corpus_of(([100], 1.0))
    whole = corpus.sources[0].training[0].content.tobytes()
    pieces = {whole[start : start + 32] for start in range(0, 100, 32)}
    (stream,) = pieces_read(StreamBatcher(corpus, 1, 16, 32, 1), 14, 1)
    assert {bytes(piece) for piece in stream[:-1]} == pieces


def test_history_is_of_the_same_document():
    batcher = StreamBatcher(corpus_of(([23, 40, 9], 1.0)), 2, 16, 0, 1)
    previous = None
    for _ in range(20):
        window = batcher.next_window()
        for stream in range(2):
            n_before = int(window.age[stream, 0])
            if previous is not None and n_before:
                expected = previous.bytes[stream, -n_before:]
                assert (window.bytes[stream, HISTORY - n_before : HISTORY] == expected).all()
        previous = window


def test_the_mix_is_met():
    batcher = StreamBatcher(corpus_of(([50] * 20, 0.7), ([400] * 5, 0.3)), 4, 32, 0, 1)
    for _ in range(200):
        batcher.next_window()
    given = np.array(batcher.state()["given"])
    assert abs(given / given.sum() - [0.7, 0.3]).max() < 0.03


def mix_of(corpus):
    return {source.name: source.share for source in corpus.sources}


def test_a_restored_batcher_gives_the_same_windows():
    corpus = corpus_of(([50, 60, 70], 0.5), ([300, 20], 0.5))
    one, other = (StreamBatcher(corpus, 3, 16, 64, 1) for _ in range(2))
    for _ in range(13):
        one.next_window()
    assert other.restore(one.state(), mix_of(corpus))
    for _ in range(40):
        left, right = one.next_window(), other.next_window()
        assert (left.bytes == right.bytes).all()
        assert (left.age == right.age).all()
    assert one.state() == other.state()


def test_another_number_of_streams_starts_new_pieces_where_reading_stopped():
    corpus = corpus_of(([50] * 30, 1.0))
    one, other = StreamBatcher(corpus, 3, 16, 0, 1), StreamBatcher(corpus, 5, 16, 0, 1)
    for _ in range(13):
        one.next_window()
    assert not other.restore(one.state(), mix_of(corpus))
    assert (other.next_window().age[:, 0] == 0).all()


def test_another_mix_goes_on_with_each_source_and_is_met_from_there():
    corpus = corpus_of(([50] * 30, 0.5), ([40] * 30, 0.5))
    one = StreamBatcher(corpus, 3, 16, 0, 1)
    for _ in range(50):
        one.next_window()
    other = StreamBatcher(corpus_of(([50] * 30, 0.4), ([40] * 30, 0.4), ([60] * 30, 0.2)), 3, 16, 0, 1)
    assert not other.restore(one.state(), mix_of(corpus))
    assert other.state()["positions"] == [*one.state()["positions"], 0]
    for _ in range(200):
        other.next_window()
    given = np.array(other.state()["given"])
    assert abs(given / given.sum() - [0.4, 0.4, 0.2]).max() < 0.03


def test_validation_reads_every_document_before_any_twice():
    documents = (document("a", 10_000), document("b", 3000), document("c", 5))
    windows = validation_windows(documents, 9000, 256)
    data = np.concatenate([window.bytes[:, HISTORY:] for window in windows], 1)
    counted = np.concatenate([window.counted for window in windows], 1)
    stretches = [row[mask].tobytes() for row, mask in zip(data, counted, strict=True)]
    a = documents[0].content.tobytes()
    assert stretches == [
        a[:4096],
        documents[1].content.tobytes(),
        documents[2].content.tobytes(),
        a[4096:5995],
    ]
    assert all(window.age.shape == window.counted.shape == (4, 256) for window in windows)
