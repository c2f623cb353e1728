"""Failures of a simulation, and their texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tickless.errors import ResultError
from tickless.sim.bench import Bench, Unit
from tickless.sim.packets import packet_text

__all__ = ["SimulationError", "hang_text", "link_name", "violation_text"]


class SimulationError(ResultError):
    """A design hung, broke a stream rule or answered a wrong number of samples."""


def link_name(unit: Unit, link: int) -> str:
    """A link's number, sender and receiver."""
    return f"link {link} ({unit.design.links[link]})"


def hang_text(
    bench: Bench, outcome: dict[str, Any], last_packets: Sequence[np.ndarray | None]
) -> str:
    """Who waits for whom.

    Parameters
    ----------
    bench : Bench
        The bench.
    outcome : dict
        What the test bench left in ``outcome.json``.
    last_packets : sequence of numpy.ndarray or None
        Last transfer on each link of the design that hangs.
    """
    index = outcome["unit"]
    unit = bench.units[index]
    last = unit.first_link + len(unit.layouts) - 1
    lines = [
        f"design {index} hangs at cycle {outcome['cycle']} with {outcome['transfers'][last]} of "
        f"{outcome['answers'][index]} answers"
    ]
    for link, (layout, packet) in enumerate(zip(unit.layouts, last_packets, strict=True)):
        number = unit.first_link + link
        text = f"  {link_name(unit, link)}: {outcome['transfers'][number]} packets"
        if packet is not None:
            text += (
                f", the last at cycle {outcome['last_cycles'][number]}: "
                f"{packet_text(layout, packet)}"
            )
        valid = outcome["valid"][index] >> link & 1
        ready = outcome["ready"][index] >> link & 1
        who = {
            (0, 1): "the receiver waits",
            (1, 0): "the sender waits",
            (0, 0): "neither is ready",
            (1, 1): "both are ready",
        }[valid, ready]
        lines.append(f"{text}; valid {valid}, ready {ready}: {who}")
    return "\n".join(lines)


def violation_text(bench: Bench, violation: list[int]) -> str:
    """Which link broke which rule of the stream, as `sim.testbench.Native.violation` tells it."""
    number, cycle, valid, *words = violation
    index = max(i for i, unit in enumerate(bench.units) if unit.first_link <= number)
    unit = bench.units[index]
    link = number - unit.first_link
    layout = unit.layouts[link]
    held, seen = (
        packet_text(layout, np.array(part, dtype=np.uint64).view(np.uint32))
        for part in (words[::2], words[1::2])
    )
    broken = f"payload changed to {seen}" if valid else "valid fell"
    return (
        f"design {index}, {link_name(unit, link)}, cycle {cycle}: {broken} "
        f"before the transfer of {held}"
    )
