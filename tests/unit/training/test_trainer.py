"""The trainer: it learns, it resumes bit for bit, it stops cleanly."""

import dataclasses
import itertools
import json
import os
import signal

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codelength.training.checkpoint import load_checkpoint, save_checkpoint  # noqa: E402
from codelength.training.config import Config, ModelConfig, SourceConfig, TrainingConfig  # noqa: E402
from codelength.training.corpus import Corpus, Document, SourceDocuments  # noqa: E402
from codelength.training.optimizers import RowAdam, orthogonalise  # noqa: E402
from codelength.training.run import Limits, run  # noqa: E402
from codelength.training.schedule import Schedule  # noqa: E402
from codelength.training.trainer import Trainer  # noqa: E402

MODEL = ModelConfig(width=32, layers=2, hidden=32, taps=3, orders=(2, 3), rows=64, columns=4, echoes=(1, 2))


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def configuration(**training):
    settings = {"streams": 4, "window": 32, "warmup_steps": 5, "piece_bytes": 100, "validation_bytes": 500}
    return Config(MODEL, TrainingConfig(**{**settings, **training}), (SourceConfig("words", 1.0, ("x",)),))


def corpus():
    """Documents of a few words in random order: about 1.3 bits a byte once the words are known."""
    words = [b"apple ", b"banana ", b"cherry ", b"damson ", b"elderberry "]
    generator = np.random.default_rng(0)
    documents = [
        Document(str(n), np.frombuffer(b"".join(words[i] for i in generator.integers(0, 5, 60)), np.uint8))
        for n in range(20)
    ]
    return Corpus((SourceDocuments("words", 1.0, tuple(documents[2:]), tuple(documents[:2])),))


def weights(trainer):
    return {name: value.clone() for name, value in trainer.network.state_dict().items()}


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.mark.parametrize("rule", ["adam", "muon"])
def test_it_learns(rule):
    trainer = Trainer(configuration(matrix_rule=rule), corpus())
    assert trainer.validate()["mix"] == pytest.approx(8, abs=0.01)
    for _ in range(120):
        trainer.step()
    assert trainer.validate()["mix"] < 1.5


@pytest.mark.parametrize("rule", ["adam", "muon"])
def test_training_2n_steps_is_training_n_resuming_and_training_n(rule, tmp_path):
    config = configuration(matrix_rule=rule)
    whole = Trainer(config, corpus())
    first = Trainer(config, corpus())
    for _ in range(12):
        whole.step()
        first.step()
    save_checkpoint(first, tmp_path / "c.safetensors")
    second = Trainer(config, corpus())
    second.restore(*load_checkpoint(tmp_path / "c.safetensors"))
    for _ in range(12):
        whole.step()
        second.step()
    assert_equal(weights(whole), weights(second))
    assert_equal(whole.tensors(), second.tensors())
    assert whole.facts() == second.facts()


def test_validation_changes_nothing():
    one, other = Trainer(configuration(), corpus()), Trainer(configuration(), corpus())
    for _ in range(4):
        one.step()
        one.validate()
        other.step()
    assert_equal(one.tensors(), other.tensors())


@pytest.mark.parametrize(
    "change",
    [
        {"width": 48},
        {"layers": 1},
        {"layers": 3, "width": 48},
        {"layers": 3, "cell": "matrix", "heads": 4, "keys": 4},
        {"echoes": (2,)},
        {"echoes": (1, 3, 5)},
        {"orders": (2, 4), "echoes": (1, 2, 3)},
        {"rows": 128, "layers": 3},
    ],
)
def test_another_network_is_refused(change, tmp_path):
    save_checkpoint(Trainer(configuration(), corpus()), tmp_path / "c.safetensors")
    other = Config(dataclasses.replace(MODEL, **change), configuration().training, configuration().sources)
    with pytest.raises(ValueError, match="another network"):
        Trainer(other, corpus()).restore(*load_checkpoint(tmp_path / "c.safetensors"))


def test_a_network_in_integers_does_not_grow():
    first = Trainer(configuration(), corpus())
    for _ in range(4):
        first.step()
    first.quantise()
    model = dataclasses.replace(MODEL, layers=3)
    other = Trainer(Config(model, configuration().training, configuration().sources), corpus())
    with pytest.raises(ValueError, match="another network"):
        other.restore(first.tensors(), first.facts())


def test_an_echo_that_is_not_there_changes_no_row():
    network = Trainer(configuration(), corpus()).network
    window, age = torch.zeros(1, 16, dtype=torch.uint8), torch.full((1, 8), 8, dtype=torch.int32)
    none = torch.full((1, 8, 2), 2 * 4096)
    network(window, age, network.first_state(1), none)[0].square().sum().backward()
    assert network.echoes.weight.grad.coalesce().values().abs().sum() == 0
    RowAdam([network.echoes.weight], 0.1).step()
    assert network.echoes.weight.abs().max() == 0


def test_a_larger_network_begins_as_the_same_function(tmp_path):
    first = Trainer(configuration(), corpus())
    for _ in range(12):
        first.step()
    save_checkpoint(first, tmp_path / "c.safetensors")
    before = first.validate()
    model = dataclasses.replace(MODEL, layers=4, echoes=(1, 2, 5))
    larger = Trainer(Config(model, configuration().training, configuration().sources), corpus())
    larger.restore(*load_checkpoint(tmp_path / "c.safetensors"))
    assert larger.validate() == before
    for _ in range(12):
        larger.step()
    layer = larger.network.layers[3]
    assert layer.project.abs().max() > 0
    assert layer.cell.project.abs().max() > 0
    assert larger.network.echoes.weight[2 * 4096 : 3 * 4096].abs().max() > 0
    assert larger.network.echoes.weight[-1].abs().max() == 0
    assert larger.validate()["mix"] < before["mix"]


def test_more_streams_go_on_from_a_checkpoint():
    first = Trainer(configuration(), corpus())
    for _ in range(6):
        first.step()
    second = Trainer(configuration(streams=7), corpus())
    second.restore(first.tensors(), first.facts())
    assert_equal(weights(first), weights(second))
    second.step()


def test_a_run_ends_at_its_bytes_and_resumes(tmp_path):
    whole = Trainer(configuration(), corpus())
    assert run(whole, tmp_path / "whole", Limits(n_bytes=20 * 128)) == "bytes"
    assert run(Trainer(configuration(), corpus()), tmp_path / "half", Limits(n_bytes=10 * 128)) == "bytes"
    half = Trainer(configuration(), corpus())
    half.restore(*load_checkpoint(tmp_path / "half" / "checkpoint.safetensors"))
    assert run(half, tmp_path / "half", Limits(n_bytes=20 * 128, log_steps=5)) == "bytes"
    assert_equal(whole.tensors(), half.tensors())
    records = [json.loads(line) for line in (tmp_path / "half" / "log.jsonl").read_text().splitlines()]
    events = [record["event"] for record in records]
    assert events == ["start", "validation", "end", "start", "train", "train", "validation", "end"]
    assert records[-2]["validation_bpb"].keys() == {"words", "mix"}


def test_a_run_obeys_the_clock(tmp_path):
    ticks = itertools.count(0.0)
    trainer = Trainer(configuration(), corpus())
    limits = Limits(seconds=12, validate_seconds=1e9, checkpoint_seconds=1e9)
    assert run(trainer, tmp_path, limits, lambda: next(ticks)) == "time"
    assert 0 < trainer.n_steps < 12


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_after_the_step_with_a_checkpoint(tmp_path, number):
    trainer = Trainer(configuration(), corpus())
    step = trainer.step

    def step_and_signal():
        if trainer.n_steps == 7:
            os.kill(os.getpid(), number)
        return step()

    trainer.step = step_and_signal
    before = signal.getsignal(number)
    assert run(trainer, tmp_path, Limits()) == "stopped"
    assert signal.getsignal(number) is before
    assert load_checkpoint(tmp_path / "checkpoint.safetensors")[1]["n_steps"] == 8
    assert not list(tmp_path.glob("*.tmp"))


def test_a_decay_branches_off_and_ends_the_run(tmp_path):
    stable = Trainer(configuration(), corpus())
    run(stable, tmp_path / "stable", Limits(n_bytes=30 * 128))
    branch = Trainer(configuration(), corpus(), schedule=Schedule(5, decay_start=30, decay_steps=10))
    branch.restore(stable.tensors(), stable.facts())
    assert run(branch, tmp_path / "branch", Limits(n_bytes=34 * 128)) == "bytes"
    # Interrupted in its fall, it goes on falling.
    again = Trainer(configuration(), corpus())
    again.restore(*load_checkpoint(tmp_path / "branch" / "checkpoint.safetensors"))
    assert run(again, tmp_path / "branch", Limits()) == "decayed"
    assert again.n_steps == 40


def test_schedule():
    held = Schedule(4)
    assert [held.factor(step) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    falling = Schedule(4, decay_start=10, decay_steps=4)
    assert [falling.factor(step) for step in (9, 10, 11, 12, 13, 14, 99)] == [1, 1, 0.75, 0.5, 0.25, 0, 0]
    assert (held.end, falling.end) == (None, 14)


def test_rows_without_a_gradient_stay_and_a_first_update_is_the_full_rate():
    table = torch.nn.Parameter(torch.zeros(5, 2))
    optimizer = RowAdam([table], lr=0.1)
    table.grad = torch.sparse_coo_tensor(
        [[3, 1, 3]], [[1.0, -1e-4], [5.0, 2.0], [1.0, -1e-4]], (5, 2), check_invariants=True
    )
    optimizer.step()
    expected = torch.zeros(5, 2)
    expected[3] = torch.tensor([-0.1, 0.1])
    expected[1] = torch.tensor([-0.1, -0.1])
    torch.testing.assert_close(table.detach(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 8), (24, 8), (8, 24)])
def test_orthogonalised_singular_values_are_about_one(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(shape)))
    assert values.min() > 0.3
    assert values.max() < 1.3


def test_a_checkpoint_of_another_kind_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="not a training checkpoint"):
        load_checkpoint(tmp_path / "other.safetensors")
