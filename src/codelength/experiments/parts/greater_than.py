"""Greater-than in a pretrained language model: "The war lasted from the year 1732 to the year 17".

A model that knows that wars end after they begin gives the two-digit years above 32 the probability. Measured
as the paper does, for start years XXYY with YY = 02 ... 98:

    probability difference = sum of p(y) over y > YY - sum of p(y) over y <= YY     (-1 to 1)
    cutoff sharpness = p(YY + 1) - p(YY - 1)                                        (-1 to 1)

p(y) is the probability of the single token "00" ... "99" after the last XX, of all that the model might say.
Published, for GPT-2 small: 81.7 % and 6.0 %.

Source: M. Hanna, O. Liu, A. Variengien, "How does GPT-2 compute greater-than?", 2023; nouns of our own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from codelength.experiments.parts.repeats import mean_quantity
from codelength.experiments.result import Panel, Quantity, Series
from codelength.experiments.task import MissingInputError
from codelength.predictors.causal_lm.loading import LoadedModel, load
from codelength.predictors.causal_lm.settings import PREFIX, Settings
from codelength.predictors.causal_lm.tokenizer import Tokenizer

__all__ = ["cutoff_sharpness", "measure", "panel", "probability_difference", "quantities"]

NOUNS = ("war", "siege", "drought", "famine", "plague", "reign", "dynasty", "journey", "trial", "feud",
         "rebellion", "alliance", "voyage", "conflict", "expedition", "treaty", "marriage", "friendship",
         "construction", "campaign", "crusade", "truce", "crisis", "project")  # fmt: skip
CENTURIES = range(11, 18)
_YEARS = range(2, 99)
_GPT2_SMALL = ("gpt2", "openai-community/gpt2")
_FIGURES = (("probability difference", "differences", 0.817), ("cutoff sharpness", "sharpness", 0.060))
"""What it is called, where `measure` puts it, what was published for GPT-2 small."""

Array = NDArray[np.float64]


class Prompt(NamedTuple):
    """One sentence, cut after the last century."""

    ids: tuple[int, ...]
    year: int
    """YY of the start."""


def probability_difference(p: Array, years: Sequence[int]) -> Array:
    """Of years after the start less those up to it. p (N, 100) of the two-digit years; years (N,) -> (N,)."""
    is_after = np.arange(100) > np.asarray(years)[:, None]
    return np.asarray(np.where(is_after, p, -p).sum(axis=1))


def cutoff_sharpness(p: Array, years: Sequence[int]) -> Array:
    """p of the year after the start less p of the year before it. Shapes as above; years 1 to 98."""
    rows, starts = np.arange(len(p)), np.asarray(years)
    return np.asarray(p[rows, starts + 1] - p[rows, starts - 1])


def measure(predictor: str, n: int, random: np.random.Generator) -> dict[str, Any]:
    """n sentences under "hf:NAME": difference and sharpness of each, mean p by end less start, -97 to 97.

    Raises MissingInputError for a model whose tokens are not two digits of a year, and what `load` raises.
    """
    if not predictor.startswith(PREFIX):
        raise MissingInputError(
            f"greater-than looks into causal language models, --predictor hf:NAME; {predictor} is none"
        )
    loaded = load(Settings.parse(predictor))
    answers = answer_tokens(loaded.tokenizer, predictor)
    found = prompts(loaded.tokenizer, answers, n, random)
    if not found:
        raise MissingInputError(f"{predictor} cuts no year into its century and two digits")
    p = probabilities(loaded, [prompt.ids for prompt in found], answers)
    years = [prompt.year for prompt in found]
    by_distance: dict[int, list[float]] = defaultdict(list)
    for row, year in zip(p, years, strict=True):
        for end, value in enumerate(row.tolist()):
            by_distance[end - year].append(value)
    return {
        "differences": probability_difference(p, years).tolist(),
        "sharpness": cutoff_sharpness(p, years).tolist(),
        "distances": [[d, float(np.mean(by_distance[d]))] for d in sorted(by_distance)],
    }


def answer_tokens(tokenizer: Tokenizer, name: str) -> list[int]:
    """Numbers of the tokens "00" to "99" as they follow a century."""
    answers = []
    for end in range(100):
        for century in CENTURIES:
            head, whole = _ids(tokenizer, f"year {century}"), _ids(tokenizer, f"year {century}{end:02d}")
            # some whole years are tokens of their own: another century shows the two digits alone
            if len(whole) == len(head) + 1 and whole[:-1] == head:
                answers.append(whole[-1])
                break
        else:
            raise MissingInputError(
                f"{name} has no token for the two digits {end:02d} after a century: greater-than needs one"
            )
    return answers


def prompts(
    tokenizer: Tokenizer, answers: Sequence[int], n: int, random: np.random.Generator
) -> list[Prompt]:
    """n sentences, start years in turn, as far as the tokenizer cuts those into century and two digits."""
    found: list[Prompt] = []
    for i in range(20 * n):
        if len(found) == n:
            break
        year = _YEARS[i % len(_YEARS)]
        noun, century = NOUNS[random.integers(len(NOUNS))], CENTURIES[random.integers(len(CENTURIES))]
        start = f"The {noun} lasted from the year {century}"
        ids = _ids(tokenizer, f"{start}{year:02d} to the year {century}")
        head = _ids(tokenizer, start)
        if ids[: len(head) + 1] == (*head, answers[year]) and ids[-1] == head[-1]:
            found.append(Prompt(ids, year))
    return found


@torch.no_grad()
def probabilities(loaded: LoadedModel, rows: Sequence[Sequence[int]], answers: Sequence[int]) -> Array:
    """Of each answer after each row of tokens, float64 (N, answers)."""
    p = np.empty((len(rows), len(answers)))
    by_length: dict[int, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        by_length[len(row)].append(i)
    for places in by_length.values():
        for start in range(0, len(places), 16):
            part = places[start : start + 16]
            ids = torch.tensor([list(rows[i]) for i in part], device=loaded.device)
            logits = loaded.module(input_ids=ids).logits[:, -1].double()
            p[part] = np.asarray(logits.softmax(-1)[:, list(answers)].cpu())
    return p


def _ids(tokenizer: Tokenizer, text: str) -> tuple[int, ...]:
    encoding = tokenizer.encode(text)
    if encoding is None:
        raise MissingInputError("the tokenizer gives tokens that its model does not know")
    return tuple(encoding.ids.tolist())


def quantities(predictors: Sequence[str], years: Mapping[str, Any]) -> list[Quantity]:
    """The figures of what `measure` gave for some of the predictors; none for the others."""
    figures = []
    for name in predictors:
        for words, key, published in _FIGURES:
            label = f"greater-than, {name}: {words}"
            if name not in years:
                note = "not measured: it looks into causal language models, hf:NAME"
                figures.append(Quantity(label, "probability", note=note))
                continue
            is_theirs = Settings.parse(name).name in _GPT2_SMALL
            figures.append(
                mean_quantity(label, "probability", years[name][key],
                              published=published if is_theirs else None,
                              source="Hanna et al. 2023, GPT-2 small" if is_theirs else "",
                              note=f"{len(years[name][key])} sentences, as in Hanna et al. 2023")
            )  # fmt: skip
    return figures


def panel(years: Mapping[str, Any]) -> Panel:
    """Of each model, how probable the years are by their distance from that of the start."""
    series = [
        Series(name, tuple(float(d) for d, _ in row["distances"]), tuple(p for _, p in row["distances"]))
        for name, row in years.items()
    ]
    return Panel("Greater-than", "year said less the year of the start", "probability", tuple(series))
