"""Plot of a calibration: statistics and event-count images of simulated and real recordings."""

from pathlib import Path
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure

__all__ = ["draw"]

REAL, SIMULATED = "#222222", "#c4442a"

SHOWN = 6
"""Samples whose event-count images are shown."""


class Drawn(Protocol):
    """What is drawn: histograms by name, event-count images ``[samples, channels, y, x]``."""

    @property
    def histograms(self) -> dict[str, np.ndarray]: ...
    @property
    def images(self) -> np.ndarray: ...


def draw(path: Path, edges: dict[str, np.ndarray], real: Drawn, simulated: Drawn) -> None:
    """Write the plot as a PNG.

    Parameters
    ----------
    edges : dict of numpy.ndarray
        Edges of the bins of each histogram.
    real, simulated : Drawn
        Statistics of recordings of the same images, in the same order.
    """
    figure = Figure(figsize=(13, 9.5), layout="constrained", dpi=100)
    halves = figure.add_gridspec(2, 1, height_ratios=[1, 1.05])
    width = -(-len(edges) // 2)
    above = halves[0].subgridspec(2, width)
    for place, (name, bins) in enumerate(edges.items()):
        axes = figure.add_subplot(above[divmod(place, width)])
        for label, colour, each in (("real", REAL, real), ("simulated", SIMULATED, simulated)):
            share = each.histograms[name] / each.histograms[name].sum()
            axes.stairs(share, bins, color=colour, label=label, lw=1.2)
        if bins[0] > 0:
            axes.set_xscale("log")
        if name == "events of a pixel and channel":
            axes.set_yscale("log")
        axes.set_title(name, fontsize=9, loc="left")
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=7, frameon=False)
    rows = [
        (label, each, channel)
        for channel in (0, 1)
        for label, each in (("real", real), ("simulated", simulated))
    ]
    columns = min(SHOWN, len(real.images))
    below = halves[1].subgridspec(len(rows), columns)
    for row, (label, each, channel) in enumerate(rows):
        for column in range(columns):
            axes = figure.add_subplot(below[row, column])
            both = [part.images[column, channel].max() for part in (real, simulated)]
            axes.imshow(each.images[column, channel], cmap="Greys", vmin=0, vmax=max(both))
            axes.set(xticks=[], yticks=[])
            if column == 0:
                axes.set_ylabel(f"{label}\nchannel {channel}", fontsize=8)
    figure.savefig(path)
