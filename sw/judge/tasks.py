"""What a worker does with some of the samples that a network is judged on.

The same samples in the same parcels give the same figures, whoever works on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tickless.sw.data.frames import FrameSource
from tickless.sw.data.losses import Lost
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import SampleTrace
from tickless.sw.judge.evaluate import count_events, right_in_steps
from tickless.sw.judge.score import EventCounts
from tickless.sw.threads import one_thread
from tickless.sw.training.models import SpikingNetwork

__all__ = ["Judged", "SampleExit", "early", "judged", "leads", "step_logits"]


@dataclass(frozen=True)
class Judged:
    """What two forms of a network do with some samples.

    Members
    -------
    time_stepped : list of int
        Samples that the float network classifies rightly in 1, 2, 3, ... time steps.
    floating, integer : EventCounts
        Event by event, with real weights and with integers; no float network, or one that leaks,
        has no counts.
    """

    time_stepped: list[int]
    floating: EventCounts | None
    integer: EventCounts


@dataclass(frozen=True)
class SampleExit:
    """What an integer network does with a sample at one margin.

    Members
    -------
    right, decided : bool
        Whether its class is that of the label, and decided before END.
    sops : int
        Synaptic operations.
    consumed : Lost
        Input events consumed, and those of them that lie outside the sensor.
    """

    right: bool
    decided: bool
    sops: int
    consumed: Lost


def judged(
    model: SpikingNetwork | None,
    network: Network,
    recordings: Recordings,
    steps: int,
    device: str | None,
) -> Judged:
    """Judge a fused float network, if there is one, and the integer network made of it, that on a
    device if one is given."""
    samples, names = list(recordings), recordings.names
    integer = count_events(network, samples, names, device)
    if model is None:
        return Judged([], None, integer)
    source = FrameSource(samples, model.sensor)
    with one_thread():
        right = [right_in_steps(model, source, number) for number in range(1, steps + 1)]
    return Judged(right, None if model.leaks else count_events(model, samples, names), integer)


def leads(network: Network, recordings: Recordings) -> list[int]:
    """Each sample's lead of the largest logit over the next, at END."""
    traces = (engine.run(network, events.addresses) for events, _ in recordings)
    return [int(np.diff(np.sort(trace.logits)[-2:]).item()) for trace in traces]


def early(
    network: Network, recordings: Recordings, margins: Sequence[int | None]
) -> list[list[SampleExit]]:
    """Each sample at each of some margins, None for no early exit."""
    exits = []
    for (events, label), name in zip(recordings, recordings.names, strict=True):
        traces = engine.run_margins(network, events.addresses, margins)
        found = {place: _exit(trace, label, name) for place, trace in traces}
        exits.append([found[place] for place in range(len(margins))])
    return exits


@torch.no_grad()
def step_logits(model: SpikingNetwork, recordings: Recordings, steps: int) -> np.ndarray:
    """Logits after each time step, ``[steps, samples, classes]``.

    What a network has made of the first steps does not change with those that come.
    """
    model.eval()
    source = FrameSource(recordings, model.sensor)
    frames = source.frames(np.arange(len(source)), steps)
    with one_thread():
        logits = torch.stack([model(frames[: step + 1])[0] for step in range(steps)])
    return logits.numpy()


def _exit(trace: SampleTrace, label: int, name: str) -> SampleExit:
    return SampleExit(
        right=trace.class_index == label,
        decided=trace.decision is not None,
        sops=trace.sops,
        consumed=Lost(name, trace.dropped + trace.layers[0].events, trace.dropped),
    )
