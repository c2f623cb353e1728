"""The training loop: one phase of a run."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from tickless.progress import bar
from tickless.sw.training.batches import Batches
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.settings import Settings
from tickless.sw.training.team import Team
from tickless.sw.training.time_steps import draw_time_steps

__all__ = ["Phase", "TrainingLoop"]


@dataclass(frozen=True)
class Phase:
    """Part of a training run.

    Parameters
    ----------
    name : str
        For the progress bar.
    method : str
        One of `sw.training.time_steps.METHODS`.
    epochs, samples : int
        Epochs, and samples of each.
    learning_rate : float
        Its highest value.
    """

    name: str
    method: str
    epochs: int
    samples: int
    learning_rate: float


class TrainingLoop:
    """Training of a network in one phase, in one cycle of the learning rate.

    It rises for a twentieth of the phase, and falls to zero as half a cosine.

    Parameters
    ----------
    model : SpikingNetwork
        The network, on the device to compute on.
    batches : Batches
        Training samples.
    settings : Settings
        Of the run.
    phase : Phase
        What to do.
    generator : numpy.random.Generator
        Source of all chance.
    team : Team
        Processes to share the work with.
    """

    def __init__(
        self,
        model: SpikingNetwork,
        batches: Batches,
        settings: Settings,
        phase: Phase,
        generator: np.random.Generator,
        team: Team,
    ):
        self._model, self._batches, self._settings = model, batches, settings
        self._phase, self._generator, self._team = phase, generator, team
        self._joined = team.joined(model)
        rate = phase.learning_rate
        weights, decay = model.parameters(), settings.weight_decay
        if settings.optimizer == "adamw":
            self._optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=decay)
        else:
            self._optimizer = torch.optim.SGD(weights, lr=rate, weight_decay=decay, momentum=0.9)
        iterations = max(1, phase.epochs * max(1, phase.samples // settings.batch))
        # OneCycleLR divides by zero where the rise takes exactly one iteration: 0.05 of 20.
        rise = 0.05 if iterations > 20 else 0.3
        # AdamW's first momentum moves against the rate, torch's default; SGD's stays.
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            rate,
            total_steps=iterations,
            pct_start=rise,
            cycle_momentum=settings.optimizer == "adamw",
        )

    def epoch(self, number: int) -> None:
        """Train on the samples of one epoch, the ``number``-th."""
        model, phase = self._model, self._phase
        stages = model.stages[-1] + 1
        seen = deque(maxlen=50)
        model.train()
        order = self._batches.epoch(phase.samples, self._generator)
        title = f"{phase.name} {number}/{phase.epochs}"
        leads = self._team.leads
        shown = bar(order, title, "batches") if leads else tqdm(order, disable=True)
        for chosen in shown:
            self._optimizer.zero_grad()
            *others, last = draw_time_steps(phase.method, self._settings, stages, self._generator)
            with self._team.apart(self._joined):
                seen.extend(self._pass(chosen, steps) for steps in others)
            seen.append(self._pass(chosen, last))
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            self._optimizer.step()
            self._schedule.step()
            self._limit()
            right, spikes = np.mean(seen, axis=0)
            shown.set_postfix(accuracy=f"{right:.3f}", spikes=f"{spikes:.0f}", refresh=False)

    def state(self) -> dict[str, Any]:
        """State of optimizer and learning rate."""
        return {
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take on a state that `state` gave."""
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])

    def _pass(self, chosen: np.ndarray, steps: Sequence[int]) -> tuple[float, float]:
        """Forward and backward pass; accuracy, and spikes a sample of the busiest layer."""
        model, settings = self._model, self._settings
        device = model.weights[0].device
        mine = self._team.part(chosen)
        frames, labels = self._batches.draw(mine, steps[0], self._generator)
        labels = labels.to(device)
        with torch.autocast(device.type, torch.bfloat16, settings.mixed_precision):
            logits, spikes = self._joined(frames.to(device), steps)
        if model.sums:
            # The readout's mean over time, on the scale it has at the settings' time steps.
            logits = logits / settings.steps
        loss = functional.cross_entropy(logits, labels)
        rates = torch.stack(spikes)
        excess = functional.relu(rates / settings.rate_budget - 1)
        (loss + settings.rate_penalty * excess.sum()).backward()
        return float((logits.argmax(1) == labels).float().mean()), float(rates.detach().max())

    @torch.no_grad()
    def _limit(self) -> None:
        """Keep the weights within the settings' limit, once no batch norm scales them."""
        model, limit = self._model, self._settings.weight_limit
        if not limit or model.norms:
            return
        for index, geometry in enumerate(model.geometries[:-1]):
            shortcut = model.shortcut(index)
            edges = [(model.weights[index], geometry), *([shortcut] if shortcut else [])]
            for weight, edge in edges:
                most = limit * edge.pool**2
                weight.clamp_(-most, most)
