"""Text messages as people type them on phones: what is said is written by hand, how it is typed is drawn.

A document is what some people wrote, one message a line. Everyone has habits: capitals, apostrophes, short
forms, how a message ends.
"""

from __future__ import annotations

import itertools
import random
import re
import string
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from codelength.training.synthetic.writing import VALUE, lines_of

__all__ = ["documents", "write_texts"]

_SAID = Path(__file__).with_name("said.txt").read_text("utf-8").splitlines()
_TABLES = tomllib.loads(Path(__file__).with_name("habits.toml").read_text("utf-8"))
_HABITS: dict[str, list[str]] = _TABLES["habits"]
_LISTS: dict[str, list[str]] = {
    kind: text.replace("\n", "").split("|") for kind, text in _TABLES["values"].items()
}
_SHORT: dict[str, list[str]] = {word: forms.split() for word, forms in _TABLES["short"].items()}
_WORD = re.compile(r"I don't know|[A-Za-z]+(?:'[a-z]+)?")
_CHOICE = re.compile(r"\{([^{}]*)\}")


def _digits(n: int) -> Callable[[random.Random], str]:
    return lambda r: "".join(r.choice(string.digits) for _ in range(n))


def _time(r: random.Random) -> str:
    hour, minute = r.randrange(1, 13), r.choice((0, 0, 0, 15, 30, 30, 45, r.randrange(60)))
    if not minute and r.random() < 0.7:
        return r.choice((f"{hour}", f"{hour}pm", f"{hour} pm", f"{hour}am", f"{hour} o'clock"))
    return r.choice(
        (f"{hour}.{minute:02}", f"{hour}:{minute:02}", f"{hour}.{minute:02}pm", f"{hour + 11}:{minute:02}")
    )


def _date(r: random.Random) -> str:
    day, month = r.randrange(1, 29), r.randrange(1, 13)
    named = r.choice(_LISTS["month"][:12])
    return r.choice(
        (
            f"{day}/{month:02}",
            f"{day:02}/{month:02}/{r.randrange(4, 26):02}",
            f"{day} {named[:3]}",
            f"{named} {day}",
        )
    )


def _money(r: random.Random) -> str:
    amount = r.choice(
        (
            str(r.randrange(1, 30)),
            str(r.randrange(1, 20) * 5),
            str(r.randrange(1, 20) * 100),
            f"{r.randrange(1, 99)}.99",
        )
    )
    return r.choice(("£", "$", "$", "€", "Rs.", "S$", "Rs ", "£")) + amount


def _phone(r: random.Random) -> str:
    n = _digits(r.choice((7, 8, 8, 9)))(r)
    return r.choice(("0", "08", "+44", "+65 ", "9", "07", "0800 ", "1-800-")) + n


def _email(r: random.Random) -> str:
    user, number = _draw("name", r).lower(), r.randrange(100)
    return f"{user}{number}@{r.choice(('mail', 'example', 'post'))}.{r.choice(('com', 'org', 'net'))}"


def _link(r: random.Random) -> str:
    start, company = r.choice(("http://", "https://", "www.", "")), _draw("company", r)
    return f"{start}{company.lower().replace(' ', '')}.com/{_code(r)}"


def _code(r: random.Random) -> str:
    return "".join(r.choice(string.ascii_uppercase + string.digits) for _ in range(r.choice((4, 6, 8))))


_VALUES: dict[str, Callable[[random.Random], str]] = {
    "code": _code,
    "date": _date,
    "email": _email,
    "link": _link,
    "money": _money,
    "n": lambda r: str(r.randrange(1, r.choice((4, 10, 10, 40, 100)))),
    "n4": _digits(4),
    "n6": _digits(6),
    "phone": _phone,
    "time": _time,
}


def _draw(kind: str, r: random.Random) -> str:
    if kind in _VALUES:
        return _VALUES[kind](r)
    return r.choice(_LISTS[kind])


class _Writer:
    """One person's habits."""

    def __init__(self, r: random.Random) -> None:
        self._r = r
        self.name = _draw("name", r)
        self._lower = r.choice((0.0, 0.0, 0.1, 0.5, 1.0))
        self._shortens = r.choice((0.0, 0.0, 0.1, 0.3, 0.7))
        self._apostrophes = r.choice((1.0, 1.0, 0.5, 0.0))
        self._ends = r.choices(_HABITS["ends"], k=3)
        self._ending = r.choice((0.0, 0.2, 0.5))
        self._sentences = r.choice((1, 1, 2, 3))
        self._favourites = {word: r.choice(forms) for word, forms in _SHORT.items()}

    def message(self) -> str:
        r = self._r
        text = " ".join(self._sentence() for _ in range(r.randint(1, self._sentences)))
        if r.random() < 0.08:
            text = r.choice(_HABITS["starts"]) + text
        if r.random() < self._ending:
            text = text.rstrip(".!") + r.choice(self._ends)
        return text

    def _sentence(self) -> str:
        r = self._r
        text = r.choice(_SAID)
        while "{" in text:  # innermost choices first
            text = _CHOICE.sub(lambda match: r.choice(match[1].split("|")), text)
        text = VALUE.sub(lambda match: _draw(match[1], r), text)
        if r.random() >= self._apostrophes:
            text = text.replace("'", "")
        if self._shortens:
            text = _WORD.sub(self._shortened, text)
        if r.random() < self._lower:
            text = text.lower()
        return text

    def _shortened(self, match: re.Match[str]) -> str:
        word = match[0]
        short = self._favourites.get(word) or self._favourites.get(word.lower())
        if short is None or self._r.random() >= self._shortens:
            return word
        return short.capitalize() if word[0].isupper() else short


def write_texts(n_bytes: int, seed: int) -> bytes:
    """Messages of at least n_bytes together. The same seed gives the same ones."""
    r = random.Random(seed)
    writers = [_Writer(r) for _ in range(r.choice((1, 2, 2, 3, 8)))]
    layout = r.choice(_HABITS["layouts"])
    numbers = itertools.count(1)

    def line() -> str:
        writer = r.choice(writers)
        values = {"who": writer.name, "date": _date(r), "time": _time(r), "n": str(next(numbers))}
        return layout.format(text=writer.message(), **values)

    return lines_of(line, n_bytes)


def documents(n_documents: int = 2000) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the documents of this source, the same ones always: 0.5 to 4 KB each."""
    sizes = random.Random(1)
    for number in range(n_documents):
        yield f"texts/{number:05}.txt", write_texts(sizes.randrange(500, 4000), number)
