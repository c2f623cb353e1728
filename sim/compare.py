"""Comparison of a recording with the golden model, to the bit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hw.config import CoreConfig
from hw.packet import LinkConfig
from sim.packets import READ_MARKER, unpack_answers, unpack_spikes
from sim.recording import LinkRecording, SampleRecording
from sw.trace import LayerTrace, SampleTrace

__all__ = ["Comparison", "SampleComparison", "compare", "compare_sample"]


@dataclass(frozen=True)
class SampleComparison:
    """One sample against the golden model.

    Members
    -------
    classes, logits : bool
        Whether class and logits are equal, at END and at each READ.
    spikes, membranes : tuple of bool
        Whether each spiking layer's ordered spikes, READ positions included, and its membranes
        at END are equal.
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
        Share that is equal: of the samples, of the samples, of samples times spiking layers, of
        samples times spiking layers; 1.0 where there is nothing to compare.
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
    cores: Sequence[CoreConfig],
    traces: Iterable[SampleTrace],
    samples: Sequence[SampleRecording],
) -> Comparison:
    """Compare a recording with the golden model's traces of the same samples.

    Parameters
    ----------
    cores : sequence of CoreConfig
        Cores of the design, the readout last.
    traces : iterable of SampleTrace
        One a sample.
    samples : sequence of SampleRecording
        ``Recording.samples``.
    """
    results = [
        compare_sample(index, cores, trace, sample)
        for index, (trace, sample) in enumerate(zip(traces, samples, strict=True))
    ]
    return Comparison(
        classes=_share([result.classes for result in results]),
        logits=_share([result.logits for result in results]),
        spikes=_share([equal for result in results for equal in result.spikes]),
        membranes=_share([equal for result in results for equal in result.membranes]),
        difference=next((r.difference for r in results if r.difference is not None), None),
    )


def compare_sample(
    index: int, cores: Sequence[CoreConfig], trace: SampleTrace, sample: SampleRecording
) -> SampleComparison:
    """Compare one sample; ``index`` is its number in the text of a difference."""
    spikes, membranes = [], []
    for number, (core, layer) in enumerate(zip(cores[:-1], trace.layers, strict=True)):
        link = sample.links[number + 1]
        where = f"link {number + 1} ({core.name!r} to {cores[number + 1].name!r})"
        spikes.append(_spikes(where, core.output_link, layer, link))
        membranes.append(_membranes(core.name, layer.membrane, sample.membranes[number]))
    logits, classes = _answers(cores[-1].shape[0], trace, sample.links[-1])
    upstream_first = [text for pair in zip(spikes, membranes, strict=True) for text in pair]
    texts = [text for text in (*upstream_first, logits, classes) if text is not None]
    return SampleComparison(
        classes=classes is None,
        logits=logits is None,
        spikes=tuple(text is None for text in spikes),
        membranes=tuple(text is None for text in membranes),
        difference=f"sample {index}, {texts[0]}" if texts else None,
    )


def _spikes(
    where: str, link: LinkConfig, layer: LayerTrace, recording: LinkRecording
) -> str | None:
    expected = np.insert(layer.spikes, layer.read_positions, READ_MARKER, axis=0)
    got, packets = unpack_spikes(link, recording.packets)
    common = min(len(expected), len(got))
    differs = (expected[:common] != got[:common]).any(axis=1)
    if not differs.any() and len(expected) == len(got):
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


def _membranes(name: str, expected: np.ndarray, got: np.ndarray) -> str | None:
    differs = np.argwhere(expected != got)
    if not len(differs):
        return None
    channel, y, x = position = tuple(differs[0].tolist())
    return (
        f"membranes of {name!r} at END, (channel {channel}, y {y}, x {x}): expected "
        f"{expected[position]}, got {got[position]} ({len(differs)} of {expected.size} differ)"
    )


def _answers(
    classes: int, trace: SampleTrace, recording: LinkRecording
) -> tuple[str | None, str | None]:
    """First difference of the logits and of the classes."""
    got = unpack_answers(classes, recording.packets)
    expected = np.concatenate([trace.read_logits.reshape(-1, classes), trace.logits[None]])
    if len(got.ends) != len(expected):
        text = f"answers: expected {len(expected)}, got {len(got.ends)}"
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
