import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tickless.gen.fpga.coefficients import LARGEST, logic_cells, solve
from tickless.gen.fpga.estimate import Part, map_memories
from tickless.gen.fpga.families import FAMILIES
from tickless.gen.fpga.families.ecp5 import ECP5

PARTS = [
    Part("core", {"one": 1.0, "updates": float(updates)}, ((words, 9),))
    for updates, words in ((1, 8), (4, 30), (12, 64), (48, 200))
]


class Counter(wiring.Component):
    """Eight bits."""

    enable: Signal
    count: Signal

    def __init__(self):
        super().__init__({"enable": In(1), "count": Out(8)})

    def elaborate(self, platform):
        m = Module()
        with m.If(self.enable):
            m.d.sync += self.count.eq(self.count + 1)
        return m


def test_coefficients_are_found():
    counted = []
    for part in PARTS:
        features = map_memories(part, ECP5).features
        counted.append((part, round(100 + 60 * features["updates"] + 7 * features["lutrams"])))
    coefficients, lines = solve(counted, ECP5)
    assert coefficients["core"]["one"] == pytest.approx(100, abs=1)
    assert coefficients["core"]["updates"] == pytest.approx(60, abs=1)
    assert coefficients["core"]["lutrams"] == pytest.approx(7, abs=1)
    assert len(lines) == len(PARTS)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_component_is_counted_by_itself_without_pins(family, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert 8 <= logic_cells(Counter(), LARGEST[family]) <= 30


def test_parts_are_built_for_the_largest_board_of_each_family():
    boards = {name: board.name for name, board in LARGEST.items()}
    assert boards == {
        "ecp5": "ulx3s-85f",
        "iCE40": "icebreaker",
        "gowin": "tang-nano-20k",
        "gatemate": "gatemate-evb",
    }
    assert set(boards) == set(FAMILIES)
