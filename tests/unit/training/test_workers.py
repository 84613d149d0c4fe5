"""Training in two processes whose weights are averaged."""

import json

import pytest
import torch
from click.testing import CliRunner

from codelength.cli.train import train
from codelength.training.checkpoint import load_checkpoint
from codelength.training.config import load_config
from codelength.training.plan import Plan
from codelength.training.workers import ROUND_STEPS

ROUND_BYTES = 2 * 32 * ROUND_STEPS


@pytest.fixture
def call(folder):
    def invoke(*arguments, out, workers=2):
        fixed = (str(folder / "tiny.toml"), "--data", str(folder / "data"), "--out", str(folder / out))
        result = CliRunner().invoke(train, [*fixed, "--threads", "1", "--workers", str(workers), *arguments])
        assert result.exit_code == 0, result.output
        return load_checkpoint(folder / out / "checkpoint.safetensors")

    return invoke


def test_a_run_resumes_bit_for_bit(call, tmp_path):
    whole, facts = call("--bytes", str(2 * ROUND_BYTES), out="whole")
    call("--bytes", str(ROUND_BYTES), out="parts")
    parts, facts_of_parts = call("--resume", "--bytes", str(2 * ROUND_BYTES), out="parts")
    assert facts == facts_of_parts
    assert facts["n_steps"] == 2 * ROUND_STEPS
    assert facts["n_bytes"] == 2 * ROUND_BYTES
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
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


def test_one_worker_goes_on_where_two_were(call, folder):
    call("--bytes", str(ROUND_BYTES), out="two")
    plan = Plan(load_config(folder / "tiny.toml"), folder / "data", folder / "two/checkpoint.safetensors")
    for worker in (0, 1, 2):
        trainer = plan.trainer(worker)
        trainer.step()
        assert trainer.n_steps == ROUND_STEPS + 1


def test_workers_need_what_they_can_average(folder):
    arguments = [str(folder / "tiny.toml"), "--data", str(folder / "data"), "--out", str(folder / "x")]
    result = CliRunner().invoke(train, [*arguments, "--workers", "2", "--device", "cuda"])
    assert result.exit_code == 2
    assert "on a CPU" in result.output
