"""Check of a mesh: whether anything can wait for itself."""

from graphlib import CycleError, TopologicalSorter
from itertools import chain, pairwise

from tickless.errors import InputError
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.fabric.flit import HOST
from tickless.hw.fabric.topology import Endpoint, MeshLink, route

__all__ = ["check_routes"]


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
