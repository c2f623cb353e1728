"""Timing of an AXI core's streams, drawn from a simulation of a small network.

    python examples/axi_timing.py [PICTURE]

Two samples of four events, each a packet whose last beat ends it, and the first one's answer; the
manager stalls both for a while. The picture, axi.png by default, is docs/axi.png.
"""

import sys
from typing import Any

import numpy as np
from amaranth.sim import Simulator
from matplotlib.figure import Figure

from tickless.gen.axi import axi_core
from tickless.gen.configure import chain_config, design_factory
from tickless.gen.folding import fold_fully
from tickless.hw.axi.core import AxiCore
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, layer_geometries

EVENTS = [(0, 1, 1), (1, 1, 2), (0, 2, 2), (1, 2, 1)]
"""Channel, y and x of a sample's."""

STREAMS = {
    "s_axis": ("tvalid", "tready", "tlast", "tdata"),
    "m_axis": ("tvalid", "tready", "tlast", "tdata"),
}

LOW, HIGH = 0.1, 0.8
"""Levels of a line within its row."""


def small_core() -> AxiCore:
    """Convolution of two channels and a readout of three classes."""
    specs = [LayerSpec("conv2d", 2, 3, 1, 1), LayerSpec("readout", 3)]
    layers = []
    for index, geometry in enumerate(layer_geometries((2, 4, 4), specs)):
        weight = np.arange(geometry.weight_shape[0] * np.prod(geometry.weight_shape[1:]))
        weight = (weight % 7 - 2).reshape(geometry.weight_shape).astype(np.int8)
        neurons = 0 if index else 2
        threshold, floor = np.full(neurons, 3, np.int32), np.full(neurons, -8, np.int32)
        bits = 32 if index else 6
        layers.append(Layer(f"layer_{index}", (Edge(geometry, weight, 4),), threshold, floor, bits))
    network = Network(tuple(layers))
    config = chain_config(network, fold_fully(network))
    return axi_core(design_factory(config, network)(), network)


def record(core: Any) -> dict[str, list[int]]:
    """Values of the streams' ports in each clock until a sample is answered."""
    ports = [f"{stream}_{part}" for stream, parts in STREAMS.items() for part in parts]
    seen: dict[str, list[int]] = {port: [] for port in ports}
    beats = [
        core.shape.event.const({"channel": channel, "y": y, "x": x}).as_bits()
        for channel, y, x in EVENTS
    ]

    async def manager(ctx: Any) -> None:
        ctx.set(core.aresetn, 0)
        await ctx.tick()
        ctx.set(core.aresetn, 1)
        waiting, words, clock, stalls = 2 * beats, 0, 0, 0
        while words < core.shape.words.size // 32:
            # No offer in the third clock, no room for the answer's third word.
            ctx.set(core.s_axis_tvalid, bool(waiting) and clock != 2)
            ctx.set(core.s_axis_tdata, waiting[0] if waiting else 0)
            ctx.set(core.s_axis_tlast, len(waiting) % len(beats) == 1)
            ctx.set(core.m_axis_tready, words != 2 or stalls <= 0)
            for port in ports:
                seen[port].append(int(ctx.get(getattr(core, port))))
            sent, received = (
                seen[f"{stream}_tvalid"][-1] & seen[f"{stream}_tready"][-1] for stream in STREAMS
            )
            stalls = 2 if words == 1 else stalls - (seen["m_axis_tvalid"][-1])
            waiting = waiting[sent:]
            words += received
            clock += 1
            await ctx.tick()

    simulator = Simulator(core)
    simulator.add_clock(1e-8)
    simulator.add_testbench(manager)
    simulator.run()
    return seen


def draw(seen: dict[str, list[int]], path: str) -> None:
    """Draw the clock, and each port's values below it; data only where they are offered.

    The clocks in which nothing is offered are left out but for their ends.
    """
    offers = np.flatnonzero(np.add(seen["s_axis_tvalid"], seen["m_axis_tvalid"]))
    gap = int(np.argmax(np.diff(offers)))
    parts = [range(offers[gap] + 2), range(offers[gap + 1] - 1, offers[-1] + 1)]
    rows = ["aclk", *seen]
    figure = Figure((sum(map(len, parts)) / 2, len(rows) / 2.6), layout="constrained")
    both = figure.subplots(
        1, 2, sharey=True, gridspec_kw={"width_ratios": [len(part) for part in parts]}
    )
    for axes, part in zip(both, parts, strict=True):
        for row, name in enumerate(rows):
            draw_row(axes, len(rows) - 1 - row, name, part, seen)
        axes.set_xlim(part[0], part[-1] + 1)
        axes.set_xticks(part[::2])
        axes.grid(axis="x", alpha=0.3)
        axes.set_xlabel("clock")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(left=False)
    heights = [len(rows) - 1 - row + (LOW + HIGH) / 2 for row in range(len(rows))]
    both[0].set_yticks(heights, rows, family="monospace")
    figure.savefig(path)


def draw_row(axes: Any, base: int, name: str, clocks: range, seen: dict[str, list[int]]) -> None:
    """Draw one port in some clocks."""
    low, high = base + LOW, base + HIGH
    if name == "aclk":
        times = np.arange(2 * len(clocks) + 1) / 2 + clocks[0]
        axes.step(times, np.where(times % 1 == 0, high, low), where="post", color="grey")
    elif name.endswith("tdata"):
        valid = seen[name.replace("tdata", "tvalid")]
        for clock in filter(valid.__getitem__, clocks):
            value = seen[name][clock]
            axes.fill_between([clock, clock + 1], low, high, color="#d6e6f5")
            if not valid[clock - 1] or seen[name][clock - 1] != value:
                axes.plot([clock, clock], [low, high], color="tab:blue")
                axes.text(clock + 0.08, base + 0.36, f"{value:x}", fontsize=7)
    else:
        values = [seen[name][clock] for clock in (*clocks, clocks[-1])]
        times = np.arange(len(clocks) + 1) + clocks[0]
        axes.step(times, np.where(values, high, low), where="post", color="tab:blue")


def main(path: str = "axi.png") -> None:
    """Simulate, and draw."""
    core = small_core()
    seen = record(core)
    draw(seen, path)
    answer = [
        word
        for word, valid, ready in zip(
            seen["m_axis_tdata"], seen["m_axis_tvalid"], seen["m_axis_tready"], strict=True
        )
        if valid and ready
    ]
    print(f"class {answer[0] & 0xFFFF}, clock {answer[1]}, logits {answer[2:]}: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
