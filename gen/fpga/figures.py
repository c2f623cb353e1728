"""Figures of a bitstream: sections of its ``build.json``, and their text for a terminal."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from tickless.gen.activity import Activity
from tickless.gen.design_file import design_number
from tickless.gen.fpga.board import Board
from tickless.gen.fpga.build import Built
from tickless.hw.board.dividers import PllConfig
from tickless.hw.config import DesignConfig
from tickless.hw.core.shape import CoreShape
from tickless.sw.integer.network import Network

__all__ = [
    "activity_figures",
    "build_figures",
    "clock_lines",
    "layer_figures",
    "mesh_figures",
    "network_figures",
    "resource_lines",
    "table",
]

BUILD_VERSION = 1
"""Version of the form of ``build.json``."""


def table(figures: Mapping[str, Any]) -> str:
    """The main figures of ``build.json`` as text for a terminal."""
    performance, mesh = figures["performance"], figures["mesh"]
    lines = [f"{figures['board']['title']}: {figures['network']['file']}", ""]
    if mesh is not None:
        loadable = ", loadable" * mesh["loadable"]
        lines.insert(1, f"mesh of {mesh['rows']} x {mesh['columns']}{loadable}")
    if figures["copies"] > 1:
        lines.insert(1, f"{figures['copies']} copies, samples dealt between them")
    lines += [
        *resource_lines(figures),
        *clock_lines(figures),
        "",
        f"{'layer':14}{'lanes x taps':>14}{'cycles a sample':>18}",
    ]
    lines += [
        f"{layer['name']:14}{layer['lanes']:>10} x {layer['taps']}{cycles:18,.0f}"
        for layer, cycles in zip(
            figures["layers"], performance["cycles_per_sample_by_core"], strict=True
        )
    ]
    lines += [
        "",
        f"{performance['samples_per_second_by_cores']:,.0f} samples/s by the cores, "
        f"{performance['samples_per_second_by_host_link']:,.0f} by the host link over "
        f"{figures['host_link']['title']} (both computed)",
        f"{performance['events_per_second_by_cores']:,.0f} events/s by the cores, "
        f"{performance['events_per_second_by_host_link']:,.0f} by the host link (both computed)",
        f"{performance['latency_us_end_to_answer_idle']:,.1f} us from END to the answer, "
        f"{performance['latency_us_end_to_answer_with_host_link']:,.0f} us with the host link "
        "(computed)",
        f"{performance['peak_sops_per_second'] / 1e9:,.2f} GSOP/s at most, "
        f"{performance['sustained_sops_per_second_by_cores'] / 1e9:,.2f} sustained by the cores",
        "",
        f"On the board: tickless run {figures['host_link']['run_options']} RECORDINGS",
    ]
    return "\n".join(lines)


def resource_lines(figures: Mapping[str, Any]) -> list[str]:
    """Lines of a table: what of the FPGA is used."""
    lines = []
    for name, count in figures["resources"].items():
        used, available = count["used"], count["available"]
        title = name.replace("_", " ")
        lines.append(f"{title:14}{used:10,} of {available:,} ({used / available:.0%})")
    return lines


def clock_lines(figures: Mapping[str, Any]) -> list[str]:
    """Lines of a table: the clock, and those that the link brings."""
    clock = figures["clock"]
    return [
        f"{'clock':14}{clock['built_for_hz'] / 1e6:10.2f} MHz, {clock['reached_hz'] / 1e6:.2f} MHz "
        "reached",
        *(
            f"{'link clock':14}{link['needed_hz'] / 1e6:10.2f} MHz, "
            f"{link['reached_hz'] / 1e6:.2f} MHz reached"
            for link in clock["link"]
        ),
    ]


def build_figures(
    path: Path, network: Network, board: Board, asked_hz: int, pll: PllConfig, built: Built
) -> dict[str, Any]:
    """What every build tells: what was built of what, resources and clocks.

    Parameters
    ----------
    path : Path
        The network's file.
    asked_hz : int
        Clock that was asked for.
    pll : PllConfig
        Dividers of the one that it was built for.
    """
    return {
        "build_version": BUILD_VERSION,
        "tickless_version": metadata.version("tickless"),
        "network": network_figures(path, network),
        "board": {"name": board.name, "title": board.title, "device": board.device},
        "tools": built.versions,
        "seed": built.seed,
        "bitstream": {
            "file": built.bitstream.name,
            "sha256": hashlib.sha256(built.bitstream.read_bytes()).hexdigest(),
        },
        "resources": built.resources,
        "clock": {
            "asked_hz": asked_hz,
            "built_for_hz": pll.clock_hz,
            "reached_hz": built.reached_hz,
            "critical_path": None if built.path is None else asdict(built.path),
            "link": [asdict(clock) for clock in built.link_clocks],
        },
    }


def network_figures(path: Path, network: Network) -> dict[str, Any]:
    """A network and its file."""
    return {
        "file": str(path),
        "hash": network.hash,
        "input_shape": network.input_shape,
        "classes": network.classes,
        "provenance": asdict(network.provenance),
    }


def layer_figures(core: CoreShape) -> dict[str, Any]:
    """A core: its folding and its memories."""
    weights = {
        "memories": core.taps,
        "words": core.weight_depth,
        "word_bits": core.weight_word_bits,
    }
    membranes = None
    if not core.readout:
        membranes = {
            "memories": core.taps,
            "words": core.bank_depth,
            "word_bits": core.membrane_word_bits,
            "single_port": core.single_port,
        }
    return {
        "name": core.name,
        "lanes": core.lanes,
        "taps": core.taps,
        "clocks_per_event": core.clocks_per_event,
        "weights": weights,
        "membranes": membranes,
    }


def mesh_figures(config: DesignConfig) -> dict[str, Any] | None:
    """The mesh of a design, whether it can be loaded, and by which number then; None without."""
    if config.mesh is None:
        return None
    return {
        "rows": config.mesh.rows,
        "columns": config.mesh.columns,
        "loadable": config.loadable,
        "design": f"{design_number(config.mesh):016x}" if config.loadable else None,
    }


def activity_figures(config: DesignConfig, activity: Activity) -> dict[str, Any]:
    """Means over samples; accesses in words of the memories of `layer_figures`."""
    words = [
        sops
        * sum(core.blocks_per_event(core.edges[0]) for core in cores)
        * cores[0].edges[0].groups
        / cores[0].layer_channels
        for sops, cores in zip(activity.sops, config.layers, strict=True)
    ]
    return {
        "measured_on_samples": activity.samples,
        "input_events": activity.input_events,
        "events_by_layer": activity.events,
        "spikes_by_layer": activity.spikes,
        "sops_by_layer": activity.sops,
        "sops": sum(activity.sops),
        "weight_word_reads_by_layer": words,
        "membrane_word_reads_by_layer": [*words[:-1], 0],
        "membrane_word_writes_by_layer": [*words[:-1], 0],
        "packet_hops_at_most": activity.input_events + sum(activity.spikes),
    }
