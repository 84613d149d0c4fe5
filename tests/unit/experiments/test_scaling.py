"""Scaling laws: forms are recovered from points that follow them, gradients, n-grams, networks trained."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codelength.experiments.parts import family_laws
from codelength.experiments.parts.family_laws import Followed, Losses, line, misfit, resampled_laws
from codelength.experiments.parts.ngrams import NGrams
from codelength.experiments.parts.repeats import middle
from codelength.experiments.result import Result, Verdict
from codelength.experiments.scaling import REESTIMATED, judge, points, power_law
from codelength.experiments.task import MissingInputError, Task

pytest.importorskip("scipy")

from codelength.experiments.parts.parametric import Coupled, Law, fit_coupled, fit_law, huber_of


def test_the_form_is_recovered_from_its_own_points() -> None:
    n, d, _ = points()
    loss = REESTIMATED(n, d)
    found = fit_law(n, d, loss)
    assert found.e == pytest.approx(1.8172, rel=1e-2)
    assert found.alpha == pytest.approx(0.3478, rel=1e-2)
    assert found.beta == pytest.approx(0.3658, rel=1e-2)


def test_the_gradient_is_the_difference_quotient() -> None:
    n, d, loss = points()
    data = (np.log(n), np.log(d), np.log(loss))
    theta = REESTIMATED.theta()
    _, gradient = huber_of(theta, *data)
    for i in range(5):
        step = np.zeros(5)
        step[i] = 1e-6
        quotient = (huber_of(theta + step, *data)[0] - huber_of(theta - step, *data)[0]) / 2e-6
        assert gradient[i] == pytest.approx(quotient, rel=1e-3, abs=1e-6)


def test_the_published_points() -> None:
    n, d, loss = points()
    assert len(n) == len(d) == len(loss) == 245
    assert 1.5 < loss.min() < loss.max() < 7


def test_power_laws_are_recovered() -> None:
    x = np.geomspace(10, 1e5, 20)
    law = power_law(x, 1.5 + 7 * x**-0.4)
    assert (law.floor_bits, law.scale_bits, law.exponent) == pytest.approx((1.5, 7, 0.4), rel=0.05)


def test_n_grams() -> None:
    model = NGrams(1)
    model.learn(b"aaab")
    zero, one = model.lengths_bits(b"ab")
    p_a = (3 + 2 / 256) / 6
    assert zero[0] == pytest.approx(-np.log2(p_a))
    assert one[1] == pytest.approx(-np.log2((1 + 2 * (1 + 2 / 256) / 6) / 5))
    assert model.n_numbers(0) == 2
    assert model.n_numbers(1) == 2 + 1 + 2
    halves = NGrams(1)
    halves.learn(b"aa")
    halves.learn(b"ab")
    assert (halves.lengths_bits(b"ab") == model.lengths_bits(b"ab")).all()


def test_kaplans_form_is_recovered() -> None:
    n, d = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e3, 1e5, 4), np.geomspace(1e3, 1e5, 4)))
    law = Coupled(np.log(1e12), np.log(1e9), 0.076, 0.103)
    # the exponents as Kaplan et al. write them: where data is plenty, or parameters are, one is left
    assert law(n, np.full_like(n, 1e30)) == pytest.approx((1e12 / n) ** 0.076)
    assert law(np.full_like(d, 1e30), d) == pytest.approx((1e9 / d) ** 0.103)
    found = fit_coupled(n, d, law(n, d))
    assert (found.alpha_n, found.alpha_d) == pytest.approx((0.076, 0.103), rel=1e-3)
    again = fit_coupled(n, d, law(n, d), found)
    assert (again.alpha_n, again.alpha_d) == pytest.approx((0.076, 0.103), rel=1e-3)


def test_lines_in_logarithms() -> None:
    x = np.geomspace(1e3, 1e5, 4)
    exact = line(x, 6 * x**-0.08)
    assert (exact.scale_bits, exact.exponent, exact.low, exact.high) == pytest.approx((6, 0.08, 0.08, 0.08))
    assert exact(x) == pytest.approx(6 * x**-0.08)
    assert line(x, np.full(4, 2.0)).exponent == pytest.approx(0.0, abs=1e-12)
    # against the formula of the textbook, written out for three points
    rough = line(np.exp([0.0, 1.0, 2.0]), np.exp([1.0, 0.4, 0.1]))
    error = math.sqrt(0.05**2 + 0.1**2 + 0.05**2)
    assert rough.exponent == pytest.approx(0.45)
    assert rough.error == pytest.approx(error)
    assert rough.high - rough.exponent == pytest.approx(12.7062 * error / math.sqrt(2), rel=1e-4)


def grid_of(law: Law, noise: float, n_pieces: int = 6) -> Losses:
    """Made-up losses: of the law, with errors of seeds and of pieces."""
    random = np.random.default_rng(0)
    n, d = np.geomspace(1e3, 1e5, 4), np.geomspace(4e3, 1e5, 4)
    means = law(n[:, None], d[None])[:, :, None, None]
    seeds = np.exp(noise * random.standard_normal((4, 4, 2, 1)))
    return Losses(n, d, means * seeds * np.exp(0.05 * random.standard_normal(n_pieces)))


def test_losses_of_a_family() -> None:
    rows = [
        {"n_parameters": n, "n_bytes": d, "seed": seed, "bits": [4 - n / 10 - d / 100 + seed / 2, 4.0]}
        for seed in (1, 0)
        for d in (20, 10)
        for n in (2, 1)
    ]
    losses = Losses.of_rows(rows)
    assert losses.n_parameters.tolist() == [1, 2]
    assert losses.n_bytes.tolist() == [10, 20]
    assert losses.bits[1, 0] == pytest.approx(np.array([[3.7, 4.0], [4.2, 4.0]]))
    assert losses.means[1, 0] == pytest.approx(3.975)
    assert [column.tolist() for column in losses.flat()[:2]] == [[1, 1, 2, 2], [10, 20, 10, 20]]
    assert losses.steps() == pytest.approx([-0.05, -0.05])
    pairs = np.log(losses.bits.mean(axis=3))
    assert losses.spread**2 == pytest.approx(np.mean((pairs[..., 0] - pairs[..., 1]) ** 2 / 2))


def test_the_joint_law_and_its_intervals() -> None:
    law = Law(1.2, 30.0, 200.0, 0.4, 0.5)
    exact = grid_of(law, 0.0)
    # pieces are harder or easier for all alike: a factor, which is no error of the form
    assert misfit(fit_law(*exact.flat()), *exact.flat()) < 1e-4
    noisy = grid_of(law, 0.01)
    found = fit_law(*noisy.flat())
    assert 0.003 < misfit(found, *noisy.flat()) < 0.02
    assert noisy.spread == pytest.approx(0.01, rel=0.5)
    laws = resampled_laws(noisy, found, fit_law, 20, np.random.default_rng(1))
    low, high = middle([some.alpha for some in laws])
    assert low < found.alpha < high
    assert high - low > 0.02


NEAR = Followed(6, 6, 0.005, 0.004, (0.3, 0.1, 0.5), (0.4, 0.2, 0.9))


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Verdict.HOLDS),
        ({"misfit": 0.03}, Verdict.IN_PART),
        ({"misfit": 0.03, "spread": 0.02}, Verdict.HOLDS),  # within what seeds differ by
        ({"alpha": (0.3, -0.1, 0.5)}, Verdict.IN_PART),  # the interval holds 0
        ({"beta": (1.5, 1.2, 1.8)}, Verdict.IN_PART),  # of another order
        ({"alpha": (0.05, 0.04, 0.06), "misfit": 0.03}, Verdict.FAILS),
        ({"n_falls": 5}, Verdict.FAILS),
    ],
)
def test_the_verdict_on_networks(change: dict[str, Any], verdict: Verdict) -> None:
    here = dataclasses.replace(NEAR, **change)
    inside, outside = [True] * 6, [True, False] * 3
    # where the points say the same, that is the verdict; otherwise it is in part
    points_alike = {Verdict.HOLDS: (inside, inside), Verdict.IN_PART: (inside, outside),
                    Verdict.FAILS: (outside, outside)}  # fmt: skip
    for alike, (new, old) in points_alike.items():
        expected = verdict if alike is verdict else Verdict.IN_PART
        assert judge(new, old, here, 0.008)[0] is expected
    assert f"this {verdict}" in judge(inside, inside, here, 0.008)[1]


def test_the_text_is_divided() -> None:
    family = pytest.importorskip("codelength.experiments.parts.family")
    text = bytes(range(10, 74)) * 20  # 1280 bytes, 64 different
    parts = family.divide(text, 64, 3, 2, 16, np.random.default_rng(0))
    assert parts.n_symbols == 64
    assert parts.test.shape == (3, 3, 17)
    assert parts.stop.shape == (6, 17)
    assert len(parts.learn) == 15 * 64
    # each piece is the same run of bytes here: all but the first of the bytes in whole windows, each once
    assert parts.test[0, :, 1:].ravel().tolist() == list(range(1, 49))
    assert parts.learn[:64].tolist() == list(range(64))


def test_networks_beside_each_other_are_those_alone() -> None:
    family = pytest.importorskip("codelength.experiments.parts.family")
    import torch

    text = np.random.default_rng(0).integers(97, 101, 6000).astype(np.uint8).tobytes()
    parts = family.divide(text, 100, 4, 4, 8, np.random.default_rng(0))
    plan, members = family.Plan(8, 4, 12, first_look=4), [(1000, 0), (3000, 1), (1000, 1)]
    together = family.train_beside(parts, 4, members, plan, lambda _share: None)
    assert [row["n_bytes"] for row in together] == [1000, 3000, 1000]
    for member, row in zip(members, together, strict=True):
        [alone] = family.train_beside(parts, 4, [member], plan, lambda _share: None)
        assert alone["bits"] == pytest.approx(row["bits"], rel=1e-3)
        assert [step for step, _ in row["looks"]][:3] == [4, 5, 6]
        assert row["looks"][-1][0] == 12
    shape = family.Shape(4, 8, 4, 1, 1, 16, are_positions_added=False)
    beside, tokens = family.Beside(shape, [0, 1]), torch.arange(16).reshape(2, 2, 4) % 4
    with torch.no_grad():
        both = beside(tokens)
        for i in range(2):
            assert torch.allclose(both[i], beside.member(i)(tokens[i]), atol=1e-6)


def test_too_little_text(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "short.txt").write_bytes(b"a word or two " * 100)
    task = Task("scaling", "tiny", data=tmp_path / "short.txt")
    with pytest.raises(MissingInputError, match="1400 bytes are too few"):
        family_laws.measure(task, (tmp_path / "short.txt").read_bytes(), 5)


def test_run(tiny: Callable[[str], Result]) -> None:
    pytest.importorskip("torch")
    result = tiny("scaling")
    assert result.quantity("E").published == 1.69
    assert result.quantity("alpha, as re-estimated").published == 0.3478
    assert len(result.panels) == 6
    exponent = result.quantity("transformers here: exponent of L(N) at the largest D")
    assert exponent.published == 0.076
    assert exponent.low is not None
    assert exponent.low < (exponent.measured or 0.0)
    smallest = result.quantity("transformers here: loss of the smallest on the least text").measured
    assert smallest is not None
    assert 3.0 < smallest < 8.0
    assert len(result.facts["family_bits_per_byte"]) == len(result.facts["family_widths"]) == 4
