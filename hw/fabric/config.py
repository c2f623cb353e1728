"""Parameters of a mesh: which core sits where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from amaranth.utils import ceil_log2

from tickless.hw.core.contents import CoreContents
from tickless.hw.core.loader import CHUNK_LAYOUT
from tickless.hw.core.shape import FORK_LEVEL, CoreShape
from tickless.hw.design import Channel
from tickless.hw.fabric.answers import WORD_BITS
from tickless.hw.fabric.flit import HOST, FlitConfig, Peer
from tickless.hw.fabric.mesh import MeshDesign
from tickless.hw.fabric.receiver import check_queue
from tickless.hw.fabric.topology import Endpoint, MeshLink, Place, connections, route
from tickless.hw.packet import LinkConfig

__all__ = ["MeshConfig", "whole_link"]


@dataclass(frozen=True)
class MeshConfig:
    """Shapes of a network's cores, and their tiles on a mesh.

    Every core of a layer sends to every core of the next one, and of the join if the layer is a
    fork; the host sends to the first layer and takes the answers.

    Parameters
    ----------
    rows, columns : int
        Tiles.
    layers : tuple of tuple of CoreShape
        Shapes of the cores of each layer, channels ascending; the last layer is one readout.
    places : tuple of tuple of Place
        Tile of each core.
    joins : tuple of tuple of int
        Shortcuts: index of the fork whose spikes they carry, and of the join.
    queue_depth : int
        Packets that each connection's receiver reserves room for. Where that is less than
        `round_trip` and a batch, connections run below one packet a clock.
    credit_batch : int
        Packets that one credit returns.
    """

    rows: int
    columns: int
    layers: tuple[tuple[CoreShape, ...], ...]
    places: tuple[tuple[Place, ...], ...]
    queue_depth: int
    credit_batch: int
    joins: tuple[tuple[int, int], ...] = ()

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
        for cores in self.layers[:-1]:
            self._check_slices(cores)
        if len({core.loadable for core in self.cores}) > 1:
            raise ValueError("cores: expected all of them loadable, or none")
        wanted = [(layer - 1, layer, 0) for layer in range(1, len(self.layers))]
        wanted += [(source, join, 1) for source, join in self.joins]
        edges = [edge for cores in self.layers[1:] for edge in cores[0].edges]
        if len(edges) != len(wanted):
            raise ValueError(f"joins = {self.joins!r}: expected one for each layer of two edges")
        for source, sink, edge in wanted:
            link = whole_link(self.layers[source])
            for core in self.layers[sink]:
                if core.edges[edge].input_link != link:
                    raise ValueError(
                        f"core {core.name!r}: input link {core.edges[edge].input_link!r}: expected "
                        f"{link!r}"
                    )

    def _check_slices(self, cores: tuple[CoreShape, ...]) -> None:
        first, channel = cores[0], 0
        lanes = first.lanes
        for core in cores:
            if core.first_channel != channel or channel % lanes or core.lanes != lanes:
                raise ValueError(
                    f"core {core.name!r}: first_channel = {core.first_channel}, lanes = "
                    f"{core.lanes}: expected {channel}, a multiple of {lanes}, and {lanes}"
                )
            if len(cores) > 1 and core.end_level is None:
                raise ValueError(f"core {core.name!r}: end_level = None: expected one of a slice")
            channel += core.output_shape[0]
        if channel != first.layer_channels:
            raise ValueError(
                f"core {first.name!r}: its layer's cores end at channel {channel}: expected "
                f"{first.layer_channels}"
            )

    @property
    def cores(self) -> tuple[CoreShape, ...]:
        """All cores, layer by layer."""
        return tuple(core for cores in self.layers for core in cores)

    @property
    def loadable(self) -> bool:
        """Whether the host can write into the memories of the cores."""
        return self.cores[0].loadable

    @property
    def mesh(self) -> "MeshConfig":
        """The mesh itself."""
        return self

    @property
    def copies(self) -> int:
        """The cores are there once."""
        return 1

    def build(self, contents: Sequence[CoreContents], channel: Channel | None = None) -> MeshDesign:
        """The design, with contents of each core."""
        return MeshDesign(self, contents, channel)

    def traffic(self, packets: Mapping[Endpoint, float]) -> dict[MeshLink, float]:
        """Packets over each link of the mesh; credits left out.

        Parameters
        ----------
        packets : mapping of Endpoint to float
            Packets that each sender sends to each of its receivers.
        """
        traffic: dict[MeshLink, float] = {}
        for sender, receiver in self.connections:
            for link in route(self.flit, self.place(sender), self.place(receiver)):
                traffic[link] = traffic.get(link, 0.0) + packets.get(sender, 0.0)
        return traffic

    @cached_property
    def connections(self) -> tuple[tuple[Endpoint, Endpoint], ...]:
        """Sender and receiver of each connection, see `connections`."""
        return connections([len(cores) for cores in self.layers], self.joins)

    def place(self, end: Endpoint) -> Place:
        """Tile of a core, or place of the host."""
        return HOST if end is None else self.places[end[0]][end[1]]

    def receivers(self, end: Endpoint) -> list[Endpoint]:
        """Whom a core or the host sends to."""
        return [receiver for sender, receiver in self.connections if sender == end]

    def senders(self, end: Endpoint) -> list[Endpoint]:
        """Whom a core or the host receives from: for a join those of the layer before first."""
        return [sender for sender, receiver in self.connections if receiver == end]

    def sources(self, end: Endpoint) -> tuple[Peer, ...]:
        """Other ends of the connections into a core or the host."""
        return tuple(
            Peer(*self.place(sender), self.receivers(sender).index(end))
            for sender in self.senders(end)
        )

    def destinations(self, end: Endpoint) -> tuple[Peer, ...]:
        """Other ends of the connections out of a core or the host."""
        return tuple(
            Peer(*self.place(receiver), self.senders(receiver).index(end))
            for receiver in self.receivers(end)
        )

    @cached_property
    def flit(self) -> FlitConfig:
        """Flits of the mesh."""
        inputs = self.cores[0].input_link.layout.size
        outputs = (core.output_link.layout.size for core in self.cores if not core.readout)
        ends: list[Endpoint] = [end for pair in self.connections for end in pair]
        most = max(max(len(self.senders(end)), len(self.receivers(end))) for end in ends)
        widths = [inputs, WORD_BITS, *outputs, CHUNK_LAYOUT.size if self.loadable else 0]
        return FlitConfig(self.rows, self.columns, max(widths), ceil_log2(most), self.loadable)


def whole_link(cores: tuple[CoreShape, ...]) -> LinkConfig:
    """Packets of a whole layer, made of its cores' packets.

    It carries ends of a fork's events if the layer lies between the fork and its join.
    """
    first = cores[0]
    channels, (_, height, width) = first.layer_channels, first.output_shape
    if len(cores) == 1:
        return first.output_link
    between = first.end_level == FORK_LEVEL or first.passes_ends
    return LinkConfig(channels, height, width, first.lanes, level_bits=int(between))
