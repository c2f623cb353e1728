"""Floor plan of a pass engine: every memory of a lane has a block RAM of its own, found by name."""

import fnmatch
import json

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring

from tickless.errors import InputError
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.fpga.floor_plan import COLUMNS, ROWS, floor_plan_script, lane_places
from tickless.gen.fpga.synthesis import synthesize
from tickless.gen.passes.program import ENGINES
from tickless.hw.passes.core import PassCore
from tickless.hw.passes.shape import EngineShape


@pytest.mark.parametrize("shape", ENGINES)
def test_each_memory_of_a_lane_has_a_block_ram_of_its_own(shape):
    places = lane_places(shape)
    assert len(places) == len(set(places.values())) == sum(shape.memories.values())
    there = {f"X{x}/Y{y}/EBR{number}" for rows in ROWS for y in rows for x, number in COLUMNS}
    assert set(places.values()) <= there
    assert len(there) == BOARDS["ulx3s-85f"].block_rams


class Engine(wiring.Component):
    """A core that is named as in an engine."""

    def __init__(self, shape: EngineShape):
        self.core = PassCore(shape)
        super().__init__(self.core.signature)

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = self.core
        wiring.connect(m, wiring.flipped(self), self.core)
        return m


@pytest.mark.parametrize("weight_words", [512, 1024])
def test_block_rams_of_a_netlist_are_where_the_plan_says(tmp_path, weight_words):
    shape = EngineShape(lanes=1, weight_words=weight_words)
    commands = (floor_plan_script(shape), "write_json planned.json")
    synthesize(Engine(shape), BOARDS["ulx3s-85f"], tmp_path, "engine", *commands)
    cells = json.loads((tmp_path / "planned.json").read_text())["modules"]["engine"]["cells"]
    found = {
        name: cell["attributes"]["BEL"]
        for name, cell in cells.items()
        if "BEL" in cell["attributes"]
    }
    for pattern, place in lane_places(shape).items():
        (name,) = fnmatch.filter(found, pattern)
        assert found.pop(name) == place
    assert not found


def test_more_lanes_than_there_is_room_for_are_refused():
    with pytest.raises(InputError, match="lanes = 32: their memories are more than LFE5U-85F"):
        lane_places(EngineShape(lanes=32))
