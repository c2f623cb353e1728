"""Golden model: what an integer network means, one event at a time."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch

from tickless.sw.integer.checks import check_margin, check_sample
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import LayerTrace, SampleTrace

__all__ = ["run"]

Event = tuple[int, int, int]
Place = tuple[range, range, range]

CHAIN, SHORTCUT = 0, 1
"""Edges into a layer."""


def run(
    network: Network,
    events: np.ndarray,
    reads: Sequence[int] | np.ndarray = (),
    margin: int | None = None,
    before: SampleTrace | None = None,
) -> SampleTrace:
    """Everything that a network does with one sample, or a piece of one.

    Parameters
    ----------
    network : Network
        Integer network.
    events : numpy.ndarray
        int32 ``[n, 3]``: ``(channel, y, x)`` in order; END follows the last one.
    reads : sequence of int
        Number of rows of ``events`` before each READ, not decreasing.
    margin : int, optional
        Margin of early exit, in logit units: the answer freezes after the first event of the
        readout by which the largest logit leads the second largest by so much. Nothing behind it
        is consumed, so that events and operations are the fewest that the decision needs.
    before : SampleTrace, optional
        The piece before, with END and decision still to come: this one goes on from its membranes
        and logits.

    Raises
    ------
    ValueError
        If ``events``, ``reads`` or ``margin`` has another form. Events outside the sensor are no
        error: they are dropped and counted.
    """
    places = check_sample(events, reads).tolist()
    check_margin(margin, network.classes)
    layers = [_SpikingLayer(layer) for layer in network.layers[:-1]]
    readout = _Readout(network.layers[-1], network.initial_logits)
    consumers, joins = [*layers, readout], network.joins
    if before is not None:
        for layer, trace in zip(layers, before.layers, strict=True):
            layer.go_on(trace.membrane)
        readout.go_on(before.logits.reshape(-1, 1, 1))
    dropped, decided = 0, False

    def consume(index: int, event: Event, edge: int = CHAIN) -> bool:
        """Let a layer consume an event, and those behind it all that follows, depth first.

        Returns whether the answer is decided: nothing is consumed any more.
        """
        for spike in consumers[index].receive(event, edge):
            if index in joins and consume(joins[index], spike, SHORTCUT):
                return True
            if consume(index + 1, spike):
                return True
        return margin is not None and index == len(layers) and readout.leads_by(margin)

    for position in range(len(events) + 1):
        if decided:
            break
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
        decided = consume(0, (channel, y, x))
    return SampleTrace(
        layers=tuple(layer.trace() for layer in layers),
        logits=readout.logits(),
        read_logits=np.array(readout.answers, np.int32).reshape(-1, network.classes),
        readout_events=readout.events,
        readout_sops=readout.sops,
        saturations=readout.saturations,
        dropped=dropped,
        decision=readout.events - 1 if decided else None,
    )


class _Edge:
    """Connection into a layer: the neurons that an event reaches, and the weights it adds."""

    def __init__(self, edge: Edge):
        self.geometry = edge.geometry
        self.weight = torch.from_numpy(edge.weight.astype(np.int64))
        # What follows from few numbers is found once: both make most of the time otherwise.
        self.line, self.added = cache(edge.geometry.reach), cache(self._added)

    def reach(self, event: Event) -> tuple[Place, torch.Tensor]:
        """Rows, columns and channels that an event reaches, and their weights in these axes."""
        channel, y, x = event
        rows, columns = self.line(0, y), self.line(1, x)
        outputs = self.geometry.group_channels(channel)
        weight = self.added(channel, rows.kernel, columns.kernel)
        return (rows.positions, columns.positions, outputs), weight

    def _added(self, channel: int, rows: range, columns: range) -> torch.Tensor:
        """Weights ``[rows, columns, channels]`` that an event of a channel adds."""
        outputs = self.geometry.group_channels(channel)
        own = self.weight[outputs.start : outputs.stop, channel % self.weight.shape[1]]
        return own[:, list(rows)][:, :, list(columns)].permute(1, 2, 0)


class _WeightedLayer:
    """Membranes ``[rows, columns, channels]`` of one layer, and the edges into it."""

    def __init__(self, layer: Layer):
        channels, height, width = layer.output_shape
        self.edges = [_Edge(edge) for edge in layer.edges]
        self.membrane = torch.zeros((height, width, channels), dtype=torch.int64)
        self.events = 0
        self.sops = 0

    def go_on(self, membrane: np.ndarray) -> None:
        """Take up the membranes ``[channels, rows, columns]`` that a piece has left."""
        self.membrane = torch.from_numpy(membrane.astype(np.int64)).permute(1, 2, 0)

    def visit(self, event: Event, edge: int) -> tuple[torch.Tensor, torch.Tensor, Place]:
        """Membranes that an event reaches, as a view, their weights and the view's place."""
        place, weight = self.edges[edge].reach(event)
        view = self.membrane[tuple(slice(line.start, line.stop, line.step) for line in place)]
        self.events += 1
        self.sops += view.numel()
        return view, weight, place


class _SpikingLayer(_WeightedLayer):
    """Integrate-and-fire neurons of one layer."""

    def __init__(self, layer: Layer):
        super().__init__(layer)
        self.threshold = torch.from_numpy(layer.threshold.astype(np.int64))
        self.floor = torch.from_numpy(layer.floor.astype(np.int64))
        self.ceil = torch.tensor(layer.ceil)
        self.reset = layer.reset
        self.spikes: list[Event] = []
        self.reads: list[int] = []

    def receive(self, event: Event, edge: int) -> list[Event]:
        """Spikes that one event of one edge causes, in the order they leave."""
        view, weight, (rows, columns, channels) = self.visit(event, edge)
        threshold = self.threshold[channels.start : channels.stop]
        floor = self.floor[channels.start : channels.stop]
        s = view + weight
        fired = s >= threshold
        reset = torch.zeros_like(s) if self.reset == "zero" else s - threshold
        s = torch.where(fired, reset, s)
        view.copy_(torch.clamp(s, floor, self.ceil))
        # The view's axes are rows, columns, channels: the order of nonzero() is the contract's.
        spikes = [(channels[c], rows[j], columns[i]) for j, i, c in fired.nonzero().tolist()]
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
    """Logits: saturating sums of weights that never spike, on top of the initial logits."""

    def __init__(self, layer: Layer, initial: np.ndarray):
        super().__init__(layer)
        self.ceil = layer.ceil
        self.membrane = self.membrane + torch.from_numpy(initial.astype(np.int64))
        self.answers: list[np.ndarray] = []
        self.saturations = 0

    def receive(self, event: Event, edge: int) -> list[Event]:
        view, weight, _ = self.visit(event, edge)
        s = view + weight
        view.copy_(torch.clamp(s, -self.ceil - 1, self.ceil))
        self.saturations += int((view != s).sum())
        return []

    def leads_by(self, margin: int) -> bool:
        """Whether the largest logit leads the second largest by a margin."""
        best, second = self.membrane.flatten().topk(2).values.tolist()
        return best - second >= margin

    def logits(self) -> np.ndarray:
        return self.membrane.reshape(-1).numpy().astype(np.int32)

    def read(self) -> None:
        self.answers.append(self.logits())
