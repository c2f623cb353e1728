"""Request: what a design is to be, before anything follows from the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tickless.errors import InputError
from tickless.gen.cut import CoreLimits
from tickless.gen.folding import Folding
from tickless.gen.fpga.board import Board
from tickless.hw.copies import MOST_COPIES
from tickless.sw.integer.checks import check_margin

__all__ = ["DesignRequest"]

MOST_TILES = 1024
"""Tiles of a mesh, at most: more than any FPGA here has room for."""


@dataclass(frozen=True)
class DesignRequest:
    """What a design is to be; `gen.plan.plan` makes a configuration of it.

    Parameters
    ----------
    foldings : mapping of str to Folding
        Foldings of layers by name; the others are fully parallel.
    budget : int or None
        Most neurons updated at once in the whole network; the folding follows.
    board : Board or None
        Board that the design is for: without foldings or a budget the folding is the fastest that
        fits, and the cores are built as suits the board.
    mesh : tuple of int or None
        Rows and columns of a mesh; None for point-to-point links. On a board its cores need
        foldings or a budget.
    cuts : mapping of str to int
        Slices of layers by name, on a mesh.
    limits : CoreLimits
        What a core of a mesh may use; larger layers are cut.
    margin : int or None
        Margin of early exit, in integer logit units.
    loadable : bool
        Whether the cores of a mesh can be written at run time.
    copies : int
        How often the network is there, with samples dealt between its copies: 1 to
        `hw.copies.MOST_COPIES`.

    Raises
    ------
    InputError
        If a number is too small or too large, or two of them exclude each other.
    """

    foldings: Mapping[str, Folding] = field(default_factory=lambda: MappingProxyType({}))
    budget: int | None = None
    board: Board | None = None
    mesh: tuple[int, int] | None = None
    cuts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    limits: CoreLimits = field(default_factory=CoreLimits)
    margin: int | None = None
    loadable: bool = False
    copies: int = 1

    def __post_init__(self):
        # At once, not when the network's activity is measured.
        if self.budget is not None and self.budget < 1:
            raise InputError(f"budget = {self.budget}: expected at least 1, one update a layer")
        check_margin(self.margin, classes=2)
        for name, count in self.cuts.items():
            if count < 1:
                raise InputError(f"cut '{name}={count}': expected at least 1 slice")
        if not 1 <= self.copies <= MOST_COPIES:
            raise InputError(f"copies = {self.copies}: expected 1..{MOST_COPIES}")
        if self.copies > 1 and self.loadable:
            raise InputError("copies that are loadable: expected one of the two")
        if self.mesh is not None and self.mesh[0] * self.mesh[1] > MOST_TILES:
            rows, columns = self.mesh
            raise InputError(f"mesh {rows}x{columns}: expected at most {MOST_TILES:,} tiles")
        if self.foldings and self.budget is not None:
            raise InputError("foldings and a budget: expected one of them")
        if self.mesh is not None:
            if self.fits_board:
                raise InputError(
                    "a mesh on a board: no folding is found by itself, since the estimate knows no "
                    "routers: expected --budget or --fold"
                )
            return
        if self.cuts or self.limits != CoreLimits():
            raise InputError("layers are cut over the cores of a mesh: expected --mesh RxC, too")
        if self.loadable:
            raise InputError("cores are loaded over a mesh: expected --mesh RxC, too")

    @property
    def fits_board(self) -> bool:
        """Whether the folding is the fastest that the board has room for."""
        return self.board is not None and not self.foldings and self.budget is None

    @property
    def needs_activity(self) -> bool:
        """Whether something of the design follows from the network's activity."""
        return self.budget is not None or self.mesh is not None or self.fits_board
