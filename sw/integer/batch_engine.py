"""Batch engine: the golden model's results for many recordings at once, in PyTorch, for GPUs.

Layer by layer, as in the fast engine: see `sw.integer.batch_layer`.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch

from tickless.sw.integer.batch_layer import BatchEvents, BatchLayer
from tickless.sw.integer.checks import check_sample
from tickless.sw.integer.network import Network
from tickless.sw.integer.readout_layer import ReadoutLayer
from tickless.sw.integer.trace import SampleTrace

__all__ = ["BatchEngine"]

EVENTS_AT_ONCE = 1 << 23
"""Input events of a batch, at most, if it has more than one recording; each takes about 500 bytes
of a layer with 3x3 weights."""


class BatchEngine:
    """Integer network, prepared to run batches of recordings on a device.

    Parameters
    ----------
    network : Network
        Integer network.
    device : str or torch.device
        Where its spiking layers run; the readout, which is little work, runs on the CPU.
    """

    def __init__(self, network: Network, device: str | torch.device = "cpu"):
        self.network, self.device = network, torch.device(device)
        self._layers = [BatchLayer(layer, self.device) for layer in network.layers[:-1]]
        readout = network.layers[-1]
        (edge,) = readout.edges
        self._readout = ReadoutLayer(
            edge.geometry, edge.weight, readout.ceil, network.initial_logits
        )

    @torch.no_grad()
    def run(self, recordings: Sequence[np.ndarray]) -> list[SampleTrace]:
        """Everything that the network does with each recording; equal to `sw.integer.golden.run`.

        Parameters
        ----------
        recordings : sequence of numpy.ndarray
            Events of each, int32 ``[n, 3]``: rows ``(channel, y, x)``.

        Raises
        ------
        ValueError
            If events have another form.
        """
        if not recordings:
            return []
        kept, dropped = [], []
        for events in recordings:
            check_sample(events, ())
            inside = ((events >= 0) & (events < self.network.input_shape)).all(axis=1)
            kept.append(events[inside])
            dropped.append(len(events) - len(kept[-1]))
        joins, fork = self.network.joins, None
        events, traces = self._arriving(kept), []
        for index, layer in enumerate(self._layers):
            if fork is not None and index in joins.values():
                events, fork = events.joined(fork), None
            events, of_layer = layer.run(events, len(kept))
            traces.append(of_layer)
            if index in joins:
                fork = events = events.numbered()
        result = []
        for number, lost in enumerate(dropped):
            spiking = tuple(of_layer[number] for of_layer in traces)
            answer = self._readout.run(spiking[-1].spikes if spiking else kept[number])
            result.append(
                SampleTrace(
                    layers=spiking,
                    logits=answer.logits,
                    read_logits=answer.read_logits,
                    readout_events=answer.events,
                    readout_sops=answer.sops,
                    saturations=answer.saturations,
                    dropped=lost,
                )
            )
        return result

    def stream(self, recordings: Iterable[np.ndarray]) -> Iterator[SampleTrace]:
        """Traces of any number of recordings, in batches that memory has room for."""
        waiting: list[np.ndarray] = []
        for events in recordings:
            if waiting and sum(map(len, waiting)) + len(events) > EVENTS_AT_ONCE:
                yield from self.run(waiting)
                waiting = []
            waiting.append(events)
        yield from self.run(waiting)

    def _arriving(self, recordings: Sequence[np.ndarray]) -> BatchEvents:
        sizes = torch.tensor([len(events) for events in recordings])
        numbers = torch.arange(len(recordings)).repeat_interleave(sizes).to(self.device)
        address = np.concatenate(recordings).astype(np.int64)
        zeros = torch.zeros_like(numbers)
        return BatchEvents(torch.from_numpy(address).to(self.device), numbers, zeros, zeros)
