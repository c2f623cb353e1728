"""Boards that bitstreams are built for, by name: one module a board.

Names are known at once; a board's module is imported when the board is asked for, since it needs
the package of the boards' descriptions, an extra.
"""

from collections.abc import Iterator, Mapping
from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tickless.gen.fpga.board import Board

__all__ = ["BOARDS"]

_PLACES = {
    "icebreaker": "icebreaker:ICEBREAKER",
    "ulx3s-25f": "ulx3s:ULX3S_25F",
    "ulx3s-85f": "ulx3s:ULX3S_85F",
    "orangecrab-25f": "orangecrab:ORANGECRAB_25F",
}
"""Module of each board, and its name in it."""


class _Boards(Mapping[str, "Board"]):
    def __getitem__(self, name: str) -> "Board":
        return resolve_name(f"{__name__}.{_PLACES[name]}")

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


BOARDS: Mapping[str, "Board"] = _Boards()
