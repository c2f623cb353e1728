"""The float network on the samples of a shard: in its time steps, and event by event."""

from collections.abc import Sequence

import numpy as np

from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.events import UNLABELLED, Events
from tickless.sw.data.frames import FrameSource
from tickless.sw.integer.geometry import Shape
from tickless.sw.judge.evaluate import right_in_steps, spike_counts
from tickless.sw.training.float_engine import FloatEngine

__all__ = ["run_float_network"]


def run_float_network(
    checkpoint: Checkpoint,
    shape: Shape,
    recordings: Sequence[Events],
    labels: Sequence[int],
    spikes: Sequence[np.ndarray],
) -> tuple[list[int] | None, list[tuple[int, int]] | None, int | None]:
    """The members of `sim.references.FloatReference`.

    Parameters
    ----------
    shape : Shape
        Extent of its last spiking layer.
    recordings, labels, spikes : sequence
        As of `sim.references.float_reference`.
    """
    model = checkpoint.model
    labelled = [pair for pair in zip(recordings, labels, strict=True) if pair[1] != UNLABELLED]
    right = None
    if labelled:
        right = right_in_steps(model, FrameSource(labelled, model.sensor), checkpoint.steps)
    if model.leaks:
        return None, None, right
    engine, classes, differences = FloatEngine(model), [], []
    for events, integer_spikes in zip(recordings, spikes, strict=True):
        logits, float_spikes, _ = engine.run(events.addresses)
        classes.append(int(np.argmax(logits)))
        expected, got = spike_counts(shape, float_spikes[-1]), spike_counts(shape, integer_spikes)
        differences.append((int(np.abs(expected - got).sum()), int(expected.sum())))
    return classes, differences, right
