"""Floor plan: a mesh as a picture, its links as wide as their traffic."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from tickless.hw.fabric.flit import HOST
from tickless.sim.traffic import MeshResult
from tickless.sw.pages import png

__all__ = ["floor_plan"]

TILE, EMPTY, INK, LINK = "#dbe7f3", "#f4f4f4", "#222222", "#c4442a"
HALF_WIDTH, HALF_HEIGHT = 0.3, 0.17
OFFSET = 0.07
"""Distance of the two directions of a link from its middle."""

STEPS = {"north": (-1, 0), "south": (1, 0), "east": (0, 1), "west": (0, -1)}


def floor_plan(mesh: MeshResult) -> str:
    """PNG in base64: tiles with their cores and what enters them, links with their packets."""
    figure = Figure(
        figsize=(2.6 * mesh.columns + 0.6, 1.5 * (mesh.rows + 1) + 0.3),
        layout="constrained",
        dpi=110,
    )
    axes = figure.add_subplot()
    axes.set(xlim=(-0.5, mesh.columns - 0.5), ylim=(mesh.rows + 0.4, -0.35))
    axes.set_axis_off()
    cores = {(tile.row, tile.column): tile.core for tile in mesh.tiles}
    entering = {
        (link.row, link.column): link.packets for link in mesh.links if link.port == "local"
    }
    _box(axes, HOST, "host", None)
    for row in range(1, mesh.rows + 1):
        for column in range(mesh.columns):
            _box(axes, (row, column), cores.get((row, column)), entering.get((row, column)))
    most = max([link.packets for link in mesh.links], default=0.0)
    for link in mesh.links:
        if link.port != "local" and link.packets:
            _arrow(axes, (link.row, link.column), STEPS[link.port], link.packets, most)
    _arrow(axes, HOST, STEPS["south"], mesh.host_packets, most)
    return png(figure)


def _box(axes: Axes, place: tuple[int, int], core: str | None, entering: float | None) -> None:
    row, column = place
    axes.add_patch(
        FancyBboxPatch(
            (column - HALF_WIDTH, row - HALF_HEIGHT),
            2 * HALF_WIDTH,
            2 * HALF_HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.04",
            facecolor=TILE if core else EMPTY,
            edgecolor="#888888",
            linewidth=0.8,
        )
    )
    text = core or "router"
    if entering:
        text += f"\n{entering:,.0f} in"
    axes.text(column, row, text, ha="center", va="center", fontsize=8, color=INK)


def _arrow(
    axes: Axes, start: tuple[int, int], step: tuple[int, int], packets: float, most: float
) -> None:
    (row, column), (down, right) = start, step
    y, x = row + right * OFFSET, column - down * OFFSET
    edge_y, edge_x = down * HALF_HEIGHT, right * HALF_WIDTH
    axes.add_patch(
        FancyArrowPatch(
            (x + edge_x, y + edge_y),
            (x + right - edge_x, y + down - edge_y),
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=0,
            shrinkB=0,
            linewidth=0.6 + 2.4 * packets / most,
            color=LINK,
        )
    )
    sideways = (0.09 * right, -0.03 * down)
    axes.text(
        x + right / 2 + sideways[1],
        y + down / 2 + sideways[0],
        f"{packets:,.0f}",
        ha="center" if right else ("right" if down > 0 else "left"),
        va="center",
        fontsize=7,
        color=INK,
    )
