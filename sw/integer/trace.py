"""What a network does with one sample, as golden model and fast engine both return it."""

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["LayerTrace", "SampleTrace"]


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """What one spiking layer does with one sample.

    Members
    -------
    spikes : numpy.ndarray
        int32 ``[spikes, 3]``: ``(channel, y, x)`` in the order they are sent.
    read_positions : numpy.ndarray
        int64 ``[reads]``: number of spikes sent before each READ.
    membrane : numpy.ndarray
        int32 ``(channels, height, width)``: membranes when END leaves, before the reset.
    events : int
        Events received.
    sops : int
        Synaptic operations.
    """

    spikes: np.ndarray
    read_positions: np.ndarray
    membrane: np.ndarray
    events: int
    sops: int

    def then(self, after: "LayerTrace") -> "LayerTrace":
        """This piece of a sample and the one behind it as one."""
        return LayerTrace(
            spikes=np.concatenate((self.spikes, after.spikes)),
            read_positions=np.concatenate(
                (self.read_positions, len(self.spikes) + after.read_positions)
            ),
            membrane=after.membrane,
            events=self.events + after.events,
            sops=self.sops + after.sops,
        )


@dataclass(frozen=True, eq=False)
class SampleTrace:
    """What a network does with one sample, or a piece of one.

    The trace of a piece has the spikes and counts of its own events alone; its membranes and logits
    are what the whole sample has come to.

    Members
    -------
    layers : tuple of LayerTrace
        The spiking layers, in order.
    logits : numpy.ndarray
        int32 ``[classes]``: answer to END.
    read_logits : numpy.ndarray
        int32 ``[reads, classes]``: answers to each READ.
    readout_events : int
        Events received by the readout.
    readout_sops : int
        Synaptic operations of the readout.
    saturations : int
        Logit updates that saturated.
    dropped : int
        Input events outside the sensor.
    decision : int or None
        With early exit, number of the readout's event, from 0, at which the answer froze; what the
        trace tells ends there. None if it did not.
    """

    layers: tuple[LayerTrace, ...]
    logits: np.ndarray
    read_logits: np.ndarray
    readout_events: int
    readout_sops: int
    saturations: int
    dropped: int
    decision: int | None = None

    def at_read(self, index: int) -> "SampleTrace":
        """The same with the answer to a READ in the place of that to END."""
        return replace(self, logits=self.read_logits[index])

    def then(self, after: "SampleTrace") -> "SampleTrace":
        """This piece of a sample and the one behind it as one."""
        decision = after.decision
        return SampleTrace(
            layers=tuple(map(LayerTrace.then, self.layers, after.layers)),
            logits=after.logits,
            read_logits=np.concatenate((self.read_logits, after.read_logits)),
            readout_events=self.readout_events + after.readout_events,
            readout_sops=self.readout_sops + after.readout_sops,
            saturations=self.saturations + after.saturations,
            dropped=self.dropped + after.dropped,
            decision=None if decision is None else self.readout_events + decision,
        )

    @property
    def class_index(self) -> int:
        """Class of the largest logit, the lowest index on a tie."""
        return int(np.argmax(self.logits))

    @property
    def sops(self) -> int:
        """Synaptic operations of all layers."""
        return sum(layer.sops for layer in self.layers) + self.readout_sops
