"""Cutting: layers that are too large for one core become slices on several."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tickless.errors import InputError
from tickless.gen.configure import layer_cores
from tickless.gen.folding import Folding, channel_blocks
from tickless.hw.core.shape import CoreShape
from tickless.sw.integer.layer import Layer
from tickless.sw.integer.network import Network

__all__ = ["CoreLimits", "cut_layer", "cut_to_limits", "memory_bits"]


@dataclass(frozen=True)
class CoreLimits:
    """What one core may use.

    Parameters
    ----------
    updates : int or None
        Most neurons updated at once (``lanes * taps``); None for no limit.
    memory_bits : int or None
        Most bits of membrane and weight memory, weight copies included; None for no limit.
    """

    updates: int | None = None
    memory_bits: int | None = None

    def __post_init__(self):
        for name in ("updates", "memory_bits"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} = {value}: expected at least 1")


def memory_bits(core: CoreShape) -> int:
    """Bits of a core's memories: membranes with their epoch tags, and a copy of the weights a
    bank; a readout's logits lie in registers."""
    weights = core.taps * core.weight_depth * core.weight_word_bits
    if core.readout:
        return weights
    return weights + core.taps * core.bank_depth * core.membrane_word_bits


def cut_layer(layer: Layer, folding: Folding, slices: int) -> Folding:
    """Folding of a layer's slices: as many lanes as before, at most a slice's channels."""
    channels = layer.output_shape[0]
    if not 1 <= slices <= channels:
        raise InputError(f"layer {layer.name!r}: slices = {slices}: expected 1..{channels}")
    return replace(folding, lanes=min(folding.lanes, -(-channels // slices)))


def cut_to_limits(
    network: Network, foldings: Sequence[Folding], slices: Sequence[int], limits: CoreLimits
) -> tuple[tuple[Folding, ...], tuple[int, ...]]:
    """Foldings and numbers of slices with which every core keeps the limits.

    Each layer is cut into as few slices as do; never into fewer than asked for.

    Raises
    ------
    InputError
        If a layer cannot be cut finely enough; the message says what is left over.
    """
    cut = [cut_layer(*pair) for pair in zip(network.layers, foldings, slices, strict=True)]
    counts = list(slices)
    for index, layer in enumerate(network.layers):
        most = 1 if layer.is_readout else layer.output_shape[0]
        while (excess := _excess(layer_cores(network, cut, counts)[index], limits)) is not None:
            counts[index] = next(
                (
                    count
                    for count in range(counts[index] + 1, most + 1)
                    if count <= channel_blocks(layer, cut_layer(layer, foldings[index], count))
                ),
                0,
            )
            if not counts[index]:
                raise InputError(
                    f"layer {layer.name!r}: {excess} in each of its smallest slices; fold it with "
                    "fewer taps" + ("; a readout is not cut" if layer.is_readout else "")
                )
            cut[index] = cut_layer(layer, foldings[index], counts[index])
    return tuple(cut), tuple(counts)


def _excess(cores: Sequence[CoreShape], limits: CoreLimits) -> str | None:
    """Text of the limit that one of the cores breaks."""
    updates = cores[0].lanes * cores[0].taps
    if limits.updates is not None and updates > limits.updates:
        return f"{updates} updates at once, {limits.updates} allowed"
    bits = max(memory_bits(core) for core in cores)
    if limits.memory_bits is not None and bits > limits.memory_bits:
        return f"{bits:,} bits of memory, {limits.memory_bits:,} allowed"
    return None
