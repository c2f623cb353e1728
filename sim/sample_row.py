"""Row of a sample: what became of it in float model, golden model and RTL."""

from dataclasses import dataclass
from typing import Any

from tickless.hw.config import DesignConfig
from tickless.sim.compare import SampleComparison
from tickless.sim.packets import unpack_answers, unpack_events
from tickless.sim.records import SampleRecord
from tickless.sim.samples import Sample
from tickless.sim.traffic import Traffic
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.integer.trace import SampleTrace

__all__ = ["SampleRow", "limit_cycles", "sample_row"]


@dataclass(frozen=True)
class SampleRow:
    """What became of one sample.

    Members
    -------
    index, name, label, of_test_set
        See `sim.samples.Sample`.
    class_index, logits : int, tuple of int
        Answer of the RTL, in integer units.
    integer_class : int
        Class by the golden model.
    float_class : int or None
        Class by the float network, event by event; None without its checkpoint.
    events, dropped : int
        Events of the recording, and those of them that lie outside the sensor.
    events_needed, events_taken : int
        Input events that the answer needs at least, with early exit, and those that the RTL took.
    spikes, layer_sops : tuple of int
        Spikes of each layer, 0 of the readout, and its synaptic operations, as far as the answer
        needs them.
    sops_whole : int
        Synaptic operations without early exit.
    cycles : int
        Clocks from the first input transfer to the answer.
    latency_cycles : int
        Clocks from the last input event, from END with early exit, to the answer.
    limit_cycles : int
        Fewest clocks in which a design can take such samples, one behind the other: its input a
        packet a clock, and each copy what `limit_cycles` and, on a mesh, `sim.traffic.Traffic` say.
    decision : int or None
        With early exit, number of the readout's event at which the answer froze.
    comparison : SampleComparison
        RTL against golden model.
    """

    index: int
    name: str
    label: int
    of_test_set: bool
    class_index: int
    logits: tuple[int, ...]
    integer_class: int
    float_class: int | None
    events: int
    dropped: int
    events_needed: int
    events_taken: int
    spikes: tuple[int, ...]
    layer_sops: tuple[int, ...]
    sops_whole: int
    cycles: int
    latency_cycles: int
    limit_cycles: int
    decision: int | None
    comparison: SampleComparison

    @property
    def margin(self) -> int:
        """Lead of the largest logit over the second one, in integer units."""
        best, *others = sorted(self.logits, reverse=True)
        return best - others[0] if others else 0

    def as_json(self) -> dict[str, Any]:
        """A line of ``samples.jsonl``; ``label`` is null where there is none."""
        return {
            "index": self.index,
            "name": self.name,
            "label": None if self.label == UNLABELLED else self.label,
            "class": self.class_index,
            "logits": list(self.logits),
            "margin": self.margin,
            "float_class": self.float_class,
            "events": self.events,
            "dropped": self.dropped,
            "spikes": list(self.spikes),
            "sops": sum(self.layer_sops),
            "cycles": self.cycles,
            "latency_cycles": self.latency_cycles,
            "limit_cycles": self.limit_cycles,
            "decision": self.decision,
            "agrees": self.comparison.difference is None,
            "difference": self.comparison.difference,
        }


def sample_row(
    config: DesignConfig,
    sample: Sample,
    events: int,
    whole: SampleTrace,
    trace: SampleTrace,
    record: SampleRecord,
    comparison: SampleComparison,
    float_class: int | None,
    traffic: Traffic | None,
) -> SampleRow:
    """Row of a sample.

    Parameters
    ----------
    events : int
        Events of the recording.
    whole, trace : SampleTrace
        Without early exit, and as the design answers.
    traffic : Traffic or None
        Over the mesh, where there is one.
    """
    answers = unpack_answers(len(whole.logits), record.links[-1].packets)
    # What early exit drops comes in front of END.
    last = slice(-2, None) if config.cores[-1].margin is None else slice(-1, None)
    sent, answered = record.links[0].cycles, int(record.links[-1].cycles[-1])
    # Early exit stands in front of a design's first link, with copies in front of theirs.
    taken = record.links[0 if config.copies == 1 else 1]
    first = trace.layers[0].events if trace.layers else trace.readout_events
    limit = limit_cycles(trace, record)
    if traffic is not None:
        limit = max(limit, traffic.port_tokens)
    if config.copies > 1:
        limit = max(-(-limit // config.copies), len(sent) - 1)
    return SampleRow(
        index=sample.index,
        name=sample.name,
        label=sample.label,
        of_test_set=sample.of_test_set,
        class_index=int(answers.classes[-1]),
        logits=tuple(answers.logits[-1].tolist()),
        integer_class=trace.class_index,
        float_class=float_class,
        events=events,
        dropped=whole.dropped,
        events_needed=trace.dropped + first,
        events_taken=len(taken.packets) - 1,
        spikes=(*(len(layer.spikes) for layer in trace.layers), 0),
        layer_sops=(*(layer.sops for layer in trace.layers), trace.readout_sops),
        sops_whole=whole.sops,
        cycles=answered - int(sent[0]),
        latency_cycles=answered - int(sent[last][0]),
        limit_cycles=limit,
        decision=trace.decision,
        comparison=comparison,
    )


def limit_cycles(trace: SampleTrace, sample: SampleRecord) -> int:
    """Fewest clocks in which address-event links can carry what a sample sent over them.

    The largest, over the cores, of the events a core unpacks (dropped ones included) and of the
    packets it sends: a link carries one packet a clock, a core unpacks one event a clock. At least
    1: the END.
    """
    if trace.decision is None:
        events = [*(layer.events for layer in trace.layers), trace.readout_events]
        unpacked = [events[0] + trace.dropped, *events[1:]]
    else:
        # More is under way than the decision needed.
        unpacked = _unpacked_events(sample)
    sent = [
        len(link.packets) - 1 for layer in range(len(trace.layers)) for link in sample.sent(layer)
    ]
    return max([1, *unpacked, *sent])


def _unpacked_events(sample: SampleRecord) -> list[int]:
    """Events that came to each receiver, one that only passes them on included."""
    received: dict[str, int] = {}
    for record in sample.links:
        packets, receiver = record.link.packets, record.link.receiver
        if packets is None or receiver.partition("[")[0] == "mesh":
            continue
        events, _ = unpack_events(packets, record.packets)
        received[receiver] = received.get(receiver, 0) + len(events)
    return list(received.values())
