"""Documents that are made."""

import hashlib
import itertools
import random
import re

import pytest

from codelength.training.synthetic import logs, texts
from codelength.training.synthetic.logs.families import FAMILIES, Family
from codelength.training.synthetic.logs.values import KINDS, Values


@pytest.mark.parametrize(
    ("kind", "least_bytes", "digest"),
    [
        (logs, 1000, "9620fd26e9fff68821c86bf1bf31004821b476b912ea0bae3e194cf650364416"),
        (texts, 500, "5e9de269f8745e114a659dd4d1a7c81744fe5ea1d1c5e5e89e0052af47d2bebd"),
    ],
)
def test_the_same_documents_every_time(kind, least_bytes, digest):
    first = list(itertools.islice(kind.documents(), 50))
    assert hashlib.sha256(b"".join(content for _, content in first)).hexdigest() == digest
    assert len({name for name, _ in first}) == len({content for _, content in first}) == 50
    for _, content in first:
        assert least_bytes <= len(content) < 8000
        assert content.endswith(b"\n")


def test_texts_have_no_choice_nor_value_left_open():
    for seed in range(100):
        assert not re.search(r"[{}|]|<\w+>", texts.write_texts(3000, seed).decode())


def test_every_header_and_message_can_be_written():
    meant = {"14", "info", "none", "unnamed"}  # look like values and are none
    of_logs = {"message", "program", "own_pid", "own_logger", "own_class", "level"}
    times = {"clock", "ctime", "e", "epoch", "iso", "msec", "uptime", "usec"}
    for number, family in enumerate(FAMILIES):
        texts = [text for texts in family.messages.values() for text in texts]
        found = set(re.findall(r"<(\w+)>", " ".join((*family.headers, *texts))))
        assert found <= meant | of_logs | times | set(KINDS)
        for header in family.headers:
            for program, said in family.messages.items():
                for text in said:
                    content = logs.write_log(Family((header,), {program: (text,)}), 100, number).decode(
                        "ascii"
                    )
                    assert not re.search(r"%[A-Za-z]|<(message|program|own_\w+|e|msec|ip|port|n)>", content)


def test_values_come_again_as_often_as_said():
    values = Values(random.Random(1))
    drawn = {kind: [values[kind] for _ in range(400)] for kind in ("hex16", "uuid", "big")}
    for kind, found in drawn.items():
        assert abs(1 - len(set(found)) / 400 - KINDS[kind][0]) < 0.1
