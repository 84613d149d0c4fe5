"""What tests of training share: a small trainer, and a folder that a tiny one reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codelength.training.config import Config, ModelConfig, SourceConfig, TrainingConfig
from codelength.training.corpus import Corpus, Document, SourceDocuments
from codelength.training.schedule import Schedule
from codelength.training.trainer import Trainer

_TINY = """
[model]
width = 16
layers = 1
hidden = 16
taps = 2
orders = [2]
echoes = [2]
rows = 16
columns = 4
[training]
streams = 2
window = 16
validation_bytes = 100
[[source]]
name = "text"
paths = ["*.txt"]
weight = 1
"""

Make = Callable[..., Trainer]


@pytest.fixture(scope="session")
def small() -> ModelConfig:
    """The model of `make`."""
    return ModelConfig(
        width=32, layers=2, hidden=32, taps=3, orders=(2, 3), rows=64, columns=4, echoes=(2, 4)
    )


@pytest.fixture(scope="session")
def make(small: ModelConfig) -> Make:
    """Makes trainers that begin alike, on documents of five words."""

    def make_trainer(schedule: Schedule | None = None) -> Trainer:
        generator = np.random.default_rng(0)
        words = [b"apple ", b"banana ", b"cherry ", b"damson ", b"elderberry "]
        texts = [b"".join(words[i] for i in generator.integers(0, 5, 60)) for _ in range(20)]
        documents = [Document(str(n), np.frombuffer(text, np.uint8)) for n, text in enumerate(texts)]
        corpus = Corpus((SourceDocuments("words", 1.0, tuple(documents[2:]), tuple(documents[:2])),))
        training = TrainingConfig(streams=4, window=32, warmup_steps=5, piece_bytes=100, validation_bytes=500)
        config = Config(small, training, (SourceConfig("words", 1.0, ("x",)),))
        return Trainer(config, corpus, schedule=schedule)

    return make_trainer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With tiny.toml, a configuration, and data/, what it reads."""
    (tmp_path / "tiny.toml").write_text(_TINY)
    (tmp_path / "data").mkdir()
    for n in range(5):
        (tmp_path / "data" / f"{n}.txt").write_bytes(b"the quick brown fox " * (5 + n))
    return tmp_path
