"""What the report draws of one sample: who spiked when, and the logits after each event."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickless.sim.packets import unpack_events
from tickless.sim.records import LinkRecord, SampleRecord
from tickless.sw.integer.network import Network
from tickless.sw.integer.readout_layer import ReadoutLayer
from tickless.sw.integer.trace import SampleTrace

__all__ = ["Raster", "ReportSample", "report_sample"]


@dataclass(frozen=True, eq=False)
class Raster:
    """Events of one place over time.

    Members
    -------
    addresses : numpy.ndarray
        int32 ``[n, 3]``: ``(channel, y, x)``.
    cycles : numpy.ndarray
        int64 ``[n]``: clock cycle of each, not decreasing.
    """

    addresses: np.ndarray
    cycles: np.ndarray


@dataclass(frozen=True, eq=False)
class ReportSample:
    """One sample to be drawn; cycles count from its first transfer. Holds nothing of the recording.

    Members
    -------
    name : str
        Name of its row in the table of samples.
    label, class_index : int
        True class, or `sw.data.catalog.UNLABELLED`, and the answer.
    inputs : Raster
        Events that the first layer took; those outside the sensor are left out.
    layers : tuple of Raster
        Spikes of each spiking layer, as the RTL sent them.
    logits : numpy.ndarray
        int64 ``[n, classes]``: logits after each event of the readout, in their integer units, by
        the golden model; up to the decision, if there is one.
    logit_cycles : numpy.ndarray
        int64 ``[n]``: clock cycle at which each of these events was sent.
    decision : int or None
        Number of the readout's event that decided.
    answer_cycle : int
        Clock cycle of the answer.
    start_cycle : int
        Clock of the run at the first transfer.
    """

    name: str
    label: int
    class_index: int
    inputs: Raster
    layers: tuple[Raster, ...]
    logits: np.ndarray
    logit_cycles: np.ndarray
    decision: int | None
    answer_cycle: int
    start_cycle: int = 0


def report_sample(
    network: Network,
    name: str,
    addresses: np.ndarray,
    label: int,
    trace: SampleTrace,
    record: SampleRecord,
) -> ReportSample:
    """What to draw of a sample.

    Parameters
    ----------
    addresses : numpy.ndarray
        int32 ``[n, 3]``: input events ``(channel, y, x)``.
    trace : SampleTrace
        What the golden model says; with early exit, what it says up to the decision.
    record : SampleRecord
        What the RTL did.
    """
    source, answers = record.links[0], record.links[-1]
    start = int(source.cycles[0])
    # Early exit may leave out the rest.
    taken = addresses[: len(source.packets) - 1]
    inside = np.all((taken >= 0) & (taken < network.input_shape), axis=1)
    inputs = Raster(taken[inside], source.cycles[:-1][inside] - start)
    layers = tuple(_raster(record.sent(index), start) for index in range(len(trace.layers)))
    end = None if trace.decision is None else trace.decision + 1
    if trace.layers:
        events = trace.layers[-1].spikes[:end]
        cycles = _arrivals(events, record.sent(len(trace.layers) - 1), start)
    else:
        events, cycles = inputs.addresses[:end], inputs.cycles[:end]
    return ReportSample(
        name=name,
        label=label,
        class_index=trace.class_index,
        inputs=inputs,
        layers=layers,
        logits=_logits(network, events),
        logit_cycles=cycles,
        decision=trace.decision,
        answer_cycle=int(answers.cycles[-1]) - start,
        start_cycle=start,
    )


def _raster(sent: Sequence[LinkRecord], start: int) -> Raster:
    """Spikes of a layer, those of all its cores in the order of their cycles."""
    parts = [_spikes(record) for record in sent]
    addresses = np.concatenate([spikes for spikes, _ in parts])
    cycles = np.concatenate([cycles for _, cycles in parts]) - start
    order = np.argsort(cycles, kind="stable")
    return Raster(addresses[order], cycles[order])


def _spikes(record: LinkRecord) -> tuple[np.ndarray, np.ndarray]:
    """Spikes ``[n, 3]`` over one link and the clock cycle of each."""
    assert record.link.packets is not None
    spikes, indices = unpack_events(record.link.packets, record.packets)
    first_channel = np.array([record.link.first_channel, 0, 0], np.int32)
    return spikes + first_channel, record.cycles[indices]


def _arrivals(events: np.ndarray, sent: Sequence[LinkRecord], start: int) -> np.ndarray:
    """Cycle at which each of the readout's events was sent, by whichever core has its channel."""
    cycles = np.zeros(len(events), np.int64)
    for record in sent:
        assert record.link.packets is not None
        _, times = _spikes(record)
        first = record.link.first_channel
        last = first + record.link.packets.channels
        own = np.flatnonzero((events[:, 0] >= first) & (events[:, 0] < last))
        cycles[own[: len(times)]] = times[: len(own)] - start
    # The readout takes them in the order of the contract, so an early one waits for a late one.
    return np.maximum.accumulate(cycles)


def _logits(network: Network, events: np.ndarray) -> np.ndarray:
    """Logits ``[n, classes]`` after each event of the readout."""
    layer = network.layers[-1]
    (edge,) = layer.edges
    readout = ReadoutLayer(edge.geometry, edge.weight, layer.ceil, network.initial_logits)
    behind_each = np.arange(1, len(events) + 1)
    return readout.run(events, behind_each).read_logits.astype(np.int64)
