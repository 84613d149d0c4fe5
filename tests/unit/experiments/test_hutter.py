"""Archive plus program."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codelength.experiments.hutter import LADDER, break_even_bytes, minified
from codelength.experiments.result import Result, Verdict


def test_break_even() -> None:
    assert break_even_bytes(300, 200, 1_000_000, 1000) == pytest.approx(10_000_000)
    assert break_even_bytes(200, 300, 1_000_000, 1000) is None


def test_minified_programs_do_the_same() -> None:
    source = '"""About."""\n\n# why\ndef f(x: int) -> int:\n    """Twice."""\n    return 2 * x  # so\n'
    small = minified(source)
    assert "About" not in small
    assert "why" not in small
    space: dict[str, object] = {}
    exec(small, space)
    assert space["f"](4) == 8  # type: ignore[operator]
    assert minified('def f():\n    """Nothing."""\n') == "def f():\n    pass"


def test_the_ladder_only_goes_down() -> None:
    sizes = list(LADDER.values())
    assert sizes == sorted(sizes, reverse=True)


def test_run(tiny: Callable[..., Result]) -> None:
    result = tiny("hutter")
    assert result.verdict is Verdict.FAILS  # six thousand bytes do not pay for a program
    decoder = next(q for q in result.quantities if q.name.startswith("decoder"))
    assert decoder.note == "decodes a piece"
    assert (result.quantity("decoder: time for a piece, its start included").measured or 0.0) > 0.01
    memory = result.quantity("decoder: memory").measured
    assert memory is None or 5e6 < memory < 1e9
    archive, total = result.quantity("clz:4: archive"), result.quantity("clz:4: S = archive + program")
    assert archive.measured is not None
    assert total.measured is not None
    assert decoder.measured is not None
    assert total.measured == pytest.approx(archive.measured + 8 * decoder.measured / 6000, rel=1e-6)
