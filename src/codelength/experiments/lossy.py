"""Lossy compression keeps the gist and invents detail.

A picture is compressed by JPEG at all qualities, by palettes of fewer and fewer colours, and by our own coder
after cutting off low bits; a page of digits by a copier that reuses shapes; and a text by a predictor that is
told only how each word begins, and fills in the rest itself. In each the bits are set against what is lost.
What a predictor fills in are often words, which were not there: that is what is meant by blurry. Whether they
mean the same is asked of vectors of words (`embeddings`): likeness of the wrong words to those in whose place
they stand, beside that of words drawn at random.

Source: T. Chiang, "ChatGPT is a blurry JPEG of the web", The New Yorker, 2023.
"""

from __future__ import annotations

import io
import math
import re
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import codelength
from codelength.experiments.parts import embeddings
from codelength.experiments.parts.blurry import WORD, blur, edit_distance
from codelength.experiments.parts.copier import copy_page, page_of_digits
from codelength.experiments.parts.repeats import mean_quantity
from codelength.experiments.result import Exhibit, Panel, Picture, Quantity, Result, Series, Verdict
from codelength.experiments.task import MissingInputError, Task, text_of
from codelength.measure.extras import need
from codelength.predictors import registry

__all__ = ["likeness", "psnr_db", "run"]

_LETTERS = (None, 5, 4, 3, 2, 1)
"""How many letters of a word are sent; None: all."""
_DIGITS = "1413 2111 1742 6886 8668 3895 6083 9568 " * 3
Pixels = NDArray[np.uint8]


def run(task: Task) -> Result:
    """The picture, the copier, the text."""
    image_module = need("PIL.Image", "lab", "lossy")
    is_image = task.data is not None and task.data.suffix.lower() in (".png", ".jpg", ".jpeg", ".bmp", ".ppm")
    pixels = _picture(image_module, task.data if is_image else None, task.pick(48, 256, 768))
    source = Task(task.name, task.size, task.seed, None if is_image else task.data)
    text, facts = text_of(source, task.pick(3000, 400_000, 2_000_000))
    piece = text[: task.pick(150, 3000, 100_000)]
    predictor = "kt:1" if task.size == "tiny" else "network"
    settings = _LETTERS[:3] if task.size == "tiny" else _LETTERS
    task.n_parts = 3 + len(settings)
    coded = task.once("picture", partial(_image_curves, image_module, pixels))
    copies = task.once("copier", partial(_copies, task))
    words = set(re.findall(rb"[A-Za-z]+", text))
    rows = {
        _name(k): task.once(f"text with {_name(k)}", partial(_blurred, piece, predictor, k, words))
        for k in settings
    }
    meaning = task.once("meaning", partial(likeness, task, rows, text, embeddings.packaged_folder()))
    swapped = [row for row in copies if row["n_six_for_eight"]]
    is_monotone = all(a["psnr"] <= b["psnr"] + 0.5 for a, b in pairwise(coded["jpeg"]))
    is_sharp = bool(swapped) and swapped[0]["length_bits"] < copies[0]["length_bits"]
    lossless, *others = rows.values()
    is_lossless = lossless["wrong"] == 0 and all(
        row["length_bits"] < lossless["length_bits"] for row in others
    )
    invented = others[-1]["invented"]
    checks = (is_monotone, is_sharp, is_lossless, invented > 0.5)
    at = f"from {swapped[0]['threshold']} pixels of 140 on" if swapped else "at no setting"
    return Result(
        task.name,
        "lossy compression keeps the gist and invents detail",
        "Chiang 2023",
        Verdict.HOLDS if all(checks) else Verdict.IN_PART if any(checks) else Verdict.FAILS,
        f"JPEG's error {'falls' if is_monotone else 'does not fall'} with its size; the copier confuses 6 "
        f"and 8 {at}; with {_name(settings[-1])} the text takes {others[-1]['length_bits'] / len(piece):.2f} "
        f"bits a byte, not {lossless['length_bits'] / len(piece):.2f}, {others[-1]['wrong']:.0%} of its "
        f"words are others, and {invented:.0%} of those are words of the text",
        (*_quantities(coded, copies, rows, len(piece), predictor), *_meaning(meaning)),
        (_image_panel(coded), _text_panel(rows, len(piece)), _copier_panel(copies)),
        tuple(Exhibit(f"Text with {name}", row["shown"]) for name, row in rows.items()),
        _pictures(image_module, pixels, task),
        facts=facts | {"picture": _picture_name(task, is_image), "predictor": predictor},
    )


def _name(n_letters: int | None) -> str:
    return "all letters" if n_letters is None else f"{n_letters} letter{'s' * (n_letters > 1)} a word"


def _picture_name(task: Task, is_image: bool) -> str:
    return task.data.name if is_image and task.data else "drawn here"


def psnr_db(one: Pixels, other: Pixels) -> float:
    """10 log10(255² / mean squared error); 99 for equal pictures."""
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


def _picture(image_module: Any, path: Path | None, most: int) -> Pixels:
    """A picture of at most `most` pixels a side, uint8 (h, w, 3); one is drawn if none is given."""
    if path is not None:
        try:
            with image_module.open(path) as opened:
                image = opened.convert("RGB")
        except OSError as error:
            raise MissingInputError(f"{path} is no picture: {error}") from None
        return np.asarray(image, np.uint8)[:most, :most]
    y, x = np.mgrid[0:most, 0:most] / most
    waves = np.stack(
        [np.sin(9 * x + 4 * y), np.cos(7 * y * x + 2), np.sin(12 * (x - 0.5) ** 2 + 9 * y)], axis=2
    )
    pixels = 127 + 90 * waves
    pixels[(x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.04] = (230, 60, 40)  # an edge, which waves have not
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)


def _image_curves(image_module: Any, pixels: Pixels) -> dict[str, list[dict[str, float]]]:
    image, n = image_module.fromarray(pixels), pixels.shape[0] * pixels.shape[1]
    curves: dict[str, list[dict[str, float]]] = {"jpeg": [], "palette": [], "clz": []}
    for quality in (1, 5, 10, 20, 35, 50, 75, 90, 95):
        data = _saved(image, "JPEG", quality=quality)
        restored = np.asarray(image_module.open(io.BytesIO(data)))
        curves["jpeg"].append(
            {"setting": quality, "rate": 8 * len(data) / n, "psnr": psnr_db(pixels, restored)}
        )
    for colours in (2, 4, 8, 16, 32, 64, 128, 256):
        fewer = image.quantize(colours)
        rate = 8 * len(_saved(fewer, "PNG", optimize=True)) / n
        quality_db = psnr_db(pixels, np.asarray(fewer.convert("RGB")))
        curves["palette"].append({"setting": colours, "rate": rate, "psnr": quality_db})
    for cut in (7, 6, 5, 4, 3, 2, 1, 0):
        kept = pixels >> cut
        length = len(codelength.compress(kept.transpose(2, 0, 1).tobytes(), level=3))
        restored = ((kept << cut) + ((1 << cut) >> 1)).astype(np.uint8)
        curves["clz"].append({"setting": 8 - cut, "rate": 8 * length / n, "psnr": psnr_db(pixels, restored)})
    return curves


def _saved(image: Any, kind: str, **options: Any) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def _copies(task: Task) -> list[dict[str, Any]]:
    text = _DIGITS.replace(" ", "")
    glyphs = page_of_digits(text, task.random())
    rows = []
    for threshold in (0, 8, 12, 16, 18, 20, 22, 24, 28, 32, 40):
        copy = copy_page(glyphs, threshold)
        pairs = [(text[j], digit) for digit, j in zip(text, copy.sources, strict=True) if text[j] != digit]
        rows.append(
            {
                "threshold": threshold,
                "length_bits": copy.length_bits,
                "n": len(text),
                "n_other": len(pairs),
                "n_six_for_eight": sum(set(pair) == {"6", "8"} for pair in pairs),
            }
        )
    return rows


def _blurred(piece: bytes, predictor: str, n_letters: int | None, words: set[bytes]) -> dict[str, Any]:
    row = blur(piece, registry.get_bytewise(predictor), n_letters)
    pairs = list(zip(WORD.findall(piece), WORD.findall(row.text), strict=True))  # word by word
    changed = [(old, new) for old, new in pairs if old != new]
    n_letters_in_all = sum(len(old) for old, _ in pairs)
    return {
        "length_bits": row.length_bits,
        "wrong": len(changed) / max(1, len(pairs)),
        "invented": sum(new in words for _, new in changed) / max(1, len(changed)),
        "distance": sum(edit_distance(old, new) for old, new in changed) / max(1, n_letters_in_all),
        "changed": [[old.decode(), new.decode()] for old, new in changed],
        "shown": row.text[:600].decode("utf-8", "replace"),
    }


def likeness(task: Task, rows: dict[str, Any], text: bytes, folder: Path | None) -> dict[str, Any]:
    """Cosine of wrong words with the right ones, and with the right ones in random order.

    The vectors are those of a model in a folder, or made from the text.
    """
    random, found = task.random(1), {}
    words = sorted({word for row in rows.values() for pair in row["changed"] for word in pair})
    try:
        vectors = (
            embeddings.from_text(words, text) if folder is None
            else embeddings.from_checkpoint(str(folder), words)
        )  # fmt: skip
    except MissingInputError:
        vectors = {}  # the text has too few words
    mean = np.mean(list(vectors.values()), axis=0) if vectors else 0.0
    # what all vectors share says nothing of any word
    units = {word: (row - mean) / np.linalg.norm(row - mean) for word, row in vectors.items()}
    for name, row in rows.items():
        pairs = [(old, new) for old, new in row["changed"] if old in units and new in units]
        if len(pairs) > 1:
            drawn = random.permutation(len(pairs))
            found[name] = {
                "wrong": [float(units[old] @ units[new]) for old, new in pairs],
                "drawn": [float(units[old] @ units[pairs[i][1]])
                          for (old, _), i in zip(pairs, drawn, strict=True)],
            }  # fmt: skip
    return {"vectors": "made from the text" if folder is None else "all-MiniLM-L6-v2", "cosines": found}


def _quantities(
    coded: dict[str, Any], copies: list[dict[str, Any]], rows: dict[str, Any], n: int, predictor: str
) -> list[Quantity]:
    quantities = [
        Quantity(
            f"picture, {kind} at {row['setting']:g}", "bits/pixel", row["rate"], note=f"{row['psnr']:.1f} dB"
        )
        for kind, curve in coded.items()
        for row in (curve[0], curve[len(curve) // 2], curve[-1])
    ]
    for row in copies:
        name = f"copier, {row['threshold']} of 140 pixels may differ: digits that became others"
        note = f"{row['n_six_for_eight']} of them 6 and 8; {row['length_bits']:.0f} bits"
        quantities.append(Quantity(name, f"of {row['n']} digits", row["n_other"], note=note))
    for name, row in rows.items():
        note = f"{row['wrong']:.1%} of words wrong, of which {row['invented']:.0%} are words of the text"
        rate = row["length_bits"] / n
        quantities.append(Quantity(f"text, {name}, {predictor}", "bits/byte", rate, note=note))
        quantities.append(Quantity(f"text, {name}: edits", "a letter", row["distance"]))
    return quantities


def _meaning(found: dict[str, Any]) -> list[Quantity]:
    quantities = []
    for name, cosines in found["cosines"].items():
        for words, key in (("wrong words to the right ones", "wrong"), ("words drawn at random", "drawn")):
            values = np.array(cosines[key])
            note = f"{len(values)} words, vectors {found['vectors']}"
            quantities.append(
                mean_quantity(f"text, {name}: likeness of {words}", "cosine", values, note=note)
            )
    return quantities


def _image_panel(coded: dict[str, Any]) -> Panel:
    series = [
        Series(name, tuple(r["rate"] for r in coded[kind]), tuple(min(60.0, r["psnr"]) for r in coded[kind]))
        for kind, name in (("jpeg", "JPEG"), ("palette", "palette, PNG"), ("clz", "low bits cut, clz -3"))
    ]
    return Panel("Picture", "bits a pixel", "PSNR, dB (60 = no loss)", tuple(series), "log2")


def _text_panel(rows: dict[str, Any], n: int) -> Panel:
    rates = tuple(row["length_bits"] / n for row in rows.values())

    def column(key: str) -> tuple[float, ...]:
        return tuple(row[key] for row in rows.values())

    series = (
        Series("words wrong", rates, column("wrong")),
        Series("edits a letter", rates, column("distance")),
        Series("of wrong words, words of the text", rates, column("invented"), "dashes"),
    )
    return Panel("Blurry text: all letters, 5, 4, 3, 2, 1 a word", "bits a byte", "share", series)


def _copier_panel(copies: list[dict[str, Any]]) -> Panel:
    thresholds = tuple(float(row["threshold"]) for row in copies)
    wrong = tuple(row["n_other"] / row["n"] for row in copies)
    sizes = tuple(row["length_bits"] / copies[0]["length_bits"] for row in copies)
    series = (Series("digits wrong", thresholds, wrong), Series("size, of the largest", thresholds, sizes))
    return Panel("Copier", "pixels of 140 that may differ", "share", series)


def _pictures(image_module: Any, pixels: Pixels, task: Task) -> tuple[Picture, ...]:
    """The picture as it was and as it became, and the copier's page before and after; small."""
    step = max(1, pixels.shape[0] // 64)
    image = image_module.fromarray(pixels)
    jpeg = np.asarray(image_module.open(io.BytesIO(_saved(image, "JPEG", quality=3))))
    palette = np.asarray(image.quantize(4).convert("RGB"))
    glyphs = page_of_digits("6886" * 3, task.random())
    pages = {"scanned": glyphs, "copied, 20 pixels may differ": copy_page(glyphs, 20).glyphs}
    shown = {"original": pixels, "JPEG, quality 3": jpeg, "4 colours": palette}
    pictures = [Picture(name, _rows(some[::step, ::step])) for name, some in shown.items()]
    for name, page in pages.items():
        lines = [np.hstack([np.pad(glyph, 2) for glyph in page[i : i + 4]]) for i in range(0, len(page), 4)]
        pictures.append(Picture(name, _rows(np.where(np.vstack(lines), 0, 255).astype(np.uint8))))
    return tuple(pictures)


def _rows(pixels: Pixels) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) for row in pixels.tolist())
