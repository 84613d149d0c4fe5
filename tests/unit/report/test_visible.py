"""What stands for characters that cannot be shown."""

from __future__ import annotations

import random
import unicodedata

import pytest

from codelength.report.visible import characters, is_text, safe_line


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"a b", ["a", " ", "b"]),
        (b"\n\t\r", ["↵\n", "\t", "\\r"]),
        (b"\x00\x1b\x7f", ["\\x00", "\\x1b", "\\x7f"]),
        ("é字😀".encode(), ["é", "字", "😀"]),
        (b"\xc3(", ["\\xc3", "("]),
        (b"\xff\xfe", ["\\xff", "\\xfe"]),
        (b"\xc0\xaf", ["\\xc0", "\\xaf"]),  # too long
        (b"\xed\xa0\x80", ["\\xed", "\\xa0", "\\x80"]),  # a surrogate
        (b"\xf4\x90\x80\x80", ["\\xf4", "\\x90", "\\x80", "\\x80"]),  # beyond the last
        (b"\xe2\x82", ["\\xe2", "\\x82"]),  # cut
        ("\u202e\u2066\u200b\ufeff".encode(), ["⟨U+202E⟩", "⟨U+2066⟩", "⟨U+200B⟩", "⟨U+FEFF⟩"]),
        ("\u2028\u0085\ufe0f\U000e0041".encode(), ["⟨U+2028⟩", "⟨U+0085⟩", "⟨U+FE0F⟩", "⟨U+E0041⟩"]),
    ],
)
def test_shown(data: bytes, shown: list[str]) -> None:
    assert [character.shown for character in characters(data)] == shown


def test_offsets_cover_the_document() -> None:
    data = random.Random(3).randbytes(5000) + "Grüße\n".encode()
    end = 0
    for character in characters(data):
        assert character.start == end
        end = character.end
    assert end == len(data)


def test_nothing_invisible_is_left() -> None:
    everything = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    for character in characters(everything.encode()):
        text = character.shown.removesuffix("\n")
        assert text
        assert all(c == "\t" or unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") for c in text)


def test_safe_line() -> None:
    assert safe_line("a\nb\x1b[0m\u202e") == "a↵b\\x1b[0m⟨U+202E⟩"


def test_is_text() -> None:
    assert is_text(b"")
    assert is_text("Grüße,\r\n世界\t!".encode())
    assert is_text(b"a" * 99 + b"\xff")
    assert not is_text(bytes(range(256)))
    assert not is_text(b"\x00\x00\x00a")
