"""From a network, its folding and its cuts to the parameters of its cores."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from gen.fold import Folding
from hw.config import CoreConfig, DesignConfig, group_blocks
from hw.design import Design, DesignBase
from hw.fabric.config import MeshConfig
from hw.fabric.mesh import MeshDesign
from hw.packet import LinkConfig
from sw.layer import Layer
from sw.network import Network

__all__ = ["design_config", "design_factory", "layer_cores"]


def design_factory(config: DesignConfig | MeshConfig) -> Callable[..., DesignBase]:
    """Maker of the design of a configuration; takes a ``channel``, see `hw.design`."""
    if isinstance(config, MeshConfig):
        return partial(MeshDesign, config)
    return partial(Design, config)


def design_config(network: Network, foldings: Sequence[Folding]) -> DesignConfig:
    """Parameters of the cores of a network with one core a layer.

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
    """
    layers = layer_cores(network, foldings, [1] * len(network.layers))
    return DesignConfig(tuple(core for cores in layers for core in cores))


def layer_cores(
    network: Network, foldings: Sequence[Folding], slices: Sequence[int]
) -> tuple[tuple[CoreConfig, ...], ...]:
    """Parameters of the cores of each layer, cut into slices of its output channels.

    Slices consist of whole channel blocks, so that a block's number tells its slice.

    Parameters
    ----------
    foldings : sequence of Folding
        One a layer, the same for all its slices.
    slices : sequence of int
        Cores of each layer, at most its channel blocks; 1 for the readout.

    Raises
    ------
    ValueError
        If a folding or a number of slices does not suit its layer, or a layer has a shortcut,
        for which there is no hardware yet.
    """
    for layer in network.layers:
        if layer.shortcut:
            raise ValueError(
                f"layer {layer.name!r}: expected no shortcut: there is no hardware for one yet"
            )
    for name, values in (("foldings", foldings), ("slices", slices)):
        if len(values) != len(network.layers):
            raise ValueError(f"{len(values)} {name}: expected {len(network.layers)}, one a layer")
    channels, height, width = network.input_shape
    link = LinkConfig(channels, height, width, channels, guarded=True)
    layers = []
    for layer, folding, count in zip(network.layers, foldings, slices, strict=True):
        shape = layer.geometry.output_shape
        blocks = -(-shape[0] // folding.lanes)
        most = 1 if layer.is_readout else blocks
        if not 1 <= count <= most:
            raise ValueError(
                f"layer {layer.name!r}: slices = {count}: expected 1..{most}, since "
                + (
                    "a readout is not cut"
                    if layer.is_readout
                    else f"it has {blocks} blocks of {folding.lanes} channels"
                )
            )
        bounds = [index * blocks // count * folding.lanes for index in range(count)]
        ends = [*bounds[1:], shape[0]]
        layers.append(
            tuple(
                _core(layer, folding, link, range(start, end))
                for start, end in zip(bounds, ends, strict=True)
            )
        )
        link = LinkConfig(*shape, folding.lanes)
    return tuple(layers)


def _core(layer: Layer, folding: Folding, link: LinkConfig, channels: range) -> CoreConfig:
    geometry = layer.geometry
    whole = len(channels) == geometry.output_shape[0]
    rows = slice(channels.start, channels.stop)
    return CoreConfig(
        name=layer.name if whole else f"{layer.name}[{channels.start}:{channels.stop}]",
        input_link=link,
        shape=(len(channels), *geometry.output_shape[1:]),
        first_channel=channels.start,
        layer_channels=geometry.output_shape[0],
        kernel=geometry.kernel,
        stride=geometry.stride,
        padding=geometry.padding,
        pool=geometry.pool,
        groups=geometry.groups,
        lanes=folding.lanes,
        taps=folding.taps,
        weight_bits=layer.weight_bits,
        membrane_bits=layer.membrane_bits,
        weights=_weight_words(layer, folding.lanes, channels),
        thresholds=tuple(layer.threshold[rows].tolist()),
        floors=tuple(layer.floor[rows].tolist()),
        event_ends=not whole,
        readout=layer.is_readout,
    )


def _weight_words(layer: Layer, lanes: int, channels: range) -> tuple[int, ...]:
    """Weight memory of a core, in the layout that `CoreConfig` documents."""
    geometry, bits = layer.geometry, layer.weight_bits
    out_size = geometry.output_shape[0] // geometry.groups
    in_size = geometry.input_shape[0] // geometry.groups
    groups = [range(g * out_size, (g + 1) * out_size) for g in range(geometry.groups)]
    spans = [group_blocks(group, channels, lanes) for group in groups]
    span = max(1, *(len(blocks) for blocks in spans))
    # [input channel, ky, kx, lane of the event's blocks]
    table = np.zeros((geometry.input_shape[0], *geometry.kernel, span * lanes), dtype=np.int64)
    for channel in range(geometry.input_shape[0]):
        group, blocks = groups[channel // in_size], spans[channel // in_size]
        # Channels of the core before its first block of the group are not of the group.
        origin = channels.start + blocks.start * lanes
        start, stop = max(group.start, channels.start), min(group.stop, channels.stop)
        if start < stop:
            rows = layer.weight[start:stop, channel % in_size]
            table[channel, :, :, start - origin : stop - origin] = np.moveaxis(rows, 0, -1)
    unsigned = table & ((1 << bits) - 1)
    words = unsigned.reshape(-1, lanes).tolist()
    return tuple(sum(value << (lane * bits) for lane, value in enumerate(word)) for word in words)
