"""Golden model: what an integer network means, one event at a time."""

from collections.abc import Sequence

import numpy as np
import torch

from sw.layer import Layer
from sw.network import Network
from sw.sample import check_sample
from sw.trace import LayerTrace, SampleTrace

__all__ = ["run"]

Event = tuple[int, int, int]


def run(
    network: Network, events: np.ndarray, reads: Sequence[int] | np.ndarray = ()
) -> SampleTrace:
    """Everything that a network does with one sample.

    Parameters
    ----------
    network : Network
        Integer network.
    events : numpy.ndarray
        int32 ``[n, 3]``: ``(channel, y, x)`` in order; END follows the last one.
    reads : sequence of int
        Number of rows of ``events`` before each READ, not decreasing.

    Raises
    ------
    ValueError
        If ``events`` or ``reads`` has another form. Events outside the sensor are no error: they
        are dropped and counted.
    """
    places = check_sample(events, reads).tolist()
    layers = [_SpikingLayer(layer) for layer in network.layers[:-1]]
    readout = _Readout(network.layers[-1])
    dropped = 0
    for position in range(len(events) + 1):
        while places and places[0] == position:
            places.pop(0)
            for layer in layers:
                layer.read()
            readout.read()
        if position == len(events):
            break
        channel, y, x = events[position].tolist()
        channels, height, width = network.input_shape
        if not (0 <= channel < channels and 0 <= y < height and 0 <= x < width):
            dropped += 1
            continue
        arriving = [(channel, y, x)]
        for layer in layers:
            arriving = [spike for event in arriving for spike in layer.receive(event)]
        for event in arriving:
            readout.receive(event)
    return SampleTrace(
        layers=tuple(layer.trace() for layer in layers),
        logits=readout.logits(),
        read_logits=np.array(readout.answers, np.int32).reshape(-1, network.classes),
        readout_events=readout.events,
        readout_sops=readout.sops,
        saturations=readout.saturations,
        dropped=dropped,
    )


class _WeightedLayer:
    """Membranes ``[rows, columns, channels]`` of one layer, and the weights that an event adds."""

    def __init__(self, layer: Layer):
        channels, height, width = layer.geometry.output_shape
        self.geometry = layer.geometry
        self.weight = torch.from_numpy(layer.weight.astype(np.int64))
        self.membrane = torch.zeros((height, width, channels), dtype=torch.int64)
        self.events = 0
        self.sops = 0

    def visit(self, event: Event) -> tuple[torch.Tensor, torch.Tensor, Event]:
        """Membranes that an event reaches, as a view, their weights and the view's first neuron."""
        channel, y, x = event
        geometry = self.geometry
        row, column = geometry.reach(0, y), geometry.reach(1, x)
        outputs = geometry.group_channels(channel)
        view = self.membrane[
            row.first : row.first + row.count,
            column.first : column.first + column.count,
            outputs.start : outputs.stop,
        ]
        kernel_y = row.kernel_first - geometry.stride * torch.arange(row.count)
        kernel_x = column.kernel_first - geometry.stride * torch.arange(column.count)
        own = self.weight[outputs.start : outputs.stop, channel % self.weight.shape[1]]
        weight = own[:, kernel_y][:, :, kernel_x].permute(1, 2, 0)
        self.events += 1
        self.sops += view.numel()
        return view, weight, (outputs.start, row.first, column.first)


class _SpikingLayer(_WeightedLayer):
    """Integrate-and-fire neurons of one layer."""

    def __init__(self, layer: Layer):
        super().__init__(layer)
        self.threshold = torch.from_numpy(layer.threshold.astype(np.int64))
        self.floor = torch.from_numpy(layer.floor.astype(np.int64))
        self.ceil = torch.tensor(layer.ceil)
        self.spikes: list[Event] = []
        self.reads: list[int] = []

    def receive(self, event: Event) -> list[Event]:
        """Spikes that one event causes, in the order they leave."""
        view, weight, (channel, y, x) = self.visit(event)
        outputs = slice(channel, channel + view.shape[2])
        s = view + weight
        fired = s >= self.threshold[outputs]
        s = torch.where(fired, s - self.threshold[outputs], s)
        view.copy_(torch.clamp(s, self.floor[outputs], self.ceil))
        # The view's axes are rows, columns, channels: the order of nonzero() is the contract's.
        spikes = [(channel + c, y + j, x + i) for j, i, c in fired.nonzero().tolist()]
        self.spikes += spikes
        return spikes

    def read(self) -> None:
        self.reads.append(len(self.spikes))

    def trace(self) -> LayerTrace:
        return LayerTrace(
            spikes=np.array(self.spikes, np.int32).reshape(-1, 3),
            read_positions=np.array(self.reads, np.int64),
            membrane=self.membrane.permute(2, 0, 1).contiguous().numpy().astype(np.int32),
            events=self.events,
            sops=self.sops,
        )


class _Readout(_WeightedLayer):
    """Logits: saturating sums of weights that never spike."""

    def __init__(self, layer: Layer):
        super().__init__(layer)
        self.ceil = layer.ceil
        self.answers: list[np.ndarray] = []
        self.saturations = 0

    def receive(self, event: Event) -> None:
        view, weight, _ = self.visit(event)
        s = view + weight
        view.copy_(torch.clamp(s, -self.ceil - 1, self.ceil))
        self.saturations += int((view != s).sum())

    def logits(self) -> np.ndarray:
        return self.membrane.reshape(-1).numpy().astype(np.int32)

    def read(self) -> None:
        self.answers.append(self.logits())
