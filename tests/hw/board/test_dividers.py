import json
import re
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, ResetSignal
from amaranth.lib import io

from tickless.gen.fpga import tools
from tickless.gen.fpga.boards import BOARDS
from tickless.hw.board.dividers import (
    Ecp5PllConfig,
    GateMatePllConfig,
    GowinPllConfig,
    Ice40PllConfig,
)
from tickless.hw.board.pll import GateMatePll


@pytest.mark.parametrize(
    ("config", "input_mhz", "lowest", "highest"),
    [(Ecp5PllConfig, 25, 4, 130), (Ecp5PllConfig, 48, 4, 130), (Ice40PllConfig, 12, 17, 130)],
)
def test_every_clock_of_a_board_is_within_the_data_sheet(config, input_mhz, lowest, highest):
    # Dividers outside the limits are refused on construction: here by the figures themselves.
    oscillator = {Ecp5PllConfig: (400e6, 800e6), Ice40PllConfig: (533e6, 1066e6)}[config]
    for half_mhz in range(2 * lowest, 2 * highest, 3):
        wanted = half_mhz * 500_000
        pll = config.choose(input_mhz * 1_000_000, wanted)
        assert 0.95 * wanted < pll.clock_hz <= wanted
        assert pll.input_hz / pll.reference >= 10e6
        vco = pll.input_hz / pll.reference * pll.feedback
        assert oscillator[0] <= vco <= oscillator[1]
        assert pll.clock_hz == round(vco / pll.output)


@pytest.mark.parametrize("mhz", [16.5, 24, 30, 48, 60])
def test_an_ice40_has_the_dividers_of_icepll(mhz, tmp_path):
    text = _output(tmp_path, "icepll", "-i", "12", "-o", str(mhz), "-m", "-f", "pll.v")
    pll = Ice40PllConfig.choose(12_000_000, round(mhz * 1e6))
    expected = {
        "DIVR": pll.reference - 1,
        "DIVF": pll.feedback - 1,
        "DIVQ": pll.output.bit_length() - 1,
        "FILTER_RANGE": pll.filter_range,
    }
    found = {
        name: int(re.search(rf"\.{name}\(\d'b([01]+)\)", text)[1], 2)  # pyright: ignore[reportOptionalSubscript]
        for name in expected
    }
    assert found == expected


@pytest.mark.parametrize("mhz", [50, 75, 100])
def test_an_ecp5_reaches_what_ecppll_reaches(mhz, tmp_path):
    text = _output(tmp_path, "ecppll", "-i", "25", "-o", str(mhz), "-f", "pll.v")
    assert f'FREQUENCY_PIN_CLKOP="{mhz}"' in text
    assert Ecp5PllConfig.choose(25_000_000, mhz * 1_000_000).clock_hz == mhz * 1_000_000


def _output(folder, tool, *arguments):
    tools.run(folder, tool, *arguments)
    return (folder / "pll.v").read_text()


@pytest.mark.parametrize("mhz", [27, 40.5, 48, 54, 67.5])
def test_a_gowin_has_the_clock_of_gowin_pll(mhz, tmp_path):
    tools.run(tmp_path, "gowin_pll", "-i", "27", "-o", str(mhz), "-f", "pll.v")
    text = (tmp_path / "pll.v").read_text()
    reference, feedback = (
        int(re.search(rf"\.{name}\((\d+)\)", text)[1]) + 1  # pyright: ignore[reportOptionalSubscript]
        for name in ("IDIV_SEL", "FBDIV_SEL")
    )
    pll = GowinPllConfig.choose(27_000_000, round(mhz * 1e6))
    assert pll.clock_hz == round(27e6 / reference * feedback) == mhz * 1e6


class Clocked(Elaboratable):
    """A light that a GateMate's clock turns on and off.

    Parameters
    ----------
    config : GateMatePllConfig
        Dividers of the clock.
    """

    def __init__(self, config):
        self.config = config

    def elaborate(self, platform):
        m = Module()
        m.submodules.pll = pll = GateMatePll(self.config, platform.request("clk10", dir="-"))
        m.domains.sync = ClockDomain()
        m.submodules.light = light = io.Buffer(
            io.Direction.Output, platform.request("led", 0, dir="-")
        )
        m.d.comb += [ClockSignal().eq(pll.clock), ResetSignal().eq(~pll.locked)]
        m.d.sync += light.o.eq(~light.o)
        return m


@pytest.mark.parametrize("mhz", [24, 37.5])
def test_nextpnr_finds_the_clock_of_a_gatemate(mhz, tmp_path):
    config = GateMatePllConfig.choose(10_000_000, round(mhz * 1e6))
    assert config.clock_hz == mhz * 1e6
    platform: Any = BOARDS["gatemate-evb"].platform()
    options = "--pack-only --vopt fpga_mode=economy"
    plan = platform.build(Clocked(config), name="top", do_build=False, nextpnr_opts=options)
    plan.extract(str(tmp_path))
    synthesis, routing, _ = json.loads(plan.files["build_top.json"])["commands"]
    for tool, *arguments in (synthesis, routing):
        tools.run(tmp_path, tool, *arguments)
    log = (tmp_path / "top.tim").read_text()
    assert f"PLL fout= {mhz:.4f} MHz (fout error 0.00000% of requested" in log
    assert "WARNING" not in log.upper()


@pytest.mark.parametrize("input_mhz", [10, 25])
def test_a_gatemate_doubles_its_oscillator_and_divides_by_4_or_2(input_mhz):
    for half_mhz in range(20, 240, 3):
        wanted = half_mhz * 500_000
        pll = GateMatePllConfig.choose(input_mhz * 1_000_000, wanted)
        assert 0.9 * wanted <= pll.clock_hz <= wanted
        oscillator_hz = 2 * input_mhz * 1e6 * pll.feedback
        assert 1000e6 < oscillator_hz <= 2000e6
        # Behind the first divider of the feedback.
        assert oscillator_hz / 2 / 2 <= 625e6
        assert pll.output == 2 or pll.output % 4 == 0
        assert pll.clock_hz == round(oscillator_hz / 2 / pll.output)


def test_the_loop_of_a_gowin_has_its_output_divider_in_it():
    for half_mhz in range(20, 240, 3):
        wanted = half_mhz * 500_000
        pll = GowinPllConfig.choose(27_000_000, wanted)
        assert 0.9 * wanted <= pll.clock_hz <= wanted
        assert pll.clock_hz == round(27e6 / pll.reference * pll.feedback)
        assert 500e6 <= pll.clock_hz * pll.output <= 1200e6
        assert 27e6 / pll.reference >= 3e6


def test_a_clock_between_two_settings_is_the_lower_one():
    assert Ice40PllConfig.choose(12_000_000, 20_000_000).clock_hz == 19_875_000
    assert Ecp5PllConfig.choose(25_000_000, 73_000_000).clock_hz == 72_916_667


def test_impossible_clocks_are_refused():
    for config, input_hz, wanted in [
        (Ice40PllConfig, 12_000_000, 12_000_000),
        (Ice40PllConfig, 12_000_000, 400_000_000),
        (GowinPllConfig, 27_000_000, 3_000_000),
        (GowinPllConfig, 27_000_000, 700_000_000),
        (Ecp5PllConfig, 25_000_000, 3_000_000),
        (Ecp5PllConfig, 5_000_000, 75_000_000),
        (Ecp5PllConfig, 25_000_000, 0),
    ]:
        with pytest.raises(ValueError, match=r"no clock of .* MHz from .* MHz: expected"):
            config.choose(input_hz, wanted)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((25_000_000, 0, 18, 6), "reference = 0: expected one of"),
        ((25_000_000, 1, 81, 6), "feedback = 81: expected one of"),
        ((25_000_000, 1, 18, 129), "output = 129: expected one of"),
        ((25_000_000, 3, 60, 6), "phase detector of 8.33333 MHz: expected 10 to 400 MHz"),
        ((25_000_000, 1, 15, 6), "oscillator of 375 MHz: expected 400 to 800 MHz"),
        ((25_000_000, 1, 18, 1), "clock of 450 MHz: expected 3.125 to 400 MHz"),
        ((7_000_000, 1, 60, 6), "input of 7 MHz: expected 8 to 400 MHz"),
    ],
)
def test_dividers_outside_the_limits_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Ecp5PllConfig(*arguments)
