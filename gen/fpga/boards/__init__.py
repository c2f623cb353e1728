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
    "colorlight-5a-75b": "colorlight:COLORLIGHT_5A_75B",
    "colorlight-i5": "colorlight:COLORLIGHT_I5",
    "ecpix5-85f": "ecpix5:ECPIX5_85F",
    "gatemate-evb": "gatemate_evb:GATEMATE_EVB",
    "icebreaker": "icebreaker:ICEBREAKER",
    "orangecrab-25f": "orangecrab:ORANGECRAB_25F",
    "tang-nano-20k": "tang_nano:TANG_NANO_20K",
    "tang-nano-9k": "tang_nano:TANG_NANO_9K",
    "ulx3s-25f": "ulx3s:ULX3S_25F",
    "ulx3s-85f": "ulx3s:ULX3S_85F",
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
