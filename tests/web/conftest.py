"""A headless Chromium, and pages made for it of predictors that are quick."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from codelength.predictors.counting import KT
from codelength.predictors.forecasts import forecast
from codelength.predictors.lengths import SymbolLengths
from codelength.report.exhibit import Column, Exhibit
from codelength.report.page import build
from codelength.report.rivals import points, rivals

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OpenPage = Callable[..., "Page"]

HOSTILE = (
    b"</script></style><!--<script>alert(1)</script>\x00\x01\x7f\x1b[31m \xe2\x80\xaeexe.txt\xe2\x81\xa6 "
    b"\xc3\x28\xff \xed\xa0\x80 \xf4\x90\x80\x80 \xc0\xaf\xe2\x82\r\n\tGr\xc3\xbc\xc3\x9fe\xe2\x80\x8b "
    b"\xef\xbb\xbf\xe5\xad\x97\xf0\x9f\x98\x80 \xf3\xa0\x81\x81{{STYLE}} &amp; \xe2\x80\xa8end \xf0\x9f\n"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, from wherever the system has it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    """Shows a page; at the end there must have been no message on its console, no error and no request."""
    contexts = []
    problems: list[str] = []

    def open_page(source: str, *, may_complain: bool = False, **options: Any) -> Page:
        file = tmp_path / f"page-{len(contexts)}.html"
        file.write_text(source, encoding="utf-8", newline="")
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        page = context.new_page()
        if not may_complain:
            page.on("console", lambda message: problems.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
            page.on("request", lambda request: problems.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-complete]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [problem for problem in problems if not problem.startswith(tmp_path.as_uri())] == []


def exhibit_of(data: bytes, *columns: Column, name: str = "a.txt", **options: Any) -> Exhibit:
    """Under KT(1) and KT(2), unless columns are given."""
    if not columns:
        columns = tuple(Column(f"kt:{order}", forecast(data, KT(order))) for order in (1, 2))
    points_bytes = points(len(data))[-3:]
    return Exhibit(name, data, columns, points_bytes, rivals(data, points_bytes), **options)


def prose(n_bytes: int, seed: int = 1) -> bytes:
    """Lines of words, some of them rare."""
    choose = random.Random(seed)
    words = ["the", "of", "and", "sea", "Grüße", "wind", "a", "to", "in", "harbour", "lantern", "was", "he"]
    text = bytearray()
    while len(text) < n_bytes:
        line = [choose.choice(words) if choose.random() < 0.97 else str(choose.random()) for _ in range(12)]
        text += " ".join(line).encode() + b"\n" * choose.choice((1, 1, 1, 2))
    return bytes(text[:n_bytes])


def tokens(data: bytes, seed: int = 2) -> SymbolLengths:
    """As of a language model: symbols of one to seven bytes, cut anywhere, with guesses of every sort."""
    choose = np.random.default_rng(seed)
    ends = np.cumsum(choose.integers(1, 8, len(data)))
    ends = np.append(ends[ends < len(data)], len(data))
    lengths_bits = choose.exponential(4.0, len(ends))
    guesses: list[list[tuple[str | bytes, float]]] = [
        [] if i % 7 == 3 else [(" the", 0.5), (b"\xff", 0.25), ("<eos>", 0.125), ("\n\n", 0.01)]
        for i in range(len(ends))
    ]
    ranks = choose.integers(0, 70_000, len(ends)).astype(np.int32)
    return SymbolLengths(lengths_bits, ends.astype(np.int64), len(data), ranks, guesses)


def guessed_bytes(data: bytes, seed: int = 3) -> SymbolLengths:
    """As of a predictor of bytes that nobody has to wait for, and no easier to store."""
    choose = np.random.default_rng(seed)
    n = len(data)
    symbols = choose.integers(97, 123, (2000, 5)).tolist()
    probabilities = (choose.dirichlet(np.ones(6), 2000)[:, :5]).tolist()
    best: list[list[tuple[str | bytes, float]]] = [
        [(bytes([symbol]), p) for symbol, p in zip(*row, strict=True)]
        for row in zip(symbols, probabilities, strict=True)
    ]
    guesses = [best[i] for i in choose.integers(0, 2000, n).tolist()]
    ranks = choose.geometric(0.5, n).astype(np.int32) - 1
    return SymbolLengths(choose.exponential(2.0, n), np.arange(1, n + 1), n, ranks, guesses)


@pytest.fixture(scope="session")
def page_source() -> str:
    """A page of 6 KB of prose under two predictors of bytes and one of tokens."""
    data = prose(6000)
    columns = [Column(f"kt:{order}", forecast(data, KT(order))) for order in (1, 2)]
    return build(exhibit_of(data, *columns, Column("hf:model", tokens(data)), facts={"codelength": "0"}))
