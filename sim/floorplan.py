"""Floor plan: where the cores of a mesh sit, and how wide its links are drawn for their traffic."""

from dataclasses import dataclass

from tickless.hw.fabric.flit import HOST
from tickless.sim.traffic import MeshResult

__all__ = ["Arrow", "Box", "FloorPlan", "floor_plan"]

COLUMN, ROW = 190, 104
"""Distances of the tiles, in pixels."""

BOX_WIDTH, BOX_HEIGHT = 124, 42
OFFSET = 11
"""Distance of the two directions of a link from its middle."""

THIN, THICK = 1.0, 5.0
"""Width of a link that hardly anything passes, and of the busiest."""

STEPS = {"north": (-1, 0), "south": (1, 0), "east": (0, 1), "west": (0, -1)}


@dataclass(frozen=True)
class Box:
    """A tile: its corner, what it is, and what enters it.

    Members
    -------
    kind : str
        ``"core"``, ``"router"`` or ``"host"``.
    entering : float or None
        Packets a sample into the core.
    """

    x: float
    y: float
    kind: str
    name: str
    entering: float | None


@dataclass(frozen=True)
class Arrow:
    """One direction of a link: from where to where, how wide, and the place of its number.

    Members
    -------
    packets : float
        Packets a sample.
    anchor : str
        Which end of the number is at its place, as SVG calls it.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    packets: float
    text_x: float
    text_y: float
    anchor: str


@dataclass(frozen=True)
class FloorPlan:
    """What ``templates/floorplan.svg`` draws; lengths in pixels."""

    width: float
    height: float
    box_width: float
    box_height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def floor_plan(mesh: MeshResult) -> FloorPlan:
    """Tiles with their cores and what enters them, links with their packets."""
    cores = {(tile.row, tile.column): tile.core for tile in mesh.tiles}
    entering = {
        (link.row, link.column): link.packets for link in mesh.links if link.port == "local"
    }
    boxes = [_box(HOST, "host", "host", None)]
    for row in range(1, mesh.rows + 1):
        for column in range(mesh.columns):
            place = row, column
            name = cores.get(place)
            kind = "router" if name is None else "core"
            boxes.append(_box(place, kind, name or "router", entering.get(place)))
    most = max([mesh.host_packets, *(link.packets for link in mesh.links)])
    arrows = [_arrow(HOST, STEPS["south"], mesh.host_packets, most)]
    arrows += [
        _arrow((link.row, link.column), STEPS[link.port], link.packets, most)
        for link in mesh.links
        if link.port != "local" and link.packets
    ]
    return FloorPlan(
        width=mesh.columns * COLUMN,
        height=mesh.rows * ROW + ROW,
        box_width=BOX_WIDTH,
        box_height=BOX_HEIGHT,
        boxes=tuple(boxes),
        arrows=tuple(arrows),
    )


def _middle(place: tuple[int, int]) -> tuple[float, float]:
    row, column = place
    return (column + 0.5) * COLUMN, (row + 0.5) * ROW


def _box(place: tuple[int, int], kind: str, name: str, entering: float | None) -> Box:
    x, y = _middle(place)
    return Box(x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2, kind, name, entering)


def _arrow(place: tuple[int, int], step: tuple[int, int], packets: float, most: float) -> Arrow:
    down, right = step
    x, y = _middle(place)
    x, y = x - down * OFFSET, y + right * OFFSET
    edge_x, edge_y = right * BOX_WIDTH / 2, down * BOX_HEIGHT / 2
    middle_x, middle_y = x + right * COLUMN / 2, y + down * ROW / 2
    # The number stands beside its arrow, away from the other direction's.
    text_x, text_y = (
        (middle_x, middle_y + 4 + 13 * right) if right else (middle_x - 9 * down, middle_y + 4)
    )
    return Arrow(
        x1=x + edge_x,
        y1=y + edge_y,
        x2=x + right * COLUMN - edge_x,
        y2=y + down * ROW - edge_y,
        width=THIN + (THICK - THIN) * packets / max(1.0, most),
        packets=packets,
        text_x=text_x,
        text_y=text_y,
        anchor="middle" if right else ("end" if down > 0 else "start"),
    )
