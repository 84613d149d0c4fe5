"""Phrases: what is learned, what is kept from them, and their way into a model file."""

import random

import numpy as np
import pytest
from click.testing import CliRunner
from contexts import Features, Followers, hash_of
from model_file import ModelFile
from phrases import CONTEXTS, read_phrases

import codelength
from codelength import _native
from codelength.cli.export import export
from codelength.cli.phrases import phrases
from codelength.cli.train import train
from codelength.training.corpus import Corpus, Document, SourceDocuments
from codelength.training.phrases import learn_phrases, n_phrases, split_from_phrases, thinned

SAYING = b"and they lived happily ever after. "


def document(seed: int) -> bytes:
    """Noise of letters, with one saying in the midst."""
    letters = random.Random(seed).choices(b"abcdefghijklmnopqrstuvwxyz    ", k=400)
    return bytes(letters[:200]) + b" " + SAYING + bytes(letters[200:])


def table(lines: bytes) -> object:
    header = b'{"phrases":{"dtype":"U8","shape":[%d,64],"data_offsets":[0,%d]}}' % (
        len(lines) // 64,
        len(lines),
    )
    return read_phrases(ModelFile(len(header).to_bytes(8, "little") + header + lines))


def expected(lines: bytes, text: bytes) -> list[set[int]]:
    """The symbols that the reference finds before each byte of a text."""
    known = table(lines)
    features = Features(0, bytearray(), Followers())
    found = []
    for symbol in text:
        contexts = features.contexts()
        entries = [known.find(hash_of(q, *contexts[q])) for q in CONTEXTS]
        found.append({entry[0] for entry in entries if entry is not None})
        features.update(symbol, 1)
    return found


def test_what_several_documents_say_is_expected():
    lines = _native.learn_phrases([document(seed) for seed in range(20)], 64)
    assert len(lines) == 64 * 64
    found = expected(lines, b"once upon a time " + SAYING)[-20:]
    assert sum(symbol in symbols for symbol, symbols in zip(SAYING[-20:], found, strict=True)) >= 15


def test_what_one_document_says_is_not():
    same = [SAYING * 10] + [bytes(random.Random(n).choices(b"0123456789", k=300)) for n in range(5)]
    lines = _native.learn_phrases(same, 64)
    assert not any(expected(lines, SAYING)[1:])  # before the first byte all documents are alike


def test_threads_change_nothing():
    documents = [document(seed) for seed in range(30)]
    assert len({_native.learn_phrases(documents, 16, threads) for threads in (0, 1, 2, 7)}) == 1


def test_no_documents_no_phrases():
    assert _native.learn_phrases([], 2) == bytes(128)
    assert _native.learn_phrases([b"", b"a"], 2) == bytes(128)


@pytest.mark.parametrize("n_lines", [0, 1, 3, 100, 1 << 25, 1 << 33])
def test_lines_are_a_power_of_two(n_lines):
    with pytest.raises(ValueError, match="power of two"):
        _native.learn_phrases([b"a"], n_lines)


def test_too_many_documents_are_refused():
    with pytest.raises(ValueError, match="at most 65,536 documents"):
        _native.learn_phrases([b""] * 65537, 2)


def source(name: str, contents: list[bytes]) -> SourceDocuments:
    documents = [Document(f"{name}{n}", np.frombuffer(c, np.uint8)) for n, c in enumerate(contents)]
    return SourceDocuments(name, 0.5, tuple(documents), ())


def test_only_text_is_learned_and_some_is_kept():
    said = source("said", [document(seed) for seed in range(64)])
    noise = source("noise", [b"\xff\xfe" + SAYING] * 3)
    learned, kept = split_from_phrases(said)
    assert len(kept) >= 4
    assert sorted(d.name for d in learned + kept) == sorted(d.name for d in said.training)
    lines = learn_phrases(Corpus((said, noise)), 32, 2)
    assert lines.shape == (32, 64)
    assert lines.tobytes() == _native.learn_phrases([d.content.tobytes() for d in learned], 32)


def test_a_source_of_one_document_has_it_in_both():
    learned, kept = split_from_phrases(source("one", [b"only"]))
    assert [d.name for d in learned] == [d.name for d in kept] == ["one0"]


def test_from_documents_to_an_archive(folder, monkeypatch):
    def call(command, *arguments):
        return CliRunner().invoke(command, [*map(str, arguments), "--data", str(folder / "data")])

    (folder / "data" / "more.txt").write_bytes(SAYING * 4)
    config, run, model = folder / "tiny.toml", folder / "run", folder / "tiny.safetensors"
    learned = folder / "phrases.safetensors"
    assert call(train, config, "--out", run, "--bytes", 200).exit_code == 0
    made = call(phrases, config, "--out", learned, "--lines", 16)
    assert made.exit_code == 0, made.output
    checkpoint = run / "checkpoint.safetensors"
    made = call(export, checkpoint, "--out", model, "--phrases", learned, "--mixing-bytes", 3000)
    assert made.exit_code == 0, made.output
    # A model file gives its phrases to the next.
    again = folder / "again.safetensors"
    assert call(export, checkpoint, "--out", again, "--phrases", model, "--mixing-bytes", 0).exit_code == 0
    both = [read_phrases(ModelFile(path.read_bytes())) for path in (learned, model, again)]
    assert len({bytes(table.data) for table in both}) == 1
    text = b"the quick brown fox. " * 20
    small = codelength.compress(text, model=model)
    monkeypatch.setenv("CODELENGTH_MODELS", str(folder))
    assert codelength.decompress(small) == text
    assert call(phrases, config, "--out", learned, "--lines", 12).exit_code == 1
    assert "holds no phrases" in call(export, checkpoint, "--out", again, "--phrases", checkpoint).output


def test_the_surest_phrases_stay():
    rng = np.random.default_rng(1)
    phrases = rng.integers(0, 256, (64, 64), np.uint8)
    phrases[:, :42].view("<u2")[rng.random((64, 21)) < 0.2] = 0
    few = thinned(phrases, 300)
    assert n_phrases(few) == 300 < n_phrases(phrases)
    tags, before = few[:, :42].copy().view("<u2"), phrases[:, :42].copy().view("<u2")
    kept = tags > 0
    assert (tags[kept] == before[kept]).all()
    assert (few[:, 42:63][kept] == phrases[:, 42:63][kept]).all()
    assert not few[:, 42:63][~kept].any()
    left_out = (before > 0) & ~kept
    assert (before[kept] & 7).min() >= (before[left_out] & 7).max()
    assert (thinned(few, 1000) == few).all()
