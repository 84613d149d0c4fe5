"""Any compressor is a generator: random bits, decoded, are text of the kind that it compresses well.

A text is continued by predictors made of compressors (a byte that makes the code longer is unlikely), by
counts, by n-grams and by PPM that have read the text, and by the network. Each draws with its own
probabilities. How good that is, says a judge: what the continuation costs under the network, against bytes
drawn at random; and how many of its words are words of the text. The judge is partial to its own, which the
table says.

Source: G. Delétang et al., "Language modeling is compression", 2024.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np

from codelength.experiments.parts.ngrams import NGrams
from codelength.experiments.result import Exhibit, Panel, Quantity, Result, Series, Verdict
from codelength.experiments.task import Task, text_of
from codelength.predictors import registry
from codelength.predictors.network import Network
from codelength.predictors.protocol import Predictor

__all__ = ["continue_with", "run", "word_share"]

_WORD = re.compile(rb"[A-Za-z]{3,}")


def run(task: Task) -> Result:
    """Continue, judge, show."""
    n_bytes = task.pick(24, 240, 1000)
    text, facts = text_of(task, task.pick(4000, 300_000, 2_000_000))
    prompt = text[: task.pick(200, 1500, 8000)]
    names = ("random bytes", "kt:2", "n-grams", "PPM") if task.size == "tiny" else (
        "random bytes", "gzip", "xz", "kt:2", "ctw:4", "n-grams", "PPM", "network"
    )  # fmt: skip
    task.n_parts = len(names) + 1
    written = {name: task.once(name, partial(_write, name, text, prompt, n_bytes, task)) for name in names}
    judged = task.once("judge", partial(_judge, prompt, written))
    words = set(_WORD.findall(text))
    quantities, shares = [], {}
    for name, made in written.items():
        data = bytes.fromhex(made)
        shares[name] = word_share(data, words)
        note = "it is the judge" if name == "network" else ""
        quantities.append(Quantity(f"{name}: cost for the judge", "bits/byte", judged[name], note=note))
        quantities.append(Quantity(f"{name}: words that are words of the text", "share", shares[name]))
    real = judged["the text itself"]
    quantities.append(Quantity("the text itself: cost for the judge", "bits/byte", real))
    others = [name for name in names if name not in ("random bytes", "network")]
    better = [name for name in others if judged[name] < judged["random bytes"]]
    places = tuple(float(i) for i in range(len(names) + 1))
    panel = Panel(
        "What continuations cost",
        "",
        "bits a byte, under the network",
        (Series("cost", places, (*(judged[name] for name in names), real), "bars"),),
        x_ticks=(*names, "the text itself"),
    )
    shown = [Exhibit("Prompt (its end)", _shown(prompt[-200:]))]
    shown += [Exhibit(f"Continued by {name}", _shown(bytes.fromhex(made))) for name, made in written.items()]
    return Result(
        task.name,
        "any compressor is a generator",
        "Delétang et al. 2024",
        Verdict.HOLDS if len(better) == len(others) else Verdict.IN_PART if better else Verdict.FAILS,
        f"{len(better)} of {len(others)} write text that is likelier to the judge than random bytes "
        f"({judged['random bytes']:.1f} bits a byte); the best of them costs "
        f"{min(judged[name] for name in others):.1f}, the text itself {real:.1f}",
        tuple(quantities),
        (panel,),
        tuple(shown),
        facts=facts | {"n_bytes_written": n_bytes, "prompt_bytes": len(prompt)},
    )


def continue_with(predictor: Predictor, prompt: bytes, n_bytes: int, random: np.random.Generator) -> bytes:
    """What a predictor goes on with, drawn with its own probabilities."""
    predictor.reset()
    for symbol in prompt:
        predictor.update(symbol)
    out = bytearray()
    for _ in range(n_bytes):
        cumulative = np.cumsum(predictor.distribution(), dtype=np.uint64)
        symbol = int(np.searchsorted(cumulative, random.integers(0, int(cumulative[-1])), side="right"))
        predictor.update(symbol)
        out.append(symbol)
    return bytes(out)


def word_share(data: bytes, words: set[bytes]) -> float:
    """Of the words of at least three letters, those that are in a set; 0 if there are none."""
    found = _WORD.findall(data)
    return sum(word in words for word in found) / len(found) if found else 0.0


def _write(name: str, text: bytes, prompt: bytes, n_bytes: int, task: Task) -> str:
    random = task.random()
    if name == "random bytes":
        return random.bytes(n_bytes).hex()
    if name in ("n-grams", "PPM"):
        return _counted(name == "PPM", text, prompt, n_bytes, random).hex()
    return continue_with(registry.get_bytewise(name), prompt, n_bytes, random).hex()


def _counted(is_ppm: bool, text: bytes, prompt: bytes, n_bytes: int, random: np.random.Generator) -> bytes:
    model = NGrams(5)
    model.learn(text)
    distribution = model.ppm_distribution if is_ppm else model.distribution
    past = prompt
    for _ in range(n_bytes):
        past += bytes([int(random.choice(256, p=distribution(past)))])
    return past[len(prompt) :]


def _judge(prompt: bytes, written: dict[str, Any]) -> dict[str, float]:
    """Bits a byte of each continuation after the prompt, under the network."""
    network = Network()
    half = len(prompt) // 2
    rates = {
        name: float(network.symbol_lengths(prompt + bytes.fromhex(made))[len(prompt) :].mean())
        for name, made in written.items()
    }
    rates["the text itself"] = float(network.symbol_lengths(prompt)[half:].mean())
    return rates


def _shown(data: bytes) -> str:
    return "".join(c if c == "\n" or c.isprintable() else "·" for c in data.decode("utf-8", "replace"))
