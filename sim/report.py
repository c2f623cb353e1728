"""Report of a run: one HTML page that a person reads in a minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from tickless.sim.floorplan import floor_plan
from tickless.sim.packets import READ_MARKER, unpack_spikes
from tickless.sim.records import SampleRecord
from tickless.sim.result import Result
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import SampleTrace
from tickless.sw.pages import png, write_page

__all__ = ["ReportSample", "write_report"]

OFF, ON, INK = "#c4442a", "#2563a8", "#222222"


@dataclass(frozen=True, eq=False)
class ReportSample:
    """One sample to be shown.

    Members
    -------
    addresses : numpy.ndarray
        int32 ``[n, 3]``: input events ``(channel, y, x)``.
    label : int
        True class, or `sw.data.catalog.UNLABELLED`.
    trace : SampleTrace
        What the golden model says.
    recording : SampleRecord
        What the RTL did.
    """

    addresses: np.ndarray
    label: int
    trace: SampleTrace
    recording: SampleRecord


def write_report(
    path: Path, result: Result, network: Network, samples: Sequence[ReportSample]
) -> None:
    """Write the page, with these samples drawn; it needs no other file."""
    pictures = [{"sample": sample, "png": _picture(network, sample)} for sample in samples]
    write_page(
        path,
        "tickless.sim",
        "report.html",
        result=result,
        pictures=pictures,
        floor_plan=None if result.mesh is None else floor_plan(result.mesh),
    )


def _picture(network: Network, sample: ReportSample) -> str:
    """Input, spikes and logits of one sample over clock cycles, as base64 of a PNG."""
    spiking = network.layers[:-1]
    rows = len(spiking) + 2
    figure = Figure(figsize=(9.5, 1.35 * rows + 1.6), layout="constrained", dpi=110)
    grid = figure.add_gridspec(
        rows, 2, width_ratios=[1, 4.2], height_ratios=[1.5, *[1] * (rows - 2), 1.6]
    )

    links = sample.recording.links
    # Early exit may leave out the rest.
    taken = sample.addresses[: len(links[0].packets) - 1]
    inside = np.all((taken >= 0) & (taken < network.input_shape), axis=1)
    start = int(links[0].cycles[0])
    cycles = links[0].cycles[:-1][inside] - start
    channel, y, x = taken[inside].T

    axes = figure.add_subplot(grid[0, 0])
    image = np.zeros(network.input_shape[1:])
    np.add.at(image, (y, x), np.where(channel == 0, -1, 1))
    span = max(1.0, np.abs(image).max())
    axes.imshow(image, cmap="RdBu", norm=TwoSlopeNorm(0, -span, span))
    axes.set(xticks=[], yticks=[])
    axes.set_title("ON minus OFF events", fontsize=8)

    end = int(links[-1].cycles[-1]) - start
    raster = figure.add_subplot(grid[0, 1])
    raster.scatter(cycles, y, s=0.6, c=np.where(channel == 0, OFF, ON), linewidths=0)
    raster.invert_yaxis()
    raster.set_ylabel("row", fontsize=8)
    raster.set_title(f"input: {len(cycles):,} events (blue ON, red OFF)", fontsize=8, loc="left")

    for index, layer in enumerate(spiking):
        axes = figure.add_subplot(grid[index + 1, 1], sharex=raster)
        spikes, times = _spikes(sample.recording, index)
        shape = layer.output_shape
        neuron = np.ravel_multi_index(tuple(spikes.T), shape)
        axes.scatter(times - start, neuron, s=0.5, c=INK, linewidths=0)
        axes.set_ylim(-1, int(np.prod(shape)))
        axes.set_ylabel("neuron", fontsize=8)
        title = f"{layer.name}: {len(spikes):,} spikes of {int(np.prod(shape)):,} neurons"
        axes.set_title(title, fontsize=8, loc="left")
        counts = figure.add_subplot(grid[index + 1, 0])
        counts.imshow(
            np.bincount(neuron, minlength=int(np.prod(shape))).reshape(shape).sum(0), cmap="Greys"
        )
        counts.set(xticks=[], yticks=[])

    axes = figure.add_subplot(grid[-1, 1], sharex=raster)
    times, logits = _logits_over_events(network, sample)
    best = np.argsort(-logits[-1]) if len(logits) else []
    for rank, index in enumerate(best):
        label = f"class {index}" if rank < 3 else None
        colour = (ON, OFF, INK)[rank] if rank < 3 else "#bbbbbb"
        axes.step(times - start, logits[:, index], where="post", lw=1, c=colour, label=label)
    if len(best):
        axes.legend(fontsize=7, loc="upper left", frameon=False)
    axes.set_xlim(0, max(1, end))
    axes.set_xlabel("clock cycle since the sample's first event", fontsize=8)
    title = "logits"
    if sample.trace.decision is not None:
        _, times = _spikes(sample.recording, len(spiking) - 1)
        axes.axvline(int(times[sample.trace.decision]) - start, lw=1, ls="--", c=INK)
        title = f"logits; decided at event {sample.trace.decision:,} of the readout (dashed)"
    axes.set_title(title, fontsize=8, loc="left")
    for axes in figure.axes:
        axes.tick_params(labelsize=7)
    return png(figure)


def _spikes(recorded: SampleRecord, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """Spikes ``[n, 3]`` of a layer, as the RTL sent them, and the clock cycle of each."""
    parts, cycles = [], []
    for sent in recorded.sent(layer):
        assert sent.link.packets is not None
        items, indices = unpack_spikes(sent.link.packets, sent.packets)
        spikes = (items != READ_MARKER).any(axis=1)
        parts.append(items[spikes] + (sent.link.first_channel, 0, 0))
        cycles.append(sent.cycles[indices[spikes]])
    return np.concatenate(parts), np.concatenate(cycles)


def _logits_over_events(network: Network, sample: ReportSample) -> tuple[np.ndarray, np.ndarray]:
    """Cycle of each event sent to the readout, and the logits ``[events, classes]`` after it."""
    (readout,) = network.layers[-1].edges
    pool = readout.geometry.pool
    spikes, cycles = _spikes(sample.recording, len(network.layers) - 2)
    channel, y, x = spikes.T
    y, x = y // pool, x // pool
    reaches = (y < readout.geometry.kernel[0]) & (x < readout.geometry.kernel[1])
    added = readout.weight[:, channel[reaches], y[reaches], x[reaches]].T.astype(np.int64)
    return cycles[reaches], np.cumsum(added, axis=0) * network.logit_scale
