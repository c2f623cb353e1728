"""From a design to the bitstream of a board: synthesis, place and route, packing."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tickless.errors import ResultError
from tickless.gen.fpga import tools
from tickless.gen.fpga.boards import CELLS, Board
from tickless.gen.fpga.timing import (
    CriticalPath,
    component_names,
    critical_path,
    reached_hz,
    short_resources,
)
from tickless.hw.board.dividers import PllConfig
from tickless.hw.board.top import BoardTop
from tickless.hw.host.system import System

__all__ = [
    "PREPARATION",
    "Built",
    "ImplementationError",
    "build",
    "stage",
    "synthesis_script",
]

TOP = "top"
"""Name of the files in the output folder."""

SYNTHESIS: Mapping[str, str] = {"ecp5": "-nowidelut -nodsp", "iCE40": "-device u"}
"""Options of Yosys for each family."""

PLACE_AND_ROUTE: Mapping[str, str] = {"ecp5": "--placer static --router router2", "iCE40": ""}
"""Options of nextpnr for each family. On an ECP5 the default placer leaves nets a third longer, in
which router2 often finds no way; the default router takes five times as long."""

PREPARATION = "; ".join(
    (
        "rename -hide w:*[[]*",
        "proc",
        "setattr -set keep 1 a:copy=1 %ci:+[Q] t:$dff %i",
        "setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2 r:MEMID=*block_ram %i",
    )
)
"""What Yosys must know before synthesis, and Amaranth cannot tell it.

Amaranth names a wire for each element of an array: "sums[1]". Where optimisation leaves one bit of
it, nextpnr takes it for bit 1 of "sums" and finds two drivers, or Yosys itself fails. Registers of
signals with the attribute ``copy`` stay, though another one is the same. A read of a `hw.ram.Ram`
beside a write may give anything: else its writes are delayed and forwarded around it.
"""

TRIES = 3
"""Seeds of place and route that are tried, one after the other, until the clock is reached."""

WORTH_ANOTHER = 0.9
"""Share of the clock below which no other seed is tried: it would not be enough."""

STAGE = re.compile(
    r"^(?:[\d.]+ Executing (?P<yosys>\w+) pass|Info: (?P<nextpnr>(?:Packing|Promoting|Creating "
    r"initial|Running \w+ \w+|Routing|Router\d) ?[\w ]*))",
    re.MULTILINE,
)
"""Lines of the logs that tell how far a tool is."""


class ImplementationError(ResultError):
    """The design does not fit or is too slow; the message says by how much and what to do."""


@dataclass(frozen=True)
class Built:
    """What the tools made of a design.

    Members
    -------
    bitstream : Path
        The file to load.
    resources : dict
        ``used`` and ``available`` of each resource, by its name in `gen.fpga.boards.Board`.
    reached_hz : int
        Highest clock by the timing analysis.
    path : CriticalPath or None
        What limits it.
    versions : dict
        Versions of Yosys and nextpnr, by name.
    seed : int
        Seed of place and route that reached the clock.
    """

    bitstream: Path
    resources: dict[str, dict[str, int]]
    reached_hz: int
    path: CriticalPath | None
    versions: dict[str, str]
    seed: int


def build(
    board: Board,
    system: System,
    pll: PllConfig,
    folder: Path,
    seed: int = 1,
    system_tools: bool = False,
) -> Built:
    """Synthesize, place and route a design, and make its bitstream.

    Parameters
    ----------
    folder : Path
        Where all files go, those of an earlier build over-written.
    seed : int
        Of place and route, the first of `TRIES`: a design's clock differs from seed to seed.
    system_tools : bool
        Whether to take the tools on PATH, not those of the Python packages.

    Raises
    ------
    BuildError
        If the design does not fit, or is slower than the clock; there is no bitstream then.
    gen.fpga.tools.ToolError
        If a tool is missing or fails.
    """
    platform: Any = board.platform()
    cells = CELLS[platform.family]
    plan = platform.build(
        BoardTop(system, pll),
        name=TOP,
        do_build=False,
        emit_src=False,
        synth_opts=SYNTHESIS[platform.family],
        script_after_read=PREPARATION,
        script_after_synth="tee -q -o netlist.json stat -json",
        nextpnr_opts=f"--seed {seed} --report report.json --timing-allow-fail "
        + PLACE_AND_ROUTE[platform.family],
    )
    bitstream = folder / (TOP + {"ecp5": ".bit", "iCE40": ".bin"}[platform.family])
    for stale in (bitstream, folder / "build.json", folder / "report.json"):
        stale.unlink(missing_ok=True)
    plan.extract(str(folder))
    commands = json.loads(plan.files[f"build_{TOP}.json"])["commands"]
    for tool, *_ in commands:
        tools.find(tool, system_tools)
    synthesis, place_and_route, *packing = commands
    _run(folder, synthesis, system_tools)
    report, tried = _placed_and_routed(
        board, folder, place_and_route, seed, pll.clock_hz, system_tools
    )
    seed, reached = list(tried.items())[-1]
    path = critical_path(report, component_names(plan.files[f"{TOP}.il"], TOP))
    if reached < pll.clock_hz:
        raise ImplementationError(_too_slow(pll.clock_hz, tried, path))
    for command in packing:
        _run(folder, command, system_tools)
    resources = {
        name: {key: report["utilization"][cell][key] for key in ("used", "available")}
        for name, cell in cells.items()
    }
    if "flip_flops" not in cells:
        counts = json.loads((folder / "netlist.json").read_text())["design"]["num_cells_by_type"]
        used = sum(count for cell, count in counts.items() if cell.startswith("SB_DFF"))
        resources["flip_flops"] = {"used": used, "available": board.flip_flops}
    versions = {tool: tools.version(tool, system_tools) for tool, *_ in commands[:2]}
    return Built(bitstream, resources, reached, path, versions, seed)


def synthesis_script(family: str, name: str) -> str:
    """Commands of Yosys that make cells of a module once it is read, as for a bitstream."""
    return f"{PREPARATION}; synth_{family.lower()} {SYNTHESIS[family]} -top {name}"


def _placed_and_routed(
    board: Board,
    folder: Path,
    command: Sequence[str],
    seed: int,
    clock_hz: int,
    system_tools: bool,
) -> tuple[dict[str, Any], dict[int, int]]:
    """Report of nextpnr with the last seed that was tried, and the clock that each reached."""
    tried: dict[int, int] = {}
    place = command.index("--seed") + 1
    while True:
        try:
            _run(folder, [*command[:place], str(seed), *command[place + 1 :]], system_tools)
        except tools.ToolError:
            log = folder / f"{TOP}.tim"
            short = short_resources(log.read_text(errors="replace")) if log.exists() else {}
            if short:
                raise ImplementationError(_does_not_fit(board, short)) from None
            raise
        report = json.loads((folder / "report.json").read_text())
        reached = tried[seed] = reached_hz(report)
        missed = WORTH_ANOTHER * clock_hz <= reached < clock_hz
        if not missed or len(tried) == TRIES:
            return report, tried
        seed += 1
        print(
            f"{reached / 1e6:.2f} MHz reached, {clock_hz / 1e6:.2f} MHz asked: trying seed {seed}",
            file=sys.stderr,
        )


def _run(folder: Path, command: Sequence[str], system_tools: bool) -> None:
    """Run a tool, and show how far it is."""
    tool, *arguments = command
    log = next((folder / name for name in arguments if name.endswith((".tim", ".rpt"))), None)
    if log is not None:
        log.unlink(missing_ok=True)
        print(f"{tool}: log in {log}", file=sys.stderr, flush=True)
    # A live line on a terminal alone: elsewhere the log tells more.
    with tqdm(desc=tool, bar_format="{desc:14} {elapsed} {postfix}", disable=None) as progress:
        tools.run(
            folder,
            tool,
            *arguments,
            system=system_tools,
            waiting=lambda: progress.set_postfix_str(stage(log)),
        )
        progress.set_postfix_str("done")


def stage(log: Path | None) -> str:
    """What a tool's log says last of how far it is; "" if it says nothing, or there is none."""
    if log is None or not log.exists():
        return ""
    found = list(STAGE.finditer(log.read_text(errors="replace")[-20_000:]))
    return found[-1].group(found[-1].lastgroup or 0) if found else ""


def _does_not_fit(board: Board, short: Mapping[str, tuple[int, int]]) -> str:
    lines = [
        f"{cell}: {used:,} of {available:,}, {used - available:,} too many"
        for cell, (used, available) in short.items()
    ]
    return "\n".join(
        [
            f"the design does not fit on {board.title}:",
            *lines,
            "fold it further (--budget N, --fold LAYER=LANESxTAPS), or take a smaller network",
        ]
    )


def _too_slow(asked_hz: int, tried: Mapping[int, int], path: CriticalPath | None) -> str:
    """What is wrong; the path is that of the last seed."""
    where = ""
    if path is not None:
        start, end, slowest = (name or "the top" for name in (path.start, path.end, path.slowest))
        share = path.delay_ns[path.slowest] / (path.logic_ns + path.routing_ns)
        where = f"; the longest path runs from {start} to {end}, {share:.0%} of it in {slowest}"
    best = max(tried.values())
    seeds = "seed " + " or ".join(map(str, tried))
    return (
        f"the design reaches {best / 1e6:.2f} MHz with {seeds}, {asked_hz / 1e6:.2f} MHz were "
        f"asked{where}: build it for less (--clock-mhz {best // 10**6}), fold it further, or try "
        "another --seed"
    )
