"""Configuration files: those that ship are valid, and mistakes are named."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

import codelength.training.config as module
from codelength.training.config import load_config, parse_config
from codelength.training.network import ByteNetwork, multiply_adds_per_byte

SHIPPED = sorted(Path(module.__file__).with_name("configs").glob("*.toml"))


def minimal():
    return {
        "model": {"width": 32, "layers": 1, "hidden": 32},
        "source": [{"name": "a", "paths": ["a.tar"], "weight": 1}],
    }


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configurations_load_by_name(path):
    assert load_config(path.stem) == load_config(path)


def test_the_small_network_is_within_its_budget():
    config = load_config("small")
    network = ByteNetwork(config.model)
    assert multiply_adds_per_byte(network) < 2.7e6  # 100 KB/s on two cores with VNNI
    assert network.ngrams.weight.numel() <= 4e6


def test_a_configuration_survives_its_dict():
    config = parse_config(minimal())
    assert parse_config(config.to_dict()) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values["model"].update(widht=3), "unknown widht"),
        (lambda values: values["model"].pop("width"), "width missing"),
        (lambda values: values["model"].update(cell="lstm"), "lstm"),
        (lambda values: values["model"].update(rows=1000), "power of two"),
        (lambda values: values["model"].update(orders=[9]), "orders"),
        (lambda values: values["model"].update(echoes=[2]), "echoes: only"),
        (lambda values: values["model"].update(orders=[2], echoes=[3, 2]), "echoes"),
        (lambda values: values["model"].update(orders=[2], echoes=[9]), "echoes"),
        (lambda values: values["model"].update(cell="matrix", heads=5), "heads"),
        (lambda values: values.update(training={"matrix_rule": "sgd"}), "sgd"),
        (lambda values: values.update(training={"streams": 0}), "positive"),
        (lambda values: values.update(training={"validation_share": 1.0}), "validation_share"),
        (lambda values: values.update(extra={}), "unknown sections: extra"),
        (lambda values: values.pop("source"), "no .*source"),
        (lambda values: values["source"].append(values["source"][0]), "one name"),
        (lambda values: values["source"][0].update(weight=0), "weight"),
        (
            lambda values: values["source"][0].update(text_kind="poems"),
            "text_kind 'poems' is none of text, mes",
        ),
        (lambda values: values["source"][0].update(paths=[]), "either paths or synthetic"),
    ],
)
def test_a_mistake_is_named(change, message):
    values = minimal()
    change(values)
    with pytest.raises(ValueError, match=message):
        parse_config(values)
