"""Code lengths under causal language models, against what the definition says, one token at a time."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from codelength.errors import ModelError, ModelNotFoundError
from codelength.predictors.causal_lm import CausalLM, Settings, scoring
from codelength.predictors.causal_lm.spans import RawSpan, TextSpan, cut, number_size, records
from codelength.predictors.causal_lm.windows import begins_window, windows

MODELS = ("llama", "gpt2", "neox", "plain")
SETTINGS = [(128, 64), (128, 1), (64, 64), (64, 16), (17, 5), (8, 8), (3, 2), (1, 1)]
CASES = [
    (family, *setting)
    for family in MODELS
    for setting in (SETTINGS if family in ("llama", "plain") else [(128, 64), (17, 5)])
]


def naive_bits(folder: Path, text: str, context: int, stride: int) -> list[float]:
    """Each token on its own, in float64, with transformers alone: the definition, word for word."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    found = []
    if first is None:
        found.append(math.log2(model.config.vocab_size))
    else:
        ids = [first, *ids]
    for i in range(len(ids) - 1):
        window = 0 if i < context else (i - context) // stride + 1
        with torch.no_grad():
            logits = model(torch.tensor([ids[window * stride : i + 1]])).logits[0, -1]
        loss_nats = torch.nn.functional.cross_entropy(logits[None], torch.tensor([ids[i + 1]]))
        found.append(loss_nats.item() / math.log(2))
    return found


@pytest.mark.parametrize(("family", "context", "stride"), CASES)
def test_equals_transformers(
    model_folders: dict[str, Path], prose: str, family: str, context: int, stride: int
) -> None:
    text = prose[:700] if context == 128 else prose[:450]
    expected = naive_bits(model_folders[family], text, context, stride)
    for dtype, batch_size in (("float64", 3), ("float32", 8)):
        predictor = CausalLM(
            str(model_folders[family]), dtype=dtype, context=context, stride=stride, batch_size=batch_size
        )
        lengths = predictor.symbol_lengths(text.encode())
        assert lengths.length_bits == pytest.approx(math.fsum(expected), rel=1e-6)
        assert lengths.n_bytes == len(text.encode())


def test_equals_the_loss_that_transformers_reports(model_folders: dict[str, Path], prose: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = model_folders["llama"]
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ids = [tokenizer.bos_token_id, *tokenizer(prose[:700], add_special_tokens=False)["input_ids"]]
    with torch.no_grad():
        loss_nats = model(torch.tensor([ids]), labels=torch.tensor([ids])).loss.item()
    length = CausalLM(str(folder)).symbol_lengths(prose[:700].encode()).length_bits
    assert length == pytest.approx(loss_nats * (len(ids) - 1) / math.log(2), rel=1e-5)


@pytest.mark.parametrize("stride", [1, 3, 10])
def test_windows_score_everything_once_with_enough_context(stride: int) -> None:
    context = 10
    for n_inputs in range(60):
        scored = []
        for window in windows(n_inputs, context, stride):
            assert 0 < window.end - window.start <= context
            scored += range(window.first_scored, window.end)
            assert all(
                i - window.start >= min(i, context - stride) for i in range(window.first_scored, window.end)
            )
            assert begins_window(window.first_scored, context, stride) == window.start
        assert scored == list(range(n_inputs))
        starts = [i for i in range(n_inputs) if begins_window(i, context, stride) is not None]
        assert starts == [window.first_scored for window in windows(n_inputs, context, stride)]


def test_pieces_with_a_cache_give_the_same(
    model_folders: dict[str, Path], prose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = CausalLM(str(model_folders["llama"]), dtype="float64", context=200, stride=60)
    whole = predictor.symbol_lengths(prose.encode())
    monkeypatch.setattr(scoring, "_LOGITS_BYTES", 50 * 400 * 8)
    pieces = predictor.symbol_lengths(prose.encode())
    np.testing.assert_allclose(pieces.lengths_bits, whole.lengths_bits, rtol=1e-9)


@pytest.mark.parametrize("family", [*MODELS, "lossy"])
def test_many_documents_are_the_documents_one_by_one(
    model_folders: dict[str, Path], prose: str, family: str
) -> None:
    data = prose.encode()
    documents = [data[:n] for n in (0, 1, 7, 500, 40, 1200, 33)] + [b"\xff\xfe", data[5:600]] + [b"abc"] * 90
    predictor = CausalLM(str(model_folders[family]), context=64, stride=32, batch_size=4)
    many = list(predictor.many_symbol_lengths(iter(documents)))
    assert [lengths.n_bytes for lengths in many] == [len(document) for document in documents]
    for document, lengths in zip(documents, many, strict=True):
        alone = predictor.symbol_lengths(document)
        np.testing.assert_array_equal(alone.ends, lengths.ends)
        np.testing.assert_allclose(alone.lengths_bits, lengths.lengths_bits, rtol=1e-4, atol=1e-5)


def test_documents_are_not_all_read_before_the_first_is_given(model_folders: dict[str, Path]) -> None:
    n_read = 0

    def documents() -> Any:
        nonlocal n_read
        for _ in range(1000):
            n_read += 1
            yield b"The cat sees the rain."

    predictor = CausalLM(str(model_folders["gpt2"]), batch_size=2)
    assert next(predictor.many_symbol_lengths(documents())).n_bytes == 22
    assert n_read < 100


# Any bytes.


def contents(prose: str) -> dict[str, bytes]:
    data = prose.encode()
    return {
        "empty": b"",
        "one": b"a",
        "zero": b"\0",
        "text": data[:300],
        "end of text, spelt out": b"The cat <|endoftext|> sees </s> it.",
        "line ends": b"\r\n\r\n a\t b  c \n\n   \n",
        "leading space": b"  The cat",
        "cut character": "日本の猫".encode()[:-1],
        "invalid inside": data[:90] + b"\xff\xfe\x80" + data[90:200] + b"\xc3",
        "surrogate": b"\xed\xa0\x80 The cat sees",
        "binary": bytes(range(256)),
        "capitals": "THE CAT AND DIE GRÜSSE, ﬁne Å Å e\u0301\u200b".encode(),
        "emoji": "👩‍👩‍👧 The cat 🐈".encode(),
    }


@pytest.mark.parametrize("family", [*MODELS, "lossy"])
def test_spans_restore_any_bytes(model_folders: dict[str, Path], prose: str, family: str) -> None:
    predictor = CausalLM(str(model_folders[family]))
    tokenizer = predictor.model.tokenizer
    for name, data in contents(prose).items():
        spans = predictor.spans(data)
        restored = b""
        for before, span in zip([None, *spans], spans, strict=False):
            assert span.start == len(restored)
            assert before is None or isinstance(before, RawSpan) != isinstance(span, RawSpan)
            if isinstance(span, TextSpan):
                restored += tokenizer.decode(span.ids.tolist()).encode()
            else:
                restored += data[span.start : span.end]
            assert span.end == len(restored)
        assert restored == data, name
        lengths = predictor.symbol_lengths(data, guesses=5)
        assert lengths.n_bytes == len(data)
        assert lengths.guesses is not None


def test_the_cost_of_raw_bytes(model_folders: dict[str, Path], prose: str) -> None:
    predictor = CausalLM(str(model_folders["gpt2"]))
    assert predictor.symbol_lengths(b"\xff" * 200).length_bits == 8 * 200 + 8 + 8 + 16
    head, tail = prose[:100].encode(), prose[100:200].encode()
    mixed = predictor.symbol_lengths(head + b"\xff" + tail)
    n_raw = int(np.flatnonzero(mixed.ends == len(head) + 1)[0])
    assert mixed.lengths_bits[n_raw] == 8 + 8 + 16  # the byte; one record; its two numbers
    spans = predictor.spans(head + b"\xff" + tail)
    ids = [span.ids for span in spans if isinstance(span, TextSpan)]
    assert records(spans) == [(len(ids[0]), 1)]
    assert [number_size(n) for n in (0, 127, 128, 16383, 16384)] == [1, 1, 2, 2, 3]


def test_a_lossy_tokenizer_costs_where_it_loses(model_folders: dict[str, Path], prose: str) -> None:
    predictor = CausalLM(str(model_folders["lossy"]))
    lower = "the cat sees the sea, the sea; nobody talks about nothing at all. " * 5
    assert len(predictor.spans(lower.encode())) == 1
    upper = lower.replace("nobody", "Nobody")
    spans = predictor.spans(upper.encode())
    raw = [upper.encode()[span.start : span.end] for span in spans if isinstance(span, RawSpan)]
    assert raw == [b"N"] * 5


def test_cutting_takes_about_twice_the_work_of_encoding() -> None:
    class Counting:
        n_characters = 0

        def encode(self, text: str) -> Any:
            from codelength.predictors.causal_lm.spans import Encoding

            self.n_characters += len(text)
            return Encoding(np.array([ord(c) for c in text]), np.arange(1, len(text) + 1))

        def decode(self, ids: Sequence[int]) -> str:
            return "".join(map(chr, ids)).replace("Q", "q")

    codebook = Counting()
    text = "a word " * 5_000 + "Q" + " and more" * 5_000
    spans = cut(text.encode(), codebook)
    assert [span.end - span.start for span in spans if isinstance(span, RawSpan)] == [1]
    assert codebook.n_characters < 5 * len(text)
    assert cut(bytes([255, 65]) * 20_000, codebook) == [RawSpan(0, 40_000)]


# Symbols, ranks, guesses.


def test_tokens_of_one_character_are_counted_one_by_one(model_folders: dict[str, Path]) -> None:
    predictor = CausalLM(str(model_folders["neox"]))
    lengths = predictor.symbol_lengths("a€😀".encode() + b"\xff")
    [text, _] = predictor.spans("a€😀".encode() + b"\xff")
    assert isinstance(text, TextSpan)
    assert lengths.n_tokens == len(text.ids) + 1
    assert lengths.n_tokens > len(lengths.lengths_bits) == 4


def test_guesses_and_ranks(model_folders: dict[str, Path], prose: str) -> None:
    predictor = CausalLM(str(model_folders["neox"]))
    text = prose[:400]
    lengths = predictor.symbol_lengths(text.encode(), guesses=5)
    assert lengths.ranks is not None
    assert lengths.guesses is not None
    n_right = 0
    begin = 0
    for bits, end, rank, guesses in zip(
        lengths.lengths_bits, lengths.ends, lengths.ranks, lengths.guesses, strict=True
    ):
        assert len(guesses) == 5
        chances = [chance for _, chance in guesses]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) <= 1 + 1e-9
        symbol = text.encode()[begin:end]
        texts = [guess.encode() if isinstance(guess, str) else guess for guess, _ in guesses]
        if rank < 5 and texts[rank] == symbol:
            assert -math.log2(chances[rank]) == pytest.approx(bits, rel=1e-6, abs=1e-9)
            n_right += 1
        begin = int(end)
    assert n_right > 50


def test_tokens_as_they_are_shown(model_folders: dict[str, Path]) -> None:
    spaced = CausalLM(str(model_folders["llama"])).model.tokenizer
    encoding = spaced.encode("a cat ü")
    assert encoding is not None
    shown = [spaced.token(number) for number in encoding.ids.tolist()]
    assert all(isinstance(part, str) for part in shown)
    assert "".join(map(str, shown)) == " a cat ü"
    assert spaced.token(3 + 0xE6) == b"\xe6"
    exact = CausalLM(str(model_folders["gpt2"])).model.tokenizer
    encoding = exact.encode("🐈")
    assert encoding is not None
    parts = [exact.token(number) for number in encoding.ids.tolist()]
    assert b"".join(part if isinstance(part, bytes) else part.encode() for part in parts) == "🐈".encode()


def test_ends_without_offsets(model_folders: dict[str, Path]) -> None:
    tokenizer = CausalLM(str(model_folders["gpt2"])).model.tokenizer
    encoding = tokenizer.encode("The cat 🐈 sees")
    assert encoding is not None
    ends = list(tokenizer._ends(encoding.ids.tolist(), 14))
    assert ends[-1] == 14
    kept = [i for i in range(len(ends)) if i + 1 == len(ends) or encoding.ends[i + 1] > encoding.ends[i]]
    assert [ends[i] for i in kept] == encoding.ends[kept].tolist()


# What is said about it.


def test_beginnings(model_folders: dict[str, Path]) -> None:
    said = {name: CausalLM(str(folder)).describe() for name, folder in model_folders.items()}
    assert said["llama"].endswith("before the first token: bos_token <s>")
    assert said["gpt2"].endswith("before the first token: eos_token <|endoftext|>")
    assert said["plain"].endswith("before the first token: none: first token uniform")
    without = CausalLM(str(model_folders["llama"]), bos=False)
    assert without.symbol_lengths(b"a").lengths_bits[0] >= math.log2(400)
    with pytest.raises(ValueError, match="no token to begin with"):
        CausalLM(str(model_folders["plain"]), bos=True)


def test_fingerprint(model_folders: dict[str, Path]) -> None:
    folder = str(model_folders["gpt2"])
    predictor = CausalLM(folder, context=100, stride=30)
    facts = predictor.fingerprint
    assert {name: facts[name] for name in ("model", "dtype", "context", "stride", "batch")} == {
        "model": folder, "dtype": "float32", "context": "100", "stride": "30", "batch": "8",
    }  # fmt: skip
    assert len(facts["sha256"]) == 64
    assert facts["sha256"] != CausalLM(str(model_folders["plain"])).fingerprint["sha256"]
    assert all(isinstance(value, str) for value in facts.values())
    n_weights = predictor.weights_bytes
    assert n_weights == 4 * sum(weight.numel() for weight in predictor.model.module.parameters())
    assert CausalLM(folder, dtype="bfloat16").weights_bytes == n_weights // 2


def test_bfloat16_is_near(model_folders: dict[str, Path], prose: str) -> None:
    exact, rough = (
        CausalLM(str(model_folders["llama"]), dtype=dtype).symbol_lengths(prose.encode()).length_bits
        for dtype in ("float32", "bfloat16")
    )
    assert rough == pytest.approx(exact, rel=0.05)


def test_settings_in_a_name(model_folders: dict[str, Path]) -> None:
    assert Settings.parse("hf:a/b") == Settings("a/b")
    parsed = Settings.parse("hf:m?context=20&stride=5&dtype=bfloat16&device=cpu&batch_size=3&bos=no")
    assert parsed == Settings("m", "cpu", "bfloat16", 20, 5, 3, False)
    predictor = CausalLM.from_name(f"hf:{model_folders['gpt2']}?context=20&stride=5")
    assert (predictor.context, predictor.stride) == (20, 5)
    wrong = {
        "hf:": "wants a name", "hf:m?contxt=3": "did you mean 'context'", "hf:m?zzz=3": "known are",
        "hf:m?context=x": "whole number", "hf:m?bos=maybe": "yes or no", "hf:m?dtype=int3": "type of numbers",
        "hf:m?context=0": "at least 1", "hf:m?context=3&stride=4": "passes over",
    }  # fmt: skip
    for text, message in wrong.items():
        with pytest.raises(ValueError, match=message):
            Settings.parse(text)


# What can be wrong.


def test_models_that_cannot_be_had(model_folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no folder"):
        CausalLM(str(tmp_path / "nothing"))
    with pytest.raises(ModelNotFoundError, match="no config"):
        CausalLM(str(tmp_path))
    with pytest.raises(ModelNotFoundError, match="there is no model 'no-such/model'"):
        CausalLM("no-such/model")
    with pytest.raises(ValueError, match="no device"):
        CausalLM(str(model_folders["gpt2"]), device="cuda:77")
    with pytest.raises(ValueError, match="no device"):
        CausalLM(str(model_folders["gpt2"]), device="abacus")
    with pytest.raises(ValueError, match="at most 256"):
        CausalLM(str(model_folders["gpt2"]), context=257)
    with pytest.raises(ValueError, match="passes over"):
        CausalLM(str(model_folders["gpt2"]), stride=257)
    with pytest.raises(TypeError, match="bytes"):
        CausalLM(str(model_folders["gpt2"])).symbol_lengths("text")  # type: ignore[arg-type]


def copy_without(folder: Path, target: Path, *prefixes: str) -> Path:
    target.mkdir()
    for file in folder.iterdir():
        if not file.name.startswith(prefixes or ("no such",)):
            (target / file.name).write_bytes(file.read_bytes())
    return target


def test_a_model_without_a_tokenizer(model_folders: dict[str, Path], tmp_path: Path) -> None:
    for family in ("gpt2", "llama", "neox"):
        folder = copy_without(model_folders[family], tmp_path / family, "tokenizer", "special")
        with pytest.raises(ModelError, match="no tokenizer"):
            CausalLM(str(folder))


def test_a_model_without_all_its_weights(model_folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = copy_without(model_folders["neox"], tmp_path / "part")
    weights = load_file(folder / "model.safetensors")
    weights.pop(next(name for name in weights if "embed_out" in name or "lm_head" in name))
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="lacks weights"):
        CausalLM(str(folder))
    copy_without(model_folders["neox"], tmp_path / "none", "model")
    with pytest.raises(ModelError, match="no causal language model"):
        CausalLM(str(tmp_path / "none"))


def test_damaged_files(model_folders: dict[str, Path], tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        folder = copy_without(model_folders["gpt2"], tmp_path / name.partition(".")[0])
        (folder / name).write_bytes(b"{" + bytes(100))
        with pytest.raises(ModelError):
            CausalLM(str(folder))


def test_a_model_that_gives_no_numbers(model_folders: dict[str, Path]) -> None:
    predictor = CausalLM(str(model_folders["gpt2"]))
    next(iter(predictor.model.module.parameters())).fill_(math.nan)
    with pytest.raises(FloatingPointError, match="no numbers"):
        predictor.symbol_lengths(b"The cat")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModelNotFoundError, match=r"pip install 'codelength\[hf\]'"):
        CausalLM("anything")


def test_importing_the_predictor_loads_no_torch() -> None:
    assert importlib.util.find_spec("torch") is not None
    script = "import sys, codelength.predictors.causal_lm; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
