import subprocess
import sys

import pytest

from codelength.errors import ModelNotFoundError
from codelength.predictors import KT, ContextTreeWeighting, Predictor, Uniform, get, names
from codelength.predictors.registry import get_bytewise


def test_names_give_predictors_with_their_parameters() -> None:
    assert isinstance(get("uniform"), Uniform)
    kt = get("kt:3")
    assert isinstance(kt, KT)
    assert kt.order == 3
    ctw = get("ctw:12")
    assert isinstance(ctw, ContextTreeWeighting)
    assert ctw.depth == 12


def test_every_listed_name_works_and_gives_a_new_predictor() -> None:
    for pattern in set(names()) - {"hf:NAME"}:
        name = pattern.split(":")[0] + (":1" if ":" in pattern else "")
        first, second = get(name), get(name)
        assert isinstance(first, Predictor)
        assert first is not second
        assert first.alphabet_size == 256


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("gzp", "did you mean 'gzip'"),
        ("ktt:3", "did you mean 'kt:ORDER'"),
        ("", "known are"),
        ("?", "known are"),
    ],
)
def test_unknown_names_are_met_with_a_known_one(name: str, hint: str) -> None:
    with pytest.raises(ModelNotFoundError, match=hint):
        get(name)


@pytest.mark.parametrize("name", ["kt", "kt:", "kt:x", "kt:-1", "kt:1.5", "ctw:²", "kt:1:2"])
def test_a_missing_or_odd_parameter_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        get(name)


@pytest.mark.parametrize("name", ["uniform:3", "gzip:"])
def test_an_unwanted_parameter_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no parameter"):
        get(name)


@pytest.mark.parametrize("name", ["hf", "hf:"])
def test_a_language_model_wants_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="should be 'hf:NAME'"):
        get(name)


def test_language_models_without_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hf:NAME" in names()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelNotFoundError, match=r"torch.*codelength\[hf\]"):
        get("hf:some/model")


def test_what_works_byte_by_byte_refuses_language_models() -> None:
    assert isinstance(get_bytewise("kt:2"), KT)
    with pytest.raises(ValueError, match="predicts tokens"):
        get_bytewise("hf:some/model")


def test_predictors_do_not_import_torch() -> None:
    code = "import codelength.predictors, sys; raise SystemExit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
