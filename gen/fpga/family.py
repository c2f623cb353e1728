"""Family of FPGAs: what its parts are called, how large they are, and what its tools must know."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tickless.gen.folding import Folding
from tickless.hw.board.pll import Pll

__all__ = ["Family", "LutRam"]


class LutRam(NamedTuple):
    """Small memory made of logic cells.

    Members
    -------
    depth, bits : int
        Words, and the width of a word.
    cost : float
        Yosys's cost of one.
    """

    depth: int
    bits: int
    cost: float


@dataclass(frozen=True, eq=False)
class Family:
    """Family of FPGAs.

    Parameters
    ----------
    name : str
        Name on the command line and in figures.
    pll : type of Pll
        Its phase-locked loop.
    cells : mapping of str to str
        What nextpnr calls the resources, by their names in `gen.fpga.board.Board`.
    block_ram_depths : mapping of int to int
        Depth of a block RAM by the width of its words.
    block_ram_cost : float
        Yosys's cost of a block RAM.
    filling : float
        Share of the logic cells up to which place and route keeps its speed.
    synthesis : str
        Yosys's command of synthesis.
    synthesis_options : str
        Its options.
    place_and_route_options : str
        Options of nextpnr; ``{clock_mhz}`` in it becomes the clock that is asked for.
    part_command : tuple of str
        nextpnr for a component by itself, on a large device of the family.
    bitstream_suffix : str
        Of the file that a board is loaded with.
    coefficients_file : Path
        Logic cells of each feature, see `gen.fpga.estimate`; `gen.fpga.coefficients` writes it.
    measured_cores : tuple of tuple
        Cores that the coefficients are measured on: a pre-trained network, the index of a layer in
        it, and the layer's folding.
    part_netlist : tuple of str
        Commands of Yosys by which a component's netlist becomes one that ``part_command`` takes,
        where it does not as it is.
    lut_ram : LutRam or None
        Memory made of logic cells.
    spram_bits : int
        Width of a single-port memory of its own kind; 0 where there is none.
    flip_flop : str
        What Yosys's names of flip-flops begin with, where nextpnr counts none: each is in a logic
        cell.
    """

    name: str
    pll: type[Pll]
    cells: Mapping[str, str]
    block_ram_depths: Mapping[int, int]
    block_ram_cost: float
    filling: float
    synthesis: str
    synthesis_options: str
    place_and_route_options: str
    part_command: tuple[str, ...]
    bitstream_suffix: str
    coefficients_file: Path
    measured_cores: tuple[tuple[str, int, Folding], ...] = ()
    part_netlist: tuple[str, ...] = ()
    lut_ram: LutRam | None = None
    spram_bits: int = 0
    flip_flop: str = ""

    @cached_property
    def coefficients(self) -> Mapping[str, Mapping[str, float]]:
        """Logic cells of each feature, by kind of part."""
        return json.loads(self.coefficients_file.read_text())
