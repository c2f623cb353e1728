"""Boards that bitstreams are built for, by name: one module a board."""

from collections.abc import Mapping
from types import MappingProxyType

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.boards.icebreaker import ICEBREAKER
from tickless.gen.fpga.boards.orangecrab import ORANGECRAB_25F
from tickless.gen.fpga.boards.ulx3s import ULX3S_25F, ULX3S_85F

__all__ = ["BOARDS"]

BOARDS: Mapping[str, Board] = MappingProxyType(
    {board.name: board for board in (ICEBREAKER, ULX3S_25F, ULX3S_85F, ORANGECRAB_25F)}
)
