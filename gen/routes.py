"""Routes of a mesh: who sends to whom, along which links, and whether anything can deadlock."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import chain, pairwise

from tickless.errors import InputError
from tickless.hw.fabric.config import Endpoint, MeshConfig, Place
from tickless.hw.fabric.flit import HOST, FlitConfig
from tickless.hw.fabric.router import Port, RouterConfig

__all__ = ["MeshLink", "check_routes", "link_traffic", "route"]

MeshLink = tuple[Place, Port]
"""Router, by its row and column, and the port through which a flit leaves it."""


def route(flit: FlitConfig, source: Place, destination: Place) -> list[MeshLink]:
    """Ports through which a flit leaves one router after the other; the last one ejects it."""
    router = RouterConfig(flit, *_first_router(source))
    links = []
    while True:
        wanted = router.wanted(*destination)
        port = next(port for port, leaves in wanted.items() if leaves)
        links.append(((router.row, router.column), port))
        if port is Port.LOCAL or router.neighbour(port) == HOST:
            return links
        router = RouterConfig(flit, *router.neighbour(port))


def _first_router(place: Place) -> Place:
    return (HOST[0] + 1, HOST[1]) if place == HOST else place


def link_traffic(config: MeshConfig, packets: Mapping[Endpoint, float]) -> dict[MeshLink, float]:
    """Packets over each link of a mesh; credits left out.

    Parameters
    ----------
    packets : mapping of Endpoint to float
        Packets that each sender sends to each of its receivers.
    """
    loads: dict[MeshLink, float] = {}
    for sender, receiver in config.connections:
        for link in route(config.flit, config.place(sender), config.place(receiver)):
            loads[link] = loads.get(link, 0.0) + packets.get(sender, 0.0)
    return loads


def check_routes(config: MeshConfig) -> None:
    """Check that nothing in a mesh can wait for itself.

    The graph has a node for each sender, each reserved queue and each link. A link waits for the
    next one on each route over it; the last one waits for nothing, since its receiver has reserved
    the room. A sender waits for its first link and for room in its queues, a queue waits for its
    receiver and for the links on which its credits return. Chunks that are loaded and their
    acknowledgments wait for links alone. What has no cycle cannot deadlock.

    Raises
    ------
    InputError
        If there is a cycle; the message names it.
    """
    waits: dict[str, set[str]] = {}
    paths: list[list[str]] = []

    def wait(waiting: str, *for_whom: str) -> None:
        waits.setdefault(waiting, set()).update(for_whom)

    for sender, receiver in config.connections:
        ends = config.place(sender), config.place(receiver)
        names = _name(config, sender, "input"), _name(config, receiver, "answers")
        queue = f"queue from {names[0]} at {names[1]}"
        data, credit = (
            [_link_name(link) for link in route(config.flit, *pair)] for pair in (ends, ends[::-1])
        )
        wait(names[0], queue, data[0])
        wait(queue, names[1], credit[0])
        paths += [data, credit]
    if config.loadable:
        for tile in chain.from_iterable(config.places):
            for ends in ((HOST, tile), (tile, HOST)):
                paths.append([_link_name(link) for link in route(config.flit, *ends)])
    for path in paths:
        for before, after in pairwise(path):
            wait(before, after)
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        cycle = " waits for ".join(reversed(error.args[1]))
        raise InputError(f"the placement could deadlock: {cycle}") from None


def _name(config: MeshConfig, end: Endpoint, host: str) -> str:
    return host if end is None else f"core {config.layers[end[0]][end[1]].name}"


def _link_name(link: MeshLink) -> str:
    (row, column), port = link
    return f"router ({row}, {column}) {port.value}"
