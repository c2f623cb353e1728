"""Accuracy of float and integer networks, in time steps and event by event."""

import copy
from collections.abc import Iterable, Sequence

import numpy as np
import torch

from tickless.progress import bar
from tickless.sw.data.events import Events
from tickless.sw.data.frames import FrameSource
from tickless.sw.data.losses import lost_of
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.batch_engine import BatchEngine
from tickless.sw.integer.engine import run as run_network
from tickless.sw.integer.network import Network
from tickless.sw.judge.score import EventCounts, EventScore
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.models import SpikingNetwork

__all__ = [
    "count_events",
    "renormalized",
    "right_in_steps",
    "score_events",
    "score_steps",
    "spike_counts",
    "spike_difference",
]


def count_events(
    model: Network | SpikingNetwork,
    samples: Iterable[tuple[Events, int]],
    names: Sequence[str] = (),
    device: str | None = None,
) -> EventCounts:
    """What an integer network or a fused float one does with samples, event by event.

    Parameters
    ----------
    names : sequence of str
        What the samples are called; their numbers by default.
    device : str, optional
        Device on which `sw.integer.batch_engine` runs an integer network with many samples at once;
        by default the fast engine runs one after the other.
    """
    engine = FloatEngine(model) if isinstance(model, SpikingNetwork) else None
    traces = None
    if device is not None and isinstance(model, Network):
        samples = list(samples)
        traces = BatchEngine(model, device).stream(events.addresses for events, _ in samples)
    counts = EventCounts([], [], [], [])
    for number, (events, label) in enumerate(samples):
        addresses = events.addresses
        lost = lost_of(names[number] if names else f"sample {number}", events)
        inside = lost.events - lost.dropped
        if engine is not None:
            logits, spikes, visits = engine.run(addresses)
        else:
            assert isinstance(model, Network)
            trace = run_network(model, addresses) if traces is None else next(traces)
            logits, visits = trace.logits, trace.sops
            spikes = [layer.spikes for layer in trace.layers]
        counts.right.append(int(logits.argmax()) == label)
        counts.events.append([inside, *(len(part) for part in spikes)])
        counts.sops.append(visits)
        counts.lost.append(lost)
    return counts


def score_events(
    model: Network | SpikingNetwork, samples: Iterable[tuple[Events, int]]
) -> EventScore:
    """Score of an integer network or a fused float one, event by event."""
    names = samples.names if isinstance(samples, Recordings) else ()
    return EventScore.of([count_events(model, bar(samples, "event by event", "samples"), names)])


@torch.no_grad()
def right_in_steps(model: SpikingNetwork, source: FrameSource, steps: int, batch: int = 100) -> int:
    """How many recordings a float network classifies rightly in this many time steps.

    A network with batch norms needs their statistics at this many: see `renormalized`.
    """
    model.eval()
    device, right = model.weights[0].device, 0
    for start in range(0, len(source), batch):
        chosen = np.arange(start, min(start + batch, len(source)))
        logits, _ = model(source.frames(chosen, steps).to(device))
        right += int((logits.argmax(1).cpu() == source.labels[chosen]).sum())
    return right


def score_steps(model: SpikingNetwork, source: FrameSource, steps: int, batch: int = 100) -> float:
    """Share of recordings classified rightly, as in `right_in_steps`."""
    return right_in_steps(model, source, steps, batch) / len(source)


@torch.no_grad()
def renormalized(model: SpikingNetwork, batches: Iterable[torch.Tensor]) -> SpikingNetwork:
    """Copy of a network whose batch norms have the statistics of these frames.

    They are the mean over the batches, as the MTT paper takes them from ten batches of training
    samples at the number of time steps that is tested (Du et al., ICLR 2025).
    """
    result = copy.deepcopy(model)
    for module in result.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    result.train()
    for frames in batches:
        result(frames.to(result.weights[0].device))
    return result.eval()


def spike_difference(
    shape: tuple[int, int, int], float_spikes: Sequence[np.ndarray], spikes: Sequence[np.ndarray]
) -> float | None:
    """``sum |s0 - s| / sum s0`` over the spike counts of one layer's neurons and all samples.

    Parameters
    ----------
    shape : tuple of int
        Extent of the layer.
    float_spikes, spikes : sequence of numpy.ndarray
        Spikes ``[n, 3]`` of each sample, of the reference and of the integer network.
    """
    different = total = 0
    for reference, integer in zip(float_spikes, spikes, strict=True):
        expected = spike_counts(shape, reference)
        different += int(np.abs(expected - spike_counts(shape, integer)).sum())
        total += int(expected.sum())
    return different / total if total else None


def spike_counts(shape: tuple[int, int, int], spikes: np.ndarray) -> np.ndarray:
    """Spikes of each neuron of a layer, int64 ``[neurons]``, of its spikes ``[n, 3]``."""
    neurons = np.ravel_multi_index(tuple(spikes.T), shape)
    return np.bincount(neurons, minlength=int(np.prod(shape)))
