"""A network of snnTorch, as its own export writes it and as it runs there: ``INPUTS FOLDER``.

It has no integrate-and-fire neurons: leaky ones that keep all of their membrane take their place.
"""

# pyright: reportMissingImports=false

import nir
import torch
from outputs import set_weights, watch, write_outputs
from snntorch import Leaky, utils
from snntorch.export_nir import export_to_nir
from torch import nn

SHAPES = ((4, 9, 9), (8, 4, 4), (10,))
"""Of what reaches the neurons: where their parameters have others, it refuses to export."""


def build(weights, thresholds, frames, decay):
    neurons = [
        Leaky(beta=torch.full(shape, decay), threshold=torch.full(shape, each), init_hidden=True)
        for shape, each in zip(SHAPES, thresholds, strict=True)
    ]
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
    utils.reset(network)
    graph = export_to_nir(network, frames[0, :1], ignore_dims=[0])
    return graph, spikes, network


write_outputs(build, nir.write)
