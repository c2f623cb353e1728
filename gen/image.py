"""Image: a network as chunks that are loaded into a mesh that is already built."""

from dataclasses import fields

import numpy as np

from tickless.errors import InputError
from tickless.gen.configure import core_contents, layer_cores, network_joins
from tickless.gen.folding import Folding
from tickless.hw.config import DesignConfig
from tickless.hw.core.edge import EdgeShape
from tickless.hw.core.memory_map import MemoryMap
from tickless.hw.core.shape import CoreShape
from tickless.sw.integer.network import Network

__all__ = ["IMAGE_DTYPE", "load_image"]

IMAGE_DTYPE = np.dtype([("core", "<u4"), ("address", "<u4"), ("data", "<u4")])
"""A chunk: index of its core, its address there (see `hw.core.memory_map`), its value."""


def load_image(built: DesignConfig, network: Network) -> np.ndarray:
    """All chunks of a network, core by core: a structured array of `IMAGE_DTYPE`.

    A core takes any weights, thresholds and floors that are no wider than its own, and geometry
    (stride, padding, dilation, pooling) that leaves extents, kernels and the size of its tables as
    they are. Neurons must reset as those of the core, which are built in; logits begin anywhere
    only in a readout that was built for a network of which some do not begin at 0.

    Raises
    ------
    InputError
        If the design is not loadable or the network does not suit it; the message names the core,
        what differs and both values.
    """
    if not built.loadable:
        raise InputError("the design cannot be loaded: expected one that was built loadable")
    if len(network.layers) != len(built.layers):
        raise InputError(
            f"the network has {len(network.layers)} layers: expected {len(built.layers)}, as built"
        )
    joins = network_joins(network)
    if joins != built.joins:
        raise InputError(f"the network's shortcuts are {joins}: expected {built.joins}, as built")
    first = [cores[0] for cores in built.layers]
    layers = layer_cores(
        network,
        [Folding(core.lanes, core.taps, core.single_port) for core in first],
        [len(cores) for cores in built.layers],
        first,
        loadable=True,
    )
    wanted = [core for cores in layers for core in cores]
    for core, there in zip(wanted, built.cores, strict=True):
        _check_suits(core, there)
    held = core_contents(network, layers)
    chunks = [
        (number, *chunk)
        for number, (core, contents) in enumerate(zip(wanted, held, strict=True))
        for chunk in MemoryMap(core).chunks(contents)
    ]
    return np.array(chunks, dtype=IMAGE_DTYPE)


def _check_suits(core: CoreShape, built: CoreShape) -> None:
    def check(what: str, wanted: object, there: object) -> None:
        if wanted != there:
            raise InputError(f"core {built.name!r}: {what} = {wanted!r}: built with {there!r}")

    for name in _built_in(CoreShape):
        if name != "edges":
            check(name, getattr(core, name), getattr(built, name))
    # The banks follow from a stride that can be written.
    check("tap_grid", core.tap_grid, built.tap_grid)
    check("edges", len(core.edges), len(built.edges))
    for index, (edge, there) in enumerate(zip(core.edges, built.edges, strict=True)):
        for name in _built_in(EdgeShape):
            check(f"edge {index}: {name}", getattr(edge, name), getattr(there, name))
    regions = zip(MemoryMap(core).regions, MemoryMap(built).regions, strict=True)
    for region, there in regions:
        check(f"words of {region.name}", region.depth, there.depth)
        check(f"bits of a word of {region.name}", region.word_bits, there.word_bits)


def _built_in(kind: type[CoreShape | EdgeShape]) -> list[str]:
    """Names of the fields in which a network that is loaded must match a core."""
    return [field.name for field in fields(kind) if field.metadata.get("built_in", True)]
