"""Traffic of a mesh: packets over each link, as a run recorded them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tickless.hw.fabric.answers import answer_words
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.fabric.topology import Endpoint, MeshLink
from tickless.sim.records import SampleRecord

__all__ = [
    "LinkTraffic",
    "MeshResult",
    "TilePlace",
    "Traffic",
    "mesh_result",
    "sample_traffic",
]


@dataclass(frozen=True)
class TilePlace:
    """Which core sits on a tile."""

    core: str
    row: int
    column: int


@dataclass(frozen=True)
class LinkTraffic:
    """Packets over the link that leaves a router by a port, mean per sample."""

    row: int
    column: int
    port: str
    packets: float


@dataclass(frozen=True)
class MeshResult:
    """Floor plan of a mesh and what passed over it.

    Members
    -------
    rows, columns : int
        Extent; rows count from 1, the host is north of the first tile.
    tiles : sequence of TilePlace
        The cores; other tiles only route.
    links : sequence of LinkTraffic
        Links over which anything passed, ``local`` being the one into a tile. Credits are left
        out.
    host_packets : float
        Packets from the host, mean per sample.
    busiest_port_tokens : float
        Packets over the busiest link, ends of empty events included, mean per sample.
    """

    rows: int
    columns: int
    tiles: Sequence[TilePlace]
    links: Sequence[LinkTraffic]
    host_packets: float
    busiest_port_tokens: float


@dataclass(frozen=True)
class Traffic:
    """Packets over a mesh, of one sample or summed over some.

    Members
    -------
    links : mapping of MeshLink to float
        Packets over each link.
    host : float
        Packets from the host.
    port_tokens : int
        Packets over the busiest port, those out of a tile included.
    """

    links: Mapping[MeshLink, float]
    host: float
    port_tokens: int

    def __add__(self, other: "Traffic") -> "Traffic":
        links = {
            link: self.links.get(link, 0.0) + other.links.get(link, 0.0)
            for link in (*self.links, *other.links)
        }
        return Traffic(links, self.host + other.host, self.port_tokens + other.port_tokens)


def sample_traffic(config: MeshConfig, sample: SampleRecord) -> Traffic:
    """Traffic of one sample, markers included."""
    packets: dict[Endpoint, float] = {None: len(sample.links[0].packets)}
    for layer in range(len(config.layers) - 1):
        for index, sent in enumerate(sample.sent(layer)):
            packets[layer, index] = len(sent.packets)
    answers = sample.links[-1].packets
    packets[len(config.layers) - 1, 0] = len(answers) * answer_words(config.cores[-1].answers)
    links = config.traffic(packets)
    leaving = [count * len(config.receivers(sender)) for sender, count in packets.items()]
    host = packets[None] * len(config.layers[0])
    return Traffic(links, host, int(max([*links.values(), *leaving])))


def mesh_result(config: MeshConfig, traffic: Traffic, samples: int) -> MeshResult:
    """Floor plan and mean traffic of a run of at least one sample."""
    tiles = [
        TilePlace(core.name, *place)
        for cores, places in zip(config.layers, config.places, strict=True)
        for core, place in zip(cores, places, strict=True)
    ]
    links = [
        LinkTraffic(row, column, port.value, packets / samples)
        for ((row, column), port), packets in sorted(
            traffic.links.items(), key=lambda item: (item[0][0], item[0][1].value)
        )
    ]
    return MeshResult(
        config.rows,
        config.columns,
        tiles,
        links,
        traffic.host / samples,
        traffic.port_tokens / samples,
    )
