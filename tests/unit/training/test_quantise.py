"""Training in the arithmetic of the export: what it computes, its gradients, its scales."""

import pytest
import torch

from codelength.training.calibrate import _best_range, calibrate
from codelength.training.checkpoint import load_checkpoint, save_checkpoint
from codelength.training.config import ModelConfig
from codelength.training.network import ByteNetwork
from codelength.training.quantise import (
    Arithmetic,
    LinearScale,
    QuantisedNetwork,
    Scales,
    Simulation,
    check_exportable,
    walk,
    weight_integers,
)
from codelength.training.schedule import Schedule


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(make):
    trainer = make()
    for _ in range(100):
        trainer.step()
    return trainer


@pytest.fixture
def inputs(trained):
    """What a network reads: a window, from fresh states."""
    data = trained.batcher.next_window()
    window, age, echoes = (torch.from_numpy(part) for part in (data.bytes, data.age, data.echoes))
    return window, age, trained.network.first_state(4), echoes


def test_the_walk_is_the_network(trained, inputs):
    network = trained.network
    expected, state_expected = network(*inputs)
    # The bound on the hidden layer is the arithmetic's.
    bounded = Arithmetic()
    bounded.activation = lambda name, x: x.clamp(-8, 8) if name.endswith("hidden") else x
    found, state_found = walk(network, bounded, *inputs)
    assert torch.equal(found, expected)
    assert all(torch.equal(one, other) for one, other in zip(state_found, state_expected, strict=True))


def test_little_is_lost(make, trained):
    trainer = make()
    trainer.restore(trained.tensors(), trained.facts())
    before = trainer.validate()["mix"]
    trainer.quantise()
    assert trainer.validate()["mix"] == pytest.approx(before, abs=0.05)
    assert trainer.validate(trainer.network)["mix"] == before


def test_scales_survive_their_tensors(make, trained, inputs):
    trainer = make()
    trainer.restore(trained.tensors(), trained.facts())
    trainer.quantise()
    again = Scales.from_tensors(trainer.scales.tensors())
    one, _ = QuantisedNetwork(trainer.network, trainer.scales)(*inputs)
    other, _ = QuantisedNetwork(trainer.network, again)(*inputs)
    assert torch.equal(one, other)


def scale_for(weight, inputs):
    return LinearScale(
        inputs,
        torch.full((len(weight),), 3.0, dtype=torch.float64),
        torch.arange(1000, 1000 + len(weight), dtype=torch.float64),
        18,
    )


def test_a_linear_map_is_that_of_its_integers():
    torch.manual_seed(0)
    weight, x = torch.randn(6, 8).requires_grad_(), torch.randn(5, 8).requires_grad_()
    inputs = torch.linspace(20, 40, 8, dtype=torch.float64)
    scales = Scales(16.0, {"normed": inputs}, {"head": scale_for(weight, inputs)})
    simulation = Simulation(scales, torch.device("cpu"))
    y = simulation.linear("head", simulation.activation("normed", x), weight)

    integers = weight_integers(weight.detach(), scales.linears["head"])
    assert torch.equal(integers, integers.round())
    assert integers.abs().max() <= 127
    sums = (x.detach() * inputs.float()).round().clamp(-127, 127) @ integers.T
    expected = sums.double() * scales.linears["head"].step / 3
    torch.testing.assert_close(y.detach().double(), expected, rtol=1e-5, atol=1e-6)

    # Fine steps: value and gradient are near those of floats.
    plain = x @ weight.T
    torch.testing.assert_close(y, plain, rtol=0, atol=0.3)
    torch.manual_seed(1)
    towards = torch.randn_like(plain)
    found = torch.autograd.grad((y * towards).sum(), (weight, x))
    wanted = torch.autograd.grad((plain * towards).sum(), (weight, x))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0.3)


def test_beyond_its_limit_an_activation_has_no_gradient():
    scales = Scales(16.0, {"normed": torch.full((3,), 10.0, dtype=torch.float64)}, {})
    x = torch.tensor([[1.26, 13.0, -13.0]], requires_grad=True)
    y = Simulation(scales, torch.device("cpu")).activation("normed", x)
    assert y.tolist() == [[13, 127, -127]]
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert gradient.tolist() == [[10, 0, 0]]


def test_a_range_is_not_set_by_an_outlier():
    torch.manual_seed(0)
    values = torch.randn(40000, 2).double()
    values[0, 1] = 12.0
    ranges = _best_range(values)
    assert 3 < ranges[0] < 4.5
    assert ranges[1] < 11


def test_a_channel_that_says_nothing_has_a_range():
    assert _best_range(torch.zeros(10, 2).double()).min() > 0


def test_the_fall_resumes_bit_for_bit(make, trained, tmp_path):
    save_checkpoint(trained, tmp_path / "held.safetensors")

    def branch():
        trainer = make(Schedule(5, decay_start=100, decay_steps=24))
        trainer.restore(*load_checkpoint(tmp_path / "held.safetensors"))
        trainer.quantise()
        return trainer

    whole, first = branch(), branch()
    start = whole.scales
    for _ in range(20):
        whole.step()
    for _ in range(9):
        first.step()
    save_checkpoint(first, tmp_path / "c.safetensors")
    second = make()
    second.restore(*load_checkpoint(tmp_path / "c.safetensors"))
    assert second.scales is not None
    for _ in range(11):
        second.step()
    one, other = whole.tensors(), second.tensors()
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name
    # The scales followed the weights.
    assert whole.scales is not start


@pytest.mark.parametrize(
    "change",
    [
        {"cell": "matrix", "heads": 4},
        {"taps": 0},
        {"orders": (), "echoes": ()},
        {"width": 24},
        {"hidden": 40},
        {"columns": 1, "echoes": (2,)},
    ],
)
def test_what_the_format_has_no_network_for_is_refused(small, change):
    config = ModelConfig(**{**small.__dict__, **change})
    with pytest.raises(ValueError, match=r"integer network|multiple"):
        check_exportable(config)


def test_no_data_is_refused(small):
    with pytest.raises(ValueError, match="no data"):
        calibrate(ByteNetwork(small), [])
