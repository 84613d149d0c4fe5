"""One training step after another, with everything that a checkpoint must hold to go on bit for bit.

Letters: B streams, T bytes of a window.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from codelength.training.config import Config
from codelength.training.corpus import Corpus
from codelength.training.network import ByteNetwork, State
from codelength.training.optimizers import Muon, RowAdam
from codelength.training.schedule import Schedule
from codelength.training.streams import StreamBatcher, Window, validation_windows

__all__ = ["Trainer"]


def _optimizers(network: ByteNetwork, config: Config) -> list[tuple[torch.optim.Optimizer, float]]:
    """The update rules, each with its learning rate at full height."""
    training = config.training
    rows, matrices, decayed, plain = [], [], [], []
    for name, parameter in network.named_parameters():
        if name == "ngrams.weight":
            rows.append(parameter)
        elif parameter.ndim < 2 or name == "bytes.weight" or name.endswith("taps"):
            plain.append(parameter)
        elif name.startswith("layers.") and training.matrix_rule == "muon":
            matrices.append(parameter)
        else:
            decayed.append(parameter)
    groups = [
        {"params": decayed, "weight_decay": training.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    adam = torch.optim.AdamW(groups, lr=training.rate, betas=(0.9, 0.99), eps=1e-8, fused=True)
    result: list[tuple[torch.optim.Optimizer, float]] = [(adam, training.rate)]
    if matrices:
        muon = Muon(matrices, training.matrix_rate, weight_decay=training.weight_decay)
        result.append((muon, training.matrix_rate))
    if rows:
        result.append((RowAdam(rows, training.row_rate), training.row_rate))
    return result


class Trainer:
    """A network, its update rules and its place in the data; `step` moves all of them."""

    def __init__(
        self, config: Config, corpus: Corpus, device: str = "cpu", schedule: Schedule | None = None
    ) -> None:
        self.config = config
        self.schedule = schedule or Schedule(config.training.warmup_steps)
        self.device = torch.device(device)
        training = config.training
        with torch.random.fork_rng(devices=[]):
            # The weights are drawn on the CPU whatever the device: one seed, one start.
            torch.manual_seed(training.seed)
            self.network = ByteNetwork(config.model).to(self.device)
        self.optimizers = _optimizers(self.network, config)
        self.batcher = StreamBatcher(
            corpus, training.streams, training.window, training.piece_bytes, training.seed
        )
        self.state: State = self.network.first_state(training.streams, self.device)
        self.n_steps = 0
        self.n_bytes = 0
        self._dense = [p for name, p in self.network.named_parameters() if name != "ngrams.weight"]
        self._validation = {
            source.name: (
                source.share,
                validation_windows(source.validation, training.validation_bytes, training.window),
            )
            for source in corpus.sources
            if source.validation
        }

    def _tensors(self, window: Window) -> tuple[Tensor, Tensor, Tensor]:
        data, age = torch.from_numpy(window.bytes), torch.from_numpy(window.age)
        counted = torch.from_numpy(window.counted)
        return data.to(self.device), age.to(self.device), counted.to(self.device)

    def _length_nats(self, window: Window, state: State) -> tuple[Tensor, State]:
        """Sum of the code lengths of the counted bytes in nats, and the state after the window."""
        data, age, counted = self._tensors(window)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            logits, state = self.network(data, age, state)
        targets = data[:, -age.shape[1] :].long()
        targets = targets.masked_fill(~counted, -100)
        lengths = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="sum")
        return lengths, [each.detach() for each in state]

    def step(self) -> tuple[Tensor, Tensor]:
        """Reads a window of each stream and updates the weights.

        Returns the mean code length in bits per byte before the update and the norm of the dense gradient
        before clipping, both as tensors: reading them makes a GPU wait.
        """
        window = self.batcher.next_window()
        n_bytes = int(window.counted.sum())
        lengths, self.state = self._length_nats(window, self.state)
        (lengths / n_bytes).backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self._dense, self.config.training.clip)
        factor = self.schedule.factor(self.n_steps)
        for optimizer, rate in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.n_steps += 1
        self.n_bytes += n_bytes
        return lengths.detach() / (n_bytes * math.log(2)), norm

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Bits per byte on the validation part of each source, and under "mix" their mean weighted by the
        shares.

        An estimate from the network's probabilities over the first bytes of stretches of at most 4096 bytes,
        each from a fresh state; nothing is coded.
        """
        rates_bpb: dict[str, float] = {}
        total = share_sum = 0.0
        for name, (share, windows) in self._validation.items():
            state = self.network.first_state(windows[0].age.shape[0], self.device)
            nats = torch.zeros((), dtype=torch.float64, device=self.device)
            n_bytes = 0
            for window in windows:
                lengths, state = self._length_nats(window, state)
                nats += lengths
                n_bytes += int(window.counted.sum())
            rates_bpb[name] = float(nats) / (n_bytes * math.log(2))
            total += share * rates_bpb[name]
            share_sum += share
        if share_sum:
            rates_bpb["mix"] = total / share_sum
        return rates_bpb

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor that the steps to come depend on, by name."""
        found = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for number, (optimizer, _) in enumerate(self.optimizers):
            for index, values in optimizer.state_dict()["state"].items():
                for key, value in values.items():
                    found[f"optimizer.{number}.{index}.{key}"] = value
        found |= {f"state.{index}": value for index, value in enumerate(self.state)}
        return {name: value.detach().cpu().contiguous() for name, value in found.items()}

    def facts(self) -> dict[str, Any]:
        """Everything else, as JSON."""
        return {
            "config": self.config.to_dict(),
            "n_steps": self.n_steps,
            "n_bytes": self.n_bytes,
            "decay_start": self.schedule.decay_start,
            "decay_steps": self.schedule.decay_steps,
            "batcher": self.batcher.state(),
        }

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continues where `tensors` and `facts` were taken.

        The model must be the same; what the configuration says of the training counts from here on.
        ValueError if the checkpoint does not fit.
        """
        network = {name[8:]: value for name, value in tensors.items() if name.startswith("network.")}
        try:
            self.network.load_state_dict(network)
        except RuntimeError as error:
            raise ValueError(f"the checkpoint holds another network: {error}") from error
        for number, (optimizer, _) in enumerate(self.optimizers):
            prefix = f"optimizer.{number}."
            state: dict[int, dict[str, Tensor]] = {}
            for name, value in tensors.items():
                if name.startswith(prefix):
                    index, key = name[len(prefix) :].split(".")
                    state.setdefault(int(index), {})[key] = value
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})
        if self.batcher.restore(facts["batcher"]):
            self.state = [tensors[f"state.{index}"].to(now) for index, now in enumerate(self.state)]
        self.n_steps, self.n_bytes = facts["n_steps"], facts["n_bytes"]
        if self.schedule.decay_start is None:
            self.schedule = Schedule(self.schedule.warmup_steps, facts["decay_start"], facts["decay_steps"])
