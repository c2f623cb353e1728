"""The page of limits says what the code has."""

import re

from tests.docs.pages import ROOT
from tickless.gen.fpga.boards import BOARDS
from tickless.hw.host.messages import INFO_LAYOUT
from tickless.hw.packet import LOGIT_BITS
from tickless.sw.integer.layer import MAX_MEMBRANE_BITS, MAX_SHORTCUT_BITS, MAX_WEIGHT_BITS

PAGE = (ROOT / "docs/hardware-limits.md").read_text()


def test_widths_are_those_of_the_code():
    assert f"| weight | 2 to {MAX_WEIGHT_BITS} bits, signed; of a shortcut 2 to " in PAGE
    assert f"of a shortcut 2 to {MAX_SHORTCUT_BITS} |" in PAGE
    assert f"| membrane | 2 to {MAX_MEMBRANE_BITS} bits" in PAGE
    assert f"| logit | {LOGIT_BITS} bits" in PAGE
    widest = {(1 << INFO_LAYOUT[name].width) - 1 for name in ("channels", "height", "classes")}
    assert {f"{size:,}" for size in widest} == {"65,535"}
    assert "| extent of the input, classes | 65,535 each" in PAGE
    assert f"at most {2 * ((1 << (MAX_WEIGHT_BITS - 1)) - 1)} times pool² at 8 bits" in PAGE


def test_boards_have_the_cells_of_their_descriptions():
    rows = {
        name: (cells, memories)
        for name, cells, *memories in re.findall(
            r"^\| `([\w-]+)` \| ([\d,]+) \| (\d+)(?:, and (\d+) SPRAMs)? \| ([\d,]+) \|$",
            PAGE,
            re.MULTILINE,
        )
    }
    assert rows == {
        name: (
            f"{board.logic_cells:,}",
            [str(board.block_rams), str(board.sprams or ""), f"{board.stored_events:,}"],
        )
        for name, board in BOARDS.items()
    }
