"""Contents of a core: the weights, thresholds, floors and logits that it computes with."""

from dataclasses import dataclass

from tickless.hw.core.shape import CoreShape
from tickless.hw.packet import LOGIT_BITS

__all__ = ["CoreContents"]


@dataclass(frozen=True)
class CoreContents:
    """What a core of a `CoreShape` computes with.

    Parameters
    ----------
    weights : tuple of tuple of int
        For each edge its words of the weight memory, at
        ``((channel * kernel height + ky) * kernel width + kx) * blocks_per_event + block``, where
        ``block`` counts from the first channel block of the event's convolution group; lane ``i``
        of a word lies at bits ``[i * weight_bits, (i + 1) * weight_bits)`` in two's complement.
    thresholds, floors : tuple of int
        One an output channel, ``1 <= threshold <= ceil + 1`` and ``-(ceil + 1) <= floor < 0``;
        empty for a readout.
    initial_logits : tuple of int
        Logits with which a readout's samples begin, one a class; empty unless its shape has some.
    """

    weights: tuple[tuple[int, ...], ...]
    thresholds: tuple[int, ...] = ()
    floors: tuple[int, ...] = ()
    initial_logits: tuple[int, ...] = ()

    @property
    def weight_words(self) -> tuple[int, ...]:
        """The whole weight memory: the edges' words, one edge behind the other."""
        return tuple(word for words in self.weights for word in words)

    def check(self, shape: CoreShape) -> None:
        """ValueError unless a core of the shape can hold this; the message names core and value."""
        core = f"core {shape.name!r}"
        if len(self.weights) != len(shape.edges):
            raise ValueError(
                f"{core}: weights of {len(self.weights)} edges: expected {len(shape.edges)}"
            )
        for index, words in enumerate(self.weights):
            depth = shape.edge_depth(index)
            if len(words) != depth:
                raise ValueError(f"{core}: {len(words)} weight words: expected {depth}")
        half = 1 << (LOGIT_BITS - 1)
        logits = shape.output_shape[0] if shape.initial_logits else 0
        if len(self.initial_logits) != logits or not all(
            -half <= logit < half for logit in self.initial_logits
        ):
            raise ValueError(
                f"{core}: initial_logits = {self.initial_logits!r}: expected {logits} of "
                f"{LOGIT_BITS} bits"
            )
        if shape.readout:
            if self.thresholds or self.floors:
                raise ValueError(
                    f"{core}: thresholds = {self.thresholds!r}: expected none for a readout"
                )
            return
        channels, half = shape.output_shape[0], shape.ceil + 1
        for name, values, low, high in (
            ("thresholds", self.thresholds, 1, half),
            ("floors", self.floors, -half, -1),
        ):
            if len(values) != channels or not all(low <= value <= high for value in values):
                raise ValueError(
                    f"{core}: {name} = {values!r}: expected {channels} in {low}..{high}"
                )
