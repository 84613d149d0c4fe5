"""Networks that read digits: side by side as alone, their variational cost, and the whole experiment."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from codelength.experiments.result import Result, Verdict

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("scipy")

from codelength.experiments.parts import digits, two_part, weight_codes  # noqa: E402
from codelength.experiments.parts.repeats import mean_interval, mean_quantity, middle  # noqa: E402
from codelength.experiments.parts.transformer import Recipe  # noqa: E402
from codelength.experiments.parts.variational import divergence_nats  # noqa: E402
from codelength.experiments.prequential import judge  # noqa: E402


def test_the_mean_of_runs() -> None:
    mean, low, high = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (mean, low, high) == pytest.approx((3.0, 3 - 1.9632, 3 + 1.9632), abs=1e-3)
    assert math.isnan(mean_interval([1.0])[1])


def test_the_mean_of_runs_as_a_figure() -> None:
    assert mean_quantity("x", "bits", [1.0, 3.0], note="two").low == pytest.approx(2 - 12.706, abs=1e-3)
    share = mean_quantity("x", "share", [0.1, 0.9])
    assert (share.low, share.measured, share.high) == (0.0, 0.5, 1.0)
    alone = mean_quantity("x", "share", [0.5])
    assert (alone.low, alone.measured, alone.high) == (None, 0.5, None)


def test_the_middle_of_resampled_values() -> None:
    assert middle(list(range(101))) == (2.5, 97.5)


def test_the_digits() -> None:
    pixels, labels = digits.digits(np.random.default_rng(0), 2, 300)
    assert pixels.shape == (2, 300, 64)
    assert 0.0 == pixels.min() < pixels.max() == 1.0
    assert set(labels.ravel().tolist()) == set(range(10))
    moved = digits.shifted(pixels, 12, np.random.default_rng(1))
    assert moved.shape == (2, 300, 144)
    assert moved.sum(axis=-1) == pytest.approx(pixels.sum(axis=-1), rel=1e-5)


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_members_do_not_see_each_other(kind: str) -> None:
    make = {
        "dense": lambda n: digits.Dense((64, 6, 10), n, seed=1),
        "convolution": lambda n: digits.Convolution((2, 3), 8, n, seed=1),
    }[kind]
    both, alone = make(2), make(1)
    digits.put_member(alone, 0, digits.member(both, 1))
    pixels, _ = digits.digits(np.random.default_rng(2), 2, 7)
    together = digits.probabilities(both, pixels)
    assert together.sum(axis=-1) == pytest.approx(np.ones((2, 7)))
    assert together[1] == pytest.approx(digits.probabilities(alone, pixels[1:])[0], abs=1e-6)


def test_a_dense_network_is_its_formula() -> None:
    network = digits.Dense((64, 3, 10), 1, seed=4)
    one, two, first, second = digits.member(network, 0)
    pixels, _ = digits.digits(np.random.default_rng(3), 1, 5)
    logits = np.maximum(pixels[0] @ one.T + first, 0) @ two.T + second
    powers = np.exp(logits)
    expected = powers / powers.sum(axis=1, keepdims=True)
    assert digits.probabilities(network, pixels)[0] == pytest.approx(expected, abs=1e-6)


def test_training_is_repeatable_and_learns() -> None:
    pixels, labels = digits.digits(np.random.default_rng(5), 2, 200)
    found = []
    for _ in range(2):
        network = digits.Dense((64, 10), 2, seed=0)
        digits.fit(network, pixels, labels, Recipe(150, 1e-2, clip=0.0), seed=0)
        found.append(digits.member(network, 1))
    assert all((one == other).all() for one, other in zip(*found, strict=True))
    assert (digits.probabilities(network, pixels).argmax(-1) == labels).mean() > 0.9


def test_two_parts_add_up_and_leave_the_network_alone() -> None:
    pixels, labels = digits.digits(np.random.default_rng(6), 2, 50)
    network = digits.Dense((64, 4, 10), 2, seed=0)
    before = digits.member(network, 1)
    rows = two_part.of_widths(network, pixels, labels, (pixels[:, :10], labels[:, :10]))
    assert all((one == other).all() for one, other in zip(before, digits.member(network, 1), strict=True))
    for code, width in zip(rows[1], two_part.WIDTHS, strict=True):
        grids = [weight_codes.quantise(tensor, width) for tensor in before]
        # the real code of the weights, a byte at most above the closed form
        real_bits = 8 * len(weight_codes.encode(grids)) + two_part.CHOICE_BITS
        assert code.model_bits <= real_bits <= code.model_bits + 8.01
        assert code.total_bits == code.model_bits + code.data_bits
    assert two_part.best(rows)[0].total_bits == min(code.total_bits for code in rows[0])
    fine = rows[0][-1].data_bits
    assert fine == pytest.approx(float(two_part.labels_bits(network, pixels, labels)[0]), rel=1e-2)


def test_the_divergence_is_its_closed_form() -> None:
    mean, log_sigma = torch.tensor([[0.5, -1.0, 2.0]]), torch.tensor([[-1.0, 0.0, -3.0]])
    scale = math.sqrt(float((mean.square() + (2 * log_sigma).exp()).mean()))
    q = torch.distributions.Normal(mean, log_sigma.exp())
    prior = torch.distributions.Normal(torch.zeros(1, 3), torch.full((1, 3), scale))
    expected = float(torch.distributions.kl_divergence(q, prior).sum())
    assert float(divergence_nats(mean, log_sigma)[0]) == pytest.approx(expected, rel=1e-5)


def test_the_verdict_follows_from_the_lengths() -> None:
    best = {"prequential": (0.1, "dense"), "variational": (0.2, "linear"), "two-part": (0.4, "linear")}
    assert judge([0.1, 0.2, 0.3, 0.5], best, 1.0)[0] is Verdict.HOLDS
    assert judge([0.1, 0.2, 0.3, 0.6], best, 1.0)[0] is Verdict.IN_PART
    small = best | {"variational": (0.05, "linear")}
    assert judge([0.1, 0.2, 0.3, 0.5], small, 1.0)[0] is Verdict.IN_PART
    assert judge([0.1, 0.2, 0.3, 1.1], best, 1.0)[0] is Verdict.FAILS
    for highs in ([0.1, 0.2, 0.3, 0.5], [0.1, 0.2, 0.3, 0.6]):
        assert judge(highs, best, 0.999)[0] is Verdict.FAILS


def test_run(tiny: Callable[[str], Result]) -> None:
    result = tiny("prequential")
    uniform = result.quantity("uniform code")
    assert uniform.measured == pytest.approx(200 * math.log2(10))
    assert result.quantity("labels that the receiver restored, linear model").measured == 1.0
    assert result.quantity("dense, prequential").published == pytest.approx(0.0206, abs=1e-4)
    blocks = result.panels[0].series[0]
    ends = itertools.pairwise([0.0, *blocks.x])
    bits = sum(y * (end - start) for y, (start, end) in zip(blocks.y, ends, strict=True))
    measured = result.quantity("linear, prequential").measured
    assert measured is not None
    assert bits == pytest.approx(measured * 200 * math.log2(10), abs=8.1)
