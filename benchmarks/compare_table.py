"""Records of compare.py as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def render(record: dict[str, Any], *, per_file: bool = False, by_cpu: bool = False) -> str:
    """The record as Markdown: for each group, and for all, the compressors from the smallest total up.

    Totals are of the files that all compressors of the table have done: every row is about the same bytes.
    """
    cells = {(cell["sha256"], cell["compressor"]): cell for cell in record["cells"] if cell["verified"]}
    names = list(dict.fromkeys(cell["compressor"] for cell in record["cells"]))
    groups: dict[str, list[dict[str, Any]]] = {}
    for file in record["files"]:
        groups.setdefault(file["group"], []).append(file)
    if len(groups) > 1:
        groups["all"] = list(record["files"])
    parts = []
    for group, files in groups.items():
        complete = [file for file in files if all((file["sha256"], name) in cells for name in names)]
        if complete:
            parts.append(_totals(group, complete, len(files), names, cells, by_cpu))
        if per_file and group != "all":
            parts.append(f"#### {group}: bytes of each file\n\n{_per_file(files, names, cells)}")
    parts.append(_provenance(record))
    return "\n\n".join(parts) + "\n"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---" if i == 0 else "---:" for i in range(len(header))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _totals(
    group: str,
    files: list[dict[str, Any]],
    n_files: int,
    names: list[str],
    cells: dict[tuple[str, str], dict[str, Any]],
    by_cpu: bool,
) -> str:
    seconds = "cpu_seconds" if by_cpu else "seconds"
    n_bytes = sum(file["n_bytes"] for file in files)
    rows = []
    for name in names:
        ours = [cells[file["sha256"], name] for file in files]
        n_out = sum(cell["n_bytes_out"] for cell in ours)
        speeds = [
            f"{n_bytes / 1e6 / max(sum(cell[key] for cell in ours), 1e-9):.2f}"
            for key in (f"compress_{seconds}", f"decompress_{seconds}")
        ]
        peaks = [
            f"{max(cell[key] for cell in ours) / 1e6:.0f}"
            for key in ("compress_peak_bytes", "decompress_peak_bytes")
        ]
        rate = f"{8 * n_out / n_bytes:.3f}" if n_bytes else "-"
        rows.append((n_out, [name, f"{n_out:,}", rate, *speeds, *peaks]))
    per = "CPU s" if by_cpu else "s"
    header = ["", "bytes", "bits/byte", f"MB/{per}", f"MB/{per} back", "peak MB", "peak MB back"]
    missing = f" ({len(files)} of {n_files} done)" if len(files) < n_files else ""
    title = f"### {group}: {len(files)} files, {n_bytes:,} bytes{missing}"
    return f"{title}\n\n{_markdown(header, [row for _, row in sorted(rows, key=lambda row: row[0])])}"


def _per_file(
    files: list[dict[str, Any]], names: list[str], cells: dict[tuple[str, str], dict[str, Any]]
) -> str:
    rows = []
    for file in files:
        row = [file["name"], f"{file['n_bytes']:,}"]
        for name in names:
            cell = cells.get((file["sha256"], name))
            row.append(f"{cell['n_bytes_out']:,}" if cell else "")
        rows.append(row)
    return _markdown(["file", "bytes", *names], rows)


def _provenance(record: dict[str, Any]) -> str:
    lines = [
        "Every archive was decoded and compared byte for byte. One thread each; times of whole processes."
    ]
    for run in record["runs"]:
        machine = run["machine"]
        versions = dict.fromkeys(about["version"] for about in run["compressors"].values())
        lines.append(
            f"* {run['date']}, commit {run['git_commit']}, {machine['cpu']}, {machine['n_cores']} cores; "
            f"peaks below {run['peak_floor_bytes'] / 1e6:.0f} MB cannot be seen. `{run['command']}`. "
            f"{'; '.join(versions)}."
        )
    return "\n".join(lines)
