"""Spikes of an imported network in time steps, beside those of the framework that wrote it."""

from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from tests.docs.pages import ROOT
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import Neuron

__all__ = ["GRAPHS", "PEERS", "Difference", "differences", "recorded_frames"]

PEERS = ("norse", "sinabs", "snntorch", "spikingjelly")

GRAPHS = ROOT / "tests/sw/nir/peers"


class Difference(NamedTuple):
    """Spikes of a layer that only one of both has, and those that the framework has.

    Where counts of a time step differ by 2, that is two spikes.
    """

    differing: int
    spikes: int


def _watched(neuron: Neuron, seen: list[torch.Tensor]) -> Neuron:
    """The same neurons without a floor; their spikes are kept."""
    fields: dict[str, Any] = asdict(neuron)
    kind: Any = type(neuron)

    @dataclass(frozen=True)
    class Watched(kind):
        def __call__(self, *arguments: Any) -> torch.Tensor:
            seen.append(super().__call__(*arguments))
            return seen[-1]

    made: Any = Watched(**fields | ({"floor": -inf} if "floor" in fields else {}))
    return made


def recorded_frames() -> torch.Tensor:
    """Frames that every framework was given, ``[time, recording, channel, y, x]``."""
    with np.load(GRAPHS / "inputs.npz") as inputs:
        return torch.from_numpy(inputs["frames"]).float()


def differences(model: SpikingNetwork, file: Path) -> list[Difference]:
    """Of each spiking layer, beside a framework's spikes in a file; without a floor, which none of
    them has."""
    neurons, seen = model.layer_neurons, []
    model.layer_neurons = tuple(_watched(neuron, seen) for neuron in neurons)
    try:
        with torch.no_grad():
            model(recorded_frames())
    finally:
        model.layer_neurons = neurons
    result = []
    with np.load(file) as theirs:
        assert len(theirs.files) == len(seen)
        for index, spikes in enumerate(seen, 1):
            expected = theirs[f"layer{index}"].astype(int)
            ours = spikes.numpy().astype(int).reshape(expected.shape)
            result.append(Difference(int(abs(ours - expected).sum()), int(expected.sum())))
    return result
