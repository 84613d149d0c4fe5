"""Blocks side by side: range codes of their tokens, and tokens of their range codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from codelength.codec.language_model.blocks import Plan, parse_sides, restore
from codelength.codec.language_model.container import Block
from codelength.coding.range_coder import RangeDecoder, RangeEncoder
from codelength.errors import CorruptError, TruncatedError

if TYPE_CHECKING:
    from codelength.predictors.causal_lm import CausalLM
    from codelength.predictors.causal_lm.stepping import Forecast

__all__ = ["OnStep", "decode_rows", "encode_rows"]

OnStep = Callable[[float], None]
"""Called now and then with the share of the steps that are done."""

_STEPS_A_REPORT = 16


def encode_rows(predictor: CausalLM, plans: Sequence[Plan], on_step: OnStep) -> list[Block]:
    """Blocks of the contents. What does not get smaller is stored; the others are then coded anew without it,
    as the decoder will not have its tokens either."""
    while True:
        codes = _encode(predictor, [plan.ids for plan in plans], on_step)
        blocks = [plan.block(code) for plan, code in zip(plans, codes, strict=True)]
        is_large = [
            plan.ids and len(b.payload) >= b.content_size for plan, b in zip(plans, blocks, strict=True)
        ]
        if not any(is_large):
            return blocks
        plans = [plan.stored if large else plan for plan, large in zip(plans, is_large, strict=True)]


def _encode(predictor: CausalLM, rows: Sequence[list[int]], on_step: OnStep) -> list[bytes]:
    from codelength.predictors.causal_lm.stepping import run_in_step

    encoders = [RangeEncoder() for _ in rows]
    n_tokens = [len(ids) for ids in rows]
    n_steps, n_vocabulary = max(n_tokens), predictor.model.n_vocabulary

    def choose(step: int, forecast: Forecast | None) -> list[int]:
        tokens = [ids[step] if step < len(ids) else 0 for ids in rows]
        intervals = None if forecast is None else forecast.intervals(tokens)
        for row, encoder in enumerate(encoders):
            if step >= n_tokens[row]:
                continue
            if forecast is None or intervals is None:
                encoder.encode(tokens[row], 1, n_vocabulary)
            else:
                encoder.encode(*intervals[row], forecast.totals[row])
        if step % _STEPS_A_REPORT == 0:
            on_step(step / n_steps)
        return tokens

    run_in_step(predictor.model, n_tokens, predictor.first_token, predictor.context, predictor.stride, choose)
    return [encoder.finish() for encoder in encoders]


def decode_rows(
    predictor: CausalLM, blocks: Sequence[Block], names: Sequence[str], on_step: OnStep
) -> list[bytes]:
    """Contents of the blocks. `names` is what errors call them.

    Raises CorruptError, and ModelError and MemoryError as the model does.
    """
    from codelength.predictors.causal_lm.stepping import run_in_step

    sides = [parse_sides(block, name) for block, name in zip(blocks, names, strict=True)]
    n_tokens = [block.n_tokens for block in blocks]
    rows: list[list[int]] = [[] for _ in blocks]
    n_steps, n_vocabulary = max(n_tokens), predictor.model.n_vocabulary
    decoders: list[RangeDecoder | None] = [None] * len(blocks)

    def choose(step: int, forecast: Forecast | None) -> list[int]:
        totals = [n_vocabulary] * len(rows) if forecast is None else forecast.totals
        active = [row for row, n in enumerate(n_tokens) if step < n]
        positions = [0] * len(rows)
        for row in active:
            decoder = decoders[row]
            if decoder is None:
                decoder = decoders[row] = RangeDecoder(sides[row].code)
            positions[row] = decoder.peek(totals[row])
        found = [(at, at, 1) for at in positions] if forecast is None else forecast.find(positions)
        tokens = [0] * len(rows)
        for row in active:
            tokens[row], start, frequency = found[row]
            decoder = decoders[row]
            if decoder is not None:
                decoder.consume(start, frequency, totals[row])
            rows[row].append(tokens[row])
        if step % _STEPS_A_REPORT == 0:
            on_step(step / n_steps)
        return tokens

    try:
        run_in_step(
            predictor.model, n_tokens, predictor.first_token, predictor.context, predictor.stride, choose
        )
        for decoder in decoders:
            if decoder is not None:
                decoder.finish()
    except (CorruptError, TruncatedError) as error:
        raise CorruptError(
            f"{names[0]} or one beside it does not decode: it is damaged, or the model gives other numbers "
            f"here than where it was written ({error})"
        ) from error
    return [
        restore(block, side, ids, predictor.model.tokenizer, name)
        for block, side, ids, name in zip(blocks, sides, rows, names, strict=True)
    ]
