"""The cost of agreement grows with syntactic depth.

"The farmer that the teachers know laughs": the verb agrees with a noun that is not the nearest one, and the
deeper the clauses between the two, the less of it is seen by whoever goes from word to word. A grammar makes
the sentences, so that it is known which form is right; each is asked with a singular and with a plural
subject, all else equal, so that a preference for one form is none for the right one. Counted are the bits of
the right and of the wrong form, and the bits of the choice between the two,

    choice = log2(1 + 2^(right - wrong)),    1 bit for a model that does not see the number,

for the outer verb of nested clauses, for the inner one, and for chains of phrases that put the same nouns in
between without a clause: what rises with those as well is the cost of distance, not of depth. Measured are
predictors that have read English, and a transformer that reads the grammar itself, to depth 2 and none of
the sentences that are asked, and is asked to depth 4. A predictor that weighs nothing has read nothing: it
is measured, and not judged.

Sources: T. Linzen, E. Dupoux, Y. Goldberg, "Assessing the ability of LSTMs to learn syntax-sensitive
dependencies", 2016; R. Marvin and T. Linzen, 2018; K. Gulordava et al., 2018; Y. Lakretz et al., "Mechanisms
for handling nested dependencies in neural-network language models and humans", 2021. Published accuracies: an
LSTM on Marvin and Linzen's sentences, Y. Shen et al., "Ordered neurons", 2019, table 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from codelength.experiments.parts.agreement import ENGLISH, Sentence, draw
from codelength.experiments.parts.agreement_costs import MORE, Array, Asked, Resamples, slope, verb_bits
from codelength.experiments.parts.repeats import middle
from codelength.experiments.result import Exhibit, Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import MissingInputError, Task
from codelength.measure import meters
from codelength.measure.extras import need

__all__ = ["is_kept_back", "judge", "run"]

_QUESTIONS = {"outer verb": ("nested", 0), "inner verb": ("nested", 1), "flat": ("flat", 0)}
"""Kind of sentence, and the noun whose verb is asked for."""
_PUBLISHED = {("outer verb", 0): 1.00, ("outer verb", 1): 0.52, ("inner verb", 1): 0.88, ("flat", 1): 0.68}
_SOURCE = "LSTM on Marvin & Linzen's sentences; Shen et al. 2019, table 3"
_TRAINED = "transformer on the grammar"
_LEAST = 10
"""Sentences with as many attractors, for their number to be told."""
_JUDGED = ("right outer verb", "choice of the outer verb", "choice of the inner verb")
_CONTROL = "choice of the outer verb less that behind phrases"
"""The slopes that the verdict is about, and the one without which they do not count."""


def run(task: Task) -> Result:
    """Draw the sentences, ask the predictors, train the transformer and ask it."""
    need("torch", "lab", "syntax")
    n_draws, n_depths = task.pick(4, 40, 400), task.pick(3, 5, 6)
    seeds = range(task.pick(2, 3, 5))
    names = task.predictors or (("kt:1",) if task.size == "tiny" else ("network", "mix:9"))
    stimuli = _stimuli(task, n_draws, n_depths)
    task.n_parts = len(names) + len(seeds)
    found = {name: task.once(name, partial(_ask, task, name, stimuli)) for name in names}
    answers = {name: _arrays([each["answers"]], stimuli) for name, each in found.items()}
    trained = [task.once(f"{_TRAINED}, seed {seed}", partial(_train, task, seed, stimuli)) for seed in seeds]
    answers[_TRAINED] = _arrays(trained, stimuli)
    quantities: list[Quantity] = []
    signs: dict[str, dict[str, bool]] = {}
    for name, asked in answers.items():
        figures, is_rising = _quantities(task, name, asked)
        quantities += (*figures, *_by_attractors(task, name, asked, stimuli))
        if name == _TRAINED or found[name]["weights_bytes"]:
            signs[name] = is_rising
    verdict, reason = judge(signs)
    return Result(
        task.name,
        "the cost of agreement grows with syntactic depth",
        "Linzen et al. 2016; Marvin & Linzen 2018; Lakretz et al. 2021",
        verdict,
        reason,
        tuple(quantities),
        (*_bits_panels(answers), *_accuracy_panels(answers), _attractor_panel(answers, quantities)),
        (Exhibit("Sentences that were asked", _examples(stimuli)),),
        facts={"n_draws": n_draws, "n_depths": n_depths, "n_seeds": len(seeds), "depths_trained": [0, 1, 2]},
    )


def judge(signs: Mapping[str, Mapping[str, bool]]) -> tuple[Verdict, str]:
    """All, some or none of the slopes rise with depth, for those predictors whose control does.

    signs: of each predictor, by slope, whether its 95 % interval lies above 0.
    """
    rising = {name: sum(each[label] for label in _JUDGED) for name, each in signs.items()}
    n_beyond = sum(each[_CONTROL] for each in signs.values())
    n, n_all = sum(rising[name] * each[_CONTROL] for name, each in signs.items()), len(_JUDGED) * len(signs)
    words = "; ".join(
        f"{name} {rising[name]} of {len(_JUDGED)}, {'more' if each[_CONTROL] else 'not more'} behind clauses"
        for name, each in signs.items()
    )
    return Verdict.HOLDS if n == n_all > 0 else Verdict.IN_PART if n else Verdict.FAILS, (
        f"the choice of the outer verb rises more with depth behind clauses than with as many nouns behind "
        f"phrases (95 % interval of the difference above 0) for {n_beyond} of {len(signs)} predictors; only "
        f"their slopes count. Of three slopes with depth (bits of the right outer verb, of the choice of the "
        f"outer and of the inner one) {n} of {n_all} lie above 0 with 95 % and count: {words}"
    )


Stimuli = Mapping[str, Mapping[int, Sequence[Sentence]]]
Answers = dict[str, dict[str, list[list[float]]]]
"""Bits of the right and of the wrong form: {question: {depth: [[right, wrong] of each sentence]}}."""


def _stimuli(task: Task, n_draws: int, n_depths: int) -> Stimuli:
    """Of each question and depth the sentences; each is followed by itself with the other number."""
    random = task.random()
    stimuli: dict[str, dict[int, list[Sentence]]] = {}
    for question, (kind, asked) in _QUESTIONS.items():
        stimuli[question] = {}
        for depth in range(asked if kind == "nested" else 1, n_depths):
            drawn = [_to_ask(random, kind, depth, asked) for _ in range(n_draws)]
            stimuli[question][depth] = [each for sentence in drawn for each in (sentence, sentence.turned())]
    return stimuli


def _to_ask(random: np.random.Generator, kind: str, depth: int, asked: int) -> Sentence:
    while True:
        sentence = draw(random, kind, depth, ENGLISH, asked)
        if is_kept_back(sentence):
            return sentence


def is_kept_back(sentence: Sentence) -> bool:
    """Whether a sentence is one to ask, and none to be read by the transformer: by its outer noun and verb.

    Of every noun this is one verb, whatever the depth: were it half of them, a network would learn by heart
    which noun goes with which verb, and not that the two agree.
    """
    n_verbs = len(ENGLISH.intransitive)
    return ENGLISH.nouns.index(sentence.nouns[0]) % n_verbs == ENGLISH.intransitive.index(sentence.verb)


def _ask(task: Task, name: str, stimuli: Stimuli) -> dict[str, Any]:
    """What the predictor weighs, and its answers."""
    meter = meters.get(name)
    if meter.is_coded:
        raise MissingInputError(f"{name} writes whole bytes, and a form of a verb costs less than that")
    n_groups, n_done = sum(len(groups) for groups in stimuli.values()), 0
    found: Answers = {}
    for question, groups in stimuli.items():
        found[question] = {}
        for depth, sentences in groups.items():
            rows = [
                [verb_bits(meter, sentence, is_right) for is_right in (True, False)] for sentence in sentences
            ]
            found[question][str(depth)] = rows
            n_done += 1
            task.inside(name, n_done / n_groups)
    return {"weights_bytes": meter.weights_bytes, "answers": found}


def _train(task: Task, seed: int, stimuli: Stimuli) -> Answers:
    """The answers of a transformer that reads the grammar, but none of the sentences that are asked."""
    from codelength.experiments.parts.agreement_network import AgreementNetwork

    n_steps = task.pick(8, 900, 10_000)
    words = f"{_TRAINED}, seed {seed}"

    def watch(step: int) -> None:
        task.inside(words, 0.95 * step / n_steps)

    network = AgreementNetwork(ENGLISH, task.seed + seed, n_steps, watch, is_kept_back)
    return {
        question: {
            str(depth): np.transpose(
                [network.lengths_bits(group, is_right) for is_right in (True, False)]
            ).tolist()
            for depth, group in groups.items()
        }
        for question, groups in stimuli.items()
    }


def _arrays(runs: Sequence[Answers], stimuli: Stimuli) -> dict[str, Asked]:
    """Answers by question; a draw's answers are those of both numbers of each run."""
    found = {}
    for question, groups in stimuli.items():
        bits = np.array([[each[question][str(depth)] for each in runs] for depth in groups])
        n_depths, n_runs, n_sentences, _ = bits.shape
        by_draw = bits.reshape(n_depths, n_runs, n_sentences // 2, 2, 2)
        right, wrong = by_draw.transpose(4, 0, 2, 1, 3)
        found[question] = Asked(tuple(groups), right, wrong)
    return found


def _quantities(task: Task, name: str, asked: Mapping[str, Asked]) -> tuple[list[Quantity], dict[str, bool]]:
    """Figures of one predictor, and whether each slope lies above 0."""
    _, n_draws, n_runs, _ = asked["flat"].right.shape
    resamples = Resamples.drawn(task.random(1), task.pick(50, 1000, 4000), n_draws, n_runs)

    def means(values: Array) -> tuple[Array, Array]:
        """Of answers (depths, draws, runs, 2): by depth (depths,), and resampled (resamples, depths)."""
        return values.mean(axis=(1, 2, 3)), resamples.means(values.mean(axis=3)).T

    quantities = []
    for question, found in asked.items():
        shown = {
            "right": found.right,
            "wrong": found.wrong,
            "choice": found.choice,
            "accuracy": found.accuracy,
        }
        for what, values in shown.items():
            mean, resampled = means(values)
            for i, depth in enumerate(found.depths):
                is_known = what == "accuracy" and name != _TRAINED
                published = _PUBLISHED.get((question, depth)) if is_known else None
                label = f"{name}, {question}, depth {depth}: {what}"
                unit = "share" if what == "accuracy" else "bits"
                source = "" if published is None else _SOURCE
                low, high = middle(resampled[:, i])
                quantities.append(Quantity(label, unit, float(mean[i]), low, high, published, source))
    outer, inner, flat = (asked[question] for question in _QUESTIONS)
    # without clause or phrase, nested and flat sentences are the same
    behind_phrases = np.concatenate([outer.choice[:1], flat.choice])
    slopes = {
        "right outer verb": (outer.depths, outer.right),
        "choice of the outer verb": (outer.depths, outer.choice),
        "choice of the inner verb": (inner.depths, inner.choice),
        "choice of the verb behind phrases": (outer.depths, behind_phrases),
        _CONTROL: (outer.depths, outer.choice - behind_phrases),
    }
    is_rising = {}
    for label, (depths, values) in slopes.items():
        mean, resampled = means(values)
        low, high = middle(slope(depths, resampled))
        measured = float(slope(depths, mean))
        quantities.append(Quantity(f"{name}: slope of the {label}", "bits a level", measured, low, high))
        is_rising[label] = low > 0
    return quantities, is_rising


def _by_attractors(task: Task, name: str, asked: Mapping[str, Asked], stimuli: Stimuli) -> Iterator[Quantity]:
    """Accuracy over all nested sentences with a noun in between, by the number of those that differ."""
    shares: dict[int, list[Array]] = {}
    for question in ("outer verb", "inner verb"):
        for i, sentences in enumerate(stimuli[question].values()):
            for j, sentence in enumerate(sentences):
                if sentence.depth > sentence.asked:
                    answers = asked[question].accuracy[i, j // 2, :, j % 2]  # of one number, all runs
                    shares.setdefault(sentence.n_attractors, []).append(answers)
    for n in sorted(shares):
        each = np.array(shares[n])
        if len(each) >= _LEAST:
            low, high = middle(Resamples.drawn(task.random(2), 500, *each.shape).means(each))
            label, note = _attractors(name, n), f"{len(each)} sentences"
            yield Quantity(label, "share", float(each.mean()), low, high, note=note)


def _attractors(name: str, n: int) -> str:
    return f"{name}, attractors {n}: accuracy"


def _bits_panels(answers: Mapping[str, Mapping[str, Asked]]) -> list[Panel]:
    panels = []
    for name, asked in answers.items():
        series = []
        for question in ("outer verb", "inner verb"):
            found = asked[question]
            for label, bits, style in (("right", found.right, "line"), ("wrong", found.wrong, "dashes")):
                series.append(_by_depth(f"{question}, {label}", found, bits, style))
        panels.append(_panel(f"Cost of a verb: {_short(name)}", "bits", series, asked))
    return panels


def _accuracy_panels(answers: Mapping[str, Mapping[str, Asked]]) -> list[Panel]:
    panels = []
    for question in ("outer verb", "inner verb"):
        series = [
            _by_depth(_short(name), asked[question], asked[question].accuracy, "line")
            for name, asked in answers.items()
        ]
        title = f"Right form of the {question} cheaper"
        panels.append(_panel(title, "share", series, next(iter(answers.values()))))
    return panels


def _by_depth(label: str, found: Asked, values: Array, style: str) -> Series:
    depths = tuple(float(depth) for depth in found.depths)
    return Series(label, depths, tuple(values.mean(axis=(1, 2, 3)).tolist()), style)


def _panel(title: str, unit: str, series: Sequence[Series], asked: Mapping[str, Asked]) -> Panel:
    ticks = tuple(str(depth) for depth in asked["outer verb"].depths)
    return Panel(title, "depth, clauses", unit, tuple(series), x_ticks=ticks)


def _attractor_panel(answers: Mapping[str, Mapping[str, Asked]], quantities: Sequence[Quantity]) -> Panel:
    shares = {quantity.name: quantity.measured for quantity in quantities}
    series, most = [], 0
    for name, asked in answers.items():
        found = [(n, shares.get(_attractors(name, n))) for n in range(max(asked["flat"].depths) + 1)]
        points = [(n, share) for n, share in found if share is not None]
        most = max([most, *(n for n, _ in points)])
        series.append(Series(_short(name), tuple(float(n) for n, _ in points), tuple(y for _, y in points)))
    ticks = tuple(str(n) for n in range(most + 1))
    title = "Right form cheaper, nested clauses"
    return Panel(
        title, "attractors: nouns of the other number between", "share", tuple(series), x_ticks=ticks
    )


def _short(name: str) -> str:
    return "trained here" if name == _TRAINED else name


def _examples(stimuli: Stimuli) -> str:
    lines = []
    for question, groups in stimuli.items():
        sentence = list(groups.values())[-1][0]
        words = " ".join(sentence.before()).capitalize()
        forms = f"[{sentence.form(True)} | {sentence.form(False)}]"
        lines.append(f"{question}: {' '.join((words, forms, *sentence.after(), MORE))}")
    return "\n".join(lines)
