"""Where the network's state begins in content whose kind is known beforehand (docs/format.md, 6.1)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from codelength import _native
from codelength.training.corpus import Corpus, SourceDocuments
from codelength.training.network import ByteNetwork, State
from codelength.training.phrases import is_text
from codelength.training.streams import HISTORY, echoes_of

__all__ = ["first_states"]

_PIECE_BYTES = 128
_N_PIECES = 16
_N_STEPS = 120
_RATE = 0.03


def _pieces(sources: list[SourceDocuments], random: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Pieces of training documents, from sources by the square root of their share."""
    shares = np.sqrt([source.share for source in sources])
    pieces = []
    for number in random.choice(len(sources), _N_PIECES, p=shares / shares.sum()):
        documents = sources[number].training
        content = documents[random.integers(len(documents))].content
        start = int(random.integers(max(1, content.size - _PIECE_BYTES + 1)))
        pieces.append(content[start : start + _PIECE_BYTES])
    return pieces


def _length_nats(network: ByteNetwork, state: State, pieces: list[NDArray[np.uint8]]) -> torch.Tensor:
    """Mean over the bytes of the pieces, each of which begins with the state (1, ...)."""
    window = np.zeros((len(pieces), HISTORY + _PIECE_BYTES), np.uint8)
    echoes = np.zeros((len(pieces), _PIECE_BYTES, len(network.config.echoes)), np.int32)
    counted = np.zeros((len(pieces), _PIECE_BYTES), np.bool_)
    for row, piece in enumerate(pieces):
        window[row, HISTORY : HISTORY + piece.size] = piece
        echoes[row, : piece.size] = echoes_of(piece, network.config.echoes)
        counted[row, : piece.size] = True
    # Not age 0, where the state would be dropped; the bytes before are zeros, as they are for it.
    age = torch.full(counted.shape, HISTORY, dtype=torch.int32)
    begun = [each.expand(len(pieces), *each.shape[1:]) for each in state]
    logits, _ = network(torch.from_numpy(window), age, begun, torch.from_numpy(echoes))
    targets = torch.from_numpy(window[:, HISTORY:]).long().masked_fill(~torch.from_numpy(counted), -100)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def _learn(network: ByteNetwork, sources: list[SourceDocuments], seed: int) -> NDArray[np.float64]:
    """(layers, width): the state h from which the first bytes cost least, by gradient descent."""
    state = network.first_state(1)
    h = state[:: len(state) // network.config.layers]
    for each in h:
        each.requires_grad_(True)
    rule = torch.optim.Adam(h, _RATE)
    random = np.random.default_rng(seed)
    for step in range(_N_STEPS):
        for group in rule.param_groups:
            group["lr"] = _RATE * (1 - step / _N_STEPS)
        rule.zero_grad()
        _length_nats(network, state, _pieces(sources, random)).backward()  # type: ignore[no-untyped-call]
        rule.step()
        with torch.no_grad():
            for each in h:
                each.clamp_(-1, 1)
    return torch.cat(h).detach().double().numpy()


def first_states(network: ByteNetwork, corpus: Corpus, seed: int) -> NDArray[np.int16]:
    """The tensor first_states (kinds of text, layers, width); zeros for a kind that no source has."""
    config = network.config
    found = np.zeros((len(_native.TEXT_KINDS), config.layers, config.width), np.int16)
    needed = [parameter.requires_grad for parameter in network.parameters()]
    network.requires_grad_(False)
    for number, kind in enumerate(_native.TEXT_KINDS):
        sources = [source for source in corpus.sources if source.text_kind == kind and is_text(source)]
        if sources:
            found[number] = np.rint(32767 * _learn(network, sources, seed))
    for parameter, need in zip(network.parameters(), needed, strict=True):
        parameter.requires_grad_(need)
    return found
