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
        (logs, 1000, "842c58a1e1d7548ae6b0cfab0e13713be28bd5c41f561af789c4b3e653e3861b"),
        (texts, 500, "7dbc239e747c0f29816d206511d958dd51912d47216d7ff13e61c9eb205e6c35"),
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
    of_logs = {"host", "message", "program", "own_pid", "own_logger", "own_class"}
    known = of_logs | set(logs._TIMES) | set(logs._LEVEL_STYLES) | set(KINDS)
    found_at_all = set()
    for number, family in enumerate(FAMILIES):
        texts = [text for texts in family.messages.values() for text in texts]
        found = set(re.findall(r"<(\w+)>", " ".join((*family.headers, *texts))))
        found_at_all |= found
        for header in family.headers:
            for program, said in family.messages.items():
                for text in said:
                    content = logs.write_log(Family((header,), {program: (text,)}), 100, number).decode(
                        "ascii"
                    )
                    assert not re.search(r"<(message|program|own_\w+|e|msec|ip|port|n)>", content)
                    assert "%" in text or not re.search(r"%[A-Za-z]", content)
    # What looks like a value and is none.
    meant = {"14", "CT", "Debug", "Error", "Information", "Notice", "TERRORIST", "Trace"}
    assert found_at_all - known == meant | {"empty", "implicit", "info", "none"}
    assert set(KINDS) | set(logs._TIMES) | set(logs._LEVEL_STYLES) <= found_at_all


def test_values_come_again_as_often_as_said():
    values = Values(random.Random(1))
    drawn = {kind: [values[kind] for _ in range(400)] for kind in ("hex16", "uuid", "big")}
    for kind, found in drawn.items():
        assert abs(1 - len(set(found)) / 400 - KINDS[kind][0]) < 0.1
