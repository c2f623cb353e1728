"""Folding: how parallel each layer is."""

from collections.abc import Sequence
from dataclasses import dataclass

from tickless.errors import InputError
from tickless.hw.core.edge import foldings as order_keeping_taps
from tickless.hw.core.edge import gaps, group_blocks, position_steps, tap_grid
from tickless.hw.core.edge import window as edge_window
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import Layer
from tickless.sw.integer.network import Network

__all__ = [
    "Folding",
    "channel_blocks",
    "choices",
    "clocks_per_event",
    "fold_fully",
    "fold_to_budget",
    "window",
]


@dataclass(frozen=True)
class Folding:
    """How many neurons of a layer are updated at once.

    Parameters
    ----------
    lanes : int
        Output channels at once.
    taps : int
        Output positions at once.
    single_port : bool
        Whether the membranes lie in single-port memory, which takes two clocks an update.
    """

    lanes: int
    taps: int
    single_port: bool = False

    def __str__(self) -> str:
        return f"{self.lanes}x{self.taps}" + ":single-port" * self.single_port

    @property
    def updates(self) -> int:
        """Neurons updated at once: most synaptic operations a clock."""
        return self.lanes * self.taps


def window(*geometries: Geometry) -> tuple[int, int]:
    """Most output rows and columns from the first to the last that one event of any of a layer's
    edges reaches."""
    rows, columns = zip(
        *(edge_window(g.kernel, g.stride, g.dilation, g.output_shape[1:]) for g in geometries),
        strict=True,
    )
    return max(rows), max(columns)


def clocks_per_event(geometries: Sequence[Geometry], folding: Folding) -> int:
    """Clocks that an event takes which reaches a whole window, in an uncut layer.

    Parameters
    ----------
    geometries : sequence of Geometry
        Of the layer's edges; the event arrives by the first one.
    """
    geometry = geometries[0]
    clocks = 2 if folding.single_port else 1
    positions = position_steps(
        window(geometry),
        gaps(geometry.stride, geometry.dilation),
        tap_grid(window(*geometries), folding.taps),
    )
    channels, groups = geometry.output_shape[0], geometry.groups
    size = channels // groups
    blocks = (
        len(group_blocks(range(start, start + size), range(channels), folding.lanes))
        for start in range(0, channels, size)
    )
    return positions * max(blocks) * clocks


def channel_blocks(layer: Layer, folding: Folding) -> int:
    """Channel blocks of a layer: the most slices that it can be cut into."""
    return -(-layer.output_shape[0] // folding.lanes)


def choices(layer: Layer) -> list[Folding]:
    """Foldings of a layer: lanes that divide the channels, any taps that keep the order."""
    channels = layer.output_shape[0]
    return [
        Folding(lanes, taps)
        for lanes in range(1, channels + 1)
        if channels % lanes == 0
        for taps in order_keeping_taps(window(*_geometries(layer)))
    ]


def fold_fully(network: Network) -> tuple[Folding, ...]:
    """Every layer takes one event a clock."""
    return tuple(
        Folding(layer.output_shape[0], order_keeping_taps(window(*_geometries(layer)))[-1])
        for layer in network.layers
    )


def fold_to_budget(network: Network, events: Sequence[float], budget: int) -> tuple[Folding, ...]:
    """Fastest folding with a bounded number of neurons updated at once in the whole network.

    The slowest layer is made faster until the budget is used up, so that no layer is needlessly
    faster than the slowest.

    Parameters
    ----------
    events : sequence of float
        Events that each layer receives per sample, measured.
    budget : int
        Most ``lanes * taps`` summed over the layers.

    Raises
    ------
    InputError
        If the budget is below one update a layer.
    """
    if len(events) != len(network.layers):
        raise ValueError(f"{len(events)} event counts: expected {len(network.layers)}")
    geometries = [_geometries(layer) for layer in network.layers]
    chosen = [Folding(1, 1) for _ in geometries]
    if budget < len(chosen):
        raise InputError(f"budget = {budget}: expected at least {len(chosen)}, one update a layer")

    def cycles(index: int, folding: Folding) -> float:
        return events[index] * clocks_per_event(geometries[index], folding)

    while True:
        slowest = max(range(len(chosen)), key=lambda index: cycles(index, chosen[index]))
        now = cycles(slowest, chosen[slowest])
        left = budget - sum(folding.updates for folding in chosen) + chosen[slowest].updates
        faster = [
            folding
            for folding in choices(network.layers[slowest])
            if cycles(slowest, folding) < now and folding.updates <= left
        ]
        if not faster:
            return tuple(chosen)
        chosen[slowest] = min(
            faster, key=lambda folding: (folding.updates, cycles(slowest, folding))
        )


def _geometries(layer: Layer) -> list[Geometry]:
    return [edge.geometry for edge in layer.edges]
