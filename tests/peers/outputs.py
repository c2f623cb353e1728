"""What each framework's script does: takes the inputs, writes its graph and every spike, and the
networks that its modules become without a graph.

The scripts run in environments of their own and find this module in their folder.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tickless import from_torch

__all__ = ["set_weights", "watch", "write_outputs"]

Build = Callable[
    [list[torch.Tensor], list[float], torch.Tensor, float],
    tuple[Any, list[torch.Tensor], nn.Sequential],
]
"""Of weights, thresholds, frames and what membranes keep in a time step, 1 without a leak: graph,
if there is one, spikes ``[time, recording, ...]`` by layer, modules."""

VARIANTS = {
    "exact": ("exact", 1.0, 1.0),
    "real": ("real", 1.0, 1.0),
    "leaky": ("exact", 0.5, 0.25),
}
"""Weights, what membranes keep, and a factor of the thresholds: what leaks is less."""


def write_outputs(build: Build, write: Callable[[str, Any], None]) -> None:
    """For each set of weights in the file of the first argument, in the folder of the second:
    ``<set>.nir``; ``<set>.npz``, arrays ``layer1`` and so on; ``<set>.safetensors`` and
    ``<set>.checkpoint.safetensors``."""
    inputs, folder = np.load(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    frames = torch.from_numpy(inputs["frames"]).float()
    for variant, (name, decay, factor) in VARIANTS.items():
        weights = [torch.from_numpy(inputs[f"{name}_weight{layer}"]) for layer in (1, 2, 3)]
        thresholds = [float(value) * factor for value in inputs[f"{name}_threshold"]]
        with torch.no_grad():
            graph, spikes, network = build(weights, thresholds, frames, decay)
        if graph is not None:
            write(str(folder / f"{variant}.nir"), graph)
        channels, height, width = frames.shape[2:]
        imported = from_torch(network, (channels, height, width), drop_leak=True)
        imported.network.save(folder / f"{variant}.safetensors")
        imported.checkpoint.save(folder / f"{variant}.checkpoint.safetensors")
        counts: dict[str, Any] = {
            f"layer{index}": each.numpy().astype(np.uint8) for index, each in enumerate(spikes, 1)
        }
        np.savez_compressed(folder / f"{variant}.npz", **counts)


def set_weights(layers: list[Any], weights: list[torch.Tensor]) -> None:
    """Weights of the layers, in the shapes that these have; biases, if any, are zero."""
    for layer, weight in zip(layers, weights, strict=True):
        layer.weight.copy_(weight.reshape(layer.weight.shape))
        if layer.bias is not None:
            layer.bias.zero_()


def watch(neurons: list[nn.Module]) -> list[list[torch.Tensor]]:
    """Lists that will be filled with what each of the modules returns."""
    seen = [[] for _ in neurons]
    for neuron, steps in zip(neurons, seen, strict=True):
        neuron.register_forward_hook(lambda *call, steps=steps: steps.append(call[2]))
    return seen
