"""Small language models with tokenizers of their own, made and trained on the spot."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

FAMILIES = ("llama", "gpt2", "neox")
TOKENIZER_OF = {"llama": "metaspace", "gpt2": "bytes", "neox": "bytes", "lossy": "lossy", "plain": "plain"}
VOCABULARY = 400
MAX_CONTEXT = 256
END = "<|endoftext|>"


def sentences(n: int, seed: int) -> str:
    """Text with some order in it, and some that is not ASCII."""
    choice = random.Random(seed).choice
    subjects = ["The cat", "A small dog", "My neighbour", "Grüße: sie", "The old clock", "日本の猫", "Nobody"]
    verbs = ["sees", "did not hear", "remembers", "talks about", "is afraid of"]
    objects = [
        "the rain.",
        "a red door!",
        "the sea, the sea;",
        "12 apples.",
        "nothing at all.\n",
        "Zoë, café.",
    ]
    return " ".join(f"{choice(subjects)} {choice(verbs)} {choice(objects)}" for _ in range(n))


@pytest.fixture(scope="session")
def prose() -> str:
    """A document, not the one that the models were trained on."""
    return sentences(60, seed=2)


@pytest.fixture(scope="session")
def long_prose() -> str:
    """20 KB and more."""
    return sentences(750, seed=5)


def make_tokenizer(kind: str) -> Any:
    """bytes: byte-level BPE, exact; lossy: it makes lower case; metaspace: as SentencePiece's with byte
    fallback; plain: byte-level with neither a beginning nor an end of text."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    text = [sentences(400, seed=1)]
    options = {"vocab_size": VOCABULARY, "show_progress": False}
    if kind == "metaspace":
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
        special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
        trainer = trainers.BpeTrainer(special_tokens=special, limit_alphabet=60, **options)
        tokenizer.train_from_iterator(text, trainer)
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
        )
    tokenizer = Tokenizer(models.BPE())
    if kind == "lossy":
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    ends = [] if kind == "plain" else [END]
    trainer = trainers.BpeTrainer(special_tokens=ends, initial_alphabet=sorted(alphabet), **options)
    tokenizer.train_from_iterator(text, trainer)
    if kind == "plain":
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END)


def make_model(family: str) -> Any:
    """Two layers of width 32, random."""
    import transformers as hf

    shape: dict[str, Any] = {"vocab_size": VOCABULARY, "bos_token_id": None, "eos_token_id": None}
    if family == "llama":
        shape |= {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
        shape |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": MAX_CONTEXT}
        return hf.LlamaForCausalLM(hf.LlamaConfig(**shape, tie_word_embeddings=True))
    if family == "neox":
        shape |= {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
        shape |= {"num_attention_heads": 4, "max_position_embeddings": MAX_CONTEXT}
        return hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**shape))
    return hf.GPT2LMHeadModel(hf.GPT2Config(**shape, n_positions=MAX_CONTEXT, n_embd=32, n_layer=2, n_head=4))


def train(model: Any, ids: list[int]) -> None:
    """Some steps, so that it knows something and its probabilities differ."""
    import torch

    torch.manual_seed(1)
    data = torch.tensor(ids[: len(ids) // 64 * 64]).view(-1, 64)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(40):
        batch = data[torch.arange(step * 8, step * 8 + 8) % len(data)]
        optimizer.zero_grad()
        model(batch, labels=batch).loss.backward()
        optimizer.step()


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each family, and for GPT-2 with a tokenizer that loses something, and one that has no
    beginning of text."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    torch.set_num_threads(1)
    folders = {}
    for name, kind in TOKENIZER_OF.items():
        torch.manual_seed(0)
        tokenizer, model = make_tokenizer(kind), make_model(name)
        train(model, tokenizer(sentences(400, seed=1), add_special_tokens=False)["input_ids"])
        folders[name] = tmp_path_factory.mktemp(name) / "model"
        model.save_pretrained(folders[name])
        tokenizer.save_pretrained(folders[name])
    return folders
