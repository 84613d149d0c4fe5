"""Which tokens a token is predicted from, where a document is longer than the context.

The model reads inputs u₀ u₁ …, and at each input i says how likely every token is to be u_{i+1}, its target.
With a beginning-of-text token, u₀ is that token and every token of the document is a target; without one, u₀
is the document's first token, which the model never predicts.

With a context of C and a stride of S <= C, window k reads the inputs kS … kS + C - 1, as if nothing had come
before them. Of its targets, window 0 scores all, and each later window the last S, which no window before it
has scored: every target is scored exactly once. So input i = kS + C - S + j of window k >= 1 (0 <= j < S)
sees C - S + j + 1 inputs, at least C - S + 1 and at most C; an input i < C sees all i + 1 there are. The last
window may be shorter.

This is the sliding window of lm-evaluation-harness's rolling log-likelihood with max_seq_len = C and
context_len = C - S + 1, but for its last window, which lm-evaluation-harness moves back so that it is full.

Windows are computed anew and not from the keys and values that the window before left behind: what those hold
of a token was computed from tokens that have since left the window, so that they give other numbers than the
definition (and, by how they came about, a receptive field of more than C tokens). Within a window keys and
values are kept wherever it is read in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Window", "begins_window", "windows"]


@dataclass(frozen=True, slots=True)
class Window:
    """Inputs that are read at once, and which of their targets count. Numbers of inputs."""

    start: int
    first_scored: int
    """The first input whose target counts; those from there to the end do."""
    end: int


def windows(n_inputs: int, context: int, stride: int) -> Iterator[Window]:
    """The windows over `n_inputs` inputs, in order."""
    start, first_scored = 0, 0
    while first_scored < n_inputs:
        end = min(start + context, n_inputs)
        yield Window(start, first_scored, end)
        first_scored = end
        start += stride


def begins_window(i: int, context: int, stride: int) -> int | None:
    """Where the window starts in which input i is the first that is scored; None if i is in one's middle."""
    if i == 0:
        return 0
    if i >= context and (i - context) % stride == 0:
        return i - (context - stride)
    return None
