"""Traffic of a mesh: packets over each link, as a run recorded them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickless.hw.fabric.answers import answer_words
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.fabric.topology import Endpoint, MeshLink
from tickless.sim.records import SampleRecord

__all__ = ["LinkTraffic", "MeshResult", "TilePlace", "mesh_result", "port_tokens"]


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


def mesh_result(config: MeshConfig, samples: Sequence[SampleRecord]) -> MeshResult:
    """Floor plan and traffic of a run of at least one sample."""
    traffic: dict[MeshLink, float] = {}
    for sample in samples:
        for link, packets in config.traffic(_packets(config, sample)).items():
            traffic[link] = traffic.get(link, 0.0) + packets / len(samples)
    tiles = [
        TilePlace(core.name, *place)
        for cores, places in zip(config.layers, config.places, strict=True)
        for core, place in zip(cores, places, strict=True)
    ]
    links = [
        LinkTraffic(row, column, port.value, packets)
        for ((row, column), port), packets in sorted(
            traffic.items(), key=lambda item: (item[0][0], item[0][1].value)
        )
    ]
    busiest = float(np.mean([port_tokens(config, sample) for sample in samples]))
    host = float(np.mean([_packets(config, sample)[None] for sample in samples]))
    host *= len(config.layers[0])
    return MeshResult(config.rows, config.columns, tiles, links, host, busiest)


def port_tokens(config: MeshConfig, sample: SampleRecord) -> int:
    """Packets of one sample over the busiest link of a mesh, those out of a tile included."""
    packets = _packets(config, sample)
    leaving = [count * len(config.receivers(sender)) for sender, count in packets.items()]
    return int(max([*config.traffic(packets).values(), *leaving]))


def _packets(config: MeshConfig, sample: SampleRecord) -> dict[Endpoint, float]:
    """Packets that each sender sent to each of its receivers, markers included."""
    packets: dict[Endpoint, float] = {None: len(sample.links[0].packets)}
    for layer in range(len(config.layers) - 1):
        for index, sent in enumerate(sample.sent(layer)):
            packets[layer, index] = len(sent.packets)
    answers = sample.links[-1].packets
    packets[len(config.layers) - 1, 0] = len(answers) * answer_words(config.cores[-1].answers)
    return packets
