"""Archives of language models: what goes in comes out, and what is wrong is an error."""

from __future__ import annotations

import itertools
import json
import math
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch

from codelength.codec.language_model import archive as archives
from codelength.codec.language_model import compress_with_model, decompress_with_model, rows
from codelength.codec.language_model.blocks import plan_of, starts_of_blocks
from codelength.codec.language_model.container import Block, Header, Kind, Reader
from codelength.errors import (
    CodecError,
    CorruptError,
    FormatError,
    LimitError,
    ModelError,
    ModelMismatchError,
    ModelNotFoundError,
    TruncatedError,
)
from codelength.predictors.causal_lm import CausalLM
from codelength.predictors.causal_lm.identity import threads

FAMILIES = ("llama", "gpt2", "neox", "plain", "lossy")
BLOCK_FRAME_BYTES = 17

Predictors = Callable[[str], CausalLM]


@pytest.fixture(scope="session")
def predictors(model_folders: dict[str, Path]) -> Predictors:
    """By family, with windows short enough to slide."""
    made = {name: CausalLM(str(folder), context=48, stride=16) for name, folder in model_folders.items()}
    return made.__getitem__


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a short document is several."""
    monkeypatch.setattr(archives, "_MIN_BLOCK_BYTES", 100)


def contents(prose: str) -> list[bytes]:
    text = prose.encode()
    return [
        b"",
        b"a",
        text[:250],
        "日本の猫 and 👩‍👩‍👧 Grüße, THE CAT".encode(),
        text[:100] + b"\xff\xfe" + text[100:200] + b"\xc3",
        random.Random(3).randbytes(200),
        b"The cat sees the rain. <|endoftext|></s> ",
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_goes_in_comes_out(predictors: Predictors, prose: str, family: str) -> None:
    predictor = predictors(family)
    for data in contents(prose):
        archive = compress_with_model(data, predictor)
        assert decompress_with_model(archive, predictor) == data


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.usefixtures("small_blocks")
def test_20_kilobytes_side_by_side(family: str, model_folders: dict[str, Path], long_prose: str) -> None:
    data = long_prose.encode()[:20_000]
    assert len(data) == 20_000
    predictor = CausalLM(str(model_folders[family]), context=128, stride=64, batch_size=16)
    archive = compress_with_model(data, predictor)
    assert decompress_with_model(archive, predictor) == data
    assert len(archive) < 5000


@pytest.mark.parametrize("family", FAMILIES)
def test_coded_bytes_are_what_is_measured(predictors: Predictors, prose: str, family: str) -> None:
    predictor = predictors(family)
    empty = len(compress_with_model(b"", predictor))
    text = prose.encode()
    for data in (text[:50], text[:700], text[:200] + b"\xff\x00\xfe" + text[200:500]):
        n_bits = 8 * (len(compress_with_model(data, predictor)) - empty - BLOCK_FRAME_BYTES)
        length_bits = predictor.symbol_lengths(data).length_bits
        assert abs(n_bits - length_bits) <= 0.0002 * length_bits + 64


@pytest.mark.usefixtures("small_blocks")
def test_each_block_is_a_document(predictors: Predictors, prose: str) -> None:
    predictor = predictors("neox")
    data = prose.encode()[:1800]
    reader = Reader(compress_with_model(data, predictor))
    header = reader.header()
    assert header is not None
    assert header.n_blocks == 8
    starts = [*starts_of_blocks(data, 8), len(data)]
    parts = [data[a:b] for a, b in itertools.pairwise(starts)]
    n_bits = 8.0 * sum(len(reader.block("").payload) for _ in parts)
    length_bits = sum(lengths.length_bits for lengths in predictor.many_symbol_lengths(parts))
    assert abs(n_bits - length_bits) <= 0.0002 * length_bits + 64 * 8


@pytest.mark.parametrize("n_blocks", [1, 2, 7])
def test_where_blocks_begin(n_blocks: int) -> None:
    for data in (b"a b " * 100, "日本".encode() * 200, bytes(500), b"\x80" * 300):
        starts = starts_of_blocks(data, n_blocks)
        assert len(starts) == n_blocks
        assert starts[0] == 0
        assert all(a < b for a, b in zip(starts, [*starts[1:], len(data)], strict=True))
    for start in starts_of_blocks("日本".encode() * 200, n_blocks):
        ("日本".encode() * 200)[start:].decode()


@pytest.mark.usefixtures("small_blocks")
def test_what_does_not_get_smaller_is_stored(predictors: Predictors, prose: str) -> None:
    predictor = predictors("gpt2")
    noise = "".join(random.Random(1).choices("qxzjkvwy#~|^`", k=500)).encode()
    data = prose.encode()[:500] + noise + prose.encode()[500:1000]
    archive = compress_with_model(data, predictor)
    reader = Reader(archive)
    header = reader.header()
    assert header is not None
    kinds = {reader.block("").kind for _ in range(header.n_blocks)}
    assert kinds >= {Kind.STORED, Kind.TOKENS}
    assert decompress_with_model(archive, predictor) == data
    assert len(compress_with_model(noise, predictor)) <= len(noise) + 600 + 8 * BLOCK_FRAME_BYTES


def test_frames_in_a_row_are_one_content(predictors: Predictors) -> None:
    predictor = predictors("gpt2")
    two = compress_with_model(b"The cat ", predictor) + compress_with_model(b"sees.", predictor)
    assert decompress_with_model(two, predictor) == b"The cat sees."


def test_the_archive_names_its_model_and_settings(model_folders: dict[str, Path], prose: str) -> None:
    data = prose.encode()[:300]
    archive = compress_with_model(data, f"hf:{model_folders['llama']}?context=40&stride=10&dtype=bfloat16")
    assert decompress_with_model(archive) == data
    header = Reader(archive).header()
    assert header is not None
    facts = header.facts
    assert (facts["context"], facts["stride"], facts["dtype"]) == ("40", "10", "bfloat16")
    assert facts["torch"] == torch.__version__


def test_a_moved_model_is_named_anew(model_folders: dict[str, Path], tmp_path: Path, prose: str) -> None:
    here = tmp_path / "here"
    copy(model_folders["gpt2"], here)
    archive = compress_with_model(prose.encode()[:200], f"hf:{here}")
    here.rename(tmp_path / "there")
    with pytest.raises(ModelNotFoundError, match="no folder"):
        decompress_with_model(archive)
    assert decompress_with_model(archive, f"hf:{tmp_path / 'there'}") == prose.encode()[:200]


def copy(folder: Path, target: Path) -> Path:
    target.mkdir()
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_progress(predictors: Predictors, prose: str) -> None:
    seen: list[tuple[int, int]] = []
    data = prose.encode()[:300]
    archive = compress_with_model(data, predictors("gpt2"), on_progress=lambda *now: seen.append(now))
    assert seen == sorted(seen)
    assert seen[-1] == (300, len(archive))
    seen.clear()
    decompress_with_model(archive, predictors("gpt2"), on_progress=lambda *now: seen.append(now))
    assert seen == sorted(seen)
    assert seen[-1] == (len(archive), 300)


# Other stacks, other models.


@pytest.fixture
def written(predictors: Predictors, prose: str) -> tuple[bytes, bytes]:
    data = prose.encode()[:300]
    return data, compress_with_model(data, predictors("gpt2"))


def with_facts(archive: bytes, **changes: Any) -> bytes:
    """The archive, but its header says something else."""
    reader = Reader(archive)
    header = reader.header()
    assert header is not None
    facts = {name: value for name, value in {**header.facts, **changes}.items() if value is not None}
    return Header(facts, header.content_size, header.n_blocks).pack() + archive[reader.position :]


@pytest.mark.parametrize(
    ("fact", "value"),
    [("torch", "1.0"), ("transformers", "3.0"), ("cpu", "AVX1024"), ("machine", "vax"), ("attention", "none"),
     ("tokenizers", None), ("something", "new"), ("threads", "4000"), ("beginning", "bos_token <s>"),
     ("dtype", "float64")],
)  # fmt: skip
def test_another_stack_is_refused(
    written: tuple[bytes, bytes], predictors: Predictors, fact: str, value: str
) -> None:
    data, archive = written
    changed = with_facts(archive, **{fact: value})
    with pytest.raises(
        ModelMismatchError, match=rf"{fact if fact != 'threads' else '4000 threads'}.*--force"
    ):
        decompress_with_model(changed, predictors("gpt2"))
    # Its numbers are the same here, so force succeeds.
    assert decompress_with_model(changed, predictors("gpt2"), force=True) == data


def test_a_device_that_is_not_here(written: tuple[bytes, bytes]) -> None:
    data, archive = written
    if torch.cuda.is_available():
        pytest.skip("it is")
    changed = with_facts(archive, device="cuda", accelerator="Abacus 9")
    with pytest.raises(ModelMismatchError, match="no device 'cuda'"):
        decompress_with_model(changed)
    assert decompress_with_model(changed, force=True) == data


def test_other_weights(model_folders: dict[str, Path], written: tuple[bytes, bytes], tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    _, archive = written
    folder = copy(model_folders["gpt2"], tmp_path / "other")
    weights = load_file(folder / "model.safetensors")
    for weight in weights.values():
        weight *= 1.01
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelMismatchError, match="SHA-256"):
        decompress_with_model(archive, f"hf:{folder}")
    with pytest.raises(CorruptError, match="other numbers"):
        decompress_with_model(archive, f"hf:{folder}", force=True)


def test_another_family(model_folders: dict[str, Path], written: tuple[bytes, bytes]) -> None:
    _, archive = written
    with pytest.raises(ModelMismatchError, match="SHA-256"):
        decompress_with_model(archive, f"hf:{model_folders['llama']}")
    with pytest.raises(CodecError):
        decompress_with_model(archive, f"hf:{model_folders['llama']}", force=True)


def test_threads_are_those_of_the_archive(predictors: Predictors, prose: str) -> None:
    data = prose.encode()[:60]
    with threads(2):
        archive = compress_with_model(data, predictors("gpt2"))
    seen: list[int] = []
    restored = decompress_with_model(
        archive, predictors("gpt2"), on_progress=lambda *_: seen.append(torch.get_num_threads())
    )
    assert restored == data
    assert seen[0] == 2
    assert torch.get_num_threads() == 1


def test_a_model_that_is_not_the_same_twice(
    predictors: Predictors, prose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from codelength.predictors.causal_lm import stepping

    noise = random.Random(1)

    def shaky(model: Any, inputs: Any, cache: Any) -> Any:
        with torch.inference_mode():
            given = torch.tensor(inputs, device=model.device).T.contiguous()
            logits, cache = stepping.read_on(model.module, given, cache)
        return stepping.Forecast(logits[:, -1] * noise.uniform(0.9, 1.1)), cache

    monkeypatch.setattr(stepping, "_forecast", shaky)
    with pytest.raises(ModelError, match="same numbers twice"):
        compress_with_model(prose.encode()[:300], predictors("gpt2"))


def test_a_model_that_gives_no_numbers(model_folders: dict[str, Path]) -> None:
    predictor = CausalLM(str(model_folders["gpt2"]))
    next(iter(predictor.model.module.parameters())).fill_(math.nan)
    with pytest.raises(ModelError, match="no numbers"):
        compress_with_model(b"The cat", predictor)


def test_frequencies() -> None:
    from codelength.predictors.causal_lm.stepping import MAX_VOCABULARY, Forecast

    certain = torch.full((2, MAX_VOCABULARY), -1e4)
    certain[0, 5] = 1e4
    forecast = Forecast(torch.cat((certain, torch.zeros(1, MAX_VOCABULARY), torch.randn(1, MAX_VOCABULARY))))
    assert all(MAX_VOCABULARY < total <= 1 << 32 for total in forecast.totals)
    for tokens in ([5, 0, 0, 0], [0, 1, 2, 3], [MAX_VOCABULARY - 1] * 4):
        intervals = forecast.intervals(tokens)
        assert all(frequency >= 1 for _, frequency in intervals)
        for at in ([start for start, _ in intervals], [start + n - 1 for start, n in intervals]):
            assert forecast.find(at) == [
                (token, *interval) for token, interval in zip(tokens, intervals, strict=True)
            ]
    ends = [start + n for start, n in forecast.intervals([MAX_VOCABULARY - 1] * 4)]
    assert ends == forecast.totals


# Damage and malice.


def test_every_cut_is_noticed(written: tuple[bytes, bytes], predictors: Predictors) -> None:
    _, archive = written
    for n in [*range(40), *range(40, len(archive), 23), len(archive) - 1]:
        with pytest.raises(TruncatedError):
            decompress_with_model(archive[:n], predictors("gpt2"))


def test_every_flipped_bit_is_noticed(written: tuple[bytes, bytes], predictors: Predictors) -> None:
    _, archive = written
    choice = random.Random(2)
    reader = Reader(archive)
    reader.header()
    in_blocks = choice.sample(range(reader.position, len(archive)), 15)
    for at in [*range(0, reader.position, 5), *in_blocks]:
        damaged = bytearray(archive)
        damaged[at] ^= 1 << choice.randrange(8)
        with pytest.raises(CodecError):
            decompress_with_model(bytes(damaged), predictors("gpt2"))


def test_junk_behind(written: tuple[bytes, bytes], predictors: Predictors) -> None:
    _, archive = written
    for junk in (b"x", b"\xc1\x5a\x20", bytes(100)):
        with pytest.raises(CorruptError, match="what follows"):
            decompress_with_model(archive + junk, predictors("gpt2"))


def test_what_is_no_archive(predictors: Predictors) -> None:
    with pytest.raises(FormatError, match="not an archive"):
        decompress_with_model(b"Some text.", predictors("gpt2"))
    with pytest.raises(FormatError, match="version 2"):
        decompress_with_model(b"\xc1\x5c\x02" + bytes(100))
    with pytest.raises(TruncatedError):
        decompress_with_model(b"")
    with pytest.raises(TypeError):
        decompress_with_model("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        compress_with_model("text", predictors("gpt2"))  # type: ignore[arg-type]


def header_with(facts: bytes, content_size: int = 10, n_blocks: int = 1) -> bytes:
    head = (
        struct.pack("<2sBH", b"\xc1\x5c", 1, len(facts)) + facts + struct.pack("<QI", content_size, n_blocks)
    )
    return head + struct.pack("<I", zlib.crc32(head))


@pytest.mark.parametrize(
    "facts",
    [b"", b"{", b"[" * 60_000, b'{"a":' * 10_000, b"null", b"[]", b'{"model": 3}', b'"x"', b"\xff\xfe",
     b"9" * 60_000, b'{"model": {"a": "b"}}', b"{}",
     json.dumps({str(i): "" for i in range(65)}).encode()],
)  # fmt: skip
def test_hostile_facts(facts: bytes) -> None:
    with pytest.raises(CorruptError, match=r"about its model|does not say"):
        decompress_with_model(header_with(facts))


@pytest.mark.parametrize(
    ("fact", "value"),
    [("context", "0"), ("context", "99999999999"), ("stride", "-1"), ("batch", "65"), ("threads", "1e3"),
     ("threads", "99999"), ("context", "٣"), ("stride", "49"), ("sha256", None), ("batch", None)],
)  # fmt: skip
def test_hostile_settings(written: tuple[bytes, bytes], fact: str, value: str) -> None:
    with pytest.raises(CorruptError):
        decompress_with_model(with_facts(written[1], **{fact: value}), force=True)


@pytest.mark.parametrize(
    "index",
    ["", "{}", "[]", '{"weight_map": 3}', '{"weight_map": {"a": 1}}', '{"weight_map": {"a": "../w"}}',
     '{"weight_map": {"a": "/dev/zero"}}', '{"weight_map": {"a": ["b"]}}', "[" * 100_000],
)  # fmt: skip
def test_hostile_indices_of_weights(written: tuple[bytes, bytes], index: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors.index.json").write_text(index)
    with pytest.raises(ModelError, match="names no files"):
        decompress_with_model(with_facts(written[1], model=str(tmp_path)))


def test_a_device_that_takes_no_model(
    model_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def fail(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.nn.Module, "to", fail)
    with pytest.raises(ModelError, match="does not go to the device cpu: CUDA out of memory"):
        CausalLM(str(model_folders["gpt2"]))


def test_a_context_that_the_model_cannot_have(written: tuple[bytes, bytes]) -> None:
    with pytest.raises(ModelMismatchError, match="at most 256"):
        decompress_with_model(with_facts(written[1], context="9999999"), force=True)


def test_a_model_is_not_fetched_for_an_archive(
    written: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked: list[dict[str, Any]] = []

    def download(name: str, **options: Any) -> str:
        asked.append({"name": name, **options})
        raise OSError("not here")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(ModelNotFoundError, match="on this machine"):
        decompress_with_model(with_facts(written[1], model="someone/model"))
    assert [call["local_files_only"] for call in asked] == [True]
    with pytest.raises(ModelNotFoundError, match="on the hub"):
        decompress_with_model(written[1], "hf:someone/model")
    assert [call["local_files_only"] for call in asked] == [True, False]


def test_lying_sizes(written: tuple[bytes, bytes], predictors: Predictors) -> None:
    _, archive = written
    reader = Reader(archive)
    header = reader.header()
    assert header is not None
    start = reader.position
    block = reader.block("")
    predictor = predictors("gpt2")

    def refused(*blocks: Block, content_size: int = 300, n_blocks: int | None = None, match: str) -> None:
        head = Header(header.facts, content_size, len(blocks) if n_blocks is None else n_blocks)
        with pytest.raises(CorruptError, match=match):
            decompress_with_model(head.pack() + b"".join(b.pack() for b in blocks), predictor)

    refused(block, content_size=301, match="lack 1")
    refused(block, content_size=299, match="cannot have")
    refused(block, content_size=1 << 40, match="blocks cannot hold")
    refused(block, n_blocks=301, match="blocks cannot hold")
    refused(block, n_blocks=0, match="blocks cannot hold")
    for change, match in [
        ({"kind": 3}, "unknown kind"), ({"kind": 0}, "tokens"),
        ({"kind": 2}, "record|table|go beyond|decode"),
        ({"content_size": 0}, "cannot have"), ({"content_size": 1 << 31}, "cannot have"),
        ({"n_tokens": 0}, "claims 0 tokens"), ({"n_tokens": 1 << 31}, "tokens for"),
        ({"n_tokens": block.n_tokens + 1}, "does not decode"), ({"n_tokens": block.n_tokens - 1}, "decode"),
        ({"checksum": 1}, "checksum"), ({"payload": b""}, "decode"), ({"payload": bytes(300)}, "payload"),
        ({"payload": block.payload + b"\0"}, "decode"), ({"payload": b"\xff" * 50}, "decode|checksum"),
    ]:  # fmt: skip
        values = {name: getattr(block, name) for name in Block.__slots__} | change
        refused(Block(**values), match=match)
    assert start > 100


@pytest.mark.parametrize(
    ("sides", "match"),
    [(b"", "does not end"), (b"\xff" * 9, "does not end"), (b"\0", "no records"), (b"\x7f" * 4, "records"),
     (b"\x01\x00\x7f", "go beyond|more than"), (b"\x01\xff\xff\x7f\x01", "more than")],
)  # fmt: skip
def test_hostile_tables(
    written: tuple[bytes, bytes], predictors: Predictors, sides: bytes, match: str
) -> None:
    header = Reader(written[1]).header()
    assert header is not None
    frame = Header(header.facts, 60, 1).pack() + Block(Kind.MIXED, 60, 3, sides, 0).pack()
    with pytest.raises(CorruptError, match=match):
        decompress_with_model(frame, predictors("gpt2"))


def test_limits(written: tuple[bytes, bytes], predictors: Predictors) -> None:
    data, archive = written
    assert decompress_with_model(archive, predictors("gpt2"), max_size=300) == data
    with pytest.raises(LimitError):
        decompress_with_model(archive, predictors("gpt2"), max_size=299)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("no"), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9")]
)
def test_no_memory(
    predictors: Predictors, prose: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    predictor = predictors("gpt2")

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(predictor.model.module, "forward", fail)
    with pytest.raises(MemoryError, match="smaller batches"):
        compress_with_model(prose.encode()[:100], predictor)
    with pytest.raises(MemoryError, match="smaller batches"):
        predictor.symbol_lengths(prose.encode()[:100])


def test_a_model_without_keys_and_values(
    predictors: Predictors, prose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from codelength.predictors.causal_lm import stepping

    predictor, data = predictors("llama"), prose.encode()[:250]
    kept = Reader(compress_with_model(data, predictor))
    read_on = stepping.read_on
    monkeypatch.setattr(stepping, "read_on", lambda *given: (read_on(*given)[0], None))
    archive = compress_with_model(data, predictor)
    assert decompress_with_model(archive, predictor) == data
    anew = Reader(archive)
    kept.header(), anew.header()
    assert abs(len(kept.block("").payload) - len(anew.block("").payload)) <= 1


def test_a_model_that_cannot_be_run(
    predictors: Predictors, prose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = predictors("gpt2")

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no kernel for this\nand more")

    monkeypatch.setattr(predictor.model.module, "forward", fail)
    with pytest.raises(ModelError, match=r"no kernel for this$"):
        predictor.symbol_lengths(prose.encode()[:100])


def test_plans_and_rows_alone(predictors: Predictors, prose: str) -> None:
    predictor = predictors("plain")
    plans = [plan_of(part, predictor.model.tokenizer) for part in (prose.encode()[:200], b"\xff\xfe", b"The")]
    blocks = rows.encode_rows(predictor, plans, lambda _: None)
    assert rows.decode_rows(predictor, blocks, ["a", "b", "c"], lambda _: None) == [
        plan.content for plan in plans
    ]
