"""Chat lines and JSON rows, compressed one by one in SQLite and still searched with SQL.

A row is too short for an ordinary compressor to learn anything from; clz knows its language beforehand. Each
row is a message (docs/format.md, section 2): two or three bytes around the code, and no checksum. Run it:

    python examples/messages_sqlite.py [DATABASE]
"""

from __future__ import annotations

import json
import sqlite3
import sys
import zlib

import codelength

ROWS = [
    {"user": "ann", "text": "Has anyone tried the new build? It starts in half the time here."},
    {"user": "bob", "text": "Yes, it works for me, but I had to delete the old settings first."},
    {"user": "ann", "text": "Which settings? I have changed nothing and it just worked."},
    {"user": "bob", "text": "The ones in my home directory. They were from two years ago, I think."},
    {"user": "cleo", "text": "Can we talk about the release on Thursday? I am out of the office tomorrow."},
    {"user": "ann", "text": "Thursday is fine with me. Let us meet at ten o'clock."},
    {"user": "bob", "text": "I will be there, and I will bring the list of open problems."},
    {"user": "cleo", "text": "Thank you very much! See you on Thursday then. \N{WAVING HAND SIGN}"},
]


def connect(path: str) -> sqlite3.Connection:
    """A database in which unclz(BLOB) is the text of a message, and clz(TEXT) the message of a text."""
    connection = sqlite3.connect(path)
    connection.create_function("clz", 1, _clz, deterministic=True)
    connection.create_function("unclz", 1, _unclz, deterministic=True)
    return connection


def insert(connection: sqlite3.Connection, rows: list[dict[str, str]]) -> None:
    """Many rows at once, compressed on all cores."""
    connection.execute("CREATE TABLE IF NOT EXISTS chat (id INTEGER PRIMARY KEY, row BLOB NOT NULL)")
    texts = [json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() for row in rows]
    blobs = codelength.compress_many(texts)
    with connection:
        connection.executemany("INSERT INTO chat (row) VALUES (?)", ((blob,) for blob in blobs))


def said_by(connection: sqlite3.Connection, user: str) -> list[str]:
    """What a user wrote, in order."""
    query = (
        "SELECT json_extract(text, '$.text') FROM (SELECT id, unclz(row) AS text FROM chat) "
        "WHERE json_extract(text, '$.user') = ? ORDER BY id"
    )
    return [text for (text,) in connection.execute(query, (user,))]


def _clz(text: str | None) -> bytes | None:
    return None if text is None else codelength.compress(text.encode(), message=True)


def _unclz(blob: bytes | None) -> str | None:
    return None if blob is None else codelength.decompress(blob, message=True).decode()


def main() -> None:
    """Fill a database, ask it something, and say what was saved."""
    connection = connect(sys.argv[1] if len(sys.argv) > 1 else ":memory:")
    insert(connection, ROWS)
    for line in said_by(connection, "cleo"):
        print(f"cleo: {line}")
    plain = [unclz.encode() for (unclz,) in connection.execute("SELECT unclz(row) FROM chat")]
    (n_compressed,) = connection.execute("SELECT sum(length(row)) FROM chat").fetchone()
    n_zlib = sum(len(zlib.compress(row, 9)) for row in plain)
    print(f"{sum(map(len, plain))} bytes of rows: {n_compressed} with clz, {n_zlib} with zlib")
    connection.close()


if __name__ == "__main__":
    main()
