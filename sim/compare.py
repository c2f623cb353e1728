"""Comparison of a recording with the golden model, to the bit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tickless.sim.packets import READ_MARKER, unpack_answers, unpack_spikes
from tickless.sim.records import LinkRecord, MembraneRecord, SampleRecord
from tickless.sw.integer.trace import LayerTrace, SampleTrace

__all__ = ["Comparison", "SampleComparison", "compare", "compare_sample", "overall"]


@dataclass(frozen=True)
class SampleComparison:
    """One sample against the golden model.

    Members
    -------
    classes, logits : bool
        Whether class and logits are equal, at END and at each READ.
    spikes : tuple of bool
        Whether each link's ordered spikes, READ positions included, are equal.
    membranes : tuple of bool
        Whether each spiking core's membranes at END are equal.
    difference : str or None
        First difference, the one furthest upstream; None where all is equal.
    """

    classes: bool
    logits: bool
    spikes: tuple[bool, ...]
    membranes: tuple[bool, ...]
    difference: str | None


@dataclass(frozen=True)
class Comparison:
    """A run against the golden model.

    Members
    -------
    classes, logits, spikes, membranes : float
        Share that is equal: of the samples, of the samples, of samples times links with spikes,
        of samples times spiking cores; 1.0 where there is nothing to compare.
    difference : str or None
        First difference: sample, link, packet, expected and got; None where all is equal.
    """

    classes: float
    logits: float
    spikes: float
    membranes: float
    difference: str | None

    @property
    def agrees(self) -> bool:
        """Whether the recording equals the golden model in everything."""
        return self.difference is None


def compare(
    traces: Iterable[SampleTrace],
    samples: Sequence[SampleRecord],
    exits: Sequence[SampleTrace] | None = None,
) -> Comparison:
    """Compare a recording with the golden model's traces of the same samples.

    Parameters
    ----------
    traces : iterable of SampleTrace
        One a sample.
    samples : sequence of SampleRecord
        ``RunRecord.samples``.
    exits : sequence of SampleTrace, optional
        Traces with the margin of a design with early exit. What a decided sample sends is then the
        beginning of what it would send undecided, and its membranes are nobody's concern.
    """
    leaving = exits if exits is not None else [None] * len(samples)
    results = [
        compare_sample(index, trace, sample, leaves)
        for index, (trace, sample, leaves) in enumerate(zip(traces, samples, leaving, strict=True))
    ]
    return overall(results)


def overall(results: Sequence[SampleComparison]) -> Comparison:
    """A run by the comparisons of its samples."""
    return Comparison(
        classes=_share([result.classes for result in results]),
        logits=_share([result.logits for result in results]),
        spikes=_share([equal for result in results for equal in result.spikes]),
        membranes=_share([equal for result in results for equal in result.membranes]),
        difference=next((r.difference for r in results if r.difference is not None), None),
    )


def compare_sample(
    index: int, trace: SampleTrace, sample: SampleRecord, leaves: SampleTrace | None = None
) -> SampleComparison:
    """Compare one sample; ``index`` is its number in the text of a difference."""
    spikes, membranes, upstream_first = [], [], []
    decided = leaves is not None and leaves.decision is not None
    for layer, expected in enumerate(trace.layers):
        carrying = [
            _spikes(f"link {number} ({recorded.link})", expected, recorded, decided)
            for number, recorded in enumerate(sample.links)
            if recorded.link.layer == layer
        ]
        holding = [
            _membranes(expected, recorded)
            for recorded in sample.membranes
            if recorded.layer == layer and not decided
        ]
        spikes += carrying
        membranes += holding
        upstream_first += [*carrying, *holding]
    logits, classes = _answers(leaves or trace, sample.links[-1], leaves is not None)
    texts = [text for text in (*upstream_first, logits, classes) if text is not None]
    return SampleComparison(
        classes=classes is None,
        logits=logits is None,
        spikes=tuple(text is None for text in spikes),
        membranes=tuple(text is None for text in membranes),
        difference=f"sample {index}, {texts[0]}" if texts else None,
    )


def _spikes(where: str, layer: LayerTrace, recording: LinkRecord, decided: bool) -> str | None:
    link = recording.link
    assert link.packets is not None
    expected = np.insert(layer.spikes, layer.read_positions, READ_MARKER, axis=0)
    got, packets = unpack_spikes(link.packets, recording.packets)
    if link.first_channel or link.packets.channels < len(layer.membrane):
        end = link.first_channel + link.packets.channels
        channel = expected[:, 0]
        carried = (channel >= link.first_channel) & (channel < end)
        expected = expected[carried | (channel == READ_MARKER[0])]
        got[(got != READ_MARKER).any(axis=1), 0] += link.first_channel
    common = min(len(expected), len(got))
    differs = (expected[:common] != got[:common]).any(axis=1)
    if not differs.any() and (len(expected) == len(got) or (decided and common == len(got))):
        return None
    first = int(np.argmax(differs)) if differs.any() else common
    # Where spikes are missing, the packet that should have been another one is END.
    packet = int(packets[first]) if first < len(got) else len(recording.packets) - 1
    return (
        f"{where}, packet {packet}, spike {first}: expected {_item(expected, first)}, "
        f"got {_item(got, first)} ({len(expected)} expected in all, {len(got)} got)"
    )


def _item(items: np.ndarray, index: int) -> str:
    if index == len(items):
        return "END"
    channel, y, x = items[index].tolist()
    return "READ" if (channel, y, x) == READ_MARKER else f"(channel {channel}, y {y}, x {x})"


def _membranes(layer: LayerTrace, recording: MembraneRecord) -> str | None:
    core, got = recording.core, recording.values
    expected = layer.membrane[core.first_channel : core.first_channel + core.output_shape[0]]
    differs = np.argwhere(expected != got)
    if not len(differs):
        return None
    channel, y, x = position = tuple(differs[0].tolist())
    return (
        f"membranes of {core.name!r} at END, (channel {channel}, y {y}, x {x}): expected "
        f"{expected[position]}, got {got[position]} ({len(differs)} of {expected.size} differ)"
    )


def _answers(
    trace: SampleTrace, recording: LinkRecord, early_exit: bool
) -> tuple[str | None, str | None]:
    """First difference of the logits, or of the decision, and of the classes."""
    classes = len(trace.logits)
    got = unpack_answers(classes, recording.packets, early_exit)
    expected = np.concatenate([trace.read_logits.reshape(-1, classes), trace.logits[None]])
    if len(got.ends) != len(expected):
        text = f"answers: expected {len(expected)}, got {len(got.ends)}"
        return text, text
    decision = -1 if trace.decision is None else trace.decision
    if got.decisions[-1] != decision:
        wanted = "none" if decision < 0 else f"at event {decision} of the readout"
        text = f"answers, answer to END, decision: expected {wanted}, got {got.decisions[-1]}"
        return text, text
    names = [f"READ {index}" for index in range(len(expected) - 1)] + ["END"]
    logits = label = None
    for index, name in enumerate(names):
        where = f"answers, packet {index}"
        if got.ends[index] != (name == "END"):
            text = f"{where}: expected the answer to {name}, got another marker's"
            return logits or text, label or text
        wrong = np.flatnonzero(got.logits[index] != expected[index])
        if len(wrong) and logits is None:
            first = int(wrong[0])
            logits = (
                f"{where}, answer to {name}, logit {first}: expected {expected[index, first]}, "
                f"got {got.logits[index, first]}"
            )
        best = int(np.argmax(expected[index]))
        if got.classes[index] != best and label is None:
            label = f"{where}, answer to {name}, class: expected {best}, got {got.classes[index]}"
    return logits, label


def _share(equal: Sequence[bool]) -> float:
    return sum(equal) / len(equal) if equal else 1.0
