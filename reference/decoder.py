#!/usr/bin/env python3
"""A decoder of the clz format, version 1, written from ``docs/format.md`` alone.

    python reference/decoder.py FILE.clz > FILE
    python reference/decoder.py FILE.clz --network MODEL.safetensors > FILE
    python reference/decoder.py --message FILE --network MODEL.safetensors > CONTENT

Plain Python, nothing but the standard library, and the dictionary ``words.txt`` beside it. It is slow (about
a kilobyte a second, and less with a network) and meant to be read next to the document: the numbers in the
comments are the sections of ``docs/format.md``, and each section has its module in this folder, from the
frame down to the bit:

    1 frames    2 messages    3 predictors, payload, words, arithmetic
    4 logistic, histories, contexts, matches, mixers, maps, mixing
    5 model_file, network    6 lanes, forecast, phrases, starts, and mixing again
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from frames import decode
from messages import decode_message
from model_file import NetworkError
from network import Network
from reading import FormatError

__all__ = ["FormatError", "Network", "NetworkError", "decode", "decode_message"]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Decode a clz archive, slowly, to the standard output.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--message", action="store_true", help="the file is a message, not an archive")
    parser.add_argument(
        "--network",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a model file that the archive may need (repeatable); for a message, the one of all messages",
    )
    options = parser.parse_args()
    if options.message and len(options.network) > 1:
        parser.error("all messages have one network")
    networks = []
    for path in options.network:
        try:
            networks.append(Network.read(path))
        except NetworkError as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
    data = options.file.read_bytes()
    try:
        content = decode_message(data, *networks) if options.message else decode(data, networks)
    except FormatError as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
