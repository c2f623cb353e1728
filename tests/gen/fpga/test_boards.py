import re
from typing import Any

import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.configure import chain_config, design_factory
from tickless.gen.folding import fold_fully
from tickless.gen.fpga.boards import BOARDS
from tickless.hw.board.top import BoardTop
from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.host.system import System

PINS = {
    "gatemate-evb": {
        "clock": "IO_SB_A8",
        "rx": "IO_SA_A6",
        "tx": "IO_SA_B6",
        "lights": ["IO_SB_B6"],
    },
    "icebreaker": {"clock": "35", "rx": "6", "tx": "9", "lights": ["11", "37"]},
    "ulx3s": {
        "clock": "G2",
        "rx": "M1",  # ftdi_txd
        "tx": "L4",  # ftdi_rxd
        "lights": ["B2", "C2", "C1", "D2", "D1", "E2", "E1", "H3"],
        "gpio0": "L2",
    },
    "colorlight-5a-75b": {"clock": "P6", "rx": "M13", "tx": "P11", "lights": []},
    "colorlight-i5": {"clock": "P3", "rx": "H18", "tx": "J17", "lights": ["U16"]},
    "ecpix5": {"clock": "K23", "rx": "R26", "tx": "R24", "lights": ["T23", "R21", "T22"]},
    "tang-nano-9k": {
        "clock": "52",
        "rx": "18",
        "tx": "17",
        "lights": ["10", "11", "13", "14", "15", "16"],
    },
    "tang-nano-20k": {
        "clock": "4",
        "rx": "70",
        "tx": "69",
        "lights": ["15", "16", "17", "18", "19", "20"],
    },
    "orangecrab": {"clock": "A9", "rx": "N17", "tx": "M18", "lights": ["K4", "M3", "J3"]},
}
"""Pins of the boards' schematics."""

FORMS = {
    "top.pcf": r"^set_io (\S+) (\S+)",
    "top.lpf": r'LOCATE COMP "(\S+)" SITE "(\S+)"',
    "top.cst": r'IO_LOC "(\S+)" (\S+);',
    "top.ccf": r'Net "(\S+)" Loc = "(\S+)"',
}
"""Form of a pin in each file of constraints."""


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_has_a_top_on_its_pins(name):
    board = BOARDS[name]
    platform: Any = board.platform()
    network = random_network(np.random.default_rng(1), layers=1)
    pll = board.choose_pll(board.clock_hz)
    assert pll.clock_hz == board.clock_hz
    assert platform.device == board.device
    host = board.host_config(pll.clock_hz)
    design = design_factory(chain_config(network, fold_fully(network)), network)()
    top = BoardTop(System(design, host), pll, board.family.pll)
    plan: Any = platform.build(top, name="top", do_build=False)
    [constraints] = [plan.files[file] for file in FORMS if file in plan.files]
    [form] = [form for file, form in FORMS.items() if file in plan.files]
    placed = dict(re.findall(form, constraints, re.MULTILINE))
    pins = PINS.get(name) or PINS[name.split("-")[0]]
    clock = f"{platform.default_clk}_0__io"
    assert placed.pop(clock) == pins["clock"]
    assert placed.pop("uart_0__rx__io") == pins["rx"]
    assert placed.pop("uart_0__tx__io") == pins["tx"]
    lights = [pin for port, pin in placed.items() if "led" in port]
    assert lights == pins["lights"][: len(lights)]
    assert len(lights) >= min(len(pins["lights"]), 3)
    if "gpio0" in pins:
        assert placed["esp32_0__gpio0__io"] == pins["gpio0"]


NETWORK_PINS = {
    "colorlight-5a-75b": {
        "rst": "P5",
        "tx_clk": "M2",
        "tx_ctl": "M3",
        "tx_data": "L1 L3 P2 L4",
        "rx_clk": "M1",
        "rx_ctl": "N6",
        "rx_data": "N1 M5 N5 M6",
    },
    "ecpix5-85f": {
        "rst": "C13",
        "tx_clk": "A12",
        "tx_ctl": "C9",
        "tx_data": "D8 C8 B8 A8",
        "rx_clk": "E11",
        "rx_ctl": "A11",
        "rx_data": "B11 A10 B10 A9",
    },
}
"""Pins of the PHYs, as LiteX has them, too."""

TAPS = {"colorlight-5a-75b": (0, 80), "ecpix5-85f": (80, 0)}
"""Taps of 25 ps that the clock to the PHY, and what comes from it, pass; those of LiteX."""


def files_of_a_build(board) -> Any:
    """Contents by name of the files that a build of a small design has, its link the board's."""
    platform: Any = board.platform()
    network = random_network(np.random.default_rng(1), layers=1)
    design = design_factory(chain_config(network, fold_fully(network)), network)()
    pll = board.choose_pll(board.clock_hz)
    system = board.link.system(design, board.host_config(pll.clock_hz))
    top = board.link.top(system, pll, board.family.pll)
    return platform.build(top, name="top", do_build=False, emit_src=False).files


@pytest.mark.parametrize("name", [name for name in BOARDS if BOARDS[name].rgmii is not None])
def test_every_board_with_a_phy_has_a_top_on_its_pins(name):
    board = BOARDS[name].over_udp(EthernetConfig())
    files = files_of_a_build(board)
    placed = dict(re.findall(FORMS["top.lpf"], files["top.lpf"]))
    for pin, sites in NETWORK_PINS[name].items():
        port = f"eth_rgmii_0__{pin}__io"
        names = [f"{port}[{bit}]" for bit in range(4)] if " " in sites else [port]
        assert [placed[name] for name in names] == sites.split()
    assert 'FREQUENCY PORT "eth_rgmii_0__rx_clk__io" 125000000.0 HZ' in files["top.lpf"]
    found = re.findall(
        r"cell \\DELAYG \\(\w+)\n.*\n.*DEL_VALUE (?:signed )?(\d+)\n", files["top.il"]
    )
    delays = {cell: int(taps) for cell, taps in found}
    transmit, receive = TAPS[name]
    assert delays == {
        "tx_clk_delay_0": transmit,
        "tx_ctl_delay_0": 0,
        **{f"tx_data_delay_{bit}": 0 for bit in range(4)},
        "rx_ctl_delay_0": receive,
        **{f"rx_data_delay_{bit}": receive for bit in range(4)},
    }


ULX3S_J1 = {
    "clk": "B11",
    "data": "B9 C10 A7 A8 C8 B8 C6 C7",
    "dir": "A10",
    "nxt": "A11",
    "rst": "A9",
    "stp": "C11",
}
"""Where docs/howto/usb.md wants a PHY."""

USB_PINS = {
    "ecpix5-85f": {
        "clk": "H24",
        "data": "M26 L25 L26 K25 K26 J23 P25 H25",
        "dir": "F22",
        "nxt": "F23",
        "rst": "E23",
        "stp": "H23",
    },
    "ulx3s-25f": ULX3S_J1,
    "ulx3s-85f": ULX3S_J1,
}
"""Pins of the PHYs: as LiteX has them, too, but those on a ULX3S's J1."""


@pytest.mark.parametrize("name", [name for name in BOARDS if BOARDS[name].ulpi])
def test_every_board_with_a_usb_phy_has_a_top_on_its_pins(name):
    board = BOARDS[name].over_usb()
    files = files_of_a_build(board)
    placed = dict(re.findall(FORMS["top.lpf"], files["top.lpf"]))
    for pin, sites in USB_PINS[name].items():
        port = f"ulpi_0__{pin}__io"
        names = [f"{port}[{bit}]" for bit in range(8)] if " " in sites else [port]
        assert [placed[name] for name in names] == sites.split()
    assert 'FREQUENCY PORT "ulpi_0__clk__io" 60000000.0 HZ' in files["top.lpf"]


BAUDS = {
    "gatemate-evb": 1_000_000,
    "icebreaker": 12_000_000,
    "tang-nano-20k": 3_000_000,
    "ulx3s-85f": 3_000_000,
    "ecpix5-85f": 4_000_000,
    "orangecrab-25f": 3_000_000,
}


@pytest.mark.parametrize(("name", "baud"), BAUDS.items())
def test_a_board_takes_the_highest_rate_of_its_usb_chip_that_its_clock_gives(name, baud):
    board = BOARDS[name]
    assert board.host_config(board.clock_hz).baud == baud


def test_an_icebreaker_sees_its_line_at_both_edges_of_the_clock():
    board = BOARDS["icebreaker"]
    network = random_network(np.random.default_rng(1), layers=1)
    design = design_factory(chain_config(network, fold_fully(network)), network)()
    system = System(design, board.host_config(board.clock_hz))
    top = BoardTop(system, board.choose_pll(board.clock_hz), board.family.pll)
    plan: Any = board.platform().build(top, name="top", do_build=False)
    [cell] = re.findall(r"cell \\SB_IO (?:(?!\bend\b)[^$])*uart_0__rx__io", plan.files["top.il"])
    assert r"connect \INPUT_CLK \clk" in cell
    assert r"connect \D_IN_1 " in cell


def test_a_clock_out_of_reach_is_refused():
    with pytest.raises(ValueError, match="no clock of 12 MHz from 12 MHz"):
        BOARDS["icebreaker"].choose_pll(12_000_000)
