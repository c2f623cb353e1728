"""Fast engine: the golden model's results, layer by layer in compiled code.

Layers also run with real weights and membranes, for a float model event by event.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from weakref import WeakKeyDictionary

import numpy as np

from tickless.sw.compiled import compiled
from tickless.sw.integer.checks import NO_READS, check_margin, check_sample
from tickless.sw.integer.network import Network
from tickless.sw.integer.readout_layer import ReadoutLayer
from tickless.sw.integer.spiking_layer import SpikingLayer
from tickless.sw.integer.trace import LayerTrace, SampleTrace

__all__ = ["Engine", "run", "run_layers", "run_margins"]


def run_layers(
    layers: Sequence[SpikingLayer],
    joins: Mapping[int, int],
    events: np.ndarray,
    reads: np.ndarray = NO_READS,
    before: Sequence[LayerTrace] = (),
) -> tuple[tuple[LayerTrace, ...], np.ndarray, np.ndarray]:
    """What a chain of layers does with one sample, or a piece of one.

    Parameters
    ----------
    joins : mapping of int to int
        Index of the layer that a shortcut leads to, by index of its source.
    events, reads : numpy.ndarray
        As of `SpikingLayer.run`.
    before : sequence of LayerTrace
        Those of the piece before, where this one goes on.

    Returns
    -------
    traces : tuple of LayerTrace
        Of each layer.
    spikes, marks : numpy.ndarray
        Spikes of the last layer, and how many of them are sent before each READ.
    """
    sent, marks = events, reads
    traces, fork = [], None
    for index, layer in enumerate(layers):
        if fork and index in joins.values():
            sent = layer.edges.join(sent, fork.spikes, marks[:-1])
            marks, fork = fork.read_positions + marks[fork.read_positions], None
        trace = layer.run(sent, marks, before[index].membrane if before else None)
        sent, marks = trace.spikes, trace.read_positions
        if fork:
            trace = replace(trace, read_positions=marks[fork.read_positions])
        if index in joins:
            # On the longer path, a mark behind each spike of the fork takes the READs' place.
            fork, marks = trace, np.arange(len(sent) + 1)
        traces.append(trace)
    return tuple(traces), sent, marks


class Engine:
    """Integer network, prepared to run many samples.

    Parameters
    ----------
    network : Network
        Integer network.
    """

    def __init__(self, network: Network):
        self._input_shape = network.input_shape
        *layers, readout = network.layers
        self._layers = [
            SpikingLayer(
                [(edge.geometry, edge.weight) for edge in layer.edges],
                layer.threshold,
                layer.floor,
                layer.ceil,
                layer.reset,
            )
            for layer in layers
        ]
        self._joins = network.joins
        (edge,) = readout.edges
        self._readout = ReadoutLayer(
            edge.geometry, edge.weight, readout.ceil, network.initial_logits
        )

    def run(
        self,
        events: np.ndarray,
        reads: Sequence[int] | np.ndarray = (),
        before: SampleTrace | None = None,
    ) -> SampleTrace:
        """Everything that the network does with one sample, or a piece of one: see `run`."""
        places = check_sample(events, reads)
        layers, logits = ((), None) if before is None else (before.layers, before.logits)
        traces, sent, marks, dropped = self._spike(events, places, layers)
        answer = self._readout.run(sent, marks, logits)
        return SampleTrace(
            layers=traces,
            logits=answer.logits,
            read_logits=answer.read_logits,
            readout_events=answer.events,
            readout_sops=answer.sops,
            saturations=answer.saturations,
            dropped=dropped,
        )

    def deciding_events(
        self, events: np.ndarray, margins: Iterable[int | None]
    ) -> list[int | None]:
        """Number of the input event, from 0, in the course of which the readout decides, for each
        of some margins; None where it never does."""
        behind_each = check_sample(events, np.arange(1, len(events) + 1))
        _, sent, marks, _ = self._spike(events, behind_each)
        found = (None if each is None else self._readout.decision(sent, each) for each in margins)
        return [
            None if decision is None else int(np.searchsorted(marks, decision, "right"))
            for decision in found
        ]

    def _spike(
        self, events: np.ndarray, places: np.ndarray, before: Sequence[LayerTrace] = ()
    ) -> tuple[tuple[LayerTrace, ...], np.ndarray, np.ndarray, int]:
        """Traces of the spiking layers, the readout's events and READs, events dropped."""
        inside = np.empty(len(events), np.bool_)
        _within(events, *self._input_shape, inside)
        if inside.all():
            return *run_layers(self._layers, self._joins, events, places, before), 0
        kept = events[inside]
        places = np.concatenate(([0], np.cumsum(inside)))[places]
        traces, sent, marks = run_layers(self._layers, self._joins, kept, places, before)
        return traces, sent, marks, len(events) - len(kept)


@partial(compiled, nogil=True)
def _within(events, channels, height, width, inside):
    """Whether each event lies in a shape; set in ``inside``."""
    for index in range(len(events)):
        channel, y, x = events[index, 0], events[index, 1], events[index, 2]
        inside[index] = (
            (channel >= 0) & (channel < channels) & (y >= 0) & (y < height) & (x >= 0) & (x < width)
        )


_engines: WeakKeyDictionary[Network, Engine] = WeakKeyDictionary()


def run(
    network: Network,
    events: np.ndarray,
    reads: Sequence[int] | np.ndarray = (),
    margin: int | None = None,
    before: SampleTrace | None = None,
) -> SampleTrace:
    """Everything that a network does with one sample; equal to `sw.integer.golden.run`.

    Prepares each network once. A sample without an end is run piece by piece, in memory that does
    not grow: each piece goes on from the one ``before``. A margin is for whole samples.
    """
    if margin is None:
        return _prepared(network).run(events, reads, before)
    if before is not None:
        raise ValueError(f"margin = {margin}: expected None for a piece of a sample")
    [(_, trace)] = run_margins(network, events, [margin], reads)
    return trace


def run_margins(
    network: Network,
    events: np.ndarray,
    margins: Sequence[int | None],
    reads: Sequence[int] | np.ndarray = (),
) -> Iterator[tuple[int, SampleTrace]]:
    """What `run` returns for each of some margins, in little more than the time of two runs.

    The first run tells the input events that decide. The second one stops at each of them, which
    the golden model runs, since the decision comes amid what follows from it.

    Yields
    ------
    tuple of int and SampleTrace
        Place of a margin among those given, and its trace; those that decide early come first.
    """
    # Imported here, since it brings PyTorch.
    from tickless.sw.integer import golden

    for margin in margins:
        check_margin(margin, network.classes)
    places, engine = check_sample(events, reads), _prepared(network)
    lasts = engine.deciding_events(events, margins)
    stops = [len(events) if last is None else last for last in lasts]
    start, before = 0, None
    for place in sorted(range(len(margins)), key=stops.__getitem__):
        margin, last, stop = margins[place], lasts[place], stops[place]
        if before is None or start < stop:
            within = (places <= stop) & ((places > start) | (before is None))
            piece = engine.run(events[start:stop], places[within] - start, before)
            before = piece if before is None else before.then(piece)
            start = stop
        if last is None:
            yield place, before
        else:
            deciding = events[last : last + 1]
            yield place, before.then(golden.run(network, deciding, (), margin, before))


def _prepared(network: Network) -> Engine:
    if network not in _engines:
        _engines[network] = Engine(network)
    return _engines[network]
