"""A made-up family of FPGAs and a board with one: all that they take stands in this file."""

import json
from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Instance, Module
from amaranth_boards.tang_nano_9k import TangNano9kPlatform

from tests.gen.fpga.reports import PATH, StubTools
from tests.random_networks import random_events, random_network
from tickless.gen.activity import measure_activity
from tickless.gen.configure import chain_config, core_contents, design_factory
from tickless.gen.folding import Folding, fold_fully
from tickless.gen.fpga.board import Board
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.fpga.build import build
from tickless.gen.fpga.coefficients import LARGEST
from tickless.gen.fpga.estimate import Part, core_part, estimate, map_memories
from tickless.gen.fpga.families import FAMILIES
from tickless.gen.fpga.families.ecp5 import ECP5
from tickless.gen.fpga.family import Family, LutRam
from tickless.gen.fpga.fit import DoesNotFitError, fit_to_board
from tickless.gen.fpga.place_and_route import ImplementationError
from tickless.gen.fpga.synthesis import PREPARATION, synthesize
from tickless.hw.board.dividers import PllConfig
from tickless.hw.board.pll import Pll
from tickless.hw.core.core import Core
from tickless.hw.host.system import System

CELLS_OF_AN_UPDATE = 50.0


class MadeUpPllConfig(PllConfig):
    REFERENCES = range(1, 65)
    FEEDBACKS = range(1, 65)
    OUTPUTS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)
    INPUT_HZ = (3e6, 400e6)
    DETECTOR_HZ = (3e6, 400e6)
    OSCILLATOR_HZ = (400e6, 1200e6)
    CLOCK_HZ = (3.125e6, 600e6)


class MadeUpPll(Pll):
    GATED = False
    CONFIG = MadeUpPllConfig

    def elaborate(self, platform):
        m = Module()
        m.submodules.pll = Instance(
            "rPLL",
            p_ODIV_SEL=self.config.output,
            i_CLKIN=self.pin.io,
            o_CLKOUT=self.clock,
            o_LOCK=self.locked,
        )
        m.d.comb += self.free_clock.eq(self.clock)
        return m


@pytest.fixture
def family(tmp_path):
    features = {**dict.fromkeys(ECP5.coefficients["core"], 0.0), "updates": CELLS_OF_AN_UPDATE}
    coefficients = {
        "core": features,
        "readout": {**dict.fromkeys(ECP5.coefficients["readout"], 0.0), "one": 100.0},
        "host": {**dict.fromkeys(ECP5.coefficients["host"], 0.0), "one": 300.0},
    }
    file = tmp_path / "made-up.json"
    file.write_text(json.dumps(coefficients))
    return Family(
        name="made-up",
        pll=MadeUpPll,
        cells={"logic_cells": "LUT4", "block_rams": "BSRAM", "sprams": "LRAM"},
        flip_flop="DFF",
        block_ram_depths={16: 1000},
        block_ram_cost=100,
        lut_ram=LutRam(depth=8, bits=2, cost=3),
        spram_bits=32,
        filling=0.5,
        synthesis="synth_gowin",
        synthesis_options="-noalu",
        place_and_route_options="--placer heap",
        part_command=("nextpnr-himbaechel", "--device", "made-up"),
        bitstream_suffix=".fs",
        coefficients_file=file,
    )


@pytest.fixture
def board(family):
    return Board(
        name="made-up-board",
        title="A made-up board",
        family=family,
        platform=TangNano9kPlatform,
        device="GW1NR-9C",
        logic_cells=8_640,
        flip_flops=6_480,
        block_rams=26,
        sprams=2,
        clock_hz=40_500_000,
        stored_events=1_024,
        loader="tangnano9k",
    )


@pytest.fixture
def network():
    return random_network(np.random.default_rng(1), size=10)


@pytest.fixture
def system(network, board):
    config = chain_config(network, [Folding(1, 1)] * len(network.layers), **board.core_options)
    return System(design_factory(config, network)(), board.host_config(board.clock_hz))


def report(mhz):
    return {
        "critical_paths": [{"from": "posedge clk", "to": "posedge clk", "path": PATH}],
        "fmax": {"clk": {"achieved": mhz}},
        "utilization": {
            "LUT4": {"used": 4_000, "available": 8_640},
            "BSRAM": {"used": 10, "available": 26},
            "LRAM": {"used": 1, "available": 2},
        },
    }


def test_memories_are_those_of_the_family(family):
    mapped = map_memories(
        Part("core", {}, queues=((17, 3),), blocks=((1001, 17),), single_port=((50, 33),)), family
    )
    assert mapped.features["lutrams"] == 3 * 2
    assert mapped.block_rams == 2 * 2
    assert mapped.sprams == 2


def test_logic_is_estimated_by_the_coefficients_of_the_family(network, family):
    core = chain_config(network, fold_fully(network)).cores[0]
    updates = core.lanes * core.taps
    assert estimate([core_part(core)], family).logic_cells == CELLS_OF_AN_UPDATE * updates


def test_a_board_is_filled_as_far_as_the_family_says(network, board):
    events = [random_events(np.random.default_rng(1), network, 200)]
    activity = measure_activity(network, events)
    found = fit_to_board(network, activity, board)
    cells = int(found.estimate.logic_cells)
    just = fit_to_board(network, activity, replace(board, logic_cells=2 * cells))
    assert just == found
    less = fit_to_board(network, activity, replace(board, logic_cells=2 * cells - 2))
    assert less.estimate.logic_cells < cells
    assert less.cycles > found.cycles
    with pytest.raises(DoesNotFitError, match=f"board '{board.name}'.*") as error:
        fit_to_board(network, activity, replace(board, logic_cells=500))
    assert "of 250, " in str(error.value)


def test_a_bitstream_is_made_by_the_tools_of_the_family(system, board, tmp_path, monkeypatch):
    stub = StubTools(monkeypatch, report(41.0))
    pll = board.choose_pll(board.clock_hz)
    assert pll == MadeUpPllConfig(27_000_000, 1, 24, 16)
    built = build(board, system, pll, tmp_path)
    assert stub.ran == ["yosys", "nextpnr-gowin", "gowin_pack"]
    script = (tmp_path / "top.ys").read_text()
    assert f"read_rtlil top.il\n{PREPARATION}\nsynth_gowin -noalu -top top" in script
    commands = json.loads((tmp_path / "build_top.json").read_text())["commands"]
    assert commands[1][commands[1].index("--placer") + 1] == "heap"
    assert "cell \\rPLL \\pll" in (tmp_path / "top.il").read_text()
    assert built.bitstream == tmp_path / "top.fs"
    assert built.resources == {
        "logic_cells": {"used": 4_000, "available": 8_640},
        "block_rams": {"used": 10, "available": 26},
        "sprams": {"used": 1, "available": 2},
        "flip_flops": {"used": 0, "available": 6_480},
    }
    StubTools(monkeypatch, report(20.0))
    with pytest.raises(ImplementationError, match=r"reaches 20.00 MHz with seed 1, 40.50 MHz"):
        build(board, system, pll, tmp_path)
    assert not built.bitstream.exists()


def test_a_netlist_of_a_part_is_made_as_in_a_bitstream(network, board, tmp_path, monkeypatch):
    StubTools(monkeypatch)
    config = chain_config(network, fold_fully(network))
    core = Core(config.cores[0], core_contents(network, config.layers)[0])
    synthesize(core, board, tmp_path, "part", "stat", clock_hz=50_000_000)
    assert (tmp_path / "part.ys").read_text().splitlines() == [
        "read_rtlil part.il",
        PREPARATION,
        "scratchpad -set abc9.D 20000",
        "synth_gowin -noalu -top part",
        "write_json part.json",
        "stat",
    ]
    assert "module \\part" in (tmp_path / "part.il").read_text()


def test_all_boards_of_a_family_share_it():
    families = {board.family.name: board.family for board in BOARDS.values()}
    assert set(families) == set(FAMILIES)
    assert all(board.family is families[board.family.name] for board in BOARDS.values())


def test_the_cores_of_a_family_are_those_that_its_estimate_is_measured_with():
    for board in BOARDS.values():
        assert board.core_options == LARGEST[board.family.name].core_options
