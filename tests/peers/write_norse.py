"""A network of Norse, as its own export writes it and as it runs there: ``INPUTS FOLDER``.

It exports neither pooling nor the flattening of a map: the last layer is a dilated convolution of
one position. Its convolutions need biases, of zero here.
"""

# pyright: reportMissingImports=false

import nir
import torch
from norse.torch import IAFCell, IAFParameters, LIFBoxCell, LIFBoxParameters, SequentialState
from norse.torch.utils.export_nir import to_nir
from outputs import set_weights, watch, write_outputs
from torch import nn

SHAPES = ((4, 9, 9), (8, 4, 4), (10, 1, 1))
"""Of what reaches the neurons: where their parameters have others, shapes cannot be inferred."""


DT = 0.001
"""Time step in seconds, the one that its export takes."""


def neuron(shape, threshold, decay):
    threshold = torch.full(shape, threshold)
    if decay == 1:
        return IAFCell(IAFParameters(v_th=threshold))
    inverse, zero = torch.full(shape, (1 - decay) / DT), torch.zeros(shape)
    return LIFBoxCell(LIFBoxParameters(inverse, zero, threshold, zero), dt=DT)


def build(weights, thresholds, frames, decay):
    neurons = [neuron(shape, each, decay) for shape, each in zip(SHAPES, thresholds, strict=True)]
    network = SequentialState(
        nn.Conv2d(2, 4, 5, stride=4, padding=2),
        neurons[0],
        nn.Conv2d(4, 8, 3, stride=2),
        neurons[1],
        nn.Conv2d(8, 10, 2, dilation=3),
        neurons[2],
    )
    set_weights([network[0], network[2], network[4]], weights)
    seen = watch(neurons)
    state = None
    for frame in frames:
        _, state = network(frame, state)
    spikes = [torch.stack([step for step, _ in steps]) for steps in seen]
    graph = to_nir(network, frames[0, 0])
    # Without it the convolutions lack their input's shape, and no file can be written.
    graph.infer_types()
    return graph, spikes, network


write_outputs(build, nir.write)
