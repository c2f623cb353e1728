"""Parameters of a mesh: which core sits where, and who sends to whom."""

from dataclasses import dataclass
from functools import cached_property

from amaranth.utils import ceil_log2

from hw.config import CoreConfig
from hw.fabric.answers import WORD_BITS
from hw.fabric.flit import HOST, FlitConfig, Peer
from hw.fabric.receiver import check_queue
from hw.packet import LinkConfig

__all__ = ["MeshConfig", "Place", "round_trip"]

Place = tuple[int, int]
"""Row, from 1, and column, from 0, of a tile."""

ROUTER_CYCLES = 2
"""Clocks that a flit takes through a router."""

INTERFACE_CYCLES = 10
"""Clocks that the two network interfaces of a connection add to a round trip: queue (2), choice of
the credit (its scan included), output registers (2), counters."""


def round_trip(rows: int, columns: int) -> int:
    """Clocks from a packet's departure to the return of its credit, between the farthest tiles."""
    routers = rows + columns - 1
    return 2 * ROUTER_CYCLES * routers + INTERFACE_CYCLES


@dataclass(frozen=True)
class MeshConfig:
    """Network as cores on the tiles of a mesh.

    Every core of a layer sends to every core of the next one; the host sends to the first layer
    and takes the answers.

    Parameters
    ----------
    rows, columns : int
        Tiles.
    layers : tuple of tuple of CoreConfig
        Cores of each layer, channels ascending; the last layer is one readout.
    places : tuple of tuple of Place
        Tile of each core.
    queue_depth : int
        Packets that each connection's receiver reserves room for. Where that is less than
        `round_trip` and a batch, connections run below one packet a clock.
    credit_batch : int
        Packets that one credit returns.
    """

    rows: int
    columns: int
    layers: tuple[tuple[CoreConfig, ...], ...]
    places: tuple[tuple[Place, ...], ...]
    queue_depth: int
    credit_batch: int

    def __post_init__(self):
        if [len(cores) for cores in self.layers] != [len(places) for places in self.places]:
            raise ValueError(f"places = {self.places!r}: expected one for each core of each layer")
        taken: dict[Place, str] = {}
        for cores, places in zip(self.layers, self.places, strict=True):
            for core, place in zip(cores, places, strict=True):
                row, column = place
                if not (1 <= row <= self.rows and 0 <= column < self.columns):
                    raise ValueError(
                        f"core {core.name!r} at {place}: expected rows 1..{self.rows}, "
                        f"columns 0..{self.columns - 1}"
                    )
                if place in taken:
                    raise ValueError(f"core {core.name!r} at {place}: {taken[place]!r} is there")
                taken[place] = core.name
        check_queue(self.queue_depth, self.credit_batch)
        readouts = [[core.readout for core in cores] for cores in self.layers]
        if readouts[-1] != [True] or any(any(row) for row in readouts[:-1]):
            raise ValueError(f"readouts {readouts}: expected one, as the last layer")
        for before, after in zip(self.layers, self.layers[1:], strict=False):
            self._check_slices(before)
            for core in after:
                if core.input_link != whole_link(before):
                    raise ValueError(
                        f"core {core.name!r}: input link {core.input_link!r}: expected "
                        f"{whole_link(before)!r}"
                    )

    def _check_slices(self, cores: tuple[CoreConfig, ...]) -> None:
        channel, lanes = 0, cores[0].lanes
        for core in cores:
            if core.first_channel != channel or channel % lanes or core.lanes != lanes:
                raise ValueError(
                    f"core {core.name!r}: first_channel = {core.first_channel}, lanes = "
                    f"{core.lanes}: expected {channel}, a multiple of {lanes}, and {lanes}"
                )
            if core.event_ends != (len(cores) > 1):
                raise ValueError(f"core {core.name!r}: event_ends: expected for slices alone")
            channel += core.shape[0]
        if channel != cores[0].layer_channels:
            raise ValueError(
                f"core {cores[-1].name!r}: its layer ends at channel {channel}: expected "
                f"{cores[0].layer_channels}"
            )

    @property
    def cores(self) -> tuple[CoreConfig, ...]:
        """All cores, layer by layer."""
        return tuple(core for cores in self.layers for core in cores)

    @cached_property
    def flit(self) -> FlitConfig:
        """Flits of the mesh."""
        inputs = self.layers[0][0].input_link.layout.size
        outputs = (core.output_link.layout.size for core in self.cores if not core.readout)
        widest = max(len(cores) for cores in self.layers)
        return FlitConfig(
            self.rows, self.columns, max(inputs, WORD_BITS, *outputs), ceil_log2(widest)
        )

    def sources(self, layer: int, index: int) -> tuple[Peer, ...]:
        """Senders to core ``index`` of a layer; to the host for the layer behind the last."""
        places = self.places[layer - 1] if layer else (HOST,)
        return tuple(Peer(row, column, index) for row, column in places)

    def destinations(self, layer: int, index: int) -> tuple[Peer, ...]:
        """Receivers of core ``index`` of a layer; of the host for layer -1."""
        places = self.places[layer + 1] if layer + 1 < len(self.places) else (HOST,)
        return tuple(Peer(row, column, index) for row, column in places)


def whole_link(cores: tuple[CoreConfig, ...]) -> LinkConfig:
    """Packets of a whole layer, made of its cores' packets."""
    _, height, width = cores[0].shape
    return LinkConfig(cores[0].layer_channels, height, width, cores[0].lanes)
