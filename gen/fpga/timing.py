"""What nextpnr reports of a design: resources, clock and critical path."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Clock",
    "CriticalPath",
    "clocks",
    "component_names",
    "critical_path",
    "resources",
    "short_resources",
]

NEAR = 1e-3
"""Relative error of frequencies in nextpnr's report: it counts in picoseconds."""


@dataclass(frozen=True)
class CriticalPath:
    """The path that limits the clock.

    Members
    -------
    start, end : str
        Components between whose registers it runs; "" for the top.
    logic_ns, routing_ns : float
        Its delay through cells, and between them.
    delay_ns : dict of str to float
        Delay by component, the largest first: a cell's, and that of the nets it drives.
    """

    start: str
    end: str
    logic_ns: float
    routing_ns: float
    delay_ns: dict[str, float]

    @property
    def slowest(self) -> str:
        """Component with the largest share."""
        return next(iter(self.delay_ns), "")


@dataclass(frozen=True)
class Clock:
    """A clock in nextpnr's report.

    Members
    -------
    name : str
        Its net.
    reached_hz, needed_hz : int
        Highest frequency by the timing analysis, and the one that it has.
    """

    name: str
    reached_hz: int
    needed_hz: int

    @property
    def share(self) -> float:
        """What is reached of what is needed."""
        return self.reached_hz / self.needed_hz


def clocks(report: Mapping[str, Any], clock_hz: int, fixed_hz: Sequence[int]) -> list[Clock]:
    """Clocks in nextpnr's report, the one that reaches the least of its frequency first.

    Parameters
    ----------
    clock_hz : int
        Frequency of all clocks but those of the next.
    fixed_hz : sequence of int
        Frequencies of others, which are known by their constraints: Yosys renames nets.

    Raises
    ------
    ValueError
        If there is none in it, or one of the fixed is not.
    """
    found = []
    for net, figures in report["fmax"].items():
        constraint = 1e6 * figures.get("constraint", 0.0)
        needed = [hz for hz in fixed_hz if abs(constraint - hz) < NEAR * hz]
        found.append(Clock(net, int(1e6 * figures["achieved"]), *(needed or [clock_hz])))
    there = {clock.needed_hz for clock in found}
    missing = [f"one of {hz / 1e6:g} MHz" for hz in fixed_hz if hz not in there]
    if not found or missing:
        raise ValueError(f"nextpnr's report: no clock: expected {', '.join(missing) or 'one'}")
    return sorted(found, key=lambda clock: clock.share)


def critical_path(
    report: Mapping[str, Any], components: Iterable[str], clock: str = ""
) -> CriticalPath | None:
    """The slowest path between two registers in nextpnr's report; None if there is none.

    Parameters
    ----------
    components : iterable of str
        Names of the design's components, as in ``system.design.core_0``. A cell belongs to the
        deepest one whose name its own begins with.
    clock : str
        Net of the registers' clock; of any by default.
    """
    edge = f"posedge {clock}"
    paths = [
        path["path"]
        for path in report["critical_paths"]
        if path["from"] == path["to"] != "<async>" and (path["from"] == edge or not clock)
    ]
    if not paths:
        return None
    slowest = max(paths, key=lambda path: sum(segment["delay"] for segment in path))
    names = sorted(components, key=len, reverse=True)

    def owner(cell: str) -> str:
        return next((name for name in names if cell.startswith(f"{name}.")), "")

    kinds: dict[bool, float] = defaultdict(float)
    shares: dict[str, float] = defaultdict(float)
    for segment in slowest:
        kinds[segment["type"] == "routing"] += segment["delay"]
        shares[owner(segment["from"]["cell"])] += segment["delay"]
    return CriticalPath(
        start=owner(slowest[0]["from"]["cell"]),
        end=owner(slowest[-1]["to"]["cell"]),
        logic_ns=kinds[False],
        routing_ns=kinds[True],
        delay_ns=dict(sorted(shares.items(), key=lambda share: -share[1])),
    )


def component_names(rtlil: str, top: str) -> list[str]:
    """Names of the components in Amaranth's RTLIL, as the cells of the flat netlist begin with.

    Modules that would bear the same name have a number behind theirs, which the cells have not.
    """
    modules = re.findall(rf"^module \\{top}\.(\S+)", rtlil, re.MULTILINE)
    return [re.sub(r"\$\d+", "", module) for module in modules]


def resources(log: str) -> dict[str, tuple[int, int]]:
    """Resources by nextpnr's names, used and available, from its log."""
    rows = re.findall(r"^Info:\s+(\w+):\s*(\d+)/\s*(\d+)\s+\d+%", log, re.MULTILINE)
    return {cell: (int(used), int(available)) for cell, used, available in rows}


def short_resources(log: str) -> dict[str, tuple[int, int]]:
    """Those of the `resources` of which a design needs more than there are."""
    return {cell: pair for cell, pair in resources(log).items() if pair[0] > pair[1]}
