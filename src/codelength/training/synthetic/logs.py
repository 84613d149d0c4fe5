"""Log files as common programs write them: what they say is the programs', every value is drawn at random.

Training has few logs, and people store many. A document is a log of one family: a header, some of the
family's messages, each more or less often, some of them one after another again and again.
"""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Iterator

from codelength.training.synthetic.families import FAMILIES, Family
from codelength.training.synthetic.values import Values

__all__ = ["documents", "write_log"]

_TOKEN = re.compile(r"<(\w+)>")
_LITERAL = ("14", "info", "none", "unnamed")
_EPOCH = datetime.datetime(1970, 1, 1)
_LEVELS = ("INFO",) * 12 + ("WARN",) * 3 + ("ERROR",) * 2 + ("DEBUG",) * 2


class _Clock:
    """Time that passes unevenly, at a pace of the document's own."""

    def __init__(self, r: random.Random) -> None:
        self._r = r
        self.now = _EPOCH + datetime.timedelta(seconds=r.uniform(9.7e8, 1.75e9))
        self._pace = 10 ** r.uniform(-3, 2.5)

    def tick(self) -> None:
        if self._r.random() < 0.7:
            self.now += datetime.timedelta(seconds=self._r.expovariate(1 / self._pace))

    def __getitem__(self, name: str) -> str:
        now = self.now
        if name == "e":
            return f"{now.day:2}"
        if name == "msec":
            return f"{now.microsecond // 1000:03}"
        if name == "usec":
            return f"{now.microsecond:06}"
        if name == "epoch":
            return str(int((now - _EPOCH).total_seconds()))
        if name == "iso":
            return f"{now:%Y-%m-%dT%H:%M:%SZ}"
        if name == "ctime":
            return f"{now:%a %b %d %H:%M:%S %Y}"
        if name == "clock":
            return f"{now:%m%d %H:%M:%S.%f}"
        if name == "uptime":
            return f"{(now - _EPOCH).total_seconds() % 1e6:12.6f}"
        raise KeyError(name)


class _Log:
    """The lines of one document."""

    def __init__(self, family: Family, r: random.Random) -> None:
        self._r = r
        self._values, self._clock = Values(r), _Clock(r)
        self._header = r.choice(family.headers)
        self._host = Values(r)["host"]
        self._pids: dict[str, str] = {}
        self._threads: dict[str, str] = {}
        programs = list(family.messages)
        used = r.sample(programs, min(len(programs), r.choice((1, 1, 2, 3, 5))))
        pool = [(program, message) for program in used for message in family.messages[program]]
        r.shuffle(pool)
        self._pool = pool[: r.choice((2, 4, 6, 10, 20))]
        self._weights = [1 / (rank + 1) ** r.uniform(0.3, 1.5) for rank in range(len(self._pool))]
        self._next = {i: r.randrange(len(self._pool)) for i in range(len(self._pool))}
        self._follows = r.uniform(0, 0.9)
        self._levels = {i: r.choice(_LEVELS) for i in range(len(self._pool))}
        self._at = 0

    def line(self) -> str:
        r = self._r
        if r.random() < self._follows:
            self._at = self._next[self._at]
        else:
            self._at = r.choices(range(len(self._pool)), self._weights)[0]
        self._clock.tick()
        program, message = self._pool[self._at]
        if program not in self._pids or r.random() < 0.1:
            self._pids[program] = self._values["pid"]
        # A class of a program logs from one place, mostly on one thread.
        logger = self._pids.setdefault(f"{program} {self._at}", self._values["logger"])

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name in _LITERAL:
                return match[0]
            if name == "message":
                return _TOKEN.sub(fill, message)
            if name == "host":
                return self._host
            if name == "program":
                return program
            if name == "own_pid":
                return self._pids[program]
            if name == "level":
                return self._levels[self._at]
            if name == "own_logger":
                return logger
            if name == "own_class":
                return logger.rpartition(".")[2]
            try:
                return self._clock[name]
            except KeyError:
                return self._values[name]

        return _TOKEN.sub(fill, self._clock.now.strftime(self._header))


def write_log(family: Family, n_bytes: int, seed: int) -> bytes:
    """A log of at least n_bytes. The same family and seed give the same log."""
    log = _Log(family, random.Random(seed))
    lines: list[str] = []
    size = 0
    while size < n_bytes:
        lines.append(log.line())
        size += len(lines[-1]) + 1
    return ("\n".join(lines) + "\n").encode()


def documents(n_documents: int = 3000) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the documents of this source, the same ones always: 1 to 6 KB each."""
    sizes = random.Random(0)
    for number in range(n_documents):
        family = FAMILIES[number % len(FAMILIES)]
        yield f"logs/{number:05}.log", write_log(family, sizes.randrange(1000, 6000), number)
