"""Log files as common programs write them: what they say is the programs', every value is drawn at random.

The training data has none, and people store many. A document is a log of one family: a header, some of the
family's messages, each more or less often, some of them one after another again and again.
"""

from __future__ import annotations

import dataclasses
import datetime
import random
import re
from collections.abc import Callable, Iterator

from codelength.training.synthetic.logs.families import FAMILIES, Family
from codelength.training.synthetic.logs.values import KINDS, Values
from codelength.training.synthetic.writing import VALUE, lines_of

__all__ = ["documents", "write_log"]

_EPOCH = datetime.datetime(1970, 1, 1)
_TIMES: dict[str, Callable[[datetime.datetime], str]] = {
    "compact": lambda now: f"{now:%Y%m%d-%H%M%S}",
    "ctime": lambda now: f"{now:%a %b %d %H:%M:%S %Y}",
    "date": lambda now: f"{now:%Y-%m-%d}",
    "day": lambda now: str(now.day),
    "e": lambda now: f"{now.day:2}",
    "epoch": lambda now: str(int((now - _EPOCH).total_seconds())),
    "hour": lambda now: str(now.hour % 12 or 12),
    "iso": lambda now: f"{now:%Y-%m-%dT%H:%M:%SZ}",
    "month": lambda now: str(now.month),
    "msec": lambda now: f"{now.microsecond // 1000:03}",
    "stamp": lambda now: f"{now:%d/%b/%Y:%H:%M:%S}",
    "time": lambda now: f"{now:%H:%M:%S}",
    "uptime": lambda now: f"{(now - _EPOCH).total_seconds() % 1e6:12.6f}",
    "usec": lambda now: f"{now.microsecond:06}",
}
_LEVELS = ("INFO",) * 12 + ("WARN",) * 3 + ("ERROR",) * 2 + ("DEBUG",) * 2
_LEVEL_STYLES: dict[str, Callable[[str], str]] = {
    "level": lambda level: level,
    "level4": lambda level: level[:4],
    "level5": lambda level: f"{level:5}",
    "level_klog": lambda level: "I" if level == "DEBUG" else level[0],
    "level_letter": lambda level: level[0],
    "level_long": lambda level: "WARNING" if level == "WARN" else level,
    "level_lower": lambda level: level.lower(),
    "level_number": lambda level: {"DEBUG": "20", "INFO": "30", "WARN": "40", "ERROR": "50"}[level],
    "level_short": lambda level: {"DEBUG": "DBG", "INFO": "INF", "WARN": "WRN", "ERROR": "ERR"}[level],
    "level_title": lambda level: {"INFO": "Information", "WARN": "Warning"}.get(level, level.title()),
}


class _Clock:
    """Time that passes unevenly, at a pace of the document's own."""

    def __init__(self, r: random.Random) -> None:
        self._r = r
        self.now = _EPOCH + datetime.timedelta(seconds=r.uniform(9.7e8, 1.75e9))
        self._pace = 10 ** r.uniform(-3, 2.5)

    def tick(self) -> None:
        if self._r.random() < 0.7:
            self.now += datetime.timedelta(seconds=self._r.expovariate(1 / self._pace))


@dataclasses.dataclass(frozen=True)
class _Message:
    """What one place in a program says: always at the same level."""

    program: str
    text: str
    level: str
    logger: str


class _Log:
    """The lines of one document."""

    def __init__(self, family: Family, r: random.Random) -> None:
        self._r = r
        self._values, self._clock = Values(r), _Clock(r)
        self._header = r.choice(family.headers)
        self._host = self._values["host"]
        self._pids: dict[str, str] = {}
        used = r.sample(list(family.messages), min(len(family.messages), r.choice((1, 1, 2, 3, 5))))
        texts = [(program, text) for program in used for text in family.messages[program]]
        r.shuffle(texts)
        self._messages = [
            _Message(program, text, r.choice(_LEVELS), self._values["logger"])
            for program, text in texts[: r.choice((2, 4, 6, 10, 20))]
        ]
        n = len(self._messages)
        self._weights = [1 / (rank + 1) ** r.uniform(0.3, 1.5) for rank in range(n)]
        self._after = [r.randrange(n) for _ in range(n)]  # what follows each message ...
        self._follows = r.uniform(0, 0.9)  # ... so often
        self._at = 0

    def line(self) -> str:
        if self._r.random() < self._follows:
            self._at = self._after[self._at]
        else:
            [self._at] = self._r.choices(range(len(self._messages)), self._weights)
        self._clock.tick()
        message = self._messages[self._at]
        if message.program not in self._pids or self._r.random() < 0.1:
            self._pids[message.program] = self._values["pid"]
        known = {
            "host": self._host,
            "program": message.program,
            "own_pid": self._pids[message.program],
            "own_logger": message.logger,
            "own_class": message.logger.rpartition(".")[2],
        }

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name == "message":
                return VALUE.sub(fill, message.text)
            if name in _TIMES:
                return _TIMES[name](self._clock.now)
            if name in _LEVEL_STYLES:
                return _LEVEL_STYLES[name](message.level)
            if name in known or name in KINDS:
                return known.get(name) or self._values[name]
            return match[0]

        return VALUE.sub(fill, self._clock.now.strftime(self._header))


def write_log(family: Family, n_bytes: int, seed: int) -> bytes:
    """A log of at least n_bytes. The same family and seed give the same log."""
    return lines_of(_Log(family, random.Random(seed)).line, n_bytes)


def documents(n_documents: int = 3000) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the documents of this source, the same ones always: 1 to 6 KB each."""
    sizes = random.Random(0)
    for number in range(n_documents):
        family = FAMILIES[number % len(FAMILIES)]
        yield f"logs/{number:05}.log", write_log(family, sizes.randrange(1000, 6000), number)
