"""One training step after another, with everything that a checkpoint must hold to go on bit for bit.

Letters: B streams, T bytes of a window.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from codelength.training.calibrate import calibrate, calibration_windows
from codelength.training.config import Config, model_config
from codelength.training.corpus import Corpus
from codelength.training.network import ByteNetwork, State, grown, is_table
from codelength.training.optimizers import Muon, RowAdam
from codelength.training.quantise import QuantisedNetwork, Scales
from codelength.training.schedule import Schedule
from codelength.training.streams import StreamBatcher, Window, validation_windows

__all__ = ["Place", "Trainer"]

Place = tuple[State, dict[str, Any]]
"""Where a worker is in the data: the recurrent states of its streams, and `StreamBatcher.state`."""

_CALIBRATIONS = 8
"""In the fall of the rate, at equal distances from its start on: the weights go on moving."""
_CALIBRATION_WINDOWS = 4


def _optimizers(network: ByteNetwork, config: Config) -> list[tuple[torch.optim.Optimizer, float]]:
    """The update rules, each with its learning rate at full height."""
    training = config.training
    rows, matrices, decayed, plain = [], [], [], []
    for name, parameter in network.named_parameters():
        if is_table(name):
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
        dtype = torch.bfloat16 if training.bfloat16 else torch.float32
        muon = Muon(matrices, training.matrix_rate, weight_decay=training.weight_decay, dtype=dtype)
        result.append((muon, training.matrix_rate))
    if rows:
        result.append((RowAdam(rows, training.row_rate), training.row_rate))
    return result


class Trainer:
    """A network, its update rules and its place in the data; `step` moves all of them."""

    def __init__(
        self,
        config: Config,
        corpus: Corpus,
        device: str = "cpu",
        schedule: Schedule | None = None,
        worker: int = 0,
        n_workers: int = 1,
    ) -> None:
        self.config = config
        self._worker, self._n_workers = worker, n_workers
        self.others: list[Place] = []
        """Of the other workers when all last met, at worker 0."""
        self.schedule = schedule or Schedule(config.training.warmup_steps)
        self._keeps_schedule = schedule is not None
        self.device = torch.device(device)
        training = config.training
        self._reduced = self.device.type == "cuda" or training.bfloat16
        with torch.random.fork_rng(devices=[]):
            # The weights are drawn on the CPU whatever the device: one seed, one start.
            torch.manual_seed(training.seed)
            self.network = ByteNetwork(config.model).to(self.device)
        self.optimizers = _optimizers(self.network, config)
        self.batcher = StreamBatcher(
            corpus,
            training.streams,
            training.window,
            training.piece_bytes,
            training.seed + worker * 0x9E3779B9,
            config.model.echoes,
        )
        self.state: State = self.network.first_state(training.streams, self.device)
        self.n_steps = 0
        self.n_bytes = 0
        self.scales: Scales | None = None
        self._model: nn.Module = self.network
        self._calibration_windows: list[Window] = []
        self._corpus = corpus
        self._dense = [p for name, p in self.network.named_parameters() if not is_table(name)]
        self._validation = {
            source.name: (
                source.share,
                validation_windows(
                    source.validation, training.validation_bytes, training.window, config.model.echoes
                ),
            )
            for source in corpus.sources
            if source.validation
        }

    def _tensors(self, window: Window) -> list[Tensor]:
        parts = (window.bytes, window.age, window.echoes, window.counted)
        return [torch.from_numpy(part).to(self.device) for part in parts]

    def _length_nats(self, model: nn.Module, window: Window, state: State) -> tuple[Tensor, State]:
        """Sum of the code lengths of the counted bytes in nats, and the state after the window."""
        data, age, echoes, counted = self._tensors(window)
        # bfloat16 would round the steps of the integers.
        reduced = self._reduced and not isinstance(model, QuantisedNetwork)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=reduced):
            logits, state = model(data, age, state, echoes)
        targets = data[:, -age.shape[1] :].long()
        targets = targets.masked_fill(~counted, -100)
        lengths = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="sum")
        return lengths, [each.detach() for each in state]

    def quantise(self, scales: Scales | None = None) -> None:
        """From here on computes as the integer export will; with scales from a calibration if none are given.

        ValueError if the format has no integer network of this shape.
        """
        if scales is None:
            if not self._calibration_windows:
                training = self.config.training
                self._calibration_windows = calibration_windows(
                    self._corpus, training, self.config.model.echoes, _CALIBRATION_WINDOWS
                )
            scales = calibrate(self.network, self._calibration_windows)
        self.scales = scales
        self._model = QuantisedNetwork(self.network, scales)

    def _calibrate_if_due(self) -> None:
        start, n_steps = self.schedule.decay_start, self.schedule.decay_steps
        if self.scales is not None and start is not None and self.n_steps > start:
            interval = -(-n_steps // _CALIBRATIONS)
            if (self.n_steps - start) % interval == 0:
                self.quantise()

    def step(self) -> tuple[Tensor, Tensor]:
        """Reads a window of each stream and updates the weights.

        Returns the mean code length in bits per byte before the update and the norm of the dense gradient
        before clipping, both as tensors: reading them makes a GPU wait.
        """
        self._calibrate_if_due()
        window = self.batcher.next_window()
        n_bytes = int(window.counted.sum())
        lengths, self.state = self._length_nats(self._model, window, self.state)
        (lengths / n_bytes).backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self._dense, self.config.training.clip)
        factor = self.schedule.factor(self.n_steps)
        for optimizer, rate in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.n_steps += 1
        self.n_bytes += n_bytes * self._n_workers
        return lengths.detach() / (n_bytes * math.log(2)), norm

    @torch.no_grad()
    def validate(self, model: nn.Module | None = None) -> dict[str, float]:
        """Bits per byte on the validation part of each source, and under "mix" their mean weighted by the
        shares.

        An estimate from the network's probabilities over the first bytes of stretches of at most 4096 bytes,
        each from a fresh state; nothing is coded. Of `model`, or of what is being trained: once `quantise`
        was called, the network in the arithmetic of its export.
        """

        def rate_bpb(windows: list[Window]) -> float:
            state = self.network.first_state(windows[0].age.shape[0], self.device)
            nats = torch.zeros((), dtype=torch.float64, device=self.device)
            n_bytes = 0
            for window in windows:
                lengths, state = self._length_nats(model or self._model, window, state)
                nats += lengths
                n_bytes += int(window.counted.sum())
            return float(nats) / (n_bytes * math.log(2))

        return self.validation_rates(rate_bpb)

    def validation_rates(self, rate_bpb: Callable[[list[Window]], float]) -> dict[str, float]:
        """What `rate_bpb` says of each source's validation windows; "mix" is the mean by the shares."""
        rates_bpb = {name: rate_bpb(windows) for name, (_, windows) in self._validation.items()}
        share_sum = sum(share for share, _ in self._validation.values())
        if share_sum:
            total = sum(share * rates_bpb[name] for name, (share, _) in self._validation.items())
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
        for worker, (state, _) in enumerate(self.others, 1):
            found |= {f"worker.{worker}.state.{index}": value for index, value in enumerate(state)}
        if self.scales is not None:
            found |= {f"scales.{name}": value for name, value in self.scales.tensors().items()}
        return {name: value.detach().cpu().contiguous() for name, value in found.items()}

    def facts(self) -> dict[str, Any]:
        """Everything else, as JSON."""
        return {
            "config": self.config.to_dict(),
            "n_steps": self.n_steps,
            "n_bytes": self.n_bytes,
            "decay_start": self.schedule.decay_start,
            "decay_steps": self.schedule.decay_steps,
            "start": self.schedule.start,
            "batcher": self.batcher.state(),
            "others": [batcher for _, batcher in self.others],
        }

    def place(self) -> Place:
        """Where this worker is in the data, now."""
        return [value.cpu() for value in self.state], self.batcher.state()

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continues where `tensors` and `facts` were taken.

        The model must be the same, or one with more layers or longer echoes: it then begins as the same
        function, from fresh states and with update rules anew. What the configuration says of the training
        counts from here on, and so does the schedule, if this trainer was given one.
        ValueError if the checkpoint does not fit.
        """
        network = {name[8:]: value for name, value in tensors.items() if name.startswith("network.")}
        before, now = model_config(facts["config"]["model"]), self.config.model
        if before != now:
            if not before.may_become(now) or any(name.startswith("scales.") for name in tensors):
                raise ValueError("the checkpoint holds another network")
            network, tensors = grown(network, self.network), {}
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
        # A checkpoint that is kept may hold the weights alone: its streams then go on from a fresh state.
        weights = {source["name"]: source["weight"] for source in facts["config"]["source"]}
        mix = {name: weight / sum(weights.values()) for name, weight in weights.items()}
        others = facts.get("others", [])
        if self._worker == 0:
            prefix, batcher = "", facts["batcher"]
            self.others = [
                ([tensors[f"worker.{w}.state.{index}"] for index in range(len(self.state))], place)
                for w, place in enumerate(others[: self._n_workers - 1], 1)
                if f"worker.{w}.state.0" in tensors
            ]
        elif self._worker <= len(others):
            prefix, batcher = f"worker.{self._worker}.", others[self._worker - 1]
        else:
            # New among them: it goes on from what the first has read of each source, with other pieces.
            prefix, batcher = f"worker.{self._worker}.", {**facts["batcher"], "at": []}
        if self.batcher.restore(batcher, mix) and f"{prefix}state.0" in tensors:
            self.state = [tensors[f"{prefix}state.{index}"].to(now) for index, now in enumerate(self.state)]
        self.n_steps, self.n_bytes = facts["n_steps"], facts["n_bytes"]
        scales = {name[7:]: value for name, value in tensors.items() if name.startswith("scales.")}
        if scales:
            self.quantise(Scales.from_tensors(scales))
        if not self._keeps_schedule:
            self.schedule = Schedule(
                self.schedule.warmup_steps, facts["decay_start"], facts["decay_steps"], facts.get("start", 0)
            )
