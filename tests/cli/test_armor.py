"""`clz --armor`, and `clz --network`."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import codelength
from codelength.cli import transfer
from codelength.codec import networks

Run = Callable[..., subprocess.CompletedProcess[bytes]]

LINE = b"See you on Thursday then.\n"


def test_messages(run: Run) -> None:
    made = run("clz", "--message", "-a", input=LINE)
    assert made.stdout == codelength.armor(codelength.compress(LINE, message=True)).encode() + b"\n"
    assert run("clz", "-d", "--message", input=made.stdout).stdout == LINE


@pytest.mark.parametrize("options", [["--message"], ["-a"], ["--message", "--armor"], []])
def test_armor_is_recognised(run: Run, options: list[str]) -> None:
    text = codelength.armor(codelength.compress(LINE, 1, message=True)).encode()
    space = b"" if options == ["--message"] else b" "
    wrapped = space + b"\r\n\t" + space + text[:9] + b"\r\n " + text[9:] + b"\n"
    done = run("clz", "-d", *options, input=wrapped)
    assert (done.returncode, done.stdout, done.stderr) == (0, LINE, b"")


def test_a_message_that_begins_with_a_space(run: Run) -> None:
    content = bytes(range(200, 256)) * 5
    message = codelength.compress(content, 2, message=True)
    assert message[0] >> 4 == 2
    for data in (message, b"\0 clz:YWI="):
        assert run("clz", "-d", "--message", input=data).stdout == codelength.decompress(data, message=True)


def test_archives(run: Run, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a").write_bytes(text)
    assert run("clz", "-1", "-a", "--rm", "a").returncode == 0
    assert not (tmp_path / "a").exists()
    archive = (tmp_path / "a.clz").read_bytes()
    assert archive == codelength.armor(codelength.compress(text, 1)).encode() + b"\n"
    assert b"a.clz" in run("clz", "-l", "a.clz").stdout
    assert run("clz", "-t", "a.clz").stderr == b"a.clz : %d bytes\n" % len(text)
    assert run("clz", "-dc", "-M1G", "a.clz").stdout == text
    assert run("clz", "-d", "a.clz").returncode == 0
    assert (tmp_path / "a").read_bytes() == text


def test_frames_in_one_armor(run: Run) -> None:
    frames = codelength.compress(b"one, ", 1) + codelength.compress(b"two", 1)
    assert run("clz", "-d", input=codelength.armor(frames).encode()).stdout == b"one, two"


@pytest.mark.parametrize(
    ("options", "data", "code", "error"),
    [
        ("-d", b"clz:!", 1, "standard input: the armored text is damaged: it holds what is not base64"),
        ("-l", b"clz:AGFi", 1, "standard input: a message holds nothing to list"),
        ("-t", b"clz:AAA", 1, "standard input: the armored text ends too early"),
        ("-d", b"clz:", 1, "standard input: the input is empty: an archive has at least one frame"),
        ("-d", b"cat", 1, "standard input: this is not a clz archive"),
        ("-da", b"\xc1\x5a", 1, "standard input: this is no armored text: it does not begin with clz:"),
        ("-a -c x y", b"", 2, "--armor takes one input for one output"),
        ("--network none", b"", 2, "--network: none: No such file or directory"),
        ("-1 --network bad", b"", 2, "--network: level 1 uses no network"),
        ("-9 --network bad", b"", 2, "--network: bad is not a model file: its header is cut"),
        ("--network bad --message", b"", 2,
         "--network does not go with --message: a message cannot name a network"),
        ("-d --network bad", b"", 2,
         "--network is for compressing; to decompress, name its folder in CODELENGTH_MODELS"),
    ],
)  # fmt: skip
def test_what_is_wrong(run: Run, tmp_path: Path, options: str, data: bytes, code: int, error: str) -> None:
    (tmp_path / "bad").write_bytes(b"bad")
    done = run("clz", *options.split(), input=data)
    usage = "Try 'clz -h' for help.\n" if code == 2 else ""
    assert (done.returncode, done.stdout, done.stderr.decode()) == (code, b"", f"clz: {error}\n{usage}")


def test_too_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from codelength.cli.options import Options, parse

    monkeypatch.setattr(transfer, "_MAX_ARMORED_BYTES", 10)
    monkeypatch.setattr(transfer, "_MAX_ARMOR_BYTES", 20)
    (tmp_path / "a").write_bytes(b"clz:" + b"A" * 20)
    for line in (["-a"], ["-da"], ["-d"]):
        options = parse("clz", line)
        assert isinstance(options, Options)
        with (tmp_path / "a").open("rb") as source, pytest.raises(transfer.Skipped, match="at most"):
            transfer.transfer(options, source, io.BytesIO(), None)


def test_a_network_of_ones_own(run: Run, tmp_path: Path, environment: dict[str, str], text: bytes) -> None:
    shipped = Path(networks.__file__).parent.parent / "models" / f"{networks.DEFAULT}.safetensors"
    (tmp_path / "models").mkdir()
    own = tmp_path / "models" / "own.safetensors"
    shutil.copy(shipped, own)
    with own.open("r+b") as file:  # another hash: the last number of the file's last tensor, by one
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes((last ^ 1,)))
    content = text[:300]
    made = run("clz", "--network", "models/own.safetensors", input=content)
    assert made.returncode == 0, made.stderr
    assert networks.NetworkFile("own", own.read_bytes()).hash in made.stdout
    assert b"CODELENGTH_MODELS" in run("clz", "-d", input=made.stdout).stderr
    known = environment | {"CODELENGTH_MODELS": str(tmp_path / "models")}
    assert run("clz", "-d", input=made.stdout, env=known).stdout == content
    listed = run("codelength", "models", env=known).stdout.decode()
    assert networks.NetworkFile("own", own.read_bytes()).hash.hex() in listed
