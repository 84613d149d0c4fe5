"""Where the network's state begins in content of a known kind."""

import numpy as np
import torch

from codelength.training.corpus import Corpus, SourceDocuments
from codelength.training.first_states import _length_nats, first_states


def test_the_first_bytes_cost_less(make):
    trainer = make()
    for _ in range(60):
        trainer.step()
    (source,) = trainer._corpus.sources
    logs = SourceDocuments("logs", 0.5, source.training[:3], (), "logs")
    corpus = Corpus((SourceDocuments("words", 0.5, source.training, (), "text"), logs))
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    found = first_states(trainer.network, corpus, 1)
    assert (found.shape, found.dtype) == ((5, 2, 32), np.int16)
    assert [bool(of_kind.any()) for of_kind in found] == [True, False, False, False, True]
    assert (found[0] != found[4]).any()
    assert all(torch.equal(value, before[name]) for name, value in trainer.network.state_dict().items())
    assert all(parameter.requires_grad for parameter in trainer.network.parameters())
    # From the middle of documents that were not learned from: the network knows their beginnings.
    pieces = [document.content[k : k + 20] for document in source.validation for k in range(3, 250, 7)]
    state = trainer.network.first_state(1)
    with torch.no_grad():
        without = float(_length_nats(trainer.network, state, pieces))
        for number, each in enumerate(state[::2]):
            each.copy_(torch.from_numpy(found[0][number] / 32767))
        assert float(_length_nats(trainer.network, state, pieces)) < without
    assert np.array_equal(first_states(trainer.network, corpus, 1), found)


def test_nothing_is_known_of_no_text(make):
    trainer = make()
    assert not first_states(trainer.network, Corpus(()), 1).any()
