"""Fast engine: the golden model's results, layer by layer in compiled code.

Layers also run with real weights and membranes, for a float model event by event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from tickless.sw.integer.checks import check_margin, check_sample
from tickless.sw.integer.edge_tables import EdgeTables
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.kernels import accumulate, first_lead, integrate
from tickless.sw.integer.layer import Reset
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import LayerTrace, SampleTrace
from tickless.sw.integer.visits import visit_table

__all__ = ["Engine", "ReadoutLayer", "ReadoutTrace", "SpikingLayer", "run", "run_layers"]

NO_READS = np.zeros(0, np.int64)


class SpikingLayer:
    """Integrate-and-fire layer, prepared to run many samples.

    Integer arrays give the contract's neuron on int32 membranes, which sums of membrane and
    weight must fit; float32 arrays give the same neuron on float32 membranes.

    Parameters
    ----------
    edges : sequence of (Geometry, numpy.ndarray)
        Address arithmetic and weights, int8, int16, int32 or float32, of the edge from the layer
        before and of a shortcut, if any; integer or real both.
    threshold, floor : numpy.ndarray
        int32 or float32 of shape ``(channels,)``.
    ceil : int or float
        Highest membrane; infinity for none.
    reset : str
        As in `sw.integer.layer.Layer`.

    Members
    -------
    edges : EdgeTables
        Tables of the edges; with a shortcut, its `join` makes the events to run.
    """

    def __init__(
        self,
        edges: Sequence[tuple[Geometry, np.ndarray]],
        threshold: np.ndarray,
        floor: np.ndarray,
        ceil: float,
        reset: Reset = "subtract",
    ):
        dtype, *others = {_membrane_dtype(*edge) for edge in edges}
        if others:
            raise ValueError("shortcut: expected integers or real numbers, as the layer's weights")
        self._shape = edges[0][0].output_shape
        self.edges = EdgeTables(edges, threshold, floor, dtype)
        self._ceil, self._dtype = dtype(ceil), dtype
        self._rest = 0 if reset == "zero" else None

    def run(self, events: np.ndarray, reads: np.ndarray = NO_READS) -> LayerTrace:
        """What the layer does with one sample; its membranes have the layer's type.

        Parameters
        ----------
        events : numpy.ndarray
            int32 ``[n, 3]``: ``(channel, y, x)`` in order, all of them in the layer's input.
        reads : numpy.ndarray
            int64 ``[reads]``: events before each READ, not decreasing.

        Raises
        ------
        ValueError
            If an event lies outside the layer's input, or an argument has another form.
        """
        reads, events = check_sample(events, reads), np.ascontiguousarray(events)
        edges = self.edges
        inputs, place, visits, weight, threshold, floor = edges.arrays
        channels, height, width = self._shape
        membrane = np.zeros((height, width, edges.lanes), self._dtype)
        spikes = np.empty((2 * len(events) + edges.most, 3), np.int32)
        marks = np.empty(len(reads), np.int64)
        index = sent = sops = 0
        while True:
            index, sent, operations = integrate(
                events, index, reads, inputs, place, visits, weight, threshold, floor,
                self._ceil, self._rest, edges.most, membrane.reshape(-1), spikes, sent, marks,
            )  # fmt: skip
            sops += operations
            if index == len(events):
                break
            spikes = np.concatenate((spikes, np.empty_like(spikes)))
        marks[reads == len(events)] = sent
        return LayerTrace(
            spikes=spikes[:sent].copy(),
            read_positions=marks,
            membrane=np.ascontiguousarray(membrane[..., :channels].transpose(2, 0, 1)),
            events=len(events),
            sops=sops,
        )


@dataclass(frozen=True, eq=False)
class ReadoutTrace:
    """What a readout does with one sample.

    Members
    -------
    logits : numpy.ndarray
        int32 or float32 ``[classes]``: answer to END.
    read_logits : numpy.ndarray
        int32 or float32 ``[reads, classes]``: answers to each READ.
    events, sops, saturations : int
        Events received, synaptic operations, logit updates that saturated.
    """

    logits: np.ndarray
    read_logits: np.ndarray
    events: int
    sops: int
    saturations: int


class ReadoutLayer:
    """Readout, prepared to run many samples.

    Parameters
    ----------
    geometry : Geometry
        Address arithmetic.
    weight : numpy.ndarray
        int8, int32 or float32 of shape ``geometry.weight_shape``.
    ceil : int or float
        Highest logit, ``-ceil - 1`` being the lowest; infinity, for float32 only, for no limits.
    """

    def __init__(self, geometry: Geometry, weight: np.ndarray, ceil: float):
        dtype = _membrane_dtype(geometry, weight)
        limit = np.float32 if dtype is np.float32 else np.int64
        self._limits = limit(-ceil - 1), limit(ceil)
        classes, channels = weight.shape[:2]
        by_class = weight.reshape(classes, channels, -1).transpose(1, 2, 0)
        self._weight = np.ascontiguousarray(by_class, dtype)
        starts, visits = visit_table(geometry, 1, 1)
        reached = np.append(visits[:, 1], -1)[starts[:, :-1]]
        self._place = np.where(np.diff(starts, axis=1) > 0, reached, -1).astype(np.int32)

    def run(self, events: np.ndarray, reads: np.ndarray = NO_READS) -> ReadoutTrace:
        """What the readout does with one sample; parameters and errors as `SpikingLayer.run`."""
        reads, events = check_sample(events, reads), np.ascontiguousarray(events)
        classes = self._weight.shape[2]
        logits = np.zeros(classes, self._weight.dtype)
        answers = np.empty((len(reads), classes), self._weight.dtype)
        reached, saturations = accumulate(
            events, reads, self._place, self._weight, *self._limits, logits, answers
        )
        return ReadoutTrace(logits, answers, len(events), reached * classes, saturations)

    def decision(self, events: np.ndarray, margin: int) -> int | None:
        """Number of the event, from 0, after which the largest logit leads by a margin at last."""
        index = first_lead(events, self._place, self._weight, *self._limits, margin)
        return None if index < 0 else index


def run_layers(
    layers: Sequence[SpikingLayer],
    joins: Mapping[int, int],
    events: np.ndarray,
    reads: np.ndarray = NO_READS,
) -> tuple[tuple[LayerTrace, ...], np.ndarray, np.ndarray]:
    """What a chain of layers does with one sample.

    Parameters
    ----------
    joins : mapping of int to int
        Index of the layer that a shortcut leads to, by index of its source.
    events, reads : numpy.ndarray
        As of `SpikingLayer.run`.

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
        trace = layer.run(sent, marks)
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
        self._readout = ReadoutLayer(edge.geometry, edge.weight, readout.ceil)

    def run(self, events: np.ndarray, reads: Sequence[int] | np.ndarray = ()) -> SampleTrace:
        """Everything that the network does with one sample; equal to `sw.integer.golden.run`."""
        traces, sent, marks, dropped = self._spike(events, check_sample(events, reads))
        answer = self._readout.run(sent, marks)
        return SampleTrace(
            layers=traces,
            logits=answer.logits,
            read_logits=answer.read_logits,
            readout_events=answer.events,
            readout_sops=answer.sops,
            saturations=answer.saturations,
            dropped=dropped,
        )

    def deciding_event(self, events: np.ndarray, margin: int) -> int | None:
        """Number of the input event, from 0, in the course of which the readout decides.

        Parameters
        ----------
        margin : int
            See `sw.integer.golden.run`.
        """
        behind_each = check_sample(events, np.arange(1, len(events) + 1))
        _, sent, marks, _ = self._spike(events, behind_each)
        decision = self._readout.decision(sent, margin)
        return None if decision is None else int(np.searchsorted(marks, decision, "right"))

    def _spike(
        self, events: np.ndarray, places: np.ndarray
    ) -> tuple[tuple[LayerTrace, ...], np.ndarray, np.ndarray, int]:
        """Traces of the spiking layers, the readout's events and READs, events dropped."""
        limits = np.array(self._input_shape, np.uint32)
        # Taken as unsigned, a negative coordinate is a huge one.
        channel, y, x = np.less(events.view(np.uint32), limits).T
        inside = channel & y & x
        kept = np.ascontiguousarray(events[inside])
        places = np.concatenate(([0], np.cumsum(inside)))[places]
        traces, sent, marks = run_layers(self._layers, self._joins, kept, places)
        return traces, sent, marks, len(events) - len(kept)


_engines: WeakKeyDictionary[Network, Engine] = WeakKeyDictionary()


def run(
    network: Network,
    events: np.ndarray,
    reads: Sequence[int] | np.ndarray = (),
    margin: int | None = None,
) -> SampleTrace:
    """Everything that a network does with one sample; equal to `sw.integer.golden.run`.

    Prepares each network once. With a margin, the golden model runs the deciding event.
    """
    check_margin(margin, network.classes)
    if network not in _engines:
        _engines[network] = Engine(network)
    engine = _engines[network]
    last = None if margin is None else engine.deciding_event(events, margin)
    if last is None:
        return engine.run(events, reads)
    # Imported here, since it brings PyTorch.
    from tickless.sw.integer import golden

    places = check_sample(events, reads)
    before = engine.run(events[:last], places[places <= last])
    return golden.run(network, events[last : last + 1], (), margin, before)


def _membrane_dtype(geometry: Geometry, weight: np.ndarray) -> type[np.float32] | type[np.int32]:
    if weight.shape != geometry.weight_shape:
        raise ValueError(f"weight: expected shape {geometry.weight_shape}, got {weight.shape}")
    if weight.dtype not in (np.int8, np.int16, np.int32, np.float32):
        raise ValueError(f"weight: expected int8, int16, int32 or float32, got {weight.dtype}")
    return np.float32 if weight.dtype == np.float32 else np.int32
