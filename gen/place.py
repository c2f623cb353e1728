"""Placement: cores on the tiles of a mesh, close to those they talk to."""

from collections.abc import Mapping, Sequence

import numpy as np

from tickless.errors import InputError
from tickless.gen.activity import Activity
from tickless.gen.exchange import exchange
from tickless.gen.routes import check_routes
from tickless.hw.core.shape import CoreShape
from tickless.hw.fabric.answers import answer_words
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.fabric.flit import HOST
from tickless.hw.fabric.topology import Endpoint, Place, connections, round_trip
from tickless.progress import bar

__all__ = ["core_packets", "mesh_config", "place"]

RESTARTS = 8
"""Random starts of the search; the best of them counts."""

BATCHES_PER_QUEUE = 4
"""Credits that a full queue returns: few, since each is a flit beside the packets."""


def place(
    rows: int,
    columns: int,
    layers: Sequence[Sequence[CoreShape]],
    joins: Sequence[tuple[int, int]],
    packets: Mapping[Endpoint, float],
) -> MeshConfig:
    """Mesh with cores placed so that hops times traffic is small, checked for deadlock.

    Placement is a quadratic assignment, searched by exchanges of pairs from several starts; the
    result is the same for the same arguments.

    Parameters
    ----------
    rows, columns : int
        Tiles.
    layers : sequence of sequence of CoreShape
        Cores of each layer.
    joins : sequence of tuple of int
        Fork and join of each shortcut.
    packets : mapping of Endpoint to float
        Packets that each sender sends to each of its receivers, of `core_packets`.

    Raises
    ------
    InputError
        If there are fewer tiles than cores, or the placement could deadlock.
    """
    cores = [(layer, index) for layer, parts in enumerate(layers) for index in range(len(parts))]
    tiles = [(row, column) for row in range(1, rows + 1) for column in range(columns)]
    if len(cores) > len(tiles):
        raise InputError(
            f"mesh {rows}x{columns}: {len(tiles)} tiles for {len(cores)} cores: expected at least "
            "as many tiles"
        )
    nodes: list[Endpoint] = [None, *cores]
    seats = [HOST, *tiles]
    traffic = np.zeros((len(seats), len(seats)))
    for sender, receiver in connections([len(parts) for parts in layers], joins):
        traffic[nodes.index(sender), nodes.index(receiver)] += packets.get(sender, 0.0) + 1.0
    distance = np.array([[abs(a[0] - b[0]) + abs(a[1] - b[1]) for b in seats] for a in seats])
    starts = (np.random.default_rng(restart) for restart in range(RESTARTS))
    searched = [
        exchange(traffic, distance, start) for start in bar(starts, "placing", total=RESTARTS)
    ]
    seat_of, _ = min(searched, key=lambda found: found[1])
    chosen = iter([seats[seat_of[node]] for node in range(1, len(nodes))])
    places = tuple(tuple(next(chosen) for _ in parts) for parts in layers)
    config = mesh_config(rows, columns, layers, joins, places)
    check_routes(config)
    return config


def mesh_config(
    rows: int,
    columns: int,
    layers: Sequence[Sequence[CoreShape]],
    joins: Sequence[tuple[int, int]],
    places: Sequence[Sequence[Place]],
) -> MeshConfig:
    """Mesh whose queues cover the round trip of a credit."""
    # All but a batch must last for the round trip, so that a packet a clock can pass.
    covering = round_trip(rows, columns) * BATCHES_PER_QUEUE // (BATCHES_PER_QUEUE - 1)
    depth = 1 << covering.bit_length()
    return MeshConfig(
        rows,
        columns,
        tuple(tuple(parts) for parts in layers),
        tuple(tuple(tiles) for tiles in places),
        depth,
        depth // BATCHES_PER_QUEUE,
        tuple(joins),
    )


def core_packets(
    layers: Sequence[Sequence[CoreShape]], activity: Activity
) -> dict[Endpoint, float]:
    """Packets that each sender sends a sample, estimated from the network's activity.

    Each spike counts as a packet, and so does each event of a layer that sends their ends.
    """
    sent: dict[Endpoint, float] = {None: activity.events[0]}
    for layer, parts in enumerate(layers[:-1]):
        for index, core in enumerate(parts):
            channels = slice(core.first_channel, core.first_channel + core.output_shape[0])
            spikes = float(activity.channel_spikes[layer][channels].sum())
            ends = activity.events[layer] if core.end_level is not None else 0.0
            sent[layer, index] = spikes + ends
    sent[len(layers) - 1, 0] = float(answer_words(layers[-1][0].answers))
    return sent
