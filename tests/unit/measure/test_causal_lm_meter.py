"""Language models of others as meters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import codelength
from codelength.measure import meters
from codelength.measure.documents import Document
from codelength.measure.meters import Options
from codelength.measure.preparation import Preparation
from codelength.measure.runs import run
from codelength.measure.shards import Plan

TEXTS = [b"to be or not to be", "Grüße, 世界".encode(), b"\xff\x00 bytes", b"x" * 300]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a model of random weights that reads bytes."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: i for i, symbol in enumerate([*alphabet, "<s>"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    folder = str(tmp_path_factory.mktemp("model"))
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>").save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.GPT2Config(
        vocab_size=257, n_positions=64, n_embd=16, n_layer=1, n_head=2, bos_token_id=256, eos_token_id=256
    )
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def test_tokens_and_bytes(model: str) -> None:
    result = codelength.measure(TEXTS, f"hf:{model}", context=32, stride=16)
    assert result.n_bytes == sum(map(len, TEXTS))
    assert result.n_tokens == result.n_bytes  # each byte is one, also where several make one character
    assert result.rate_bpt == result.length_bits / result.n_tokens
    assert 6 < result.rate_bpb < 12
    assert result.weights_bytes > 0
    measurement = result.measurements[0]
    assert (measurement.settings["context"], measurement.settings["stride"]) == (32, 16)
    assert measurement.facts["context"] == "32"
    assert measurement.positions is not None


def test_batches_of_documents_are_those_alone(model: str) -> None:
    meter = meters.get(f"hf:{model}", Options(context=32, batch_size=3))
    together = [m.length_bits for m in meter.measure_many(TEXTS)]
    assert together == pytest.approx([meter.measure(text).length_bits for text in TEXTS], rel=1e-6)


def test_symbol_lengths(model: str) -> None:
    lengths = codelength.symbol_lengths(TEXTS[0], f"hf:{model}")
    assert lengths.n_bytes == len(TEXTS[0])
    assert lengths.ranks is not None


def test_runs_and_chunks(model: str) -> None:
    documents = [Document.of(str(i), text) for i, text in enumerate(TEXTS)]
    result = run([f"hf:{model}"], documents, Plan(Preparation("bytes", 10), Options(context=16)))
    assert not result.failures
    assert [m.n_pieces for m in result.of(f"hf:{model}")] == [2, 2, 1, 30]


def test_what_is_finished_needs_no_model(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from codelength.measure.estimates import CausalLmMeter
    from codelength.measure.records import Records

    records = Records()
    documents = [Document.of("a", TEXTS[0])]
    run([f"hf:{model}"], documents, Plan(), records=records, facts={})

    def fail(_: object) -> None:
        raise AssertionError("the model is loaded again")

    monkeypatch.setattr(CausalLmMeter, "load", fail)
    again = run([f"hf:{model}"], documents, Plan(), records=records, facts={})
    assert again.n_finished_before == 1


def test_no_such_model(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    result = run([f"hf:{tmp_path}"], [Document.of("a", b"a"), Document.of("b", b"b")], Plan())
    assert len({str(failure) for failure in result.failures}) == 1
    assert str(tmp_path) in str(result.failures[0])


def test_huang_preset(model: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXTS[1] * 9)
    (tmp_path / "s.csv").write_text(f"model,score\n{model},50\ngzip,40\nxz,10\n")
    command = [sys.executable, "-m", "codelength.cli.codelength", "compare", f"hf:{model},gzip,xz", "a.txt"]
    options = ["--preset", "huang", "--context", "32", "--against", "s.csv", "--out", "r.json"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"Bits per character")
    assert b"\nscores" in done.stdout
    rows = json.loads((tmp_path / "r.json").read_text())["measurements"]
    assert (rows[0]["settings"]["context"], rows[0]["settings"]["stride"]) == (32, 32)
    assert rows[0]["n_characters"] == 81
