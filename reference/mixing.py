"""4 and 6. The mixing predictor, with a network or without: its inputs, and the order of it all (4.8)."""

from __future__ import annotations

from contexts import (
    CONTEXTS_IN_LANES,
    CONTEXTS_OF_KIND,
    OWN_CONTEXTS,
    SLOT,
    Features,
    Followers,
    SlotTable,
    class_of,
    hash_of,
    hashed,
)
from forecast import Forecast
from histories import NEXT_STATE, STATE_PRIOR
from lanes import Symbols, count_lanes
from logistic import STRETCH, AdaptiveProbability, squash
from maps import RefiningMap
from matches import Match, MatchTable
from mixers import Mixer
from network import Network
from phrases import Phrases
from predictors import PREDICTORS, TEXT, TEXT_KINDS, WORDS, Parameters
from starts import SETTLEDNESS, Start

__all__ = ["Model"]


class Lane:
    """What a lane has of its own (6.1)."""

    def __init__(self, size: int, features: Features, match: Match, network: Network | None) -> None:
        self.size = size
        self.features = features
        self.match = match
        self.sequence = network.start() if network else None
        self.hashes: dict[int, int] = {}  # by the numbers of the contexts
        self.take_hashes()

    def take_hashes(self) -> None:
        """Once the last symbol has been learnt."""
        contexts = self.features.contexts()
        self.hashes = {q: hash_of(q, a, b) for q, (a, b) in contexts.items()}
        self.hashes |= {q: hashed(self.hashes[of], self.features.lane) for q, of in OWN_CONTEXTS.items()}

    def take_match_hashes(self) -> None:
        """Once the match is that of this symbol."""
        contexts = self.features.match_contexts(self.match.symbol, self.match.length)
        self.hashes.update({q: hash_of(q, a, b) for q, (a, b) in contexts.items()})

    def has_ended(self) -> bool:
        return len(self.features.symbols) >= self.size


class Model:
    """The whole predictor.

    For each symbol ``start_symbol``, eight times ``probability`` and ``learn``, and ``finish_symbol``.
    """

    def __init__(
        self,
        predictor: int,
        kind: int,
        content_size: int,
        stride: int = 0,
        network: Network | None = None,
    ) -> None:
        parameters = PREDICTORS[predictor]
        start = network.starts.get((predictor, kind)) if network else None
        assert parameters.has_network == (network is not None)
        self.kind = kind
        self.count = parameters.contexts
        if kind in TEXT_KINDS:
            contexts = CONTEXTS_IN_LANES if parameters.most_lanes > 1 else CONTEXTS_OF_KIND[TEXT]
        else:
            contexts = CONTEXTS_OF_KIND[kind]
        numbers = contexts.split()[: self.count - 1]
        self.numbers = [int(number) for number in numbers]
        lines = content_size * self.count // 2
        self.line_bits = max(8, min(parameters.most_line_bits, lines.bit_length()))
        self.table = SlotTable(self.line_bits)
        # Context 0: for every last symbol, one slot of the first half and 16 of the second.
        self.order1 = bytearray(SLOT * 17 * 256)
        if start:
            self.history = [[AdaptiveProbability(p, SETTLEDNESS) for p in row] for row in start.histories]
        else:
            self.history = [[AdaptiveProbability(p) for p in STATE_PRIOR] for _ in range(self.count)]
        match_table = MatchTable(content_size, parameters.least_match, start)
        self.make_mixers(parameters, start)
        self.forecast = Forecast() if network else None
        self.phrases = Phrases(network.phrases, start) if network else None
        self.final_map = RefiningMap()
        self.pair_map = RefiningMap() if network else None

        self.lanes = self.make_lanes(match_table, content_size, stride, network, parameters.most_lanes)
        self.turn = -1  # the lane whose symbol is the current one
        self.lane = self.lanes[0]
        self.symbols = start.symbols if start else 0  # so far, of all lanes, and of the start

        self.k = 0  # bits of the current symbol so far
        self.partial = 1  # c0
        self.node = 1
        self.slots: list[tuple[bytearray, int]] = []  # per context, the table and where in it the slot begins
        self.states: list[int] = []
        self.pairs: list[AdaptiveProbability] = []
        self.place = 0
        self.rate = 0

    def make_mixers(self, parameters: Parameters, start: Start | None) -> None:
        """4.6, 6.4 and 6.6."""
        self.last_mixer: Mixer | None = None
        if parameters.has_network:
            weights = [40000 // self.count] * (self.count + 1) + [0, 0] + [40000, 0, 0] + [0, 0, 0]
            last_weights = [10000, 10000, 10000, 10000, 16384, 10000]
            self.mixers = [Mixer(weights, start.weights[i] if start else None) for i in range(5)]
            self.last_mixer = Mixer(last_weights, start.last if start else None)
        else:
            weights = [160000 // self.count] * (self.count + 1) + [0, 0]
            self.mixers = [Mixer(weights) for _ in range(4 if parameters.layers == 2 else 1)]
            if parameters.layers == 2:
                self.last_mixer = Mixer([16384] * 4)

    def make_lanes(
        self,
        match_table: MatchTable,
        content_size: int,
        stride: int,
        network: Network | None,
        most_lanes: int,
    ) -> list[Lane]:
        """6.1. Without a network there is one lane, of as many symbols as there may be."""
        if network:
            count = count_lanes(content_size, most_lanes)
            lane_size = -(-content_size // count)
            last = content_size
        else:
            count = 1
            lane_size = last = 2 * content_size + 1
        symbols = Symbols(count, lane_size)
        followers = Followers()
        lanes = []
        for lane, own in enumerate(symbols.of_lane):
            size = min(lane_size, last - lane * lane_size)  # none where that is negative
            features = Features(stride, own, followers, lane)
            lanes.append(Lane(size, features, Match(match_table, symbols, lane), network))
        return lanes

    def start_symbol(self) -> None:
        """The lane whose turn it is; the match, its hashes, the slots, the phrases, place and rate."""
        self.turn = (self.turn + 1) % len(self.lanes)
        while self.lanes[self.turn].has_ended():
            self.turn = (self.turn + 1) % len(self.lanes)
        self.lane = lane = self.lanes[self.turn]
        features = lane.features
        self.k, self.partial, self.node = 0, 1, 1
        lane.match.find(features)
        lane.take_match_hashes()
        self.take_slots()
        if self.phrases:
            self.phrases.find(lane.hashes)
        if self.kind in (*TEXT_KINDS, WORDS):
            self.place = min(features.word_length, 7) * 8 + class_of(features.c)
        elif features.stride > 0:
            self.place = features.row & 63
        else:
            self.place = len(features.symbols) & 3
        self.rate = 16 + 192 * 16384 // (16384 + self.symbols)

    def take_slots(self) -> None:
        """The slots of a half, in the order of the contexts."""
        shift = 32 - self.line_bits
        hashes = [self.lane.hashes[q] for q in self.numbers]
        if self.k == 0:
            of_order1 = 0
            places = [(h >> shift, h & 0xFF) for h in hashes]
        else:
            bits = self.partial & 15
            of_order1 = 1 + bits
            places = [(h >> shift ^ (bits + 1), (h + 61 * self.partial) & 0xFF) for h in hashes]
        self.slots = [(self.order1, SLOT * (17 * self.lane.features.c + of_order1))]
        self.slots += [(self.table.data, self.table.take(line, check)) for line, check in places]

    def inputs(self) -> list[int]:
        """What speaks for a one and for a zero (4.6, 6.2, 6.3)."""
        node = self.node
        self.states = [data[slot + node] for data, slot in self.slots]
        self.pairs = [pairs[state] for pairs, state in zip(self.history, self.states, strict=True)]
        inputs = [STRETCH[pair.p >> 6] for pair in self.pairs]
        inputs += self.lane.match.inputs(self.partial, self.k)
        inputs.append(256)
        if self.forecast and self.lane.sequence:
            frequencies = self.lane.sequence.frequencies()
            inputs += self.forecast.inputs(frequencies, self.lane.features.c, self.partial, self.k)
        if self.phrases:
            inputs += self.phrases.inputs(self.partial, self.k)
        return inputs

    def probability(self) -> int:
        """The probability, in 1/65536, that the next bit is a one."""
        inputs = self.inputs()
        c = self.lane.features.c
        seen = sum(state != 0 for state in self.states[2 : min(self.count, 7)])
        y = self.mixers[0].mix(inputs, (self.lane.match.level() * 8 + seen) * 8 + self.k)
        if self.last_mixer is not None:
            selected = [self.partial, c, self.place * 8 + self.k]
            if self.forecast:
                selected.append((self.forecast.odds + 3071) // 256 * 8 + self.k)
            others = [mixer.mix(inputs, s) for mixer, s in zip(self.mixers[1:], selected, strict=True)]
            if self.forecast:
                others.append(self.forecast.odds)
            y = self.last_mixer.mix([y, *others], self.partial)
        total = squash(y) + self.final_map.refined(y, c * 256 + self.partial)
        if self.pair_map:
            pair = hashed(self.lane.features.c4 & 0xFFFF, self.partial) >> 16
            total = (total + squash(y) + self.pair_map.refined(y, pair)) >> 1
        return max(1, min(65535, (total + 1) >> 1))

    def learn(self, bit: int) -> None:
        """Take in the bit whose probability was asked for."""
        next_state = NEXT_STATE[bit]
        for (data, slot), state, pair in zip(self.slots, self.states, self.pairs, strict=True):
            data[slot + self.node] = next_state[state]
            pair.learn(bit)
        self.lane.match.learn(bit)
        if self.forecast:
            self.forecast.learn(bit)
        if self.phrases:
            self.phrases.learn(bit)
        for mixer in self.mixers:
            mixer.learn(bit, self.rate)
        if self.last_mixer is not None:
            self.last_mixer.learn(bit, 48)
        self.final_map.learn(bit)
        if self.pair_map:
            self.pair_map.learn(bit)

        self.k += 1
        self.partial = self.partial * 2 + bit
        self.node = self.node * 2 + bit
        if self.k == 4:
            self.node = 1
            self.take_slots()

    def finish_symbol(self, symbol: int, completed: int) -> None:
        """Take in the symbol as a whole, which completed this number of bytes of the content."""
        self.symbols += 1
        self.lane.features.update(symbol, completed)
        self.lane.take_hashes()
        if self.lane.sequence and not self.lane.has_ended():
            self.lane.sequence.feed(symbol)
