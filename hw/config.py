"""Configuration of a design: one form for chains, meshes and copies of them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from tickless.hw.core.contents import CoreContents
from tickless.hw.core.shape import CoreShape
from tickless.hw.design import Channel, Design
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.fabric.topology import Endpoint, MeshLink

__all__ = ["DesignConfig"]


class DesignConfig(Protocol):
    """Shapes of a network's cores and how they are connected: `hw.chain.ChainConfig`,
    `hw.fabric.config.MeshConfig` or `hw.copies.CopiesConfig`.

    Members
    -------
    copies : int
        How often the network is there; samples are dealt between its copies.
    layers : tuple of tuple of CoreShape
        Cores of each layer of a copy, the last one a readout.
    cores : tuple of CoreShape
        All cores, copy by copy, layer by layer.
    joins : tuple of tuple of int
        Shortcuts: index of the fork whose spikes they carry, and of the join.
    loadable : bool
        Whether the host can write into the memories of the cores.
    mesh : MeshConfig or None
        The mesh that the cores are on; None for point-to-point links.
    """

    @property
    def copies(self) -> int: ...
    @property
    def layers(self) -> tuple[tuple[CoreShape, ...], ...]: ...
    @property
    def cores(self) -> tuple[CoreShape, ...]: ...
    @property
    def joins(self) -> tuple[tuple[int, int], ...]: ...
    @property
    def loadable(self) -> bool: ...
    @property
    def mesh(self) -> MeshConfig | None: ...

    def build(self, contents: Sequence[CoreContents], channel: Channel | None = None) -> Design:
        """The design, with contents of each core, in the order of ``cores``."""
        ...

    def traffic(self, packets: Mapping[Endpoint, float]) -> Mapping[MeshLink, float]:
        """Packets over each link of the mesh, by those that each sender sends to each of its
        receivers; empty without a mesh."""
        ...
