"""One of two agents that share a model: `python -m codelength.experiments.parts.agent send|receive ...`

The sender reads a text from standard input and writes packets to standard output, each two bytes of length
and a range code of the next symbols; the receiver reads packets and writes the text. Neither sees anything
else of the other. Both report on standard error, a JSON object a packet.
"""

from __future__ import annotations

import json
import math
import sys
from itertools import count
from typing import IO, Any

import numpy as np

from codelength.codec.networks import NetworkFile, default_network
from codelength.coding.range_coder import RangeDecoder, RangeEncoder
from codelength.errors import CodecError
from codelength.predictors import Network, registry
from codelength.predictors.protocol import Predictor

__all__ = ["PACKET_SYMBOLS", "Altered", "altered", "one_weight_off", "receive", "send"]

PACKET_SYMBOLS = 256
_WEIGHT = "layers.0.gates.weight"


class Altered:
    """A predictor in which one number is off: the frequency of one symbol is one higher, in every place."""

    def __init__(self, inner: Predictor, symbol: int) -> None:
        self.alphabet_size = inner.alphabet_size
        self._inner = inner
        self._symbol = symbol

    def distribution(self) -> Any:
        """Frequencies, uint32 (A,)."""
        frequencies = self._inner.distribution().copy()
        frequencies[self._symbol] += 1
        return frequencies

    def update(self, symbol: int) -> None:
        """As the predictor inside."""
        self._inner.update(symbol)

    def reset(self) -> None:
        """As the predictor inside."""
        self._inner.reset()


def one_weight_off(network: NetworkFile) -> NetworkFile:
    """The network with one weight different: the first gate's first one of the largest is 1 nearer to 0."""
    from safetensors.numpy import load, save

    tensors = load(network.data)
    weights = tensors[_WEIGHT].copy()
    place = np.unravel_index(int(np.abs(weights.astype(int)).argmax()), weights.shape)
    weights[place] -= np.sign(weights[place])
    return NetworkFile(network.name, save(tensors | {_WEIGHT: weights}, network.metadata))


def altered(name: str) -> Predictor:
    """The predictor of a name with one number off: a weight of the network, or the frequency of q."""
    if name == "network":
        return Network(one_weight_off(default_network()).native)
    return Altered(registry.get_bytewise(name), ord("q"))


def send(text: bytes, predictor: Predictor, sink: IO[bytes], reports: IO[str]) -> None:
    """Code the text, packet by packet. The report of a packet says what the model lost on it, in bits."""
    predictor.reset()
    for start in range(0, len(text), PACKET_SYMBOLS):
        encoder, loss_bits = RangeEncoder(), []
        for symbol in text[start : start + PACKET_SYMBOLS]:
            cumulative = np.cumsum(predictor.distribution(), dtype=np.uint64)
            low = int(cumulative[symbol - 1]) if symbol else 0
            high, total = int(cumulative[symbol]), int(cumulative[-1])
            encoder.encode(low, high - low, total)
            loss_bits.append(math.log2(total / (high - low)))
            predictor.update(symbol)
        code = encoder.finish()
        report = {"n_symbols": len(loss_bits), "loss_bits": math.fsum(loss_bits), "sent_bits": 8 * len(code)}
        reports.write(json.dumps(report) + "\n")
        sink.write(len(loss_bits).to_bytes(2, "big") + len(code).to_bytes(2, "big") + code)
        sink.flush()


def receive(source: IO[bytes], predictor: Predictor, sink: IO[bytes], reports: IO[str]) -> None:
    """Restore the text. Ends at the first packet that no encoder with this model writes, and says so."""
    predictor.reset()
    for number in count():
        head = source.read(4)
        if len(head) < 4:
            return
        n_symbols, n_bytes = int.from_bytes(head[:2], "big"), int.from_bytes(head[2:], "big")
        code = source.read(n_bytes)
        try:
            decoder = RangeDecoder(code)
            for _ in range(n_symbols):
                cumulative = np.cumsum(predictor.distribution(), dtype=np.uint64)
                total = int(cumulative[-1])
                symbol = int(np.searchsorted(cumulative, decoder.peek(total), side="right"))
                low = int(cumulative[symbol - 1]) if symbol else 0
                decoder.consume(low, int(cumulative[symbol]) - low, total)
                predictor.update(symbol)
                sink.write(bytes([symbol]))
            decoder.finish()
        except CodecError as error:
            reports.write(json.dumps({"packet": number, "error": str(error)}) + "\n")
            while source.read(1 << 16):  # the sender shall not meet a closed pipe
                pass
            return


def main() -> None:
    """`send PREDICTOR`, `receive PREDICTOR`, or `receive PREDICTOR altered` with one number off."""
    role, name, *change = sys.argv[1:]
    predictor = altered(name) if change else registry.get_bytewise(name)
    if role == "send":
        send(sys.stdin.buffer.read(), predictor, sys.stdout.buffer, sys.stderr)
    else:
        receive(sys.stdin.buffer, predictor, sys.stdout.buffer, sys.stderr)


if __name__ == "__main__":
    main()
