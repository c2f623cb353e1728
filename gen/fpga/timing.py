"""What nextpnr reports of a design: resources, clock and critical path."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "CriticalPath",
    "component_names",
    "critical_path",
    "reached_hz",
    "resources",
    "short_resources",
]


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


def reached_hz(report: Mapping[str, Any]) -> int:
    """Highest frequency of the slowest clock in nextpnr's report.

    Raises
    ------
    ValueError
        If there is no clock in it.
    """
    if not report["fmax"]:
        raise ValueError("nextpnr's report: no clock: expected one")
    return int(1e6 * min(clock["achieved"] for clock in report["fmax"].values()))


def critical_path(report: Mapping[str, Any], components: Iterable[str]) -> CriticalPath | None:
    """The slowest path between two registers in nextpnr's report; None if there is none.

    Parameters
    ----------
    components : iterable of str
        Names of the design's components, as in ``system.design.core_0``. A cell belongs to the
        deepest one whose name its own begins with.
    """
    paths = [
        path["path"]
        for path in report["critical_paths"]
        if path["from"] == path["to"] and path["from"] != "<async>"
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
