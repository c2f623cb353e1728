"""Spikes of an imported network in time steps, beside those of the framework that wrote it."""

from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from tests.docs.pages import ROOT
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire

__all__ = ["GRAPHS", "PEERS", "Difference", "differences", "recorded_frames"]

PEERS = ("norse", "sinabs", "snntorch", "spikingjelly")

GRAPHS = ROOT / "tests/sw/nir/peers"


class Difference(NamedTuple):
    """Spikes of a layer that only one of both has, and those that the framework has.

    Where counts of a time step differ by 2, that is two spikes.
    """

    differing: int
    spikes: int


@dataclass(frozen=True)
class _Watched(IntegrateAndFire):
    """The same neurons; their spikes are kept, layer by layer."""

    seen: list[torch.Tensor] = field(default_factory=list)

    def __call__(
        self, current: torch.Tensor, floor: float | torch.Tensor | None = None
    ) -> torch.Tensor:
        self.seen.append(super().__call__(current, floor))
        return self.seen[-1]


def recorded_frames() -> torch.Tensor:
    """Frames that every framework was given, ``[time, recording, channel, y, x]``."""
    with np.load(GRAPHS / "inputs.npz") as inputs:
        return torch.from_numpy(inputs["frames"]).float()


def differences(model: SpikingNetwork, file: Path) -> list[Difference]:
    """Of each spiking layer, beside a framework's spikes in a file; without a floor, which none of
    them has."""
    neuron = model.neuron
    assert isinstance(neuron, IntegrateAndFire)
    watched = _Watched(-inf, neuron.surrogate, neuron.spikes, neuron.reset, neuron.strict)
    model.neuron = watched
    try:
        with torch.no_grad():
            model(recorded_frames())
    finally:
        model.neuron = neuron
    result = []
    with np.load(file) as theirs:
        assert len(theirs.files) == len(watched.seen)
        for index, spikes in enumerate(watched.seen, 1):
            expected = theirs[f"layer{index}"].astype(int)
            ours = spikes.numpy().astype(int).reshape(expected.shape)
            result.append(Difference(int(abs(ours - expected).sum()), int(expected.sum())))
    return result
