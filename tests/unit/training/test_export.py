"""Model files: what they hold, what the reference network computes from them, what is refused."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from network import Network
from safetensors import safe_open

from codelength import _native
from codelength.cli.export import export
from codelength.cli.train import train
from codelength.codec.networks import read_network
from codelength.training.export import (
    check_integers,
    export_model,
    integer_tensors,
    model_shape,
    write_model,
)
from codelength.training.schedule import Schedule
from codelength.training.streams import echoes_of

N_STEPS, N_FALL = 150, 30


@pytest.fixture(scope="module")
def parent(make):
    """A network that has learned the words, as floats: tensors and facts of a checkpoint."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    trainer = make()
    for _ in range(N_STEPS):
        trainer.step()
    yield {name: value.clone() for name, value in trainer.tensors().items()}, trainer.facts()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=["calibrated", "trained in integers"])
def trainer(make, parent, request):
    quantised = request.param == "trained in integers"
    made = make(Schedule(5, N_STEPS, N_FALL) if quantised else None)
    made.restore(*parent)
    made.quantise()
    for _ in range(N_FALL if quantised else 0):
        made.step()
    return made


@pytest.fixture(scope="module")
def model(trainer, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    export_model(trainer, trainer._corpus, path, "tiny", "Five words.", 4000)
    return path


def content(trainer, n_bytes):
    return trainer._corpus.sources[0].validation[0].content[:n_bytes]


def lengths_bits(trainer, model, data):
    """Of each byte, under `model`."""
    window = torch.from_numpy(np.pad(data, (8, 0))[None])
    age = torch.arange(len(data), dtype=torch.int32).clamp(max=8)[None]
    echoes = torch.from_numpy(echoes_of(data, trainer.config.model.echoes)[None])
    with torch.no_grad():
        logits, _ = model(window, age, trainer.network.first_state(1), echoes)
    logs = torch.log_softmax(logits[0].double(), -1).numpy() / np.log(2)
    return -logs[np.arange(len(data)), data]


def reference_lengths_bits(path, data):
    sequence, found = Network.read(path).start(), []
    for byte in data.tolist():
        frequencies = sequence.frequencies()
        found.append(np.log2(sum(frequencies) / frequencies[byte]))
        sequence.feed(byte)
    return np.array(found)


def test_the_reference_network_codes_as_the_trained_one_said(trainer, model):
    data = content(trainer, 150)
    simulated = lengths_bits(trainer, trainer._model, data)
    integers = reference_lengths_bits(model, data)
    assert integers.mean() == pytest.approx(simulated.mean(), abs=0.01)
    assert np.abs(integers - simulated).mean() < 0.03
    assert integers.mean() == pytest.approx(lengths_bits(trainer, trainer.network, data).mean(), abs=0.05)


def test_a_model_file_says_what_it_is(trainer, model):
    with safe_open(model, framework="np") as file:
        metadata = file.metadata()
        dtypes = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    assert metadata["format"] == "codelength-network-1"
    assert json.loads(metadata["shape"]) == {
        "width": 32, "layers": 2, "hidden": 32, "taps": 3, "rows": 64, "columns": 4, "orders": [2, 3],
        "echoes": [2, 4],
    }  # fmt: skip
    card = json.loads(metadata["card"])
    assert card["name"] == "tiny"
    assert card["bytes_trained"] == trainer.n_bytes
    assert card["parameters"]["tables"] == (2 * (64 + 4096) + 1) * 4
    rates_bpb = card["validation"]["bits_per_byte"]
    assert rates_bpb["integer"] == pytest.approx(rates_bpb["float"], abs=0.05)
    assert dtypes["layers.1.taps"] == dtypes["embed"] == dtypes["head.multiplier"] == "I16"
    assert dtypes["ngrams"] == dtypes["echoes"] == dtypes["layers.0.mix.weight"] == "I8"
    assert dtypes["norm_scale"] == dtypes["layers.0.hidden.bias"] == dtypes["widen.shift"] == "I32"


def test_the_same_network_gives_the_same_bytes(trainer, model, tmp_path):
    again = tmp_path / "again.safetensors"
    export_model(trainer, trainer._corpus, again, "tiny", "Five words.", 4000)
    assert again.read_bytes() == model.read_bytes()
    assert not list(tmp_path.glob("*.tmp"))


def test_phrases_ship_with_the_network_and_stand_on_its_card(trainer, tmp_path):
    documents = [content(trainer, n_bytes).tobytes() for n_bytes in (800, 900, 1000)]
    lines = np.frombuffer(_native.learn_phrases(documents, 16), np.uint8).reshape(16, 64)
    card = export_model(trainer, trainer._corpus, tmp_path / "m.safetensors", "tiny", "", 0, lines)
    n_contexts = sum(line[2 * i] | line[2 * i + 1] << 8 != 0 for line in lines.tolist() for i in range(21))
    assert n_contexts > 50
    assert card["phrases"] == {"contexts": n_contexts, "bytes": 1024}
    made = read_network(tmp_path / "m.safetensors")
    assert made.card["phrases"] == card["phrases"]


LIMIT = 2**31 - 1


def linear(name, weight, bias, multiplier=1000, shift=7):
    return {
        f"{name}.weight": np.array([weight], np.int8),
        f"{name}.multiplier": np.array([multiplier], np.int16),
        f"{name}.bias": np.array([bias], np.int32),
        f"{name}.shift": np.array([shift], np.int32),
    }


WEIGHT = [127, -127] * 8
SUM = 127 * 1000 * 127 * 16


def test_sums_up_to_the_bound_are_allowed():
    check_integers(linear("layers.0.mix", WEIGHT, LIMIT - SUM, shift=1))
    check_integers(linear("layers.0.mix", WEIGHT, -(LIMIT - SUM), shift=30))
    check_integers(linear("head", WEIGHT, LIMIT - SUM, shift=7))
    check_integers({"layers.0.taps": np.array([[32767], [-32767], [32767], [32762]], np.int16)})
    check_integers({"norm_scale": np.array([1, 32767], np.int32)})


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (linear("layers.0.mix", WEIGHT, LIMIT - SUM + 1), "layers.0.mix: output 0 could overflow"),
        (linear("layers.0.mix", WEIGHT, -(LIMIT - SUM) - 1), "could overflow"),
        (linear("head", WEIGHT, LIMIT - SUM, shift=6), "2\\^24"),
        (linear("widen", [-128, 0], 0), "-127"),
        (linear("widen", [1, 0], 0, multiplier=0), "multiplier"),
        (linear("widen", [1, 0], 0, shift=0), "shift"),
        (linear("widen", [1, 0], 0, shift=31), "shift"),
        ({"layers.0.taps": np.array([[32767], [-32767], [32767], [32763]], np.int16)}, "channel 0"),
        ({"norm_scale": np.array([5, 0], np.int32)}, "32767"),
        ({"layers.0.mixed_scale": np.array([32768], np.int32)}, "32767"),
    ],
)
def test_beyond_it_nothing_is_written(small, tensors, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_model(tmp_path / "x.safetensors", tensors, model_shape(small), {})
    assert not list(tmp_path.iterdir())


def test_a_value_that_does_not_fit_is_named(make, parent):
    trainer = make()
    trainer.restore(*parent)
    trainer.quantise()
    with torch.no_grad():
        trainer.network.bytes.weight[5, 7] = 1e5
    with pytest.raises(ValueError, match="embed: a value does not fit 16 bits"):
        integer_tensors(trainer.network, trainer.scales)


@pytest.fixture
def call(folder):
    def invoke(command, *arguments):
        return CliRunner().invoke(command, [*map(str, arguments), "--data", str(folder / "data")])

    return invoke


def test_from_the_command_line(call, tmp_path):
    """Held, then falling as floats, then falling as integers; the first and the last are exported."""
    config = tmp_path / "tiny.toml"
    held, falling, fallen = (tmp_path / name for name in ("held", "falling", "fallen"))
    for arguments in (
        ("--out", held, "--bytes", 640),
        ("--out", falling, "--from", held / "checkpoint.safetensors", "--decay", 320, "--bytes", 800),
        ("--out", fallen, "--from", falling / "checkpoint.safetensors", "--quantise"),
    ):
        result = call(train, config, *arguments, "--device", "cpu")
        assert result.exit_code == 0, result.output
    assert "decayed" in result.output
    for folder in (held, fallen):
        out = tmp_path / f"{folder.name}.safetensors"
        tail = ("--out", out, "--description", "A fox.", "--mixing-bytes", 2000)
        result = call(export, folder / "checkpoint.safetensors", *tail)
        assert result.exit_code == 0, result.output
        assert "mix" in result.output
        with safe_open(out, framework="np") as file:
            card = json.loads(file.metadata()["card"])
        assert (card["name"], card["description"]) == (folder.name, "A fox.")
        assert card["bytes_trained"] == (640 if folder is held else 960)
        Network.read(out)


def test_integers_start_from_a_trained_network(call, tmp_path):
    result = call(train, tmp_path / "tiny.toml", "--out", tmp_path / "run", "--quantise")
    assert result.exit_code == 2
    assert "--from" in result.output


def test_another_file_is_no_checkpoint(call, model, tmp_path):
    result = call(export, model, "--out", tmp_path / "x.safetensors")
    assert result.exit_code == 1
    assert "not a training checkpoint" in result.output
