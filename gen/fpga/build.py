"""From a system to the bitstream of a board: synthesis, place and route, packing."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickless.gen.fpga import tools, watch
from tickless.gen.fpga.board import Board
from tickless.gen.fpga.place_and_route import place_and_route
from tickless.gen.fpga.synthesis import PREPARATION
from tickless.gen.fpga.timing import Clock, CriticalPath, clocks, component_names, critical_path
from tickless.gen.verilog import generating
from tickless.hw.board.dividers import PllConfig
from tickless.hw.host.port_system import PortSystem
from tickless.hw.host.system import System
from tickless.hw.passes.system import PassSystem

__all__ = ["Built", "build", "build_plan"]

TOP = "top"
"""Name of the files in the output folder."""

COUNTS = "netlist.json"
"""File of Yosys's counts of cells in the output folder."""


@dataclass(frozen=True)
class Built:
    """What the tools made of a design.

    Members
    -------
    bitstream : Path
        The file to load.
    resources : dict
        ``used`` and ``available`` of each resource, by its name in `gen.fpga.board.Board`.
    reached_hz : int
        Highest clock of the design by the timing analysis.
    path : CriticalPath or None
        What limits it.
    link_clocks : tuple of Clock
        Clocks that the link brings.
    versions : dict
        Versions of Yosys and nextpnr, by name.
    seed : int
        Seed of place and route that reached the clock.
    """

    bitstream: Path
    resources: dict[str, dict[str, int]]
    reached_hz: int
    path: CriticalPath | None
    link_clocks: tuple[Clock, ...]
    versions: dict[str, str]
    seed: int


def build(
    board: Board,
    system: System | PortSystem | PassSystem,
    pll: PllConfig,
    folder: Path,
    seed: int = 1,
    system_tools: bool = False,
    floor_plan: str = "",
) -> Built:
    """Synthesize, place and route a design, and make its bitstream.

    Parameters
    ----------
    system : System, PortSystem or PassSystem
        What is behind the board's link.
    folder : Path
        Where all files go, those of an earlier build over-written.
    seed : int
        Of place and route, the first that is tried: a design's clock differs from seed to seed.
    system_tools : bool
        Whether to take the tools on PATH, not those of the Python packages.
    floor_plan : str
        Commands for Yosys, behind synthesis, that say where cells are; none by default.

    Raises
    ------
    gen.fpga.place_and_route.ImplementationError
        If the design does not fit, or is slower than the clock; there is no bitstream then.
    gen.fpga.tools.ToolError
        If a tool is missing or fails.
    """
    with generating("the design"):
        plan = build_plan(board, system, pll, seed, floor_plan)
    bitstream = folder / f"{TOP}{board.family.bitstream_suffix}"
    for stale in (bitstream, folder / "build.json", folder / "report.json"):
        stale.unlink(missing_ok=True)
    plan.extract(str(folder))
    synthesis, routing, *packing = commands = json.loads(plan.files[f"build_{TOP}.json"])[
        "commands"
    ]
    for tool, *_ in commands:
        tools.find(tool, system_tools)
    watch.run(folder, synthesis, system_tools)
    components = component_names(plan.files[f"{TOP}.il"], TOP)
    folded = not isinstance(system, PassSystem)
    seed, report = place_and_route(
        board, folder, routing, pll.clock_hz, components, system_tools, folded
    )
    for command in packing:
        watch.run(folder, command, system_tools)
    fixed = board.link.clocks_hz
    found = clocks(report, pll.clock_hz, fixed)
    mine = [clock for clock in found if clock.needed_hz not in fixed] or found
    return Built(
        bitstream=bitstream,
        resources=_resources(board, report, json.loads((folder / COUNTS).read_text())),
        reached_hz=mine[0].reached_hz,
        path=critical_path(report, components, mine[0].name if fixed else ""),
        link_clocks=tuple(clock for clock in found if clock not in mine),
        versions={tool: tools.version(tool, system_tools) for tool, *_ in commands[:2]},
        seed=seed,
    )


def build_plan(
    board: Board,
    system: System | PortSystem | PassSystem,
    pll: PllConfig,
    seed: int,
    floor_plan: str = "",
) -> Any:
    """Amaranth's `amaranth.build.run.BuildPlan` of a bitstream: its files, commands among them."""
    family = board.family
    platform: Any = board.platform()
    return platform.build(
        board.link.top(system, pll, family.pll),
        name=TOP,
        do_build=False,
        emit_src=False,
        synth_opts=family.synthesis_options,
        script_after_read=PREPARATION,
        script_after_synth=f"{floor_plan}\ntee -q -o {COUNTS} stat -json",
        nextpnr_opts=f"--seed {seed} --report report.json --timing-allow-fail "
        + family.place_and_route_options.format(clock_mhz=pll.clock_hz / 1e6),
    )


def _resources(
    board: Board, report: dict[str, Any], counts: dict[str, Any]
) -> dict[str, dict[str, int]]:
    """Resources used and available, by nextpnr's report and Yosys's counts of cells."""
    family = board.family
    resources = {
        name: {key: report["utilization"][cell][key] for key in ("used", "available")}
        for name, cell in family.cells.items()
    }
    if family.flip_flop:
        cells = counts["design"]["num_cells_by_type"]
        used = sum(count for cell, count in cells.items() if cell.startswith(family.flip_flop))
        resources["flip_flops"] = {"used": used, "available": board.flip_flops}
    return resources
