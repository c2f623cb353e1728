"""From a network and a folding to the parameters of its cores."""

from collections.abc import Sequence

import numpy as np

from gen.fold import Folding
from hw.config import CoreConfig, DesignConfig, group_blocks
from hw.packet import LinkConfig
from sw.layer import Layer
from sw.network import Network

__all__ = ["design_config"]


def design_config(network: Network, foldings: Sequence[Folding]) -> DesignConfig:
    """Parameters of the cores of a network.

    Parameters
    ----------
    network : Network
        Integer network.
    foldings : sequence of Folding
        One a layer.

    Raises
    ------
    ValueError
        If a folding does not suit its layer; the message names layer, value and what is possible.
        If a layer has a shortcut, for which there is no hardware yet.
    """
    for layer in network.layers:
        if layer.shortcut:
            raise ValueError(
                f"layer {layer.name!r}: expected no shortcut: there is no hardware for one yet"
            )
    if len(foldings) != len(network.layers):
        raise ValueError(f"{len(foldings)} foldings: expected {len(network.layers)}, one a layer")
    channels, height, width = network.input_shape
    link = LinkConfig(channels, height, width, channels, guarded=True)
    cores = []
    for layer, folding in zip(network.layers, foldings, strict=True):
        cores.append(_core(layer, folding, link))
        link = cores[-1].output_link
    return DesignConfig(tuple(cores))


def _core(layer: Layer, folding: Folding, link: LinkConfig) -> CoreConfig:
    geometry = layer.geometry
    return CoreConfig(
        name=layer.name,
        input_link=link,
        shape=geometry.output_shape,
        kernel=geometry.kernel,
        stride=geometry.stride,
        padding=geometry.padding,
        pool=geometry.pool,
        groups=geometry.groups,
        lanes=folding.lanes,
        taps=folding.taps,
        weight_bits=layer.weight_bits,
        membrane_bits=layer.membrane_bits,
        weights=_weight_words(layer, folding.lanes),
        thresholds=tuple(layer.threshold.tolist()),
        floors=tuple(layer.floor.tolist()),
        readout=layer.is_readout,
    )


def _weight_words(layer: Layer, lanes: int) -> tuple[int, ...]:
    """Weight memory of a core, in the layout that `CoreConfig` documents."""
    geometry, bits = layer.geometry, layer.weight_bits
    out_size = geometry.output_shape[0] // geometry.groups
    in_size = geometry.input_shape[0] // geometry.groups
    spans = [
        group_blocks(geometry.output_shape[0], geometry.groups, lanes, group)
        for group in range(geometry.groups)
    ]
    span = max(len(blocks) for blocks in spans)
    # [input channel, ky, kx, lane of the event's blocks]
    table = np.zeros((geometry.input_shape[0], *geometry.kernel, span * lanes), dtype=np.int64)
    for channel in range(geometry.input_shape[0]):
        group = channel // in_size
        first = group * out_size - spans[group].start * lanes
        rows = layer.weight[group * out_size : (group + 1) * out_size, channel % in_size]
        table[channel, :, :, first : first + out_size] = np.moveaxis(rows, 0, -1)
    unsigned = table & ((1 << bits) - 1)
    words = unsigned.reshape(-1, lanes).tolist()
    return tuple(sum(value << (lane * bits) for lane, value in enumerate(word)) for word in words)
