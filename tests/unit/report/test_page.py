"""The page as a file: one piece, closed to the outside, and nothing of the content is markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from codelength.predictors.lengths import SymbolLengths
from codelength.report.exhibit import Column, Exhibit
from codelength.report.page import build
from codelength.report.rivals import points

HOSTILE = b"</script><script>alert(1)</script><!-- {{FACTS}} {{SCRIPT}} \x00 \xe2\x80\xae"


def exhibit(data: bytes = b"abc", name: str = "a.txt", **facts: object) -> Exhibit:
    lengths = SymbolLengths.of_bytes(np.linspace(0.0, 20.0, len(data)))
    return Exhibit(name, data, [Column(name, lengths)], points(len(data)), facts=facts)


class Elements(HTMLParser):
    """Every start tag, and the text of style and script elements."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.raw.append(data)


def facts_of(source: str) -> dict[str, Any]:
    found = re.search(r'id="facts">(.*?)</script>', source, re.DOTALL)
    assert found is not None
    facts = json.loads(found[1])
    assert isinstance(facts, dict)
    return facts


def test_content_makes_no_elements() -> None:
    name = HOSTILE.decode() + "\n\"'&"
    calm = Elements(build(exhibit(b"x" * len(HOSTILE))))
    hostile = Elements(build(exhibit(HOSTILE, name=name, command=name)))
    assert hostile.tags == calm.tags[:2] + hostile.tags[2:3] + calm.tags[3:]
    assert len(hostile.raw) == len(calm.raw)
    facts = facts_of(build(exhibit(HOSTILE, name=name, command=name)))
    assert facts["made"]["command"] == name
    assert "\u202e" not in facts["name"]


def test_policy_allows_what_is_in_the_page_only() -> None:
    source = build(exhibit())
    elements = Elements(source)
    policy = next(a["content"] for t, a in elements.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    style = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", source, re.DOTALL)
    for element in (style, script):
        assert element is not None
        digest = base64.b64encode(hashlib.sha256(element[1].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not [a for _, a in elements.tags if {"src", "style", "onclick", "onload"} & set(a)]
    assert [a["href"] for _, a in elements.tags if "href" in a] == ["#reader"]
    assert set(re.findall(r"https?://[^\"' ]+", source)) == {"http://www.w3.org/2000/svg"}


def test_facts() -> None:
    facts = facts_of(build(exhibit(b"abcd", codelength="1.2")))
    assert (facts["schema"], facts["schema_version"]) == ("codelength.view", 1)
    assert (facts["n_bytes"], facts["sha256"]) == (4, hashlib.sha256(b"abcd").hexdigest())
    assert facts["made"] == {"codelength": "1.2"}
    (column,) = facts["columns"]
    assert column["length_bits"] == pytest.approx(40)
    assert column["running_bytes"][-1] == pytest.approx(5)
    assert (column["spans"], column["ranks"], column["guesses"]) == (None, None, None)


def test_infinite_lengths_are_no_numbers() -> None:
    lengths = SymbolLengths.of_bytes(np.array([1.0, np.inf]))
    facts = facts_of(build(Exhibit("a", b"ab", [Column("p", lengths)], points(2))))
    assert facts["columns"][0]["length_bits"] is None


def test_same_exhibit_same_page() -> None:
    assert build(exhibit()) == build(exhibit())
