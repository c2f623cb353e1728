"""Topology of a mesh: who sends to whom, and along which links."""

from collections.abc import Sequence
from itertools import pairwise

from tickless.hw.fabric.flit import HOST, FlitConfig
from tickless.hw.fabric.router import Port, RouterConfig

__all__ = ["Endpoint", "MeshLink", "Place", "connections", "round_trip", "route"]

Place = tuple[int, int]
"""Row, from 1, and column, from 0, of a tile."""

Endpoint = tuple[int, int] | None
"""Layer and slice of a core; None for the host."""

MeshLink = tuple[Place, Port]
"""Router, by its row and column, and the port through which a flit leaves it."""

ROUTER_CYCLES = 2
"""Clocks that a flit takes through a router."""

INTERFACE_CYCLES = 10
"""Clocks that the two network interfaces of a connection add to a round trip: queue (2), choice of
the credit (its scan included), output registers (2), counters."""


def round_trip(rows: int, columns: int) -> int:
    """Clocks from a packet's departure to the return of its credit, between the farthest tiles."""
    routers = rows + columns - 1
    return 2 * ROUTER_CYCLES * routers + INTERFACE_CYCLES


def connections(
    sizes: Sequence[int], joins: Sequence[tuple[int, int]]
) -> tuple[tuple[Endpoint, Endpoint], ...]:
    """Sender and receiver of each connection, in the order of each end's own.

    A join receives from the layer before it first, a fork sends to the next layer first.

    Parameters
    ----------
    sizes : sequence of int
        Cores of each layer.
    joins : sequence of tuple of int
        Fork and join of each shortcut.
    """
    ends: list[list[Endpoint]] = [
        [(layer, index) for index in range(size)] for layer, size in enumerate(sizes)
    ]
    pairs: list[tuple[list[Endpoint], list[Endpoint]]] = [
        ([None], ends[0]),
        *pairwise(ends),
        *((ends[source], ends[join]) for source, join in joins),
        (ends[-1], [None]),
    ]
    return tuple((sender, receiver) for a, b in pairs for sender in a for receiver in b)


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
