"""A network of sinabs, as its own export writes it and as it runs there: ``INPUTS FOLDER``."""

import nir
import numpy as np
import torch
from outputs import write_outputs
from sinabs.layers import IAFSqueeze, SumPool2d
from sinabs.nir import to_nir
from torch import nn


def build(weights, thresholds, frames):
    first, second, last = map(torch.from_numpy, weights)
    recordings = frames.shape[1]
    network = nn.Sequential(
        nn.Conv2d(2, 4, 5, stride=4, padding=2, bias=False),
        IAFSqueeze(batch_size=recordings, spike_threshold=thresholds[0]),
        nn.Conv2d(4, 8, 3, stride=2, padding=1, bias=False),
        IAFSqueeze(batch_size=recordings, spike_threshold=thresholds[1]),
        SumPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 10, bias=False),
        IAFSqueeze(batch_size=recordings, spike_threshold=thresholds[2]),
    )
    weights = (first, second, last.flatten(1) / 4)  # of sums, not of averages
    for layer, weight in zip(network[::2][:2] + network[6:7], weights, strict=True):
        layer.weight.data = weight
    # Recordings first: its layers see ``[recording * time, ...]``.
    x = torch.from_numpy(frames).transpose(0, 1).flatten(0, 1)
    spikes = []
    with torch.no_grad():
        for layer in network:
            x = layer(x)
            if isinstance(layer, IAFSqueeze):
                counts = x.unflatten(0, (recordings, -1)).transpose(0, 1)
                spikes.append(counts.numpy().astype(np.int64))
        graph = to_nir(network, torch.from_numpy(frames[0]))
    # Without it the convolutions lack their input's shape, and no file can be written.
    graph.infer_types()
    return graph, spikes


write_outputs(build, nir.write)
