"""Documents that are made."""

import itertools
import random
import re

from codelength.training.synthetic import logs
from codelength.training.synthetic.families import FAMILIES, Family
from codelength.training.synthetic.values import KINDS, Values


def test_the_same_documents_every_time():
    first, again = (list(itertools.islice(logs.documents(), 50)) for _ in range(2))
    assert first == again
    assert len({name for name, _ in first}) == len({content for _, content in first}) == 50
    for _, content in first:
        assert 1000 <= len(content) < 8000
        assert content.endswith(b"\n")


def test_every_header_and_message_can_be_written():
    for number, family in enumerate(FAMILIES):
        for header in family.headers:
            for program, messages in family.messages.items():
                for message in messages:
                    one = Family((header,), {program: (message,)})
                    content = logs.write_log(one, 100, number).decode("ascii")
                    assert not re.search(r"%[A-Za-z]|<(message|own_pid|ip|n)>", content)


def test_values_come_again_as_often_as_said():
    values = Values(random.Random(1))
    drawn = {kind: [values[kind] for _ in range(400)] for kind in ("hex16", "uuid", "big")}
    for kind, found in drawn.items():
        assert abs(1 - len(set(found)) / 400 - KINDS[kind][0]) < 0.1
