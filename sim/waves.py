"""Waveforms of a part of a run: which signals, which clocks, and a list of them for a viewer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickless.errors import InputError
from tickless.sim.bench import Bench
from tickless.sim.report_sample import ReportSample

__all__ = ["Moment", "Waves", "layer_scopes", "parse_moment", "save_file"]

TOP = "bench.unit_0"
"""Scope of the design of a bench that has one."""

FOREVER = 1 << 48
"""Clocks that no run takes."""


@dataclass(frozen=True)
class Waves:
    """Waveforms to be written.

    Members
    -------
    file : Path
        Where to: FST or VCD, as the simulator was built.
    scopes : tuple of str
        Scopes whose signals are written, those inside them included; all where there is none.
    first, last : int
        Clocks of the run, without the last one.
    """

    file: Path
    scopes: tuple[str, ...] = ()
    first: int = 0
    last: int = FOREVER

    def as_plan(self) -> dict[str, Any]:
        """For `sim.testbench.write_waves`."""
        return {
            "file": str(self.file.resolve()),
            "scopes": self.scopes,
            "cycles": (self.first, self.last),
        }


def layer_scopes(bench: Bench, layers: Sequence[str]) -> tuple[str, ...]:
    """Scopes of the cores of some layers and of their links; none for all layers."""
    if not layers:
        return ()
    [unit] = bench.units
    names = [core.shape.name.partition("[")[0] for core in unit.design.cores]
    scopes = [unit.design.core_scope(core) for core, name in enumerate(names) if name in layers]
    scopes += [unit.design.link_scope(link) for link in _links(bench, layers)]
    return tuple(f"{TOP}.{scope}" for scope in scopes)


def _links(bench: Bench, layers: Sequence[str]) -> list[int]:
    """Indices of the links that begin or end at a core of these layers; all without any."""
    [unit] = bench.units
    ends = [
        {name.partition("[")[0] for name in (link.sender, link.receiver)}
        for link in unit.design.links
    ]
    return [number for number, names in enumerate(ends) if not layers or names & set(layers)]


@dataclass(frozen=True)
class Moment:
    """An event of the input, or a spike of a layer.

    Members
    -------
    source : int
        -1 for the input, else the index of a spiking layer.
    number : int
        Of the event or spike, from 0.
    text : str
        As it was asked for.
    """

    source: int
    number: int
    text: str

    def clocks(self, sample: ReportSample, cycles: int) -> tuple[int, int]:
        """Clocks of the run around it: so many before and behind.

        Raises
        ------
        InputError
            If the sample has no such event.
        """
        raster = sample.inputs if self.source < 0 else sample.layers[self.source]
        if self.number >= len(raster.cycles):
            raise InputError(
                f"waves-around = {self.text!r}: sample {sample.name} has {len(raster.cycles)} of "
                "them, from 0"
            )
        cycle = sample.start_cycle + int(raster.cycles[self.number])
        return max(0, cycle - cycles), cycle + cycles


def parse_moment(text: str, layers: Sequence[str]) -> Moment:
    """Moment of a text ``SOURCE:NUMBER``.

    Parameters
    ----------
    layers : sequence of str
        Names of the spiking layers; the other source is ``input``.

    Raises
    ------
    InputError
        If the text has another form, or there is no such source.
    """
    match = re.fullmatch(r"(.+):(\d+)", text)
    sources = ("input", *layers)
    if match is None or match[1] not in sources:
        raise InputError(
            f"waves-around = {text!r}: expected SOURCE:NUMBER, SOURCE one of {', '.join(sources)}"
        )
    return Moment(sources.index(match[1]) - 1, int(match[2]), text)


def save_file(bench: Bench, waves: Waves, layers: Sequence[str]) -> str:
    """Save file of GTKWave, which Surfer reads, too: clock, and the fields of each link by name."""
    [unit] = bench.units
    scopes = {link: f"{TOP}.{unit.design.link_scope(link)}" for link in _links(bench, layers)}
    lines = [f'[dumpfile] "{waves.file.name}"', "@28", f"{next(iter(scopes.values()))}.clk"]
    for number, scope in scopes.items():
        link = unit.design.links[number]
        lines += ["@200", f"-{link.sender} to {link.receiver}", "@28"]
        lines += [f"+{{{name}}} {scope}.i__{name}" for name in ("valid", "ready")]
        fields = [(name, field.width) for name, field in unit.layouts[number] if field.width]
        lines += ["@24"]
        lines += [
            f"+{{{name}}} {scope}.i__payload.{name}" + (f"[{width - 1}:0]" if width > 1 else "")
            for name, width in fields
        ]
    return "\n".join(lines) + "\n"
