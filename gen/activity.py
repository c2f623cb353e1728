"""Activity of a network: events, spikes and operations of a sample, measured or given."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer import engine
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import SampleTrace

__all__ = ["Activity", "given_activity", "measure_activity", "read_activity"]


@dataclass(frozen=True, eq=False)
class Activity:
    """What a network does with one sample, the mean of some.

    Members
    -------
    samples : int
        Samples that it was measured on; 0 if it was given.
    input_events : float
        Events sent by the host.
    events, spikes, sops : tuple of float
        Of each layer, the readout last: events received, spikes sent, synaptic operations.
    channel_spikes : tuple of numpy.ndarray
        Of each spiking layer: spikes of each output channel, float64 ``[channels]``.
    places : tuple of tuple of numpy.ndarray
        Of each layer, for each of its edges: events received at each position, float64
        ``[height, width]``.
    """

    samples: int
    input_events: float
    events: tuple[float, ...]
    spikes: tuple[float, ...]
    sops: tuple[float, ...]
    channel_spikes: tuple[np.ndarray, ...]
    places: tuple[tuple[np.ndarray, ...], ...]


def measure_activity(network: Network, samples: Sequence[np.ndarray]) -> Activity:
    """Activity of a network on samples: event addresses ``[n, 3]``, at least one of them."""
    traces = [engine.run(network, events) for events in samples]
    rows = np.mean([_figures(trace) for trace in traces], axis=0)
    events, spikes, sops = rows.tolist()
    received = float(np.mean([len(events) for events in samples]))
    # What each layer sends; what the input sends is at index -1.
    sent = [[trace.layers[n].spikes for trace in traces] for n in range(len(network.layers) - 1)]
    channel_spikes = tuple(
        np.bincount(np.concatenate(spikes)[:, 0], minlength=layer.output_shape[0]) / len(samples)
        for layer, spikes in zip(network.layers, sent, strict=False)
    )
    sent.append(list(samples))
    places = tuple(
        tuple(_count(sent[source], geometry) for source, geometry in _edges(network, index))
        for index in range(len(network.layers))
    )
    return Activity(
        len(samples), received, tuple(events), tuple(spikes), tuple(sops), channel_spikes, places
    )


def given_activity(network: Network, figures: Mapping[str, Any]) -> Activity:
    """Activity that somebody states, spread evenly over positions and channels.

    Parameters
    ----------
    figures : mapping
        ``events_by_layer``: mean events a sample into each layer, the readout included; and, if
        known, ``input_events``, ``spikes_by_layer`` and ``sops_by_layer``. Without them each layer
        sends what the next one receives, the first one takes all that the host sends, and the
        operations are those of events in even places.

    Raises
    ------
    InputError
        If one of them is missing or has another form; the message names it.
    """
    layers = network.layers
    events = _numbers(figures, "events_by_layer", len(layers))
    if events is None:
        raise InputError("events_by_layer: missing: expected the mean events into each layer")
    spikes = _numbers(figures, "spikes_by_layer", len(layers)) or (*events[1:], 0.0)
    arriving = figures.get("input_events", events[0])
    if not isinstance(arriving, int | float) or not arriving > 0:
        raise InputError(f"input_events = {arriving!r}: expected a positive number")
    places, sops = [], []
    for index in range(len(layers)):
        edges = _edges(network, index)
        # A join receives the fork's spikes beside those of the layer before it.
        direct = [spikes[source] for source, _ in edges[1:]]
        counts = [max(0.0, events[index] - sum(direct)), *direct]
        even = [
            np.full(geometry.input_shape[1:], count / np.prod(geometry.input_shape[1:]))
            for (_, geometry), count in zip(edges, counts, strict=True)
        ]
        places.append(tuple(even))
        sops.append(
            sum(float((at * _reach(g)).sum()) for at, (_, g) in zip(even, edges, strict=True))
        )
    return Activity(
        samples=0,
        input_events=float(arriving),
        events=events,
        spikes=spikes,
        sops=_numbers(figures, "sops_by_layer", len(layers)) or tuple(sops),
        channel_spikes=tuple(
            np.full(layer.output_shape[0], sent / layer.output_shape[0])
            for sent, layer in zip(spikes, layers[:-1], strict=False)
        ),
        places=tuple(places),
    )


def read_activity(network: Network, path: Path) -> Activity:
    """`given_activity` of a JSON file, also of ``activity_per_sample`` in a ``build.json``.

    Raises
    ------
    InputError
        If the file cannot be read or holds no activity of this network.
    """
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a readable JSON file: {error}") from None
    if isinstance(figures, dict):
        figures = figures.get("activity_per_sample", figures)
    if not isinstance(figures, dict):
        raise InputError(f"{path}: expected an object with events_by_layer")
    try:
        return given_activity(network, figures)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _edges(network: Network, index: int) -> list[tuple[int, Geometry]]:
    """Sender and geometry of each edge into a layer; the sender of the input is -1."""
    geometries = [edge.geometry for edge in network.layers[index].edges]
    return list(zip(network.senders(index), geometries, strict=True))


def _count(events: Sequence[np.ndarray], geometry: Geometry) -> np.ndarray:
    """Mean number of events at each position of an edge's input; others are left out."""
    extent = geometry.input_shape
    counts = np.zeros(extent[1:])
    for rows in events:
        inside = ((rows >= 0) & (rows < extent)).all(axis=1)
        np.add.at(counts, tuple(rows[inside, 1:].T), 1 / len(events))
    return counts


def _reach(geometry: Geometry) -> np.ndarray:
    """Neurons that an event at each position of an edge's input reaches."""
    rows, columns = (
        [len(geometry.reach(axis, place).positions) for place in range(size)]
        for axis, size in enumerate(geometry.input_shape[1:])
    )
    return np.outer(rows, columns) * (geometry.output_shape[0] // geometry.groups)


def _figures(trace: SampleTrace) -> list[list[int]]:
    layers = trace.layers
    return [
        [*(layer.events for layer in layers), trace.readout_events],
        [*(len(layer.spikes) for layer in layers), 0],
        [*(layer.sops for layer in layers), trace.readout_sops],
    ]


def _numbers(figures: Mapping[str, Any], name: str, count: int) -> tuple[float, ...] | None:
    """Numbers, one a layer, that are given under a name; None if there are none."""
    values = figures.get(name)
    if values is None:
        return None
    if (
        not isinstance(values, list)
        or len(values) != count
        or not all(isinstance(value, int | float) and value >= 0 for value in values)
    ):
        raise InputError(
            f"{name} = {values!r}: expected {count} numbers of at least 0, one a layer"
        )
    return tuple(map(float, values))
