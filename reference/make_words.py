"""How reference/words.txt was made: frequent words of English texts, in the order of their codes.

    python reference/make_words.py DIR > reference/words.txt

DIR holds the training archives (books.tar.xz, prose.tar.xz, ...). The list is part of the format and never
changes; this script is its record. Words alone are taken, no text.
"""

from __future__ import annotations

import collections
import re
import sys
import tarfile
from pathlib import Path

# Share of each source in a word's weight: that of a million of its words, times this.
SOURCES = {"books": 8.0, "prose": 2.0, "chat": 1.0, "dialogue": 0.3, "code": 0.7, "manpages": 0.3}
MIN_DOCUMENTS = 3  # a word counts for a source if it stands in this many of its documents
MIN_SOURCES = 2  # ... and is listed if it counts for this many: no names of a single source
N_ONE, N_TWO = 80, 40 * 128  # codes of one and of two bytes, docs/format.md section 3.3
CLASS = 12 * 128  # words of two-byte codes are sorted by their endings within classes of frequency


def counts(directory: Path) -> dict[bytes, float]:
    """Weight of every word that is common enough."""
    weight: collections.Counter[bytes] = collections.Counter()
    n_sources: collections.Counter[bytes] = collections.Counter()
    for source, share in SOURCES.items():
        n_words: collections.Counter[bytes] = collections.Counter()
        n_documents: collections.Counter[bytes] = collections.Counter()
        with tarfile.open(directory / f"{source}.tar.xz") as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is None:
                    continue
                words = collections.Counter(w.lower() for w in re.findall(rb"[A-Za-z]{2,}", file.read()))
                n_words.update(words)
                n_documents.update(words.keys())
        total = sum(n_words.values())
        few = 1 if source == "dialogue" else MIN_DOCUMENTS  # dialogue has few, long documents
        for word, n in n_words.items():
            if n_documents[word] >= few:
                weight[word] += n * 1e6 * share / total  # type: ignore[assignment]
                n_sources[word] += 1
    return {word: w for word, w in weight.items() if n_sources[word] >= MIN_SOURCES}


def ordered(weight: dict[bytes, float]) -> list[bytes]:
    """All words in the order of their codes."""
    words = [w for w in weight if len(w) <= 20]
    one = sorted(words, key=lambda w: -weight[w])[:N_ONE]
    rest = [w for w in words if w not in set(one)]
    two = sorted(rest, key=lambda w: -weight[w] * (1 if len(w) > 2 else 0.3))[:N_TWO]
    three = [w for w in rest if w not in set(two) and len(w) > 3]
    classes = [sorted(two[i : i + CLASS], key=lambda w: w[::-1]) for i in range(0, N_TWO, CLASS)]
    return one + [w for c in classes for w in c] + sorted(three, key=lambda w: w[::-1])


if __name__ == "__main__":
    sys.stdout.buffer.write(b"".join(w + b"\n" for w in ordered(counts(Path(sys.argv[1])))))
