"""Many records at once are the same as one after the other."""

from __future__ import annotations

import threading

import pytest

from codelength import (
    CorruptError,
    LimitError,
    TruncatedError,
    compress,
    compress_many,
    decompress,
    decompress_many,
)

RECORDS = [b"", b"x", b"See you on Thursday then.", bytes(300), bytes(range(256)), b"a,b,c\n" * 90] * 3


@pytest.mark.parametrize("threads", [None, 1, 2, 5])
def test_there_and_back(threads: int | None) -> None:
    messages = compress_many(iter(RECORDS), 1, threads)
    assert messages == [compress(record, 1, message=True) for record in RECORDS]
    assert decompress_many(iter(messages), threads=threads) == RECORDS


def test_the_default_level() -> None:
    messages = compress_many(RECORDS[:4])
    assert messages == [compress(record, message=True) for record in RECORDS[:4]]
    assert decompress_many(messages) == RECORDS[:4]


def test_no_records() -> None:
    assert compress_many([]) == decompress_many([]) == []


def test_any_buffer_in_any_iterable() -> None:
    assert decompress_many(compress_many({b"a": 1, bytes(2): 2}, 1)) == [b"a", bytes(2)]
    assert compress_many((memoryview(b"ab"), bytearray(b"ab")), 1) == [compress(b"ab", 1, message=True)] * 2


@pytest.mark.parametrize("threads", [1, 3])
def test_errors_say_which_record(threads: int) -> None:
    before = set(threading.enumerate())
    with pytest.raises(TypeError, match=r"record 7: .*str"):
        compress_many([b"a"] * 7 + ["text", b"b"], 1, threads)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="record 0: a message holds at most 65535 bytes"):
        compress_many([bytes(65_536)], 1, threads)
    message = compress(bytes(100), 1, message=True)
    with pytest.raises(CorruptError, match="record 2: "):
        decompress_many([message, message, b"\x01ab", message], threads=threads)
    with pytest.raises(TruncatedError, match="record 1: "):
        decompress_many([message, b"", b"\x01ab"], threads=threads)
    with pytest.raises(LimitError, match="record 1: "):
        decompress_many([b"\0abc", message], max_size=99, threads=threads)
    assert set(threading.enumerate()) == before


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="threads"):
        compress_many([b"a"], threads=0)
    with pytest.raises(ValueError, match="level"):
        compress_many([], 10)
    with pytest.raises(TypeError):
        compress_many(b"text")  # type: ignore[arg-type]
    assert decompress(compress_many([b"a"], 1)[0], message=True) == b"a"
