"""Speed and activity of a design on a board, predicted from measured events."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickless.hw.chain import ChainConfig
from tickless.hw.core.axis import axis_steps
from tickless.hw.core.config import CoreConfig
from tickless.hw.host.messages import DATA_BYTES, answer_message, byte_count, event_message
from tickless.sw.integer import engine
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import SampleTrace

__all__ = ["Activity", "Performance", "core_cycles", "measure_activity", "predict"]

FRAME_BYTES = 6
"""Bytes on the line beside a frame's data: number, type, CRC, COBS and the end."""

BYTE_BITS = 10
"""Bits of a byte on the line: 8N1."""

CORE_CLOCKS, READOUT_CLOCKS = 13, 8
"""Clocks of END through an idle core, and through an idle readout beside one for each class."""


@dataclass(frozen=True)
class Activity:
    """What a network does with one sample, the mean of some.

    Members
    -------
    samples : int
        Samples that it was measured on.
    input_events : float
        Events sent by the host.
    events, spikes, sops : tuple of float
        Of each layer, the readout last: events received, spikes sent, synaptic operations.
    places : tuple of tuple of numpy.ndarray
        Of each layer, for each of its edges: events received at each position, float64
        ``[height, width]``.
    """

    samples: int
    input_events: float
    events: tuple[float, ...]
    spikes: tuple[float, ...]
    sops: tuple[float, ...]
    places: tuple[tuple[np.ndarray, ...], ...]


def measure_activity(network: Network, samples: Sequence[np.ndarray]) -> Activity:
    """Activity of a network on samples: event addresses ``[n, 3]``, at least one of them."""
    traces = [engine.run(network, events) for events in samples]
    rows = np.mean([_figures(trace) for trace in traces], axis=0)
    events, spikes, sops = rows.tolist()
    received = float(np.mean([len(events) for events in samples]))
    # What each layer sends; what the input sends is at index -1.
    sent = [[trace.layers[n].spikes for trace in traces] for n in range(len(network.layers) - 1)]
    sent.append(list(samples))
    forks = {join: fork for fork, join in network.joins.items()}
    places = []
    for index, layer in enumerate(network.layers):
        sources = (forks[index] if edge.source else index - 1 for edge in layer.edges)
        arriving = zip(sources, layer.edges, strict=True)
        places.append(tuple(_count(sent[source], edge.geometry) for source, edge in arriving))
    return Activity(
        len(samples), received, tuple(events), tuple(spikes), tuple(sops), tuple(places)
    )


def _count(events: Sequence[np.ndarray], geometry: Geometry) -> np.ndarray:
    """Mean number of events at each position of an edge's input; others are left out."""
    extent = geometry.input_shape
    counts = np.zeros(extent[1:])
    for rows in events:
        inside = ((rows >= 0) & (rows < extent)).all(axis=1)
        np.add.at(counts, tuple(rows[inside, 1:].T), 1 / len(events))
    return counts


def core_cycles(core: CoreConfig, places: Sequence[np.ndarray]) -> float:
    """Clocks that an uncut core is busy with a sample.

    Parameters
    ----------
    places : sequence of numpy.ndarray
        For each edge, mean events at each position of its input, ``[height, width]``.
    """
    cycles = 0.0
    for edge, counts in zip(core.edges, places, strict=True):
        rows, columns = (
            [axis_steps(core, edge, axis, place) for place in range(size)]
            for axis, size in enumerate(counts.shape)
        )
        steps = np.outer([len(way) for way in rows], [len(way) for way in columns])
        reaches = np.outer([bool(way[0]) for way in rows], [bool(way[0]) for way in columns])
        clocks = np.where(reaches, steps * core.blocks_per_event(edge), 1)
        cycles += float((counts * clocks).sum())
    return cycles * core.clocks_per_step


def _figures(trace: SampleTrace) -> list[list[int]]:
    layers = trace.layers
    return [
        [*(layer.events for layer in layers), trace.readout_events],
        [*(len(layer.spikes) for layer in layers), 0],
        [*(layer.sops for layer in layers), trace.readout_sops],
    ]


@dataclass(frozen=True)
class Performance:
    """Prediction for a design on a board; names say unit and basis.

    Members
    -------
    cycles_per_sample_by_core : tuple of float
        Clocks in which a core is busy.
    samples_per_second_by_cores : float
        As fast as the busiest core takes its events.
    bytes_per_sample_on_host_link : float
        Frames of the events and of END.
    samples_per_second_by_host_link : float
        As fast as the serial port brings them.
    latency_us_end_to_answer_idle : float
        From END at the input to the answer when no core has work left.
    latency_us_end_to_answer_with_host_link : float
        The same with END's and the answer's time on the line.
    peak_sops_per_second : float
        All neurons that are updated at once, as often as the cores can.
    sustained_sops_per_second_by_cores, sustained_sops_per_second_by_host_link : float
        Synaptic operations of a sample at each of the two rates.
    """

    cycles_per_sample_by_core: tuple[float, ...]
    samples_per_second_by_cores: float
    bytes_per_sample_on_host_link: float
    samples_per_second_by_host_link: float
    latency_us_end_to_answer_idle: float
    latency_us_end_to_answer_with_host_link: float
    peak_sops_per_second: float
    sustained_sops_per_second_by_cores: float
    sustained_sops_per_second_by_host_link: float


def predict(
    network: Network, config: ChainConfig, activity: Activity, clock_hz: int, baud: int
) -> Performance:
    """Performance of a design of one core a layer.

    Parameters
    ----------
    config : ChainConfig
        Its cores.
    clock_hz, baud : int
        Clock, and rate of the serial port.
    """
    cores = config.cores
    cycles = tuple(
        core_cycles(core, places) for core, places in zip(cores, activity.places, strict=True)
    )
    by_cores = clock_hz / max(1.0, *cycles)
    data_bytes = activity.input_events * byte_count(event_message(cores[0].input_link))
    frames = np.ceil(data_bytes / DATA_BYTES) + 1
    sent = float(data_bytes + FRAME_BYTES * frames)
    by_link = baud / BYTE_BITS / sent
    idle = ((len(cores) - 1) * CORE_CLOCKS + READOUT_CLOCKS + network.classes) / clock_hz
    answer = byte_count(answer_message(network.classes, cores[-1].margin is not None))
    on_line = (2 * FRAME_BYTES + answer) * BYTE_BITS / baud
    sops = sum(activity.sops)
    return Performance(
        cycles_per_sample_by_core=cycles,
        samples_per_second_by_cores=by_cores,
        bytes_per_sample_on_host_link=sent,
        samples_per_second_by_host_link=by_link,
        latency_us_end_to_answer_idle=1e6 * idle,
        latency_us_end_to_answer_with_host_link=1e6 * (idle + on_line),
        peak_sops_per_second=clock_hz
        * sum(core.lanes * core.taps / core.clocks_per_step for core in cores),
        sustained_sops_per_second_by_cores=sops * by_cores,
        sustained_sops_per_second_by_host_link=sops * min(by_cores, by_link),
    )
