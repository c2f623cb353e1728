"""Place and route by nextpnr, with other seeds until the clock is reached."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tickless.errors import ResultError
from tickless.gen.fpga import tools, watch
from tickless.gen.fpga.board import Board
from tickless.gen.fpga.timing import Clock, CriticalPath, clocks, critical_path, short_resources

__all__ = ["ImplementationError", "place_and_route"]

TRIES = 3
"""Seeds of place and route that are tried, one after the other, until the clock is reached; nextpnr
0.11 breaks down with some in its last step for a GateMate."""

WORTH_ANOTHER = 0.8
"""Share of the clock below which no other seed is tried: it would not be enough. One netlist of an
engine of 56,500 cells has reached 48.4 MHz with a seed and 66.1 with the next one."""


class ImplementationError(ResultError):
    """The design does not fit or is too slow; the message says by how much and what to do."""


def place_and_route(
    board: Board,
    folder: Path,
    command: Sequence[str],
    clock_hz: int,
    components: Sequence[str],
    system_tools: bool,
    folded: bool,
) -> tuple[int, dict[str, Any]]:
    """Place and route a design, with up to `TRIES` seeds until its clocks are reached and nextpnr
    does not break down.

    Parameters
    ----------
    command : sequence of str
        nextpnr and its options: the first seed behind ``--seed``, the report in ``report.json``.
    components : sequence of str
        Names of the design's components, for the critical path.
    folded : bool
        Whether the design can be folded further where it is too slow.

    Returns
    -------
    tuple of int and dict
        The last seed, and nextpnr's report with it.

    Raises
    ------
    ImplementationError
        If the design does not fit, or is slower than one of its clocks.
    gen.fpga.tools.ToolError
        If nextpnr is missing or fails.
    """
    place = command.index("--seed") + 1
    first = int(command[place])
    seeds = range(first, first + TRIES)
    tried: dict[int, Clock] = {}
    for seed in seeds:
        try:
            watch.run(folder, [*command[:place], str(seed), *command[place + 1 :]], system_tools)
        except tools.ToolCrashError:
            if seed == seeds[-1]:
                raise
            why = f"{command[0]} broke down"
        except tools.ToolError:
            log = folder / command[command.index("--log") + 1]
            found = short_resources(log.read_text(errors="replace")) if log.exists() else {}
            # Others are no designer's: nextpnr counts one clock gate of a Gowin too many.
            cells = board.family.cells.values()
            if short := {cell: pair for cell, pair in found.items() if cell in cells}:
                raise ImplementationError(_does_not_fit(board, short)) from None
            raise
        else:
            report = json.loads((folder / "report.json").read_text())
            slowest, *_ = clocks(report, clock_hz, board.link.clocks_hz)
            tried[seed] = slowest
            if slowest.share >= 1:
                return seed, report
            if slowest.share < WORTH_ANOTHER or seed == seeds[-1]:
                path = critical_path(report, components, slowest.name)
                asked = slowest.needed_hz == clock_hz
                raise ImplementationError(_too_slow(tried, path, asked, folded))
            reached, needed = slowest.reached_hz / 1e6, slowest.needed_hz / 1e6
            why = f"{reached:.2f} MHz reached, {needed:.2f} MHz asked"
        print(f"{why}: trying seed {seed + 1}", file=sys.stderr)
    raise AssertionError("the last seed returns or raises")


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


def _too_slow(
    tried: Mapping[int, Clock], path: CriticalPath | None, is_asked: bool, folded: bool
) -> str:
    """What is wrong; the path is that of the last seed, whose clock may be no one's choice."""
    where = ""
    if path is not None:
        start, end, slowest = (name or "the top" for name in (path.start, path.end, path.slowest))
        share = path.delay_ns[path.slowest] / (path.logic_ns + path.routing_ns)
        where = f"; the longest path runs from {start} to {end}, {share:.0%} of it in {slowest}"
    best = max(tried.values(), key=lambda clock: clock.share)
    seeds = "seed " + " or ".join(map(str, tried))
    less = f"build it for less (--clock-mhz {best.reached_hz // 10**6}), " if is_asked else ""
    fold = "fold it further, " if folded else ""
    return (
        f"the design reaches {best.reached_hz / 1e6:.2f} MHz with {seeds}, "
        f"{best.needed_hz / 1e6:.2f} MHz were asked{where}: {less}{fold}or try "
        "another --seed"
    )
