"""The command `codelength`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import codelength
from codelength.codec.networks import default_network

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def test_help_and_version(run: Run) -> None:
    for arguments in ([], ["-h"], ["--help"]):
        done = run("codelength", *arguments)
        assert done.returncode == 0
        for name in (b"compare", b"lab", b"measure", b"models", b"report", b"sample", b"train"):
            assert name in done.stdout
    assert run("codelength", "--version").stdout == f"codelength {codelength.__version__}\n".encode()


def test_usage(run: Run) -> None:
    done = run("codelength", "measur")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"codelength: No such command 'measur'")


def test_errors_have_no_traceback(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"aaa")
    # Stands in for what nobody has foreseen.
    (tmp_path / "sitecustomize.py").write_text(
        "import codelength.cli.measure as measure\n"
        "def fail(*_): raise ZeroDivisionError('no reason')\n"
        "measure.find_documents = fail\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = run("codelength", "measure", "gzip", "a", env=environment)
    message = b"codelength: ZeroDivisionError: no reason (codelength --debug shows where)\n"
    assert (done.returncode, done.stderr) == (1, message)
    assert b"Traceback" in run("codelength", "--debug", "measure", "gzip", "a", env=environment).stderr


def test_models(run: Run) -> None:
    record = json.loads(run("codelength", "models", "--json").stdout)
    assert record["schema_version"] == 1
    assert [level["level"] for level in record["levels"]] == list(range(1, 10))
    assert all(level["memory_bytes_per_thread"] > 0 for level in record["levels"])
    assert {"kt:ORDER", "network", "hf:NAME"} <= set(record["predictors"])
    networks = {network["hash"]: network for network in record["networks"]}
    default = networks[default_network().hash.hex()]
    assert default["is_default"]
    assert default["multiply_adds_per_byte"] == default_network().native.multiply_adds_per_byte
    assert default["file_bytes"] == len(default_network().data)
    levels, networks, predictors = run("codelength", "models").stdout.decode().split("\n\n")
    assert levels.splitlines()[0].split() == ["Level", "Model", "Memory/thread", "For"]
    assert len(levels.splitlines()) == 10
    assert networks.startswith("Network")
    assert default["hash"] in networks
    assert "clz[:LEVEL]" in predictors


def test_models_that_are_none(run: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    (tmp_path / "odd.safetensors").write_bytes(b"\x02" + bytes(7) + b"{}")
    done = run("codelength", "models", env=environment | {"CODELENGTH_MODELS": str(tmp_path)})
    assert done.returncode == 0
    assert b"bad is not a model file" in done.stdout
    assert b"odd is not a model file" in done.stdout


def test_group_imports_no_subcommand() -> None:
    program = (
        "import sys; from codelength.cli.codelength import main; sys.argv[1:] = ['--help']; main(); "
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    imported = set(done.stderr.split())
    assert not imported & {"torch", "numpy", "codelength.cli.train", "codelength.cli.measure"}


def test_training_names_its_extra(run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    # Stands in for an installation without torch.
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    arguments = ["nothing.toml", "--data", ".", "--out", "out"]
    done = run("codelength", "train", *arguments, env=environment | {"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert b"codelength[train]" in done.stderr
    assert b"Traceback" not in done.stderr
