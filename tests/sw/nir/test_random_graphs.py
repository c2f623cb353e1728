"""Graphs drawn at random: imported, they spike event by event as torch's functions say."""

from typing import Any

import nir
import numpy as np
import pytest
import torch

from tickless.sw.nir.importing import from_nir
from tickless.sw.training.float_engine import FloatEngine

from .graphs import chain, conv2d, linear, linear_part, neurons, spikes_of

WAYS = (("sinabs", "subtract", False), ("spikingjelly", "zero", False), ("norse", "zero", True))


def shape_behind(node, shape):
    return tuple(linear_part(node, torch.zeros(shape, dtype=torch.float64)).shape)


class Drawn:
    """Nodes of layers, each of some linear nodes in any order and neurons; one of them weights.

    None has both pooling and dilation: they become one kernel with zeros between, and what these
    reach fires once more where it is still above its threshold.
    """

    def __init__(self, rng, sensor, layers):
        self.rng, self.shape, self.nodes = rng, sensor, []
        for _ in range(layers):
            self.weighted = self.pooled = self.dilated = False
            for _ in range(rng.integers(4)):
                rng.choice([self.pool, self.scale, self.weigh])()
            # One a channel, a power of two.
            threshold = 2.0 ** rng.integers(-1, 3, self.by_channel())
            self.nodes.append(neurons(self.shape, threshold))

    def by_channel(self):
        return (self.shape[0], *(1 for _ in self.shape[1:]))

    def add(self, node):
        self.shape = shape_behind(node, self.shape)
        self.nodes.append(node)

    def pool(self):
        window = self.rng.integers(1, 3, 2)
        if len(self.shape) == 3 and min(self.shape[1:]) > 1 and not self.dilated:
            self.pooled = True
            # Oblong windows with a remainder, then padding: refused.
            if (np.array(self.shape[1:]) % window).any():
                window = np.full(2, window.max())
            kind = self.rng.choice([nir.AvgPool2d, nir.SumPool2d])
            self.add(kind(window, window, np.zeros(2, int)))

    def scale(self):
        size = self.by_channel() if self.rng.integers(2) else ()
        self.add(nir.Scale(np.asarray(2.0 ** self.rng.integers(-1, 2, size))))

    def weigh(self):
        if self.weighted:
            return
        self.weighted = True
        if len(self.shape) == 3 and self.rng.integers(3):
            self.add(self.convolution())
            return
        if len(self.shape) == 3:
            self.add(nir.Flatten({"input": np.array(self.shape)}, 0, -1))
        self.add(linear(self.weights(self.rng.integers(2, 9), self.shape[0])))

    def convolution(self):
        channels, *size = self.shape
        groups = int(self.rng.choice([g for g in range(1, channels + 1) if channels % g == 0]))
        kernel, stride, dilation = (self.rng.integers(1, 4, 2) for _ in range(3))
        dilation = np.ones(2, int) if self.pooled else dilation
        self.dilated = bool((dilation > 1).any())
        # As much padding as the kernel needs, at least.
        padding = np.maximum(dilation * (kernel - 1) + 1 - size, 0) + self.rng.integers(0, 2, 2)
        weight = self.weights(groups * self.rng.integers(1, 4), channels // groups, *kernel)
        pairs: list[Any] = [tuple(map(int, pair)) for pair in (stride, padding, dilation)]
        return conv2d(weight, pairs[0], pairs[1], pairs[2], groups)

    def weights(self, *shape):
        """Multiples of 1/64, which sums hold exactly."""
        return self.rng.integers(-16, 40, shape) / 64


@pytest.mark.parametrize("seed", range(24))
def test_an_imported_network_spikes_as_its_graph_does(seed):
    rng = np.random.default_rng(seed)
    sensor = tuple(int(length) for length in (rng.integers(1, 4), *rng.integers(3, 9, 2)))
    semantics, reset, strict = WAYS[seed % len(WAYS)]
    graph = chain(*Drawn(rng, sensor, rng.integers(1, 4)).nodes, sensor=sensor)
    events = rng.integers(0, sensor, (150, 3)).astype(np.int32)
    expected = spikes_of(graph, events, reset, strict)
    imported = from_nir(graph, semantics=semantics, floor=-1000.0, dt=1.0, resolution=512)
    model = imported.checkpoint.model
    _, found, _ = FloatEngine(model).run(events)
    for geometry, spikes, mine in zip(model.geometries, expected.values(), found, strict=False):
        _, height, width = geometry.output_shape
        # What pooling behind leaves over is not computed.
        live = spikes[(spikes[:, 1] < height) & (spikes[:, 2] < width)]
        assert np.array_equal(live, mine)
