"""Bytes to bytes: every level, every content, every way to read; the arguments; the pure function."""

from __future__ import annotations

import array
import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import codelength
from codelength import _native
from codelength.codec.levels import DEFAULT_LEVEL, LEVELS, list_models, memory_bytes, resolve_model
from codelength.codec.segmenter import UNIT_BYTES
from codelength.coding.frame import pack_skippable

SAMPLES = (
    "empty", "1 byte", "2 equal bytes", "text", "unicode", "binary", "random", "all bytes", "all equal",
    "255 bytes", "256 bytes", "65535 bytes", "65536 bytes",
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("level", sorted({LEVELS[number].model_id: number for number in LEVELS}.values()))
def test_round_trip(samples: dict[str, bytes], name: str, level: int, tiny_network: Path) -> None:
    content = samples[name]
    model = tiny_network if _native.is_networked(LEVELS[level].model_id) else None
    archive = codelength.compress(content, level, model=model)
    assert codelength.decompress(archive) == content
    assert len(archive) <= len(content) + 12
    if len(content) < 5000:
        unchecked = archive[:2] + bytes((archive[2] & ~8,)) + archive[3:-4]
        assert codelength.compress(content, level, model=model, check=False) == unchecked


@pytest.mark.parametrize("name", ["empty", "1 byte", "text"])
@pytest.mark.parametrize("level", [*LEVELS, None])
def test_every_level(samples: dict[str, bytes], name: str, level: int | None) -> None:
    content = samples[name]
    archive = codelength.compress(content, level)
    assert codelength.decompress(archive) == content
    assert archive == codelength.compress(content, model=resolve_model(level).predictor)


def test_every_reader(
    samples: dict[str, bytes], readers: dict[str, Callable[[bytes], bytes]], small_segments: int
) -> None:
    for name in ("empty", "1 byte", "text", "random"):
        content = samples[name][:2600]
        archive = codelength.compress(content, 1)
        for reader, read in readers.items():
            assert read(archive) == content, (name, reader)


def test_samples_are_the_ones_tested(samples: dict[str, bytes]) -> None:
    assert set(SAMPLES) == set(samples)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_round_trip_of_40_megabytes() -> None:
    words = [random.Random(1).randbytes(k % 8 + 1).hex().encode() for k in range(5000)]
    choice = random.Random(2).choice
    content = b" ".join(choice(words) for _ in range(4_500_000))[:40_000_000]
    assert len(content) == 40_000_000
    archive = codelength.compress(content, 1)
    assert codelength.get_frame_info(archive).n_segments == 2
    assert codelength.decompress(archive) == content
    assert codelength.compress(content, 1, threads=1) == archive


def test_the_archive_is_a_function_of_the_bytes(
    samples: dict[str, bytes], small_segments: int, pipe: Callable[..., io.RawIOBase]
) -> None:
    for name, check in (("empty", True), ("1 byte", False), ("text", True), ("random", False)):
        content = samples[name][:2600]
        archive = codelength.compress(content, 2, check=check, threads=1)
        for threads in (1, 2, 7):
            assert codelength.compress(content, 2, check=check, threads=threads) == archive
            for source in (io.BytesIO(content), pipe(content)):
                sink = io.BytesIO()
                codelength.compress_stream(source, sink, level=2, check=check, threads=threads)
                assert sink.getvalue() == archive
            compressor = codelength.Compressor(2, check=check, threads=threads)
            parts = [compressor.compress(content[i : i + 999]) for i in range(0, len(content), 999)]
            assert b"".join(parts) + compressor.flush() == archive
            assert codelength.decompress(archive, threads=threads) == content


def test_any_buffer_will_do() -> None:
    content = bytes(range(100)) * 4
    archive = codelength.compress(content)
    numbers = array.array("I", content)
    for data in (bytearray(content), memoryview(content), numbers, memoryview(content).cast("B", (20, 20))):
        assert codelength.compress(data) == archive
    assert codelength.compress(array.array("I")) == codelength.compress(b"")
    assert codelength.decompress(bytearray(archive)) == content
    assert codelength.decompress(memoryview(archive)) == content
    with pytest.raises(BufferError):
        codelength.compress(memoryview(content)[::2])


def test_numpy_arrays_are_buffers() -> None:
    np = pytest.importorskip("numpy")
    for dtype in ("u1", "<i4", ">i4", "f8", "i2,f4"):
        values = np.zeros((3, 5), dtype)
        assert codelength.decompress(codelength.compress(values)) == values.tobytes()
    assert codelength.decompress(codelength.compress(np.zeros((0, 5)))) == b""


@pytest.mark.parametrize("function", [codelength.compress, codelength.decompress])
def test_wrong_types(function: Callable[..., bytes]) -> None:
    for data in ("text", 5, None, [1, 2]):
        with pytest.raises(TypeError):
            function(data)


def test_wrong_arguments() -> None:
    for level in (0, 10, -1):
        with pytest.raises(ValueError, match="level"):
            codelength.compress(b"a", level)
    for level in ("3", 3.0):
        with pytest.raises(TypeError):
            codelength.compress(b"a", level)  # type: ignore[arg-type]
    for model in (0, 31):
        with pytest.raises(ValueError, match="model"):
            codelength.compress(b"a", model=model)
    for threads in (0, -1):
        with pytest.raises(ValueError, match="threads"):
            codelength.compress(b"a", threads=threads)


def test_concatenated_frames(readers: dict[str, Callable[[bytes], bytes]], samples: dict[str, bytes]) -> None:
    archive = (
        pack_skippable(b"before")
        + codelength.compress(samples["text"], 1)
        + codelength.compress(b"")
        + pack_skippable(b"")
        + codelength.compress(samples["random"], 2, check=False)
        + pack_skippable(b"x" * 100)
    )
    for reader, read in readers.items():
        assert read(archive) == samples["text"] + samples["random"], reader


def test_concatenated_segmented_frames(
    readers: dict[str, Callable[[bytes], bytes]], samples: dict[str, bytes], small_segments: int
) -> None:
    text = samples["text"][:1600]
    archive = codelength.compress(text, 1)
    for reader, read in readers.items():
        assert read(archive + codelength.compress(b"ab") + archive) == text + b"ab" + text, reader


def test_an_archive_of_skippable_frames_is_empty(readers: dict[str, Callable[[bytes], bytes]]) -> None:
    for reader, read in readers.items():
        assert read(pack_skippable(b"abc")) == b"", reader


def test_archives_of_language_models_say_what_they_are() -> None:
    archive = b"\xc1\x5c\x01"
    with pytest.raises(codelength.FormatError, match=r"this is the archive of a language model.*clz -d"):
        codelength.decompress(archive)
    with pytest.raises(codelength.CorruptError, match="junk follows the end of the archive, at byte 9"):
        codelength.decompress(codelength.compress(b"") + archive)


def test_max_size(samples: dict[str, bytes]) -> None:
    text = samples["text"]
    archive = codelength.compress(text, 1)
    assert codelength.decompress(archive, max_size=len(text)) == text
    with pytest.raises(codelength.LimitError):
        codelength.decompress(archive, max_size=len(text) - 1)
    assert codelength.decompress(archive * 2, max_size=2 * len(text)) == text * 2
    with pytest.raises(codelength.LimitError):
        codelength.decompress(archive * 2, max_size=2 * len(text) - 1)
    assert codelength.decompress(codelength.compress(b""), max_size=0) == b""


def test_levels_and_models() -> None:
    assert sorted(LEVELS) == list(range(1, 10))
    assert DEFAULT_LEVEL == 6
    models = list_models()
    assert [model.model_id for model in models] == list(range(1, _native.N_PREDICTORS + 1))
    assert [level for model in models for level in model.levels] == sorted(LEVELS)
    assert {level for level in LEVELS if _native.is_networked(LEVELS[level].model_id)} == {6, 7, 8, 9}
    for model in models:
        assert 0 < model.memory_bytes < 1 << 32
        for level in model.levels:
            assert memory_bytes(level, UNIT_BYTES) == model.memory_bytes
    assert all("\n" not in level.words for level in LEVELS.values())
