"""Archives made once are read as they were meant, and made again byte for byte; wrong ones are refused.

`make.py` beside this file wrote the folders, and only a person who means it runs it again.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import codelength

HERE = Path(__file__).resolve().parent
VALID: dict[str, dict[str, Any]] = json.loads((HERE / "valid" / "manifest.json").read_text(encoding="utf-8"))
INVALID: dict[str, str] = json.loads((HERE / "invalid" / "manifest.json").read_text(encoding="utf-8"))
NETWORKS = HERE / "networks"
MADE_HERE = [name for name, entry in VALID.items() if entry["frames"]]

FOR_REFERENCE = 1000
"""Bytes of content up to which the reference decoder, which takes a millisecond for each, is not slow."""


def is_message(name: str) -> bool:
    return name.endswith(".message")


def is_small(name: str) -> bool:
    """Archives that the reference decoder reads in an instant.

    The predictors 2 and 3 are between 1 and 4 in everything: they wait for the slow lane, and so do contents
    that tell no more of a network than others do.
    """
    if re.search("(level|words|binary|text)_[23]_|network_.*_(csv|binary|unicode)", name):
        return False
    return VALID[name]["bytes"] <= FOR_REFERENCE or "stored" in name


def remake(recipes: list[dict[str, Any]], content: bytes, message: bool) -> bytes:
    """The archive that the package makes of the content by the recipe of each frame."""
    if message:
        return codelength.compress(content, recipes[0]["level"], message=True)
    out, start = [], 0
    for recipe in recipes:
        part = content[start : start + recipe["bytes"]]
        start += recipe["bytes"]
        model = NETWORKS / recipe["network"] if "network" in recipe else None
        if recipe["blocks"] is None:
            out.append(codelength.compress(part, recipe["level"], model=model, check=recipe["check"]))
            continue
        compressor = codelength.Compressor(recipe["level"], model=model, check=recipe["check"])
        at = 0
        for size in recipe["blocks"]:
            out.append(compressor.compress(part[at : at + size], compressor.FLUSH_BLOCK))
            at += size
        out.append(compressor.flush())
    return b"".join(out)


def check_all_with_package() -> int:
    """Everything that this file asks of the package, in one go; returns the number of archives."""
    for name, entry in VALID.items():
        archive = (HERE / "valid" / name).read_bytes()
        content = codelength.decompress(archive, message=is_message(name))
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], name
        if entry["frames"]:
            assert remake(entry["frames"], content, is_message(name)) == archive, name
    for name, error in INVALID.items():
        with pytest.raises(codelength.CodecError) as caught:
            codelength.decompress((HERE / "invalid" / name).read_bytes(), message=is_message(name))
        assert type(caught.value).__name__ == error, name
    return len(VALID) + len(INVALID)


@pytest.fixture(autouse=True)
def _networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODELENGTH_MODELS", str(NETWORKS))


class Reference:
    """The reference decoder, with the networks that the archives need."""

    def __init__(self) -> None:
        self.module = importlib.import_module("decoder")
        self.networks = [self.module.Network.read(path) for path in sorted(NETWORKS.iterdir())]

    def decode(self, name: str, data: bytes) -> bytes:
        if is_message(name):
            return self.module.decode_message(data, self.networks[0])
        return self.module.decode(data, self.networks)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference()


def test_manifests_name_every_file() -> None:
    for folder, names in (("valid", VALID.keys()), ("invalid", INVALID.keys())):
        files = {path.name for path in (HERE / folder).iterdir()} - {"manifest.json"}
        assert {name for name in files if not name.endswith(".content")} == names
        assert {name.removesuffix(".content") for name in files} == names


def test_contents_beside() -> None:
    for path in (HERE / "valid").glob("*.content"):
        entry = VALID[path.name.removesuffix(".content")]
        data = path.read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"]), path.name


@pytest.mark.parametrize("name", VALID)
def test_decodes(name: str) -> None:
    content = codelength.decompress((HERE / "valid" / name).read_bytes(), message=is_message(name))
    assert len(content) == VALID[name]["bytes"]
    assert hashlib.sha256(content).hexdigest() == VALID[name]["sha256"]


@pytest.mark.parametrize("name", MADE_HERE)
def test_is_made_again(name: str) -> None:
    archive = (HERE / "valid" / name).read_bytes()
    content = codelength.decompress(archive, message=is_message(name))
    assert remake(VALID[name]["frames"], content, is_message(name)) == archive


@pytest.mark.parametrize("name", INVALID)
def test_is_refused(name: str) -> None:
    with pytest.raises(codelength.CodecError) as caught:
        codelength.decompress((HERE / "invalid" / name).read_bytes(), message=is_message(name))
    assert type(caught.value).__name__ == INVALID[name]


def check_with_reference(reference: Reference, name: str) -> None:
    content = reference.decode(name, (HERE / "valid" / name).read_bytes())
    assert hashlib.sha256(content).hexdigest() == VALID[name]["sha256"]


@pytest.mark.parametrize("name", [name for name in VALID if is_small(name)])
def test_reference_decodes(name: str, reference: Reference) -> None:
    check_with_reference(reference, name)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [name for name in VALID if not is_small(name)])
def test_reference_decodes_large(name: str, reference: Reference) -> None:
    check_with_reference(reference, name)


@pytest.mark.parametrize("name", INVALID)
def test_reference_refuses(name: str, reference: Reference) -> None:
    with pytest.raises(reference.module.FormatError):
        reference.decode(name, (HERE / "invalid" / name).read_bytes())


def test_portable_code_does_the_same() -> None:
    script = f"""
import importlib.util
from codelength import _native

assert _native.isa_name() == "portable", _native.isa_name()
spec = importlib.util.spec_from_file_location("golden", {str(Path(__file__).resolve())!r})
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)
print(golden.check_all_with_package())
"""
    environment = os.environ | {"CODELENGTH_ISA": "portable"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.stderr == ""
    assert done.stdout == f"{len(VALID) + len(INVALID)}\n"
