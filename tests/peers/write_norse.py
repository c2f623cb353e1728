"""A network of Norse, as its own export writes it and as it runs there: ``INPUTS FOLDER``.

It exports neither pooling nor the flattening of a map: the last layer is a convolution, of one
position, and each has a bias, of zero, without which it fails.
"""

import nir
import torch
from norse.torch import IAFCell, IAFParameters, SequentialState
from norse.torch.utils.export_nir import to_nir
from outputs import write_outputs
from torch import nn


SHAPES = ((4, 9, 9), (8, 5, 5), (10, 1, 1))
"""Of the neurons' outputs; its graphs are not valid where parameters have none."""


def build(weights, thresholds, frames):
    neurons = [
        IAFCell(IAFParameters(v_th=torch.full(shape, each)))
        for shape, each in zip(SHAPES, thresholds, strict=True)
    ]
    network = SequentialState(
        nn.Conv2d(2, 4, 5, stride=4, padding=2),
        neurons[0],
        nn.Conv2d(4, 8, 3, stride=2, padding=1),
        neurons[1],
        nn.Conv2d(8, 10, 2, stride=3, dilation=2),
        neurons[2],
    )
    for index, weight in zip((0, 2, 4), weights, strict=True):
        network[index].weight.data = torch.from_numpy(weight)
        network[index].bias.data.zero_()
    spikes = [[], [], []]
    for neuron, steps in zip(neurons, spikes, strict=True):
        neuron.register_forward_hook(lambda *call, steps=steps: steps.append(call[2][0]))
    state = None
    with torch.no_grad():
        for frame in torch.from_numpy(frames):
            _, state = network(frame, state)
        counts = [torch.stack(steps).numpy() for steps in spikes]
        graph = to_nir(network, torch.from_numpy(frames[0, 0]))
    # Without it the convolutions lack their input's shape, and no file can be written.
    graph.infer_types()
    return graph, counts


write_outputs(build, nir.write)
