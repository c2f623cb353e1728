"""`tickless bitstream` with an engine from SDRAM: asked for, or chosen by itself."""

import json
from dataclasses import replace
from functools import partial

import pytest

from tests.gen.fpga.reports import StubTools
from tests.gen.fpga.test_bitstream import ECP5_REPORT, LATEST, network
from tests.hw.passes import test_core
from tickless.command import main
from tickless.gen.design_file import DESIGN_FILE, read_design
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.fpga.engine_bitstream import weights_fit
from tickless.gen.fpga.fit import DoesNotFitError
from tickless.gen.passes.board import pass_chunks, pass_config
from tickless.gen.passes.program import make_program
from tickless.hw.passes.config import REGISTERS, Register
from tickless.sw.integer.network import Network

__all__ = ["network"]

SHAPE = replace(test_core.SHAPE, tiles=8)

MODULE = "tickless.gen.fpga.engine_bitstream"

BOARD = ["--board", "ulx3s-85f"]


@pytest.fixture
def tools(monkeypatch):
    """Tools that do nothing, and an engine that is soon made."""
    monkeypatch.setattr(f"{MODULE}.pass_config", partial(pass_config, shape=SHAPE))
    return StubTools(monkeypatch, ECP5_REPORT)


def test_an_engine_has_sdram_pins_and_its_figures(network, tools, tmp_path, capsys):
    assert main(["bitstream", network, *BOARD, "--engine", "sdram"]) == 0
    assert tools.ran == ["yosys", "nextpnr-ecp5", "ecppack"]
    pins = (tmp_path / LATEST / "top.lpf").read_text()
    for pin in ("sdram_0__clk__io", "sdram_0__dq__io[15]", "sdram_0__a__io[12]"):
        assert f'LOCATE COMP "{pin}" SITE' in pins
    design = (tmp_path / LATEST / "top.il").read_text()
    # 60 MHz are a tenth of the oscillator: a quarter of a clock is 2.5 of its periods.
    for output, whole, eighths in (("CLKOS", 9, 0), ("CLKOS2", 11, 4)):
        assert f"parameter \\{output}_DIV 10" in design
        assert f"parameter \\{output}_CPHASE {whole}" in design
        assert f"parameter \\{output}_FPHASE {eighths}" in design
    figures = json.loads((tmp_path / LATEST / "build.json").read_text())
    loaded = Network.load(tmp_path / network)
    assert figures["network"]["hash"] == loaded.hash
    assert figures["clock"]["built_for_hz"] == 60_000_000
    assert figures["engine"]["lanes"] == SHAPE.lanes
    program = make_program(loaded, SHAPE)
    assert figures["engine"]["passes"] == program.passes
    assert figures["engine"]["loaded_bytes"] == 2 * (program.image_words + program.code.words)
    assert "engine from SDRAM" in capsys.readouterr().out
    built = read_design(tmp_path / LATEST / DESIGN_FILE)
    assert built == pass_config(loaded, SHAPE)


@pytest.mark.parametrize("reason", ["weights", "folding"])
def test_an_engine_is_built_where_a_network_does_not_fit(
    network, tools, tmp_path, monkeypatch, capsys, reason
):
    def refuse(*arguments):
        raise DoesNotFitError("the design does not fit: 9 of 8 block RAMs")

    monkeypatch.setattr("tickless.gen.plan.plan", refuse)
    if reason == "weights":
        monkeypatch.setattr(f"{MODULE}.weights_fit", lambda *arguments: False)
    assert main(["bitstream", network, *BOARD]) == 0
    assert "engine" in json.loads((tmp_path / LATEST / "build.json").read_text())
    said = {"weights": "more than ULX3S 85F has block RAM for", "folding": "9 of 8 block RAMs"}
    output = capsys.readouterr().out
    assert said[reason] in output
    assert "--engine sdram" in output


def test_what_does_not_go_with_an_engine_is_refused(network, tools, capsys):
    for other, message in (
        (["--budget", "4"], "expected no option of other designs: budget"),
        (["--margin", "4"], "expected no option of other designs: margin"),
        (["--stored-events", "9"], "expected no option of other designs: 9 stored events"),
        (["--link", "usb"], "link usb: expected the serial port"),
    ):
        assert main(["bitstream", network, *BOARD, "--engine", "sdram", *other]) == 2
        assert message in capsys.readouterr().err
    arguments = ["bitstream", network, "--board", "icebreaker", "--engine", "sdram"]
    assert main(arguments) == 2
    assert "iCEBreaker has none that is known" in capsys.readouterr().err
    assert not tools.ran


def test_an_engine_that_is_too_slow_is_not_to_be_folded(network, tools, monkeypatch, capsys):
    StubTools(monkeypatch, {**ECP5_REPORT, "fmax": {"clk": {"achieved": 47.5}}})
    assert main(["bitstream", network, *BOARD, "--engine", "sdram"]) == 1
    error = capsys.readouterr().err
    assert "reaches 47.50 MHz with seed 1, 60.00 MHz were asked" in error
    assert "--clock-mhz 47" in error
    assert "fold" not in error


def test_an_engine_is_built_for_a_lower_clock(network, tools, tmp_path):
    arguments = ["bitstream", network, *BOARD, "--engine", "sdram", "--clock-mhz", "50"]
    assert main(arguments) == 0
    figures = json.loads((tmp_path / LATEST / "build.json").read_text())
    assert figures["clock"]["built_for_hz"] == 50_000_000


def test_weights_that_no_folding_holds_are_known_at_once(network, tmp_path):
    small, board = Network.load(tmp_path / network), BOARDS["ulx3s-85f"]
    assert weights_fit(small, board)
    assert not weights_fit(small, replace(board, block_rams=0))


def test_chunks_for_another_network_are_refused(network, tmp_path):
    from tickless.errors import InputError

    small = Network.load(tmp_path / network)
    config = pass_config(small, SHAPE)
    chunks = pass_chunks(config, small)
    program = make_program(small, SHAPE)
    (place,) = chunks["data"][chunks["address"] == REGISTERS + Register.PROGRAM]
    assert place == program.code.start
    assert len({*chunks["address"].tolist()}) == len(chunks)
    for other, message in (
        (replace(config, classes=config.classes + 1), "a network with classes"),
        (replace(config, input_shape=(9, 9, 9)), "a network with an input"),
    ):
        with pytest.raises(InputError, match=message):
            pass_chunks(other, small)
