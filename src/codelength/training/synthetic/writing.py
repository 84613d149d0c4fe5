"""How documents are written: patterns with <kinds> of values, line after line."""

import re
from collections.abc import Callable

__all__ = ["VALUE", "lines_of"]

VALUE = re.compile(r"<(\w+)>")
"""Stands for a value of the kind that it names."""


def lines_of(next_line: Callable[[], str], n_bytes: int) -> bytes:
    """Lines until they have n_bytes."""
    lines: list[str] = []
    size = 0
    while size < n_bytes:
        lines.append(next_line())
        size += len(lines[-1]) + 1
    return ("\n".join(lines) + "\n").encode()
