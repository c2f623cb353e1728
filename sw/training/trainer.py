"""A training run: its phases, from samples to a network."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tickless.progress import bar
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import Recordings, class_names, sensor
from tickless.sw.data.frames import FrameSource
from tickless.sw.data.losses import warn_of_dropped
from tickless.sw.judge.evaluate import renormalized, score_events, score_steps
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.architectures import layers
from tickless.sw.training.batch_norms import fuse_norms, remove_shifts
from tickless.sw.training.batches import Batches
from tickless.sw.training.given import fingerprint, own_settings, trainable
from tickless.sw.training.loop import Phase, TrainingLoop
from tickless.sw.training.memory import keep_freed_memory
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire, Rectifier
from tickless.sw.training.record import record
from tickless.sw.training.refit import refit
from tickless.sw.training.scale_norm import ScaleNorm
from tickless.sw.training.settings import Settings, SettingsError
from tickless.sw.training.state import State, load_state, save_state
from tickless.sw.training.team import Team

__all__ = ["Trainer"]

NORMALIZING_BATCHES = 10
"""Training batches behind the statistics of batch norms at tested time steps (the MTT paper's)."""


class Trainer:
    """One training run.

    Parameters
    ----------
    settings : Settings
        What to do.
    recorded, extra : Recordings
        The data set's own samples, at least one, and simulated ones, or none.
    state : Path, optional
        File in which the run keeps its state after each epoch, and from which it goes on.
    start : Checkpoint, optional
        Network to begin with, instead of one by name with random weights and its pre-training; the
        settings are those of `sw.training.given.given_settings`.

    Members
    -------
    team : Team
        The processes that train together.

    Raises
    ------
    StateError
        If the file holds the state of another run.
    SettingsError
        If the batch cannot be shared by the team, or there is no such device.
    """

    def __init__(
        self,
        settings: Settings,
        recorded: Recordings,
        extra: Recordings,
        state: Path | None = None,
        start: Checkpoint | None = None,
    ):
        self.settings = settings
        self._path, self._start = state, start
        self.team = Team(_device(settings.device))
        self._device = self.team.device
        if settings.batch % self.team.size:
            raise SettingsError(
                f"batch = {settings.batch}: expected a multiple of the {self.team.size} processes"
            )
        torch.manual_seed(settings.seed)
        self._generator = np.random.default_rng(settings.seed)
        self._sensor = sensor(settings.dataset)
        self._run = self.description(settings, recorded, extra)
        if start is None:
            self.model = _network(settings).to(self._device)
        else:
            self.model = trainable(start, settings).to(self._device)
            self._run["from"] = fingerprint(start.model)
        self._state = load_state(state, self._run) if state else None
        self._batches = Batches(settings, recorded, extra, self._sensor)

    def run(self) -> Checkpoint:
        """Train; the network's accuracies are not yet measured.

        Batch norms are fused before fine-tuning, not after it. A batch norm that is locked, its
        shift removed, is a factor for each channel, so what can be learned is the same; but now
        weight decay, limits and rounding act on the weights that hardware gets, and nothing is
        left to fuse at the end.
        """
        settings, model = self.settings, self.model
        keep_freed_memory()
        for index, phase in enumerate(self._phases()):
            if index == 1 and settings.target == "events":
                remove_shifts(model)
                fuse_norms(model)
            if index == 2:
                model.quantization = Quantization(settings.weight_bits, settings.resolution)
            self._train_phase(index, phase)
        model.eval()
        if settings.refit_samples:
            refit(model, self._batches, settings)
        origin = (settings.dataset, settings.method, settings.seed, settings.steps)
        written, made = asdict(settings), record(self._device)
        if self._start is not None:
            written = own_settings(settings)
            made = {**self._start.record, **made, "from": fingerprint(self._start.model)}
        return Checkpoint(model.cpu(), *origin, written, record=made)

    @staticmethod
    def description(settings: Settings, recorded: Recordings, extra: Recordings) -> dict[str, Any]:
        """What tells the state of a run from that of others."""
        return {**asdict(settings), "recorded": len(recorded), "extra": len(extra)}

    def measure(self, checkpoint: Checkpoint, test: Recordings) -> tuple[dict[str, float], float]:
        """Accuracies on test samples, and the mean of their events that lie outside the sensor and
        are dropped."""
        steps = checkpoint.steps
        source = FrameSource(bar(test, "test samples", "samples"), self._sensor)
        lost = source.lost
        warn_of_dropped(lost)
        accuracies = {"time_stepped": score_steps(self.at(steps), source, steps)}
        if self.settings.target == "events":
            accuracies["float_events"] = score_events(checkpoint.model, test).accuracy
        return accuracies, sum(each.dropped for each in lost) / len(lost)

    def at(self, steps: int) -> SpikingNetwork:
        """The network as it is tested at this many time steps.

        Batch norms, if there are any, have the statistics of training samples at as many.
        """
        return renormalized(self.model, self._frames(steps)) if self.model.norms else self.model

    def _phases(self) -> list[Phase]:
        settings, rate = self.settings, self.settings.learning_rate
        phases = [
            Phase("pre-training", "sdt", settings.pretrain_epochs, settings.pretrain_samples, rate),
            Phase(settings.method, settings.method, settings.epochs, settings.samples, rate / 2),
        ]
        if settings.quantize_epochs:
            name = f"{settings.method}, {settings.weight_bits} bits"
            samples = settings.quantize_epochs, settings.samples
            phases.append(Phase(name, settings.method, *samples, rate / 4))
        return phases

    def _train_phase(self, index: int, phase: Phase) -> None:
        """Train in one phase, or in what is left of it."""
        state, begin = self._state, 0
        if state and index < state.phase:
            return
        parts = self.model, self._batches, self.settings, phase, self._generator, self.team
        loop = TrainingLoop(*parts)
        if state and index == state.phase:
            self.model.load_state_dict(state.model)
            self._generator.bit_generator.state = state.chance
            loop.restore(state.fitting)
            begin = state.epochs
        for epoch in range(begin, phase.epochs):
            loop.epoch(epoch + 1)
            if self._path and self.team.leads:
                parts = self.model.state_dict(), loop.state()
                chance = dict(self._generator.bit_generator.state)
                save_state(State(self._run, index, epoch + 1, *parts, chance), self._path)

    def _frames(self, steps: int) -> Iterator[torch.Tensor]:
        batch = self.settings.batch
        order = self._batches.epoch(NORMALIZING_BATCHES * batch, np.random.default_rng(0))
        return (self._batches.source.frames(chosen, steps) for chosen in order)


def _network(settings: Settings) -> SpikingNetwork:
    """Network by name, of random weights."""
    specs = layers(settings.network, len(class_names(settings.dataset)))
    if settings.neuron == "if":
        neuron = IntegrateAndFire(settings.floor, settings.surrogate)
    elif settings.neuron == "lif":
        neuron = LeakyIntegrateAndFire(settings.decay, settings.surrogate)
    else:
        neuron = Rectifier()
    norm = ScaleNorm if settings.norm == "scale" else nn.BatchNorm2d
    return SpikingNetwork(sensor(settings.dataset), specs, neuron, norm=norm)


def _device(name: str) -> torch.device:
    present = torch.cuda.is_available()
    if name == "cuda" and not present:
        raise SettingsError("device = 'cuda': torch sees no GPU: expected 'auto' or 'cpu'")
    return torch.device("cuda" if present and name != "cpu" else "cpu")
