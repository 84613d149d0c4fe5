"""The network: causal, the same in one window or many, and unaware of the document before."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codelength.training.config import ModelConfig  # noqa: E402
from codelength.training.network import ByteNetwork, hash_contexts, multiply_adds_per_byte  # noqa: E402
from codelength.training.streams import HISTORY  # noqa: E402

GATED = ModelConfig(width=32, layers=2, hidden=48, taps=4, orders=(2, 3, 5), rows=64, columns=4)
MATRIX = dataclasses.replace(GATED, cell="matrix", heads=4, keys=4, taps=0, orders=())


@pytest.fixture(params=[GATED, MATRIX], ids=["gated", "matrix"])
def network(request):
    torch.manual_seed(0)
    network = ByteNetwork(request.param)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return network


def window_of(data, ages):
    """Bytes (n,) after no history, as one stream."""
    bytes_ = torch.zeros(1, HISTORY + len(data), dtype=torch.uint8)
    bytes_[0, HISTORY:] = torch.from_numpy(np.asarray(data, np.uint8))
    return bytes_, torch.tensor([ages], dtype=torch.int32)


def logits_of(network, data, ages=None):
    window, age = window_of(data, [min(n, HISTORY) for n in range(len(data))] if ages is None else ages)
    with torch.no_grad():
        return network(window, age, network.first_state(1))[0][0]


DATA = np.random.default_rng(0).integers(0, 256, 60)


def test_no_prediction_reads_its_own_byte_or_a_later_one(network):
    changed = DATA.copy()
    changed[40:] ^= 1
    before, after = logits_of(network, DATA), logits_of(network, changed)
    torch.testing.assert_close(before[:41], after[:41])
    assert (before[41:] - after[41:]).abs().max() > 1e-3


def test_two_windows_predict_what_one_does(network):
    window, age = window_of(DATA, [min(n, HISTORY) for n in range(len(DATA))])
    with torch.no_grad():
        whole, last = network(window, age, network.first_state(1))
        state, parts = network.first_state(1), []
        for start, stop in ((0, 17), (17, 19), (19, 60)):
            logits, state = network(window[:, start : HISTORY + stop], age[:, start:stop].contiguous(), state)
            parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=1e-4, atol=1e-4)
    for one, other in zip(state, last, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_a_new_document_knows_nothing_of_the_one_before(network):
    alone = logits_of(network, DATA[25:])
    ages = [min(n, HISTORY) for n in range(25)] + [min(n, HISTORY) for n in range(35)]
    torch.testing.assert_close(logits_of(network, DATA, ages)[25:], alone, rtol=1e-4, atol=1e-4)


def test_hashed_contexts_follow_their_definition():
    window, age = window_of(DATA, [min(n, HISTORY) for n in range(len(DATA))])
    rows = hash_contexts(window, age, (1, 3, 8), 1 << 12)
    for t in (0, 1, 5, 30):
        hashed = 0
        for distance in range(1, 9):
            byte = int(DATA[t - distance]) if t >= distance else 0
            hashed = ((hashed ^ (byte + 1)) * 0x9E3779B1) % 2**32
            if distance in (1, 3, 8):
                assert int(rows[0, t, (1, 3, 8).index(distance)]) == hashed >> 20


def test_hashed_contexts_use_the_whole_table():
    data = torch.randint(0, 256, (4, HISTORY + 20_000), dtype=torch.uint8)
    rows = hash_contexts(data, torch.full((4, 20_000), HISTORY, dtype=torch.int32), (2, 6), 1 << 10)
    for order in range(2):
        counts = rows[..., order].flatten().bincount(minlength=1 << 10)
        assert counts.min() > 0
        assert counts.max() < 4 * counts.float().mean()


def test_multiply_adds_are_those_of_the_matrices():
    gates_and_project, hidden = 4 * 32 * 32, 3 * 32 * 48
    widen, head = 3 * 4 * 32, 256 * 32
    assert multiply_adds_per_byte(ByteNetwork(GATED)) == 2 * (gates_and_project + hidden) + widen + head


def test_the_gradient_of_the_tables_is_sparse():
    network = ByteNetwork(GATED)
    with torch.no_grad():
        network.head.normal_()
    window, age = window_of(DATA, [min(n, HISTORY) for n in range(len(DATA))])
    network(window, age, network.first_state(1))[0].sum().backward()
    assert network.ngrams.weight.grad.is_sparse
    assert network.ngrams.weight.grad.coalesce().values().abs().sum() > 0
