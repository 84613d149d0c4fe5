"""The same model token by token, with integer frequencies: what an encoder and a decoder both do.

A number that a float model gives depends, in its last bits, on the shape of what it is given and on the order
of sums. So encoder and decoder run exactly this: R rows in step, one token each a step. The first step of a
window (see `windows`) reads its C - S + 1 inputs at once with an empty cache, any other one input with the
cache of the window. (A model without keys and values reads its window anew in each step.) A row that has
ended goes on with zeros until all have ended.

Letters: R = rows, V = size of the vocabulary, C = context, S = stride.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from codelength.errors import ModelError
from codelength.predictors.causal_lm.loading import LoadedModel
from codelength.predictors.causal_lm.scoring import plain_numbers, read_on, running
from codelength.predictors.causal_lm.windows import begins_window

__all__ = ["Forecast", "run_in_step"]

MAX_VOCABULARY = 1 << 18

_SHARE = (1 << 32) - (1 << 19)
"""What the probabilities have of the frequencies; at most 2^18 for the floor of 1 and 2^18 for what rounding
adds stay below the 2^32 that the range coder allows."""


class Forecast:
    """Integer frequencies of the next token in each row, made of float64 probabilities p: ⌊p · share⌋ + 1.

    Their total T is at most 2^32, so the floor costs a row less than V / T · log2 e bits a token: 0.00001 for
    V = 32,768.
    """

    def __init__(self, logits: torch.Tensor) -> None:
        """From logits (R, V). Raises ModelError if they are no numbers."""
        chances = torch.nan_to_num(torch.softmax(logits.to(torch.float64), -1))
        self._cumulative = ((chances * _SHARE).to(torch.int64) + 1).cumsum(-1)  # (R, V)
        self.totals: list[int] = self._cumulative[:, -1].tolist()
        """(R,)"""
        if min(self.totals) <= logits.shape[-1]:  # as no probabilities can make it, only nan
            raise ModelError("the model gives no numbers (nan); another type of numbers may help")

    def intervals(self, tokens: Sequence[int]) -> list[tuple[int, int]]:
        """(start, frequency) of one token in each row."""
        return self._intervals(torch.tensor(tokens, device=self._cumulative.device)[:, None])

    def find(self, positions: Sequence[int]) -> list[tuple[int, int, int]]:
        """(token, start, frequency) of what holds a position in 0 … total - 1 in each row."""
        at = torch.tensor(positions, device=self._cumulative.device)[:, None]
        tokens = torch.searchsorted(self._cumulative, at, right=True)
        return [
            (token, *interval)
            for token, interval in zip(tokens[:, 0].tolist(), self._intervals(tokens), strict=True)
        ]

    def _intervals(self, tokens: torch.Tensor) -> list[tuple[int, int]]:
        ends = self._cumulative.gather(1, tokens)
        starts = self._cumulative.gather(1, (tokens - 1).clamp(min=0)) * (tokens > 0)
        return [(start, end - start) for start, end in torch.cat((starts, ends), 1).tolist()]


Choose = Callable[[int, Forecast | None], list[int]]
"""Given the number of the step and the forecast (None: uniform over all tokens), the token of each row."""


def run_in_step(
    model: LoadedModel, n_tokens: Sequence[int], first_token: int | None, context: int, stride: int,
    choose: Choose,
) -> None:  # fmt: skip
    """Runs rows of `n_tokens` tokens; `choose` codes or decodes them, and says which ones they were.

    Without a `first_token` the first forecast is None. Memory grows with the tokens that were chosen.

    Raises ModelError, MemoryError, and what `choose` raises.
    """
    plain_numbers()
    if model.n_vocabulary > MAX_VOCABULARY:
        raise ModelError(f"a vocabulary of {model.n_vocabulary} tokens is too large to code with")
    inputs: list[list[int]] = []  # those of one step are an item
    if first_token is not None:
        inputs.append([first_token] * len(n_tokens))
    cache: object = None
    window = 0
    with running(len(n_tokens), context):
        for step in range(max(n_tokens, default=0)):
            forecast = None
            if inputs:
                i = len(inputs) - 1
                start = begins_window(i, context, stride)
                if start is not None:
                    cache, window = None, start
                forecast, cache = _forecast(model, inputs[window if cache is None else i :], cache)
            inputs.append(choose(step, forecast))


def _forecast(model: LoadedModel, inputs: list[list[int]], cache: object) -> tuple[Forecast, object]:
    with torch.inference_mode():
        given = torch.tensor(inputs, device=model.device).T.contiguous()
        logits, cache = read_on(model.module, given, cache)
        return Forecast(logits[:, -1]), cache
