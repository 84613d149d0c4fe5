"""Whole archives: compress with a language model, and decompress on the same stack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from codelength.codec.buffers import byte_view
from codelength.codec.language_model.blocks import plan_of, starts_of_blocks
from codelength.codec.language_model.container import MAX_BLOCK_BYTES, MAX_ROWS, Block, Header, Reader
from codelength.codec.language_model.rows import OnStep, decode_rows, encode_rows
from codelength.errors import CodecError, CorruptError, LimitError, ModelError, ModelMismatchError
from codelength.predictors.causal_lm import CausalLM, Settings
from codelength.predictors.causal_lm.identity import folder_sha256, stack, threads
from codelength.predictors.causal_lm.loading import folder_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["compress_with_model", "decompress_with_model"]

OnProgress = Callable[[int, int], None]

_MIN_BLOCK_BYTES = 1 << 15
"""A block begins without a context, so there are no more of them than fill a batch with such blocks."""

_UNIFORM = "none: first token uniform"

# Facts that are chosen again as they were; of the others, all must be the same here.
_CHOSEN = ("model", "sha256", "dtype", "context", "stride", "batch", "beginning", "threads")


_kept: dict[Settings, CausalLM] = {}
"""The last model stays loaded, for the next file of a command."""


def _predictor(settings: Settings, *, local_files_only: bool) -> CausalLM:
    predictor = _kept.get(settings)
    if predictor is None:
        _kept.clear()  # first, as two may not fit into memory
        predictor = _kept[settings] = CausalLM.from_settings(settings, local_files_only=local_files_only)
    return predictor


def compress_with_model(
    data: Buffer, spec: str | CausalLM, *, on_progress: OnProgress | None = None
) -> bytes:
    """An archive of `data`, coded with a language model: decoded again and compared before it is returned.

    The document is cut in up to `batch_size` blocks (64 at most) of 32 KiB or more, and of 1 MiB at most,
    which are coded side by side, each as a document of its own. It decodes where model, libraries and device
    are the same, and is refused elsewhere.

    Args:
        data: any object with contiguous bytes in it.
        spec: "hf:NAME", perhaps with settings (see `predictors.causal_lm.Settings.parse`), or a predictor.
        on_progress: called now and then with (bytes of content done, bytes of archive done).

    Raises:
        TypeError: `data` is a str or holds no bytes.
        ValueError: a setting that does not exist or does not go with the model.
        ModelNotFoundError: there is no such model, or the extra `hf` is not installed.
        ModelError: the model cannot be used, or does not give the same numbers twice.
        MemoryError: too little memory for this batch and context.
    """
    view = byte_view(data)
    content = bytes(view)
    predictor = _predictor(Settings.parse(spec), local_files_only=False) if isinstance(spec, str) else spec
    batch = min(predictor.batch_size, MAX_ROWS)
    block_bytes = min(max(-(-len(content) // batch), _MIN_BLOCK_BYTES), MAX_BLOCK_BYTES - _MIN_BLOCK_BYTES)
    starts = starts_of_blocks(content, -(-len(content) // block_bytes)) if content else []
    # The stack anew, as the number of threads may have changed since the model was loaded.
    facts = predictor.fingerprint | stack(predictor.model.device) | {"batch": str(batch)}
    out = [Header(facts, len(content), len(starts)).pack()]
    progress = _Progress(on_progress)
    for first in range(0, len(starts), batch):
        ends = [*starts[1:], len(content)][first : first + batch]
        parts = [content[a:b] for a, b in zip(starts[first : first + batch], ends, strict=True)]
        progress.begin(sum(map(len, parts)), sum(map(len, out)))
        plans = [plan_of(part, predictor.model.tokenizer) for part in parts]
        blocks = encode_rows(predictor, plans, progress.part(0.0, 0.5))
        _prove(predictor, blocks, parts, progress.part(0.5, 1.0))
        out += [block.pack() for block in blocks]
    archive = b"".join(out)
    if on_progress is not None:
        on_progress(len(content), len(archive))
    return archive


class _Progress:
    """Tells how much content is done, group by group."""

    def __init__(self, on_progress: Callable[[int, int], None] | None) -> None:
        self._on_progress = on_progress
        self.n_content = 0
        """Bytes of content before the present group."""
        self._n_bytes = 0
        self._n_archive = 0

    def begin(self, n_bytes: int, n_archive: int) -> None:
        """A group of `n_bytes` of content; so many bytes of archive are done."""
        self.n_content += self._n_bytes
        self._n_bytes, self._n_archive = n_bytes, n_archive

    def part(self, begin: float, end: float) -> OnStep:
        """For work that is this part of the group's."""

        def on_step(share: float) -> None:
            if self._on_progress is not None:
                n_done = self.n_content + int((begin + (end - begin) * share) * self._n_bytes)
                self._on_progress(n_done, self._n_archive)

        return on_step


def _prove(
    predictor: CausalLM, blocks: list[Block], parts: list[bytes], on_step: Callable[[float], None]
) -> None:
    names = [f"block {number + 1}" for number in range(len(blocks))]
    try:
        is_same = decode_rows(predictor, blocks, names, on_step) == parts
    except CodecError:
        is_same = False
    if not is_same:
        raise ModelError(
            f"hf:{predictor.name} does not give the same numbers twice on this device: what it codes cannot "
            "be decoded, and nothing was written"
        )


def decompress_with_model(
    archive: Buffer,
    model: str | CausalLM | None = None,
    force: bool = False,
    *,
    max_size: int | None = None,
    on_progress: OnProgress | None = None,
) -> bytes:
    """What `compress_with_model` made an archive of; frames that follow each other are one content.

    Args:
        archive: the archive.
        model: name or path ("hf:NAME"), or a predictor, to be used in place of what the archive names. Its
            settings are those of the archive. Only a model that is named here is fetched from the hub: the
            one that an archive names must be on this machine.
        force: try although the model or the stack is another. The checksums decide.
        max_size: the most bytes of content to restore; None is no limit.
        on_progress: called now and then with (bytes of archive done, bytes of content done).

    Raises:
        FormatError: no archive of a language model, or one of an unknown version.
        CorruptError: the archive is damaged, or the model gave other numbers than when it was written.
        TruncatedError: the archive is empty or cut.
        ValueError: `model` is no name of a model with settings that exist.
        LimitError: there is more content than `max_size`.
        ModelNotFoundError: the model is not here, or the extra `hf` is not installed.
        ModelMismatchError: model, libraries or device are others than those that wrote the archive.
        MemoryError: too little memory for the archive's batch and context.
    """
    reader = Reader(byte_view(archive))
    contents: list[bytes] = []
    n_content = 0
    swapped = None if on_progress is None else lambda n_done, n_read: on_progress(n_read, n_done)
    progress = _Progress(swapped)
    while (header := reader.header()) is not None:
        n_content += header.content_size
        if max_size is not None and n_content > max_size:
            raise LimitError(f"the content is larger than the limit of {max_size} bytes")
        if not header.n_blocks:
            continue
        predictor = _matching(header, model, force)
        number = int(header.facts["threads"]) if _can_have_threads(header.facts) else None
        for group in _groups(reader, header):
            names, blocks = [name for name, _ in group], [block for _, block in group]
            progress.begin(sum(block.content_size for block in blocks), reader.position)
            with threads(number):
                contents += decode_rows(predictor, blocks, names, progress.part(0.0, 1.0))
    if on_progress is not None:
        on_progress(reader.position, n_content)
    return b"".join(contents)


def _groups(reader: Reader, header: Header) -> Iterator[list[tuple[str, Block]]]:
    """Blocks that were coded side by side, with their names."""
    batch = header.number("batch")
    for first in range(0, header.n_blocks, batch):
        numbers = range(first, min(first + batch, header.n_blocks))
        names = [f"block {number + 1}" for number in numbers]
        yield [(name, reader.block(name)) for name in names]
    if reader.n_left:
        raise CorruptError(f"the blocks lack {reader.n_left} of the bytes that the archive claims")


def _matching(header: Header, model: str | CausalLM | None, force: bool) -> CausalLM:
    """The model of an archive, as it was run. Raises ModelNotFoundError, ModelMismatchError."""
    facts = header.facts
    predictor = model if isinstance(model, CausalLM) else None
    name = facts["model"] if model is None else Settings.parse(model).name if isinstance(model, str) else ""
    differing = []
    if predictor is None:
        folder = folder_of(name, local_files_only=model is None)
        sha256 = folder_sha256(folder)
    else:
        name, sha256 = predictor.name, predictor.model.sha256
    if sha256 != facts["sha256"]:
        differing.append(
            f"model {name} has the SHA-256 {sha256[:16]}…, the archive's {facts['sha256'][:16]}…"
        )
        _refuse(differing, force)
    if predictor is None:
        predictor = _loaded(name, facts, model is None, force)
    here = predictor.fingerprint
    for fact in sorted({*facts, *here} - set(_CHOSEN)):
        if facts.get(fact) != here.get(fact):
            differing.append(f"{fact} {here.get(fact, 'none')} is here, {facts.get(fact, 'none')} was there")
    chosen = [fact for fact in ("dtype", "context", "stride", "beginning") if facts[fact] != here[fact]]
    differing += [f"{fact} {here[fact]} is here, {facts[fact]} was there" for fact in chosen]
    if not _can_have_threads(facts):
        differing.append(f"{facts['threads']} threads are not to be had here")
    _refuse(differing, force)
    return predictor


def _refuse(differing: list[str], force: bool) -> None:
    if differing and not force:
        raise ModelMismatchError(
            "the archive decodes only with the very model, libraries and device that wrote it: "
            + "; ".join(differing)
            + " (--force tries all the same, and the checksums decide)"
        )


def _loaded(name: str, facts: Mapping[str, str], local_files_only: bool, force: bool) -> CausalLM:
    same = ("sha256", "dtype", "context", "stride", "beginning", "device")
    for predictor in list(_kept.values()):
        # Its batch may be another: how many blocks go side by side, the archive says.
        if predictor.name == name and all(predictor.fingerprint[fact] == facts[fact] for fact in same):
            return predictor
    try:
        settings = Settings(
            name,
            None if force and facts["device"] != "cpu" else facts["device"],
            facts["dtype"],
            int(facts["context"]),
            int(facts["stride"]),
            int(facts["batch"]),
            facts["beginning"] != _UNIFORM,
        )
        return _predictor(settings, local_files_only=local_files_only)
    except ValueError as error:
        raise ModelMismatchError(
            f"the archive's model cannot be run here as it was there: {error}"
        ) from error


def _can_have_threads(facts: Mapping[str, str]) -> bool:
    return int(facts["threads"]) <= 4 * (os.cpu_count() or 1)
