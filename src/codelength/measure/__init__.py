"""Code lengths of any data under any predictor.

    import codelength
    codelength.measure(b"to be or not to be", "kt:2")

`codelength.measure` is both this package and the function `measure`, as the package can be called: which of
the two was imported first makes no difference. What every figure counts is in docs/measures.md.

The modules, in the order in which data passes them: `documents` finds and reads, `preparation` makes of a
document the bytes that are measured, `meters` are what measures, `shards` and `engines` spread the work,
`runs` gathers it in `records`, `summary` takes documents together, with `intervals` and `positions`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from codelength.measure.measuring import Data, measure, measure_many, stream_lengths, symbol_lengths
from codelength.measure.summary import Summary

__all__ = ["Data", "Summary", "measure", "measure_many", "stream_lengths", "symbol_lengths"]


class _Callable(ModuleType):
    """A module that is also the function of its name."""

    def __call__(self, *arguments: Any, **options: Any) -> Summary:
        return measure(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
