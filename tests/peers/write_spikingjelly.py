"""A network of spikingjelly, as its own export writes it and as it runs: ``INPUTS FOLDER``."""

# pyright: reportMissingImports=false

import nir
import torch
from outputs import set_weights, watch, write_outputs
from spikingjelly.activation_based import functional
from spikingjelly.activation_based.neuron import IFNode, LIFNode
from spikingjelly.activation_based.nir_exchange import export_to_nir
from torch import nn


def neuron(threshold, decay):
    if decay == 1:
        return IFNode(v_threshold=threshold, v_reset=0.0)
    return LIFNode(1 / (1 - decay), v_threshold=threshold, v_reset=0.0)


def build(weights, thresholds, frames, decay):
    neurons = [neuron(each, decay) for each in thresholds]
    network = nn.Sequential(
        nn.Conv2d(2, 4, 5, stride=4, padding=2, bias=False),
        neurons[0],
        nn.Conv2d(4, 8, 3, stride=2, bias=False),
        neurons[1],
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 10, bias=False),
        neurons[2],
    )
    set_weights([network[0], network[2], network[6]], weights)
    seen = watch(neurons)
    for frame in frames:
        network(frame)
    spikes = [torch.stack(steps) for steps in seen]
    functional.reset_net(network)
    graph = export_to_nir(network, frames[0, :1])
    return graph, spikes, network


write_outputs(build, nir.write)
