"""Networks whose training is timed: ours, and the same one with other packages' neurons."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from itertools import pairwise
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tickless.progress import bar
from tickless.sw.training.architectures import layers
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire

__all__ = ["BATCH", "PACKAGES", "STEPS", "Peer", "seconds"]

STEPS, BATCH, EVENTS = 10, 40, 4000
SENSOR = (2, 34, 34)


class Peer(nn.Module):
    """The MTT paper's network for N-MNIST with another package's neurons behind its weights.

    All have threshold 1, no leak and reset by subtraction.

    Parameters
    ----------
    neuron : callable
        Makes a neuron layer: takes ``[time, batch, ...]`` and gives as much.
    """

    def __init__(self, neuron: Callable[[], Callable[[torch.Tensor], torch.Tensor]]):
        super().__init__()
        channels, strides = (2, 8, 16, 16), (1, 1, 2)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(*pair, 3, stride, 1, bias=False)
            for pair, stride in zip(pairwise(channels), strides, strict=True)
        )
        self.neurons = [neuron() for _ in strides]
        self.readout = nn.Linear(256, 10, bias=False)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Logits of ``[time, batch, channels, height, width]``."""
        x, leading = frames.flatten(0, 1), frames.shape[:2]
        for index, (convolution, neuron) in enumerate(
            zip(self.convolutions, self.neurons, strict=True)
        ):
            x = functional.avg_pool2d(x, 2) if index else x
            x = neuron(convolution(x).unflatten(0, leading)).flatten(0, 1)
        return self.readout(x.flatten(1)).unflatten(0, leading).mean(0)


def _spikingjelly() -> nn.Module:
    neuron = import_module("spikingjelly.activation_based.neuron")
    surrogate = import_module("spikingjelly.activation_based.surrogate")

    def layer() -> Callable[[torch.Tensor], torch.Tensor]:
        module = neuron.IFNode(
            v_reset=None, surrogate_function=surrogate.ATan(), detach_reset=True, step_mode="m"
        )

        def run(x: torch.Tensor) -> torch.Tensor:
            module.reset()
            return module(x)

        return run

    return Peer(layer)


def _snntorch() -> nn.Module:
    package = import_module("snntorch")

    def layer() -> Callable[[torch.Tensor], torch.Tensor]:
        module = package.Leaky(beta=1.0, reset_mechanism="subtract")

        def run(x: torch.Tensor) -> torch.Tensor:
            membrane, spikes = torch.zeros_like(x[0]), []
            for arriving in x:
                spike, membrane = module(arriving, membrane)
                spikes.append(spike)
            return torch.stack(spikes)

        return run

    return Peer(layer)


def _sinabs() -> nn.Module:
    package = import_module("sinabs.layers")

    def layer() -> Callable[[torch.Tensor], torch.Tensor]:
        module = package.IAF(min_v_mem=-2.0)

        def run(x: torch.Tensor) -> torch.Tensor:
            module.reset_states()
            return module(x.transpose(0, 1)).transpose(0, 1)

        return run

    return Peer(layer)


class _Tickless(nn.Module):
    def __init__(self, normalize: bool):
        super().__init__()
        specs = layers("mtt-nmnist", 10)
        self.chain = SpikingNetwork(SENSOR, specs, IntegrateAndFire(-2.0), normalize)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.chain(frames)[0] / STEPS


PACKAGES = {
    "tickless": partial(_Tickless, normalize=False),
    "with batch norm": partial(_Tickless, normalize=True),
    "spikingjelly": _spikingjelly,
    "snntorch": _snntorch,
    "sinabs": _sinabs,
}
"""What makes the network in each package; ImportError where it is not installed."""


def seconds(models: Mapping[str, nn.Module], runs: int) -> dict[str, list[float]]:
    """Seconds of forward pass, backward pass and step of each network, one after the other."""
    shape = (STEPS, BATCH, *SENSOR)
    frames = torch.poisson(torch.full(shape, EVENTS * BATCH / np.prod(shape)))
    labels = torch.randint(0, 10, (BATCH,))
    optimizers = {name: torch.optim.AdamW(model.parameters()) for name, model in models.items()}
    taken = {name: [] for name in models}
    for _ in bar(range(runs), "training", "run"):
        for name, model in models.items():
            start = perf_counter()
            optimizers[name].zero_grad()
            functional.cross_entropy(model(frames), labels).backward()
            optimizers[name].step()
            taken[name].append(perf_counter() - start)
    return taken
