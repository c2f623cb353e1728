"""Speed of a design on a board, predicted from its network's activity."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickless.gen.activity import Activity
from tickless.gen.place import core_packets
from tickless.hw.config import DesignConfig
from tickless.hw.core.axis import axis_steps
from tickless.hw.core.shape import CoreShape
from tickless.hw.host.messages import DATA_BYTES, answer_message, byte_count, event_message
from tickless.sw.integer.network import Network

__all__ = ["Line", "Performance", "core_cycles", "predict"]

FRAME_BYTES = 6
"""Bytes on the line beside a frame's data: number, type, CRC, COBS and the end."""

CORE_CLOCKS, READOUT_CLOCKS = 13, 8
"""Clocks of END through an idle core, and through an idle readout beside one for each class."""

DEALING_CLOCKS = 2
"""Clocks of END to its copy."""


def core_cycles(core: CoreShape, places: Sequence[np.ndarray]) -> float:
    """Clocks that a core is busy with a sample.

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


@dataclass(frozen=True)
class Line:
    """What carries frames between board and host.

    Members
    -------
    bytes_per_second : float
        Rate of its bytes.
    packet_s : float
        What a packet takes beside its bytes, on its way alone.
    """

    bytes_per_second: float
    packet_s: float = 0.0


@dataclass(frozen=True)
class Performance:
    """Prediction for a design on a board; names say unit and basis.

    Members
    -------
    cycles_per_sample_by_core : tuple of float
        Clocks in which a core of a copy is busy.
    samples_per_second_by_cores : float
        As fast as the busiest core takes its events, and the busiest link of a mesh its packets,
        copies side by side, all of whose events come through one input.
    events_per_second_by_cores : float
        A sample's input events at that rate.
    bytes_per_sample_on_host_link : float
        Frames of the events and of END.
    samples_per_second_by_host_link : float
        As fast as the line brings them, and the host link reads them, a byte a clock.
    events_per_second_by_host_link : float
        A sample's input events at that rate.
    latency_us_end_to_answer_idle : float
        From END at the input to the answer when no core has work left, the ways through a mesh
        left out.
    latency_us_end_to_answer_with_host_link : float
        The same with END's and the answer's time on the line.
    peak_sops_per_second : float
        All neurons that are updated at once, as often as the cores can.
    sustained_sops_per_second_by_cores, sustained_sops_per_second_by_host_link : float
        Synaptic operations of a sample at each of the two rates.
    basis : str
        ``computed``: from the samples' events and the clocks that each takes; no rate of it was
        simulated or measured.
    """

    cycles_per_sample_by_core: tuple[float, ...]
    samples_per_second_by_cores: float
    events_per_second_by_cores: float
    bytes_per_sample_on_host_link: float
    samples_per_second_by_host_link: float
    events_per_second_by_host_link: float
    latency_us_end_to_answer_idle: float
    latency_us_end_to_answer_with_host_link: float
    peak_sops_per_second: float
    sustained_sops_per_second_by_cores: float
    sustained_sops_per_second_by_host_link: float
    basis: str = "computed"


def predict(
    network: Network, config: DesignConfig, activity: Activity, clock_hz: int, line: Line
) -> Performance:
    """Performance of a design.

    Parameters
    ----------
    config : DesignConfig
        Its cores.
    clock_hz : int
        Clock.
    line : Line
        Line to the host.
    """
    cores = config.cores
    cycles = tuple(
        core_cycles(core, places)
        for parts, places in zip(config.layers, activity.places, strict=True)
        for core in parts
    )
    traffic = config.traffic(core_packets(config.layers, activity))
    busiest = max(1.0, *cycles, *traffic.values())
    by_cores = clock_hz / max(busiest / config.copies, activity.input_events)
    event_bytes = byte_count(event_message(cores[0].input_link))
    data_bytes = activity.input_events * event_bytes
    frames = np.ceil(data_bytes / DATA_BYTES) + 1
    sent = float(data_bytes + FRAME_BYTES * frames)
    by_link = min(line.bytes_per_second, clock_hz) / sent
    clocks = (len(config.layers) - 1) * CORE_CLOCKS + READOUT_CLOCKS + network.classes
    idle = (clocks + DEALING_CLOCKS * (config.copies > 1)) / clock_hz
    answer = byte_count(answer_message(network.classes, cores[-1].margin is not None))
    on_line = (2 * FRAME_BYTES + answer) / line.bytes_per_second + 2 * line.packet_s
    sops = sum(activity.sops)
    return Performance(
        cycles_per_sample_by_core=cycles,
        samples_per_second_by_cores=by_cores,
        events_per_second_by_cores=activity.input_events * by_cores,
        bytes_per_sample_on_host_link=sent,
        samples_per_second_by_host_link=by_link,
        events_per_second_by_host_link=activity.input_events * by_link,
        latency_us_end_to_answer_idle=1e6 * idle,
        latency_us_end_to_answer_with_host_link=1e6 * (idle + on_line),
        peak_sops_per_second=clock_hz
        * sum(core.lanes * core.taps / core.clocks_per_step for core in cores),
        sustained_sops_per_second_by_cores=sops * by_cores,
        sustained_sops_per_second_by_host_link=sops * min(by_cores, by_link),
    )
