"""From a network, its folding and its cuts to the shapes of its cores, and to their contents."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from tickless.errors import InputError
from tickless.gen.folding import Folding, channel_blocks
from tickless.hw.chain import ChainConfig
from tickless.hw.config import DesignConfig
from tickless.hw.core.contents import CoreContents
from tickless.hw.core.edge import EdgeShape
from tickless.hw.core.shape import FORK_LEVEL, CoreShape
from tickless.hw.design import Design
from tickless.hw.fabric.config import whole_link
from tickless.hw.packet import LinkConfig
from tickless.hw.ram import SPRAM_BITS
from tickless.sw.integer.checks import check_margin
from tickless.sw.integer.layer import Layer
from tickless.sw.integer.network import Network

__all__ = ["chain_config", "core_contents", "design_factory", "layer_cores", "network_joins"]

MOST_EPOCH_BITS = 3
"""Membranes are swept once in 7 samples, which takes 0.2 % of the clocks of `nmnist`. A tag comes
out of a block RAM, which takes half of a fast clock: two look-up tables in a row can compare it."""


def design_factory(config: DesignConfig, network: Network) -> Callable[..., Design]:
    """Maker of the design of a configuration that computes a network, of which the configuration
    was made; takes a ``channel``, see `hw.design`."""
    return partial(config.build, core_contents(network, config.layers))


def chain_config(
    network: Network,
    foldings: Sequence[Folding],
    margin: int | None = None,
    **options: Any,
) -> ChainConfig:
    """Shapes of the cores of a network with one core a layer.

    Parameters
    ----------
    network : Network
        Integer network.
    foldings : sequence of Folding
        One a layer.
    margin : int, optional
        Margin of early exit, see `sw.integer.golden.run`.
    **options
        Further parameters of `CoreShape`, the same for all cores.

    Raises
    ------
    ValueError
        If a folding does not suit its layer; the message names layer, value and what is possible.
    """
    slices = [1] * len(network.layers)
    layers = layer_cores(network, foldings, slices, margin=margin, **options)
    return ChainConfig(tuple(core for cores in layers for core in cores), network_joins(network))


def network_joins(network: Network) -> tuple[tuple[int, int], ...]:
    """Fork and join of each shortcut."""
    return tuple(sorted(network.joins.items()))


def layer_cores(
    network: Network,
    foldings: Sequence[Folding],
    slices: Sequence[int],
    built: Sequence[CoreShape] | None = None,
    loadable: bool = False,
    margin: int | None = None,
    **options: Any,
) -> tuple[tuple[CoreShape, ...], ...]:
    """Shapes of the cores of each layer, cut into slices of its output channels.

    Slices consist of whole channel blocks, so that a block's number tells its slice.

    Parameters
    ----------
    foldings : sequence of Folding
        One a layer, the same for all its slices.
    slices : sequence of int
        Cores of each layer, at most its channel blocks; 1 for the readout.
    built : sequence of CoreShape, optional
        A core of each layer that is there already: weights and membranes are as wide, if that is
        wide enough, and logits that may begin anywhere may do so.
    loadable : bool
        Whether the cores can be written at run time.
    margin : int, optional
        Margin of early exit, see `sw.integer.golden.run`.
    **options
        Further parameters of `CoreShape`, the same for all cores.

    Raises
    ------
    ValueError
        If a folding or a number of slices does not suit its layer.
    """
    for name, values in (("foldings", foldings), ("slices", slices)):
        if len(values) != len(network.layers):
            raise ValueError(f"{len(values)} {name}: expected {len(network.layers)}, one a layer")
    channels, height, width = network.input_shape
    inputs = LinkConfig(channels, height, width, channels, guarded=True)
    check_margin(margin, network.classes)
    layers: list[tuple[CoreShape, ...]] = []
    for index, (layer, folding) in enumerate(zip(network.layers, foldings, strict=True)):
        links = [
            inputs if sender < 0 else whole_link(layers[sender])
            for sender in network.senders(index)
        ]
        ranges = _slices(layer, folding, slices[index])
        end_level = FORK_LEVEL if index - 1 in network.joins else 0 if len(ranges) > 1 else None
        there = None if built is None else built[index]
        widths = _widths(layer, there)
        begins = len(layer.initial_logits) > 0 or (there is not None and there.initial_logits)
        layers.append(
            tuple(
                replace(
                    _core(layer, folding, links, part, widths, end_level),
                    loadable=loadable,
                    initial_logits=begins,
                    margin=margin if layer.is_readout else None,
                    **options,
                )
                for part in ranges
            )
        )
    return tuple(layers)


def _slices(layer: Layer, folding: Folding, count: int) -> list[range]:
    """Channels of each slice."""
    channels = layer.output_shape[0]
    blocks = channel_blocks(layer, folding)
    if layer.is_readout and count != 1:
        raise InputError(
            f"layer {layer.name!r}: slices = {count}: expected 1: a readout is not cut"
        )
    if not 1 <= count <= blocks:
        raise InputError(
            f"layer {layer.name!r}: slices = {count}: expected 1..{blocks}, since it has {blocks} "
            f"blocks of {folding.lanes} channels"
        )
    bounds = [index * blocks // count * folding.lanes for index in range(count)]
    return [range(start, end) for start, end in pairwise([*bounds, channels])]


def _widths(layer: Layer, built: CoreShape | None) -> tuple[int, int]:
    """Width of weights and of membranes."""
    bits = max(edge.weight_bits for edge in layer.edges)
    if built is None:
        return bits, layer.membrane_bits
    return max(bits, built.weight_bits), max(layer.membrane_bits, built.membrane_bits)


def _core(
    layer: Layer,
    folding: Folding,
    links: Sequence[LinkConfig],
    channels: range,
    widths: tuple[int, int],
    end_level: int | None,
) -> CoreShape:
    weight_bits, membrane_bits = widths
    whole = len(channels) == layer.output_shape[0]
    return CoreShape(
        name=layer.name if whole else f"{layer.name}[{channels.start}:{channels.stop}]",
        edges=tuple(
            EdgeShape(
                input_link=link,
                kernel=edge.geometry.kernel,
                stride=edge.geometry.stride,
                padding=edge.geometry.padding,
                pool=edge.geometry.pool,
                groups=edge.geometry.groups,
                dilation=edge.geometry.dilation,
            )
            for link, edge in zip(links, layer.edges, strict=True)
        ),
        output_shape=(len(channels), *layer.output_shape[1:]),
        first_channel=channels.start,
        layer_channels=layer.output_shape[0],
        lanes=folding.lanes,
        taps=folding.taps,
        weight_bits=weight_bits,
        membrane_bits=membrane_bits,
        reset=layer.reset,
        end_level=end_level,
        readout=layer.is_readout,
        ceil_bits=None if layer.is_readout else layer.membrane_bits - 1,
        single_port=folding.single_port,
        epoch_bits=_epoch_bits(folding, membrane_bits),
    )


def _epoch_bits(folding: Folding, membrane_bits: int) -> int:
    """Width of the epoch tag: 3, or what is left of single-port memory, but at least 2."""
    if not folding.single_port:
        return MOST_EPOCH_BITS
    least = 2
    left = -(folding.lanes * membrane_bits + least) % SPRAM_BITS
    return min(MOST_EPOCH_BITS, least + left)


def core_contents(
    network: Network, layers: Sequence[Sequence[CoreShape]]
) -> tuple[CoreContents, ...]:
    """What the cores of a network compute with, core by core, layer by layer.

    Parameters
    ----------
    layers : sequence of sequence of CoreShape
        Cores of each layer, as `layer_cores` makes them for this network.
    """
    return tuple(
        _contents(network, layer, core)
        for layer, cores in zip(network.layers, layers, strict=True)
        for core in cores
    )


def _contents(network: Network, layer: Layer, core: CoreShape) -> CoreContents:
    rows = slice(core.first_channel, core.first_channel + core.output_shape[0])
    return CoreContents(
        tuple(
            _weight_words(core, shape, edge.weight)
            for shape, edge in zip(core.edges, layer.edges, strict=True)
        ),
        tuple(layer.threshold[rows].tolist()),
        tuple(layer.floor[rows].tolist()),
        tuple(network.initial_logits.tolist()) if core.initial_logits else (),
    )


def _weight_words(core: CoreShape, edge: EdgeShape, weight: np.ndarray) -> tuple[int, ...]:
    """An edge's words of a core's weight memory, in the layout that `CoreContents` documents."""
    lanes, inputs = core.lanes, edge.input_link.channels
    out_size, in_size = core.layer_channels // edge.groups, inputs // edge.groups
    own = range(core.first_channel, core.first_channel + core.output_shape[0])
    # [input channel, ky, kx, lane of the event's blocks]
    span = core.blocks_per_event(edge)
    table = np.zeros((inputs, *edge.kernel, span * lanes), dtype=np.int64)
    for channel in range(inputs):
        group = channel // in_size
        blocks = core.group_blocks(edge, group)
        # Channels of the core before its first block of the group are not of the group.
        origin = own.start + blocks.start * lanes
        start = max(group * out_size, own.start)
        stop = min((group + 1) * out_size, own.stop)
        if start < stop:
            rows = weight[start:stop, channel % in_size]
            table[channel, :, :, start - origin : stop - origin] = np.moveaxis(rows, 0, -1)
    # A word's bits, lowest first.
    ones = (table.reshape(-1, lanes, 1) >> np.arange(core.weight_bits) & 1).astype(np.uint8)
    words = np.packbits(ones.reshape(len(ones), -1), axis=1, bitorder="little")
    return tuple(int.from_bytes(word, "little") for word in words)
