"""Training in several processes whose weights are averaged."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch
from click.testing import CliRunner

from codelength.cli.train import train
from codelength.training.checkpoint import load_checkpoint
from codelength.training.config import load_config
from codelength.training.plan import Plan
from codelength.training.workers import ROUND_STEPS, Workers

ROUND_BYTES = 2 * 32 * ROUND_STEPS


class Group:
    """Workers in threads."""

    def __init__(self, worker, n_workers, barrier, said):
        self.worker, self.n_workers, self._barrier, self._said = worker, n_workers, barrier, said

    def gather(self, said):
        self._said[self.worker] = said
        self._barrier.wait()
        everything = list(self._said)
        self._barrier.wait()
        return everything

    def add(self, values):
        values.copy_(sum(self.gather(values.clone())))

    def most(self, values):
        values.copy_(torch.stack(self.gather(values.clone())).amax(0))


def averaged(*trainers):
    """Runs `average` of all trainers at once, after `move` has changed them."""
    n = len(trainers)
    barrier, said = threading.Barrier(n, timeout=60), [None] * n
    workers = [Workers(Group(i, n, barrier, said), trainer) for i, trainer in enumerate(trainers)]

    def finish():
        threads = [threading.Thread(target=worker.average) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return finish


def rule_of(trainer, name):
    rules = {type(rule).__name__: rule for rule, _ in trainer.optimizers}
    return rules[name]


@pytest.mark.parametrize("n_workers", [2, 3])
def test_the_average(make, n_workers):
    trainers = [make() for _ in range(n_workers)]
    for trainer in trainers:
        trainer.step()
    finish = averaged(*trainers)
    tables = [trainer.network.ngrams.weight for trainer in trainers]
    states = [rule_of(t, "RowAdam").state[table] for t, table in zip(trainers, tables, strict=True)]
    unmoved, alone, both = 0, 1, 2
    was = tables[0][unmoved].clone(), float(states[0]["steps"][unmoved])
    with torch.no_grad():
        for number, (table, state) in enumerate(zip(tables, states, strict=True)):
            trainers[number].network.head.fill_(float(number))
            for name in ("exp_avg", "exp_avg_sq"):
                rule_of(trainers[number], "AdamW").state[trainers[number].network.head][name].fill_(number)
            table[both] = number
            state["square"][both] = number
            state["steps"][both] += 1
        states[0]["steps"][both] += 2
        tables[1][alone] = 7.0
        states[1]["steps"][alone] += 5
    finish()
    mean = sum(range(n_workers)) / n_workers
    for trainer, table, state in zip(trainers, tables, states, strict=True):
        assert (trainer.network.head == mean).all()
        moments = rule_of(trainer, "AdamW").state[trainer.network.head]
        assert (moments["exp_avg"] == mean).all()
        assert (moments["exp_avg_sq"] == mean).all()
        assert torch.equal(table[unmoved], was[0])
        assert state["steps"][unmoved] == was[1]
        assert (table[alone] == 7).all()
        # Worker 0 has moved it three times, every other once.
        of_rows = sum(range(n_workers)) / (3 + n_workers - 1)
        assert torch.allclose(table[both], torch.tensor(of_rows))
        assert torch.allclose(state["square"][both], torch.tensor(of_rows))
        assert state["steps"][both] == states[0]["steps"][both]
    for name, value in trainers[0].network.state_dict().items():
        assert all(torch.equal(value, trainer.network.state_dict()[name]) for trainer in trainers)


@pytest.fixture
def call(folder):
    def invoke(*arguments, out, workers=2):
        fixed = (str(folder / "tiny.toml"), "--data", str(folder / "data"), "--out", str(folder / out))
        result = CliRunner().invoke(train, [*fixed, "--threads", "1", "--workers", str(workers), *arguments])
        assert result.exit_code == 0, result.output
        return load_checkpoint(folder / out / "checkpoint.safetensors")

    return invoke


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_resumes_bit_for_bit(call, tmp_path):
    whole, facts = call("--bytes", str(2 * ROUND_BYTES), out="whole")
    half, facts_of_half = call("--bytes", str(ROUND_BYTES), out="parts")
    again, facts_again = call("--resume", "--bytes", str(ROUND_BYTES), out="parts")
    assert (same(half, again), facts_of_half) == (True, facts_again)
    parts, facts_of_parts = call("--resume", "--bytes", str(2 * ROUND_BYTES), out="parts")
    assert (same(whole, parts), facts) == (True, facts_of_parts)
    assert facts["n_steps"] == 2 * ROUND_STEPS
    assert facts["n_bytes"] == 2 * ROUND_BYTES
    assert any(name.startswith("worker.1.state.") for name in whole)
    # The second worker read other pieces than the first.
    assert facts["others"][0] != facts["batcher"]
    log = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["reason"] == "bytes"


def test_a_fall_ends_between_two_rounds(call, folder):
    _, facts = call("--bytes", str(ROUND_BYTES), out="held", workers=1)
    n_bytes = 64 * (ROUND_STEPS // 2)
    _, fallen = call(
        "--from", str(folder / "held/checkpoint.safetensors"), "--decay", str(n_bytes), out="fall"
    )
    assert fallen["n_bytes"] == facts["n_bytes"] + n_bytes
    assert len(fallen["others"]) == 1


def test_other_numbers_of_workers_go_on(call, folder):
    tensors, facts = call("--bytes", str(ROUND_BYTES), out="two")
    begin = folder / "two/checkpoint.safetensors"
    for n_workers in (1, 2, 3):
        plan = Plan(load_config(folder / "tiny.toml"), folder / "data", begin, n_workers=n_workers)
        for worker in range(n_workers):
            trainer = plan.make_trainer(worker)
            if worker < 2:
                prefix = f"worker.{worker}." if worker else ""
                assert torch.equal(trainer.state[0], tensors[f"{prefix}state.0"])
                place = facts["others"][0] if worker else facts["batcher"]
                assert trainer.batcher.state() == place
            else:
                assert not trainer.state[0].any()
            trainer.step()


def test_what_workers_cannot_share_is_refused(call, folder):
    arguments = [str(folder / "tiny.toml"), "--data", str(folder / "data"), "--out", str(folder / "x")]
    result = CliRunner().invoke(train, [*arguments, "--workers", "2", "--device", "cuda"])
    assert result.exit_code == 2
    assert "on a CPU" in result.output
    call("--bytes", "64", out="floats", workers=1)
    begin = str(folder / "floats/checkpoint.safetensors")
    call("--from", begin, "--quantise", "--bytes", "128", out="integers", workers=1)
    integers = [*arguments[:-1], str(folder / "integers"), "--resume", "--workers", "2"]
    result = CliRunner().invoke(train, integers)
    assert result.exit_code == 1
    assert "one worker" in result.output


def test_a_signal_to_all_ends_cleanly(folder):
    """As from a terminal, `timeout` or a scheduler."""
    code = "from codelength.cli.train import train; train()"
    arguments = [str(folder / "tiny.toml"), "--data", str(folder / "data"), "--out", str(folder / "run")]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments, "--workers", "2", "--threads", "1"],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    log = folder / "run/log.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and '"train"' in log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
    assert b"stopped" in errors
    assert len(load_checkpoint(folder / "run/checkpoint.safetensors")[1]["others"]) == 1
