"""Accuracy of float and integer networks, in time steps and event by event."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from sw.data.events import Events
from sw.data.frames import Recordings
from sw.engine import ReadoutLayer, SpikingLayer
from sw.engine import run as run_network
from sw.models import SpikingChain
from sw.network import Network

__all__ = ["EventScore", "FloatEngine", "score_events", "score_steps"]


class FloatEngine:
    """Float network event by event: the contract's neuron with real weights and threshold 1.

    Parameters
    ----------
    model : SpikingChain
        Folded network. Its floor is the neurons' floor; membranes have no ceiling.
    """

    def __init__(self, model: SpikingChain):
        if model.norms:
            raise ValueError("model: expected its batch norms folded")
        self._sensor = model.sensor
        self._layers = []
        for geometry, parameter in zip(model.geometries, model.weights, strict=True):
            weight = parameter.detach().numpy()
            if geometry.kind == "readout":
                self._readout = ReadoutLayer(geometry, weight, np.inf)
                continue
            threshold = np.full(geometry.output_shape[0], geometry.pool**2, np.float32)
            self._layers.append(
                SpikingLayer(geometry, weight, threshold, model.floor * threshold, np.inf)
            )

    def run(self, events: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], int]:
        """Logits, each spiking layer's spikes ``[n, 3]`` in order, and synaptic operations.

        Parameters
        ----------
        events : numpy.ndarray
            int32 ``[n, 3]``: rows ``(channel, y, x)``; those outside the sensor are dropped.
        """
        inside = ((events >= 0) & (events < self._sensor)).all(axis=1)
        sent = np.ascontiguousarray(events[inside])
        spikes, sops = [], 0
        for layer in self._layers:
            trace = layer.run(sent)
            sent = trace.spikes
            spikes.append(sent)
            sops += trace.sops
        answer = self._readout.run(sent)
        return answer.logits, spikes, sops + answer.sops


@dataclass(frozen=True)
class EventScore:
    """What a network does event by event with a set of samples.

    Members
    -------
    accuracy : float
        Share of samples whose largest logit is that of their label.
    samples : int
        Number of samples.
    events : tuple of float
        Mean events a sample into each layer, the readout included.
    sops : float
        Mean synaptic operations a sample.
    """

    accuracy: float
    samples: int
    events: tuple[float, ...]
    sops: float


def score_events(
    model: Network | SpikingChain, samples: Iterable[tuple[Events, int]]
) -> EventScore:
    """Score of an integer network or a folded float one, event by event."""
    engine = FloatEngine(model) if isinstance(model, SpikingChain) else None
    right, counts, sops = [], [], []
    for events, label in tqdm(samples, "event by event", leave=False):
        addresses = events.addresses
        inside = int(events.inside.sum())
        if engine is not None:
            logits, spikes, visits = engine.run(addresses)
        else:
            assert isinstance(model, Network)
            trace = run_network(model, addresses)
            logits, visits = trace.logits, trace.sops
            spikes = [layer.spikes for layer in trace.layers]
        right.append(int(logits.argmax()) == label)
        counts.append([inside, *(len(part) for part in spikes)])
        sops.append(visits)
    means = tuple(float(mean) for mean in np.mean(counts, axis=0))
    return EventScore(float(np.mean(right)), len(right), means, float(np.mean(sops)))


@torch.no_grad()
def score_steps(model: SpikingChain, recordings: Recordings, steps: int, batch: int = 100) -> float:
    """Share of recordings that a float network classifies rightly in this many time steps."""
    model.eval()
    right = 0
    for start in range(0, len(recordings), batch):
        chosen = np.arange(start, min(start + batch, len(recordings)))
        logits, _ = model(recordings.frames(chosen, steps))
        right += int((logits.argmax(1) == recordings.labels[chosen]).sum())
    return right / len(recordings)
