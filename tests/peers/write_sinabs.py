"""A network of sinabs, as its own export writes it and as it runs there: ``INPUTS FOLDER``."""

# pyright: reportMissingImports=false

from math import log

import nir
from outputs import set_weights, watch, write_outputs
from sinabs.layers import IAFSqueeze, LIFSqueeze, SumPool2d
from sinabs.nir import to_nir
from torch import nn


def neuron(threshold, decay, recordings):
    if decay == 1:
        return IAFSqueeze(batch_size=recordings, spike_threshold=threshold)
    tau = -1 / log(decay)
    return LIFSqueeze(tau_mem=tau, batch_size=recordings, spike_threshold=threshold)


def build(weights, thresholds, frames, decay):
    recordings = frames.shape[1]
    neurons = [neuron(each, decay, recordings) for each in thresholds]
    network = nn.Sequential(
        nn.Conv2d(2, 4, 5, stride=4, padding=2, bias=False),
        neurons[0],
        nn.Conv2d(4, 8, 3, stride=2, bias=False),
        neurons[1],
        SumPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 10, bias=False),
        neurons[2],
    )
    set_weights([network[0], network[2], network[6]], weights)
    seen = watch(neurons)
    # Its layers take recordings and time in one axis, the recordings first.
    network(frames.transpose(0, 1).flatten(0, 1))
    spikes = [each.unflatten(0, (recordings, -1)).transpose(0, 1) for (each,) in seen]
    if decay < 1:
        # Its leaky neurons have no shape in a graph, nor does that say what of a current arrives.
        return None, spikes, network
    graph = to_nir(network, frames[0])
    # Without it the convolutions lack their input's shape, and no file can be written.
    graph.infer_types()
    return graph, spikes, network


write_outputs(build, nir.write)
