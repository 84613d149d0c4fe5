"""How much longer `hf:` measuring takes than the bare forward passes that it needs.

    python benchmarks/hf_overhead.py [FILE ...]

The files (this repository's documentation, if none are given) are measured with `many_symbol_lengths`, which
tokenises, checks that the text is restored, runs the windows and turns logits into float64 code lengths. The
same windows in the same batches are then given to the model alone. Both are repeated in turn, and the least
times are compared: processor seconds on a CPU, which a busy machine disturbs less, else those of the clock.

Without --model, a random GPT-2 is built, with a byte-level tokenizer made from the files; nothing is fetched.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from codelength.predictors.causal_lm import CausalLM
from codelength.predictors.causal_lm.windows import windows

ROOT = Path(__file__).resolve().parent.parent


def build(folder: Path, documents: list[bytes], layers: int, width: int, vocabulary: int) -> None:
    """A random GPT-2 of this shape, with a tokenizer for the documents."""
    import torch
    import transformers
    from tokenizers import ByteLevelBPETokenizer

    tokenizer = ByteLevelBPETokenizer()
    texts = [document.decode(errors="replace") for document in documents]
    tokenizer.train_from_iterator(texts, vocab_size=vocabulary, special_tokens=["<|endoftext|>"])
    make: Any = transformers.PreTrainedTokenizerFast
    make(tokenizer_object=tokenizer._tokenizer, eos_token="<|endoftext|>").save_pretrained(folder)
    torch.manual_seed(0)
    shape = transformers.GPT2Config(
        n_layer=layers, n_embd=width, n_head=width // 64, vocab_size=vocabulary, n_positions=1024,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    transformers.GPT2LMHeadModel(shape).save_pretrained(folder)


def batches(predictor: CausalLM, documents: list[bytes], batch_size: int) -> list[tuple[Any, int]]:
    """(tokens, number of positions whose logits are needed) of the forward passes."""
    import torch

    jobs = []
    for data in documents:
        ids = [span.ids for span in predictor.spans(data) if hasattr(span, "ids")]
        inputs = np.concatenate([np.array([predictor.first_token]), *ids])
        for window in windows(len(inputs) - 1, predictor.context, predictor.stride):
            jobs.append((inputs[window.start : window.end], window.end - window.first_scored))
    jobs.sort(key=lambda job: (-len(job[0]), -job[1]))
    found = []
    for at in range(0, len(jobs), batch_size):
        rows = jobs[at : at + batch_size]
        tokens = np.zeros((len(rows), len(rows[0][0])), np.int64)
        for row, (inputs, _) in zip(tokens, rows, strict=True):
            row[: len(inputs)] = inputs
        first = min(len(inputs) - n_scored for inputs, n_scored in rows)
        found.append((torch.from_numpy(tokens), tokens.shape[1] - first))
    return found


def forward(predictor: CausalLM, passes: list[tuple[Any, int]]) -> None:
    """The passes and nothing else."""
    import torch

    device = predictor.model.device
    with torch.inference_mode():
        for tokens, n_scored in passes:
            predictor.model.module(tokens.to(device), use_cache=False, logits_to_keep=n_scored)
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    """Measure, and print a record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--model", help="name or path; none: a random one")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--vocabulary", type=int, default=32_768)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--stride", type=int, default=256)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--bytes", type=int, default=40_000, help="of each file, at most")
    options = parser.parse_args()
    files = options.files or [ROOT / "README.md", ROOT / "docs" / "theory.md"]
    documents = [path.read_bytes()[: options.bytes] for path in files]
    with tempfile.TemporaryDirectory() as folder:
        if options.model is None:
            build(Path(folder), documents, options.layers, options.width, options.vocabulary)
        predictor = CausalLM(
            options.model or folder, context=options.context, stride=options.stride,
            batch_size=options.batch, dtype=options.dtype,
        )  # fmt: skip
        passes = batches(predictor, documents, options.batch)
        forward(predictor, passes[:1])
        clock = time.process_time if predictor.model.device.type == "cpu" else time.perf_counter
        whole_s, bare_s = [], []
        for _ in range(options.repeats):
            started = clock()
            n_bits = sum(lengths.length_bits for lengths in predictor.many_symbol_lengths(documents))
            measured = clock()
            forward(predictor, passes)
            whole_s.append(measured - started)
            bare_s.append(clock() - measured)
        record = {
            "measured_s": round(min(whole_s), 3),
            "forward_s": round(min(bare_s), 3),
            "overhead": round(min(whole_s) / min(bare_s) - 1, 4),
            "n_passes": len(passes),
            "n_bytes": sum(map(len, documents)),
            "length_bits": round(n_bits, 1),
            "weights_bytes": predictor.weights_bytes,
            "layers": options.layers, "width": options.width, "vocabulary": predictor.model.n_vocabulary,
            **predictor.fingerprint,
        }  # fmt: skip
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
