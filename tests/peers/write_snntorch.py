"""A network of snnTorch, as its own export writes it and as it runs there: ``INPUTS FOLDER``."""

import nir
import torch
from outputs import write_outputs
from snntorch import Leaky, utils
from snntorch.export_nir import export_to_nir
from torch import nn


SHAPES = ((4, 9, 9), (8, 5, 5), (10,))
"""Of the neurons' outputs; its graphs are not valid where parameters have none."""


def build(weights, thresholds, frames):
    first, second, last = map(torch.from_numpy, weights)
    neurons = [
        Leaky(beta=torch.ones(shape), threshold=torch.full(shape, each), init_hidden=True)
        for shape, each in zip(SHAPES, thresholds, strict=True)
    ]
    network = nn.Sequential(
        nn.Conv2d(2, 4, 5, stride=4, padding=2, bias=False),
        neurons[0],
        nn.Conv2d(4, 8, 3, stride=2, padding=1, bias=False),
        neurons[1],
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 10, bias=False),
        neurons[2],
    )
    for index, weight in ((0, first), (2, second), (6, last.flatten(1))):
        network[index].weight.data = weight
    spikes = [[], [], []]
    for neuron, steps in zip(neurons, spikes, strict=True):
        neuron.register_forward_hook(lambda *call, steps=steps: steps.append(call[2]))
    with torch.no_grad():
        for frame in torch.from_numpy(frames):
            network(frame)
        counts = [torch.stack(steps).numpy() for steps in spikes]
        utils.reset(network)
        graph = export_to_nir(network, torch.from_numpy(frames[0, :1]), ignore_dims=[0])
    return graph, counts


write_outputs(build, nir.write)
