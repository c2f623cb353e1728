"""Image: a network as chunks that are loaded into a mesh that is already built."""

import numpy as np

from tickless.errors import InputError
from tickless.gen.configure import layer_cores, network_joins
from tickless.gen.fold import Folding
from tickless.hw.chain import ChainConfig
from tickless.hw.core.config import CoreConfig
from tickless.hw.core.memory_map import MemoryMap
from tickless.hw.fabric.config import MeshConfig
from tickless.sw.integer.network import Network

__all__ = ["IMAGE_DTYPE", "load_image"]

IMAGE_DTYPE = np.dtype([("core", "<u4"), ("address", "<u4"), ("data", "<u4")])
"""A chunk: index of its core, its address there (see `hw.core.memory_map`), its value."""

BUILT_IN = (
    "shape",
    "first_channel",
    "layer_channels",
    "lanes",
    "taps",
    "tap_grid",
    "weight_bits",
    "membrane_bits",
    "end_level",
    "readout",
    "queue_depth",
    "epoch_bits",
    "single_port",
)
"""What of a core cannot be loaded."""

BUILT_IN_EDGE = ("input_link", "kernel", "groups")
"""What of an edge cannot be loaded."""


def load_image(built: ChainConfig | MeshConfig, network: Network) -> np.ndarray:
    """All chunks of a network, core by core: a structured array of `IMAGE_DTYPE`.

    A core takes any weights, thresholds and floors that are no wider than its own, and geometry
    (stride, padding, pooling) that leaves extents, kernels and the size of its tables as they are.

    Raises
    ------
    InputError
        If the design is not loadable or the network does not suit it; the message names the core,
        what differs and both values.
    """
    if not isinstance(built, MeshConfig) or not built.loadable:
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
    chunks = []
    wanted = (core for cores in layers for core in cores)
    for number, (core, there) in enumerate(zip(wanted, built.cores, strict=True)):
        memory_map = MemoryMap(core)
        _check_suits(core, memory_map, there)
        chunks += [(number, *chunk) for chunk in memory_map.chunks()]
    return np.array(chunks, dtype=IMAGE_DTYPE)


def _check_suits(core: CoreConfig, memory_map: MemoryMap, built: CoreConfig) -> None:
    def check(what: str, wanted: object, there: object) -> None:
        if wanted != there:
            raise InputError(f"core {built.name!r}: {what} = {wanted!r}: built with {there!r}")

    for name in BUILT_IN:
        check(name, getattr(core, name), getattr(built, name))
    check("edges", len(core.edges), len(built.edges))
    for index, (edge, there) in enumerate(zip(core.edges, built.edges, strict=True)):
        for name in BUILT_IN_EDGE:
            check(f"edge {index}: {name}", getattr(edge, name), getattr(there, name))
    for region, there in zip(memory_map.regions, MemoryMap(built).regions, strict=True):
        for name, size, size_there in (
            ("words", len(region.words), len(there.words)),
            ("bits of a word", region.word_bits, there.word_bits),
        ):
            check(f"{name} of {region.name}", size, size_there)
