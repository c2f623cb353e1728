"""Place and route by nextpnr, with other seeds until the clock is reached."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tickless.errors import ResultError
from tickless.gen.fpga import tools, watch
from tickless.gen.fpga.board import Board
from tickless.gen.fpga.timing import CriticalPath, critical_path, reached_hz, short_resources

__all__ = ["ImplementationError", "place_and_route"]

TRIES = 3
"""Seeds of place and route that are tried, one after the other, until the clock is reached."""

WORTH_ANOTHER = 0.9
"""Share of the clock below which no other seed is tried: it would not be enough."""


class ImplementationError(ResultError):
    """The design does not fit or is too slow; the message says by how much and what to do."""


def place_and_route(
    board: Board,
    folder: Path,
    command: Sequence[str],
    clock_hz: int,
    components: Sequence[str],
    system_tools: bool,
) -> tuple[int, dict[str, Any]]:
    """Place and route a design, with up to `TRIES` seeds until its clock is reached.

    Parameters
    ----------
    command : sequence of str
        nextpnr and its options: the first seed behind ``--seed``, the report in ``report.json``.
    components : sequence of str
        Names of the design's components, for the critical path.

    Returns
    -------
    tuple of int and dict
        The last seed, and nextpnr's report with it.

    Raises
    ------
    ImplementationError
        If the design does not fit, or is slower than the clock.
    gen.fpga.tools.ToolError
        If nextpnr is missing or fails.
    """
    place = command.index("--seed") + 1
    seed = int(command[place])
    tried: dict[int, int] = {}
    while True:
        try:
            watch.run(folder, [*command[:place], str(seed), *command[place + 1 :]], system_tools)
        except tools.ToolError:
            log = folder / command[command.index("--log") + 1]
            found = short_resources(log.read_text(errors="replace")) if log.exists() else {}
            # Others are no designer's: nextpnr counts one clock gate of a Gowin too many.
            cells = board.family.cells.values()
            if short := {cell: pair for cell, pair in found.items() if cell in cells}:
                raise ImplementationError(_does_not_fit(board, short)) from None
            raise
        report = json.loads((folder / "report.json").read_text())
        reached = tried[seed] = reached_hz(report)
        if reached >= clock_hz:
            return seed, report
        if reached < WORTH_ANOTHER * clock_hz or len(tried) == TRIES:
            path = critical_path(report, components)
            raise ImplementationError(_too_slow(clock_hz, tried, path))
        seed += 1
        print(
            f"{reached / 1e6:.2f} MHz reached, {clock_hz / 1e6:.2f} MHz asked: trying seed {seed}",
            file=sys.stderr,
        )


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
