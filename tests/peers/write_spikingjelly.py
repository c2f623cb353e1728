"""A network of spikingjelly, as its own export writes it and as it runs there: ``INPUTS FOLDER``."""

import nir
import torch
from outputs import write_outputs
from spikingjelly.activation_based import functional
from spikingjelly.activation_based.neuron import IFNode
from spikingjelly.activation_based.nir_exchange import export_to_nir
from torch import nn


def build(weights, thresholds, frames):
    first, second, last = map(torch.from_numpy, weights)
    neurons = [IFNode(v_threshold=each, v_reset=0.0) for each in thresholds]
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
        functional.reset_net(network)
        graph = export_to_nir(network, torch.from_numpy(frames[0, :1]))
    return graph, counts


write_outputs(build, nir.write)
