"""The table of `clz -l`: what archives say about themselves. Only headers and indexes are read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codelength import _native
from codelength.cli.files import printable
from codelength.cli.messages import human_size
from codelength.cli.transfer import is_of_language_model
from codelength.codec.networks import SHIPPED
from codelength.codec.walk import SeekingSource, StreamSource, walk_headers
from codelength.coding.frame import STORED, FrameInfo, SegmentHeader
from codelength.coding.parser import FrameParser

__all__ = ["ArchiveInfo", "read_archive", "segments_table", "table"]

_COLUMNS = ("Frames", "Segments", "Compressed", "Uncompressed", "Ratio", "Check", "Model", "Filename")
_SEGMENT_COLUMNS = (
    "Frame",
    "Segment",
    "Offset",
    "Compressed",
    "Uncompressed",
    "Ratio",
    "Check",
    "Model",
    "Kind",
)

_KINDS = {0: "binary", 2: "words", 3: "records"} | {n: name for name, n in _native.TEXT_KINDS.items()}
"""docs/format.md, 3.2."""

_LANGUAGE_MODEL = -1
"""Stands where the number of a predictor does."""


@dataclass(frozen=True, slots=True)
class ArchiveInfo:
    """An archive as its headers describe it. Sizes are in bytes."""

    name: str
    segments: tuple[tuple[int, int, SegmentHeader], ...]
    """(frame, offset of the segment's end in the archive, header), frames counted from 1."""
    frames: tuple[FrameInfo, ...]
    models: tuple[str, ...] = ()
    """Language models by name, if it needs any."""

    @property
    def content_size(self) -> int:
        """Of all frames."""
        return sum(frame.content_size or 0 for frame in self.frames)

    @property
    def archive_size(self) -> int:
        """Of all frames, skippable ones too."""
        return sum(frame.frame_size or 0 for frame in self.frames)


def read_archive(name: str, source: io.BufferedReader) -> ArchiveInfo:
    """Go through the headers of an archive, of a pipe too.

    Raises FormatError, CorruptError, TruncatedError.
    """
    if is_of_language_model(source):
        return _read_of_language_model(name, source.read())
    parser = FrameParser()
    segments: list[tuple[int, int, SegmentHeader]] = []
    frames: list[FrameInfo] = []
    for event in walk_headers(SeekingSource(source) if source.seekable() else StreamSource(source), parser):
        if isinstance(event, SegmentHeader):
            segments.append((len(frames) + 1, parser.position, event))
        elif isinstance(event, FrameInfo):
            frames.append(event)
    return ArchiveInfo(name, tuple(segments), tuple(frames))


def _read_of_language_model(name: str, data: bytes) -> ArchiveInfo:
    from codelength.codec.language_model.container import Kind, Reader

    reader = Reader(data)
    segments: list[tuple[int, int, SegmentHeader]] = []
    frames: list[FrameInfo] = []
    models: set[str] = set()
    while True:
        start = reader.position
        header = reader.header()
        if header is None:
            return ArchiveInfo(name, tuple(segments), tuple(frames), tuple(sorted(models)))
        models.add("hf:" + header.facts["model"])
        for number in range(header.n_blocks):
            block = reader.block(f"block {number + 1}")
            predictor = STORED if block.kind == Kind.STORED else _LANGUAGE_MODEL
            sizes = block.content_size, len(block.payload)
            segments.append((len(frames) + 1, reader.position, SegmentHeader(predictor, block.kind, *sizes)))
        n_frame = reader.position - start
        frames.append(FrameInfo(header.content_size, n_frame, header.n_blocks, _LANGUAGE_MODEL, 1, True))


def table(archives: Sequence[ArchiveInfo]) -> str:
    """One row an archive, and their sum if there are several."""
    rows = [_row([archive], printable(archive.name)) for archive in archives]
    if len(archives) > 1:
        rows.append(_row(archives, f"{len(archives)} files"))
    return _align([_COLUMNS, *rows], rule_before_last=len(archives) > 1)


def segments_table(archive: ArchiveInfo) -> str:
    """One row a segment."""
    rows: list[tuple[str, ...]] = [_SEGMENT_COLUMNS]
    n_in_frame, previous = 0, 0
    for frame, end, header in archive.segments:
        n_in_frame = n_in_frame + 1 if frame == previous else 1
        previous = frame
        check = archive.frames[frame - 1].check
        n_body = header.payload_size + (4 if check else 0)
        rows.append(
            (
                str(frame),
                str(n_in_frame),
                str(end - n_body),
                str(n_body),
                str(header.content_size),
                _ratio(header.content_size, n_body),
                _check([check]),
                _model(header),
                _kind(header),
            )
        )
    return f"{printable(archive.name)}\n{_align(rows)}"


def _row(archives: Iterable[ArchiveInfo], name: str) -> tuple[str, ...]:
    archives = list(archives)
    frames = [frame for archive in archives for frame in archive.frames]
    headers = [header for archive in archives for _, _, header in archive.segments]
    n_content = sum(archive.content_size for archive in archives)
    n_archive = sum(archive.archive_size for archive in archives)
    return (
        str(len(frames)),
        str(len(headers)),
        human_size(n_archive),
        human_size(n_content),
        _ratio(n_content, n_archive),
        _check([frame.check for frame in frames if not frame.skippable]),
        "+".join(_models(archives, headers)) or "-",
        name,
    )


def _models(archives: list[ArchiveInfo], headers: list[SegmentHeader]) -> list[str]:
    found = {(header.predictor, header.network): header for header in headers}
    names = {printable(model) for archive in archives for model in archive.models}
    return [_model(found[which]) for which in sorted(found) if which[0] != _LANGUAGE_MODEL] + sorted(names)


def _ratio(n_content: int, n_archive: int) -> str:
    return f"{n_content / n_archive:.3f}" if n_archive else "-"


def _check(checks: Sequence[bool]) -> str:
    if not checks or not any(checks):
        return "none"
    return "CRC32" if all(checks) else "some"


def _model(header: SegmentHeader) -> str:
    """The predictor, and the network that it needs: by name if it came with the package, else by hash."""
    if header.predictor == STORED:
        return "stored"
    if header.predictor == _LANGUAGE_MODEL:
        return "hf"
    wanted = header.network.hex()
    names = [name for name, shipped in SHIPPED.items() if shipped == wanted]
    return ":".join((str(header.predictor), *(names or [wanted] if wanted else [])))


def _kind(header: SegmentHeader) -> str:
    if header.predictor == STORED:
        return "-"
    return str(header.kind) if header.predictor == _LANGUAGE_MODEL else _KINDS[header.kind]


def _align(rows: Sequence[tuple[str, ...]], *, rule_before_last: bool = False) -> str:
    """Columns to the right, but the name at the end of a line to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    is_named = rows[0][-1] == "Filename"
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        if is_named:
            cells[-1] = row[-1]
        lines.append("  ".join(cells))
    if rule_before_last:
        lines.insert(-1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)
