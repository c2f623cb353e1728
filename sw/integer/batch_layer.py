"""Layers of the batch engine: all positions of all recordings side by side.

A neuron depends on nothing but the events that reach it, in their order; so each position takes one
step for each event that reaches it, and a layer as many steps as its busiest position has events, a
part of all. Spikes are put into order afterwards, by event, position and channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tickless.sw.integer.checks import NO_READS
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.trace import LayerTrace

__all__ = ["BatchEvents", "BatchLayer"]

GATHERED = 1 << 25
"""Neurons updated before those that fired are sought among them: one byte each."""


@dataclass(frozen=True, eq=False)
class BatchEvents:
    """Events of all recordings, one recording behind the other.

    Members
    -------
    address : torch.Tensor
        int64 ``[n, 3]``: rows ``(channel, y, x)``.
    sample : torch.Tensor
        int64 ``[n]``: the recording of each.
    origin : torch.Tensor
        int64 ``[n]``: number of the event of the last fork that it follows from; without one,
        whatever.
    edge : torch.Tensor
        int64 ``[n]``: edge on which it arrives.
    """

    address: torch.Tensor
    sample: torch.Tensor
    origin: torch.Tensor
    edge: torch.Tensor

    def joined(self, fork: "BatchEvents") -> "BatchEvents":
        """These, behind each event of a fork those that follow from it, in a layer with a shortcut
        from there."""
        numbers = torch.arange(len(fork.sample), device=fork.sample.device)
        order = torch.cat([2 * numbers, 2 * self.origin + 1]).argsort(stable=True)
        return BatchEvents(
            torch.cat([fork.address, self.address])[order],
            torch.cat([fork.sample, self.sample])[order],
            torch.cat([numbers, self.origin])[order],
            torch.cat([torch.ones_like(numbers), torch.zeros_like(self.origin)])[order],
        )

    def numbered(self) -> "BatchEvents":
        """These as those of a fork, from which others follow."""
        numbers = torch.arange(len(self.sample), device=self.sample.device)
        return BatchEvents(self.address, self.sample, numbers, self.edge)


class _BatchEdge:
    """Edge into a layer: what events reach through it.

    Members
    -------
    weight : torch.Tensor
        int32 ``[inputs * kernel rows * kernel columns, channels]``; 0 for channels of other groups.
    outputs : int
        Channels that an event reaches.
    """

    def __init__(self, edge: Edge, device: torch.device):
        geometry = edge.geometry
        self.outputs = geometry.output_shape[0] // geometry.groups
        self._kernel = geometry.kernel
        self._axes = [_reach_tables(geometry, axis, device) for axis in (0, 1)]
        inputs, channels = geometry.input_shape[0], geometry.output_shape[0]
        whole = torch.zeros((inputs, *geometry.kernel, channels), dtype=torch.int32)
        weight = torch.from_numpy(edge.weight.astype(np.int32))
        for channel in range(inputs):
            reached = geometry.group_channels(channel)
            own = slice(reached.start, reached.stop)
            whole[channel, ..., own] = weight[own, channel % weight.shape[1]].permute(1, 2, 0)
        self.weight = whole.reshape(-1, channels).to(device)
        groups = torch.arange(channels) // self.outputs
        of_input = torch.arange(inputs) // (inputs // geometry.groups)
        self.reached = (of_input[:, None] == groups).to(device)

    def visits(self, address: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Row, column and row of the weights of each position that each event reaches,
        ``[events, positions]``; the row of the layer is -1 where there is none."""
        channel, y, x = address.unbind(1)
        (rows, row_taps), (columns, column_taps) = self._axes
        row, column = rows[y][:, :, None], columns[x][:, None, :]
        taps = (channel[:, None] * self._kernel[0] + row_taps[y])[:, :, None]
        weight = taps * self._kernel[1] + column_taps[x][:, None, :]
        there = (row >= 0) & (column >= 0)
        row, column = torch.where(there, row, -1), column.expand_as(there)
        return row.flatten(1), column.flatten(1), weight.flatten(1)


class BatchLayer:
    """Integrate-and-fire neurons of a layer, of all recordings of a batch."""

    def __init__(self, layer: Layer, device: torch.device):
        self._shape, self._device = layer.output_shape, device
        self._edges = [_BatchEdge(edge, device) for edge in layer.edges]
        self._weight = torch.cat([edge.weight for edge in self._edges])
        self._grouped = any(edge.geometry.groups > 1 for edge in layer.edges)
        taps = [len(edge.weight) // len(edge.reached) for edge in self._edges]
        self._reached = torch.cat(
            [
                edge.reached.repeat_interleave(count, 0)
                for edge, count in zip(self._edges, taps, strict=True)
            ]
        )
        self._threshold = torch.tensor(layer.threshold, device=device)
        self._floor = torch.tensor(layer.floor, device=device)
        self._ceil = torch.tensor(layer.ceil, dtype=torch.int32, device=device)
        self._zero = layer.reset == "zero"

    def run(self, events: BatchEvents, samples: int) -> tuple[BatchEvents, list[LayerTrace]]:
        """Spikes of all recordings, in order, and the trace of each recording."""
        channels, height, width = self._shape
        unit, weight, event, sops = self._visits(events, samples)
        # A step of a position for each of its visits, and the busiest positions first: those that
        # take part in a step are the first ones.
        counts = torch.bincount(unit, minlength=samples * height * width)
        busiest = counts.argsort(descending=True, stable=True)
        rank = torch.empty_like(busiest)
        rank[busiest] = torch.arange(len(busiest), device=self._device)
        by_unit = (unit * max(1, len(events.sample)) + event).argsort()
        starts = counts.cumsum(0) - counts
        step = torch.arange(len(unit), device=self._device) - starts[unit[by_unit]]
        order = by_unit[(step * len(counts) + rank[unit[by_unit]]).argsort()]
        sizes = torch.bincount(step).tolist()
        membrane = torch.zeros((len(counts), channels), dtype=torch.int32, device=self._device)
        place, channel = self._spikes(membrane, weight[order], sizes)
        fired = order[place]
        keys = (event[fired] * (height * width) + unit[fired] % (height * width)) * channels
        keys = (keys + channel).sort().values
        spikes = self._decoded(keys, events)
        by_place = membrane[rank].view(samples, height, width, channels).permute(0, 3, 1, 2)
        return spikes, _traces(events, spikes, by_place, sops)

    def _visits(
        self, events: BatchEvents, samples: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Position among those of all recordings, row of the weights, and event of each visit of an
        event to a position; synaptic operations of each recording."""
        _, height, width = self._shape
        units, weights, numbers, first = [], [], [], 0
        sops = torch.zeros(samples, dtype=torch.int64, device=self._device)
        for number, edge in enumerate(self._edges):
            own = (events.edge == number).nonzero()[:, 0]
            row, column, weight = edge.visits(events.address[own])
            there = row >= 0
            sample = events.sample[own][:, None]
            units.append(((sample * height + row) * width + column)[there])
            weights.append(weight[there] + first)
            numbers.append(own[:, None].expand_as(there)[there])
            sops += edge.outputs * torch.bincount(units[-1] // (height * width), minlength=samples)
            first += len(edge.weight)
        return torch.cat(units), torch.cat(weights), torch.cat(numbers), sops

    def _spikes(
        self, membrane: torch.Tensor, weight: torch.Tensor, sizes: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Update membranes step by step; visit and channel of each spike.

        Parameters
        ----------
        membrane : torch.Tensor
            int32 ``[positions, channels]``; changed.
        weight : torch.Tensor
            Row of the weights of each visit, step by step.
        sizes : sequence of int
            Visits of each step, to so many first positions.
        """
        found: list[torch.Tensor] = [torch.zeros((0, 2), dtype=torch.int64, device=self._device)]
        waiting: list[torch.Tensor] = []
        start = gathered = 0
        for size in sizes:
            rows = weight[start : start + size]
            held = membrane[:size]
            held += self._weight[rows]
            fired = held >= self._threshold
            if self._grouped:
                fired &= self._reached[rows]
            if self._zero:
                held.masked_fill_(fired, 0)
            else:
                held -= self._threshold * fired
            torch.clamp(held, self._floor, self._ceil, out=held)
            waiting.append(fired)
            start += size
            if (start - gathered) * fired.shape[1] >= GATHERED or start == len(weight):
                spikes = torch.cat(waiting).nonzero()
                spikes[:, 0] += gathered
                found.append(spikes)
                waiting, gathered = [], start
        visit, channel = torch.cat(found).unbind(1)
        return visit, channel

    def _decoded(self, keys: torch.Tensor, events: BatchEvents) -> BatchEvents:
        """Spikes by ascending number of event, position and channel in one."""
        channels, height, width = self._shape
        channel, place = keys % channels, keys // channels
        x, y = place % width, place // width % height
        event = place // (height * width)
        address = torch.stack([channel, y, x], 1)
        return BatchEvents(
            address, events.sample[event], events.origin[event], torch.zeros_like(event)
        )


def _reach_tables(
    geometry: Geometry, axis: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Output coordinates that each input coordinate reaches, -1 behind the last, and the kernel's
    lines: int64 ``[inputs, most]``."""
    reaches = [geometry.reach(axis, place) for place in range(geometry.input_shape[1 + axis])]
    most = max(1, *(len(reach.positions) for reach in reaches))
    positions = torch.full((len(reaches), most), -1)
    lines = torch.zeros((len(reaches), most), dtype=torch.int64)
    for place, reach in enumerate(reaches):
        positions[place, : len(reach.positions)] = torch.tensor(list(reach.positions))
        lines[place, : len(reach.kernel)] = torch.tensor(list(reach.kernel))
    return positions.to(device), lines.to(device)


def _traces(
    events: BatchEvents, spikes: BatchEvents, membrane: torch.Tensor, sops: torch.Tensor
) -> list[LayerTrace]:
    """Trace of each recording."""
    samples = len(sops)
    sent = torch.bincount(spikes.sample, minlength=samples).tolist()
    came = torch.bincount(events.sample, minlength=samples).tolist()
    addresses = np.split(spikes.address.to(torch.int32).cpu().numpy(), np.cumsum(sent)[:-1])
    membranes = membrane.contiguous().cpu().numpy()
    return [
        LayerTrace(own, NO_READS, membranes[number], came[number], operations)
        for number, (own, operations) in enumerate(zip(addresses, sops.tolist(), strict=True))
    ]
