import json
import re
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from tests.gen.fpga.reports import FULL_LOG, REPORT, StubTools
from tests.random_networks import random_events, random_network
from tickless.command import main
from tickless.gen.design_file import design_number, read_design
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.image import load_image
from tickless.hw.fabric.config import MeshConfig
from tickless.run_folder import run_folder
from tickless.sw.data.events import Events
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.network import PRETRAINED, Network, Provenance

RUNS = "build/bitstream"
LATEST = f"{RUNS}/latest"


@pytest.fixture
def network(tmp_path, monkeypatch):
    """Name of a network file in the current folder, with samples of its data set."""
    rng = np.random.default_rng(5)
    network = random_network(rng, layers=1, size=4)
    network = replace(network, provenance=Provenance("saccades"))
    network.save(tmp_path / "small.safetensors")
    events = [random_events(rng, network, 50, outside=0).T.copy() for _ in range(3)]
    still = np.zeros(50, np.int64)
    samples = Recordings(
        lambda rows: Events(rows[0], rows[1], rows[2], still, network.input_shape), events, [0] * 3
    )
    monkeypatch.setattr("tickless.gen.options.load", lambda dataset, split: samples)
    monkeypatch.setattr("tickless.gen.options.check_suits", lambda *arguments: None)
    monkeypatch.chdir(tmp_path)
    return "small.safetensors"


ECP5_REPORT = {
    **REPORT,
    "fmax": {"clk": {"achieved": 99.0}},
    "utilization": {
        cell: {"used": 10, "available": 83_640} for cell in ("TRELLIS_COMB", "TRELLIS_FF", "DP16KD")
    },
}


def reaching(mhz):
    return {**REPORT, "fmax": {"clk": {"achieved": mhz}}}


def test_figures_of_a_build(network, monkeypatch, tmp_path, capsys):
    stub = StubTools(monkeypatch)
    assert main(["bitstream", network, "--board", "icebreaker", "--seed", "3"]) == 0
    assert stub.ran == ["yosys", "nextpnr-ice40", "icepack"]
    folder = tmp_path / LATEST
    script = (folder / "build_top.sh").read_text()
    assert "--seed 3" in script
    figures = json.loads((folder / "build.json").read_text())
    loaded = Network.load(tmp_path / network)
    assert figures["network"]["hash"] == loaded.hash
    assert figures["network"]["provenance"] == asdict(loaded.provenance)
    assert figures["board"] == {
        "name": "icebreaker",
        "title": "iCEBreaker",
        "device": "iCE40UP5K",
    }
    assert figures["tools"] == {"yosys": "yosys 1.0", "nextpnr-ice40": "nextpnr-ice40 1.0"}
    assert figures["resources"] == {
        "logic_cells": {"used": 4000, "available": 5280},
        "block_rams": {"used": 12, "available": 30},
        "sprams": {"used": 1, "available": 4},
        "flip_flops": {"used": 1000, "available": 5280},
    }
    clock = figures["clock"]
    assert [clock[name] for name in ("asked_hz", "built_for_hz", "reached_hz")] == [
        24_000_000,
        24_000_000,
        25_500_000,
    ]
    assert clock["critical_path"]["logic_ns"] == 3.0
    assert figures["host_link"]["baud"] == 12_000_000
    assert figures["activity_per_sample"]["input_events"] == 50
    assert figures["performance"]["samples_per_second_by_host_link"] > 0
    layers = figures["layers"]
    assert [layer["name"] for layer in layers] == [layer.name for layer in loaded.layers]
    assert layers[0]["membranes"]["memories"] == layers[0]["taps"]
    assert layers[-1]["membranes"] is None
    printed = capsys.readouterr().out
    assert "4,000 of 5,280 (76%)" in printed
    assert "tickless run --port PORT --baud 12000000 RECORDINGS" in printed
    assert f"{RUNS}/icebreaker-small-seed3/top.bin" in printed


def test_a_stored_sample_has_the_room_that_is_asked_for(network, monkeypatch, tmp_path, capsys):
    StubTools(monkeypatch, ECP5_REPORT)
    depths = {}
    for stored in (0, 3000):
        arguments = ["bitstream", network, "--board", "ulx3s-85f", "--stored-events", str(stored)]
        assert main(arguments) == 0
        folder = tmp_path / RUNS / f"ulx3s-85f-small-stored{stored}"
        figures = json.loads((folder / "build.json").read_text())
        assert figures["host_link"]["stored_events"] == stored
        depths[stored] = [
            int(size)
            for size in re.findall(r"memory width \d+ size (\d+)", (folder / "top.il").read_text())
        ]
    assert 3000 in depths[3000]
    assert 3000 not in depths[0]
    assert len(depths[0]) == len(depths[3000]) - 1
    for wrong in ("-1", "16385"):
        assert main([*arguments[:-1], wrong]) == 2
        assert f"--stored-events {wrong}: expected 0 to 16,384" in capsys.readouterr().err


def test_a_gowin_is_placed_and_routed_by_the_nextpnr_of_today(network, monkeypatch, tmp_path):
    used = {"used": 10, "available": 20_736}
    report = {**REPORT, "fmax": {"clk": {"achieved": 99.0}}}
    report["utilization"] = dict.fromkeys(("LUT4", "DFF", "BSRAM"), used)
    stub = StubTools(monkeypatch, report)
    arguments = [network, "--board", "tang-nano-20k", "--clock-mhz", "27", "--budget", "2"]
    assert main(["bitstream", *arguments]) == 0
    assert stub.ran == ["yosys", "nextpnr-himbaechel-gowin", "gowin_pack"]
    commands = json.loads((tmp_path / LATEST / "build_top.json").read_text())["commands"]
    options = " ".join(commands[1])
    assert "--freq 27.0 " in options
    assert "--device GW2AR-LV18QN88C8/I7 --vopt family=GW2A-18C " in options
    assert "--vopt cst=top.cst" in options
    assert commands[2][:3] == ["gowin_pack", "-d", "GW2A-18C"]
    design = (tmp_path / LATEST / "top.il").read_text()
    assert 'parameter \\FCLKIN "27.0"' in design
    assert 'parameter \\DEVICE "GW2AR-18C"' in design
    figures = json.loads((tmp_path / LATEST / "build.json").read_text())
    assert figures["bitstream"]["file"] == "top.fs"
    assert figures["performance"]["basis"] == "computed"


def test_a_gatemate_is_built_by_tools_that_amaranth_does_not_know(network, monkeypatch, tmp_path):
    report = {**REPORT, "fmax": {"clk": {"achieved": 99.0}}}
    used = {"used": 10, "available": 40_960}
    report["utilization"] = dict.fromkeys(("CPE_LT", "CPE_FF", "RAM_HALF"), used)
    stub = StubTools(monkeypatch, report)
    arguments = [network, "--board", "gatemate-evb", "--clock-mhz", "24", "--budget", "2"]
    assert main(["bitstream", *arguments]) == 0
    assert stub.ran == ["yosys", "nextpnr-himbaechel-gatemate", "gmpack"]
    folder = tmp_path / LATEST
    _, routing, packing = json.loads((folder / "build_top.json").read_text())["commands"]
    options = " ".join(routing)
    assert "--freq 24.0 --vopt fpga_mode=economy " in options
    assert "--device CCGM1A1 " in options
    assert options.endswith("--vopt ccf=top.ccf --vopt out=top.txt")
    assert packing == ["gmpack", "top.txt", "top.bit"]
    script = (folder / "top.ys").read_text()
    assert "synth_gatemate -luttree -nomx8 -top top -json top.syn.json\n" in script
    assert (
        'Net "clk10_0__io" Loc = "IO_SB_A8" | SCHMITT_TRIGGER=true;'
        in (folder / "top.ccf").read_text().splitlines()
    )
    design = (folder / "top.il").read_text()
    assert 'parameter \\REF_CLK "10.0"' in design
    assert 'parameter \\OUT_CLK "24.0"' in design
    assert json.loads((folder / "build.json").read_text())["bitstream"]["file"] == "top.bit"


UDP_REPORT = {
    **ECP5_REPORT,
    "fmax": {
        "$glbnet$clk": {"achieved": 80.0, "constraint": 75.0019},
        "$glbnet$phy.pulse_clk": {"achieved": 130.0, "constraint": 125},
    },
}


def test_a_board_in_a_network(network, monkeypatch, tmp_path, capsys):
    stub = StubTools(monkeypatch, UDP_REPORT)
    arguments = [network, "--board", "ecpix5-85f", "--link", "udp", "--address", "10.0.0.7"]
    assert main(["bitstream", *arguments]) == 0
    assert stub.ran == ["yosys", "nextpnr-ecp5", "ecppack"]
    folder = tmp_path / RUNS / "ecpix5-85f-small-udp-10.0.0.7"
    constraints = (folder / "top.lpf").read_text()
    assert 'FREQUENCY PORT "eth_rgmii_0__rx_clk__io" 125000000.0 HZ' in constraints
    assert 'LOCATE COMP "eth_rgmii_0__tx_ctl__io" SITE "C9"' in constraints
    assert "uart" not in constraints
    figures = json.loads((folder / "build.json").read_text())
    assert figures["host_link"] == {
        "kind": "udp",
        "title": "UDP at 10.0.0.7",
        "run_options": "--port udp://10.0.0.7:5127",
        "address": "10.0.0.7",
        "port": 5127,
        "stored_events": 16_384,
    }
    assert figures["clock"]["reached_hz"] == 80_000_000
    assert figures["clock"]["link"] == [
        {"name": "$glbnet$phy.pulse_clk", "reached_hz": 130_000_000, "needed_hz": 125_000_000}
    ]
    performance = figures["performance"]
    # A byte a clock, which is slower than the network.
    samples_per_second = (
        figures["clock"]["built_for_hz"] / performance["bytes_per_sample_on_host_link"]
    )
    assert performance["events_per_second_by_host_link"] == pytest.approx(50 * samples_per_second)
    printed = capsys.readouterr().out
    assert "over UDP at 10.0.0.7" in printed
    assert "On the board: tickless run --port udp://10.0.0.7:5127 RECORDINGS" in printed
    assert "125.00 MHz, 130.00 MHz reached" in printed


USB_REPORT = {
    **ECP5_REPORT,
    "fmax": {
        "$glbnet$clk": {"achieved": 80.0, "constraint": 75.0019},
        "$glbnet$usb_clk": {"achieved": 90.0, "constraint": 60},
    },
}


def test_a_board_at_usb(network, monkeypatch, tmp_path, capsys):
    StubTools(monkeypatch, USB_REPORT)
    assert main(["bitstream", network, "--board", "ecpix5-85f", "--link", "usb"]) == 0
    folder = tmp_path / RUNS / "ecpix5-85f-small-usb"
    figures = json.loads((folder / "build.json").read_text())
    assert figures["host_link"] == {
        "kind": "usb",
        "title": "USB of high speed",
        "run_options": "--port PORT",
        "stored_events": 16_384,
    }
    assert figures["clock"]["link"] == [
        {"name": "$glbnet$usb_clk", "reached_hz": 90_000_000, "needed_hz": 60_000_000}
    ]
    printed = capsys.readouterr().out
    assert "over USB of high speed" in printed
    assert "On the board: tickless run --port PORT RECORDINGS" in printed


def test_usb_without_its_package_says_what_to_install(network, monkeypatch, capsys):
    stub = StubTools(monkeypatch, USB_REPORT)
    monkeypatch.delitem(sys.modules, "tickless.hw.host.usb_system", raising=False)
    monkeypatch.delitem(sys.modules, "tickless.hw.usb.port", raising=False)
    monkeypatch.setitem(sys.modules, "luna.gateware.usb.devices.acm", None)
    assert main(["bitstream", network, "--board", "ecpix5-85f", "--link", "usb"]) == 2
    assert stub.ran == []
    assert "expected LUNA: pip install 'tickless[usb]'" in capsys.readouterr().err


def test_a_link_that_is_too_slow_is_told_with_its_clock(network, monkeypatch, capsys):
    clocks = {"clk": {"achieved": 80.0}, "phy": {"achieved": 99.0, "constraint": 125}}
    StubTools(monkeypatch, {**UDP_REPORT, "fmax": clocks})
    assert main(["bitstream", network, "--board", "colorlight-5a-75b", "--link", "udp"]) == 1
    error = capsys.readouterr().err
    assert "reaches 99.00 MHz with seed 1, 125.00 MHz were asked" in error
    assert "--clock-mhz" not in error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["ulx3s-85f", "--link", "udp"], "ULX3S 85F has no Ethernet port"),
        (["orangecrab-25f", "--link", "usb"], "OrangeCrab r0.2 25F has no USB PHY"),
        (["ecpix5-85f", "--address", "10.0.0.7"], "expected --link udp, too"),
        (["ecpix5-85f", "--link", "udp", "--address", "10.0.0"], "expected an IPv4 address"),
    ],
)
def test_a_wrong_link_is_refused(network, monkeypatch, capsys, options, words):
    stub = StubTools(monkeypatch, UDP_REPORT)
    assert main(["bitstream", network, "--board", *options]) == 2
    assert stub.ran == []
    assert words in capsys.readouterr().err


def test_a_loadable_mesh_has_its_design_file_beside_the_bitstream(
    network, monkeypatch, tmp_path, capsys
):
    StubTools(monkeypatch, ECP5_REPORT)
    arguments = ["bitstream", network, "--board", "ulx3s-85f", "--mesh", "2x2"]
    assert main([*arguments, "--budget", "2", "--loadable"]) == 0
    folder = tmp_path / LATEST
    figures = json.loads((folder / "build.json").read_text())
    mesh = read_design(folder / "design.json")
    assert figures["mesh"] == {
        "rows": 2,
        "columns": 2,
        "loadable": True,
        "design": f"{design_number(mesh):016x}",
    }
    assert figures["estimated"] is None
    assert figures["performance"]["samples_per_second_by_cores"] > 0
    assert "mesh of 2 x 2, loadable" in capsys.readouterr().out
    design = (folder / "top.il").read_text()
    assert "load_gate" in design
    assert isinstance(mesh, MeshConfig)
    assert load_image(mesh, Network.load(tmp_path / network)).size > 0


def test_a_mesh_that_is_not_loadable_has_none(network, monkeypatch, tmp_path):
    StubTools(monkeypatch, ECP5_REPORT)
    arguments = ["bitstream", network, "--board", "ulx3s-85f", "--mesh", "2x2"]
    layer = Network.load(tmp_path / network).layers[0]
    lanes = layer.output_shape[0] // 3
    assert main([*arguments, f"--fold={layer.name}={lanes}x1", f"--cut={layer.name}=2"]) == 0
    figures = json.loads((tmp_path / LATEST / "build.json").read_text())
    assert (figures["mesh"]["loadable"], figures["mesh"]["design"]) == (False, None)
    names = [entry["name"] for entry in figures["layers"]]
    assert len(names) == 3
    assert len(figures["performance"]["cycles_per_sample_by_core"]) == 3
    assert not (tmp_path / LATEST / "design.json").exists()
    assert main([*arguments[:4], f"--fold={layer.name}={lanes}x1"]) == 0
    figures = json.loads((tmp_path / LATEST / "build.json").read_text())
    assert figures["mesh"] is None


def test_a_mesh_on_a_board_is_folded_by_hand(network, monkeypatch, capsys):
    StubTools(monkeypatch, ECP5_REPORT)
    assert main(["bitstream", network, "--board", "ulx3s-85f", "--mesh", "2x2"]) == 2
    assert "expected --budget or --fold" in capsys.readouterr().err


def test_word_accesses_are_synaptic_operations_by_lanes(network, monkeypatch, tmp_path):
    StubTools(monkeypatch)
    layer = Network.load(tmp_path / network).layers[0]
    assert layer.edges[0].geometry.groups == 1
    arguments = [network, "--board", "icebreaker"]
    all_lanes = layer.output_shape[0]
    full = ("--fold", f"{layer.name}={all_lanes}x1")
    for option, lanes in (full, all_lanes), (("--budget", "2"), 1):
        assert main(["bitstream", *arguments, *option]) == 0
        figures = json.loads((tmp_path / LATEST / "build.json").read_text())
        activity = figures["activity_per_sample"]
        assert figures["layers"][0]["lanes"] == lanes
        reads = activity["membrane_word_reads_by_layer"][0]
        assert reads == pytest.approx(activity["sops_by_layer"][0] / lanes)


def test_a_design_that_is_too_slow_has_no_bitstream(network, monkeypatch, tmp_path, capsys):
    StubTools(monkeypatch)
    arguments = [network, "--board", "icebreaker"]
    assert main(["bitstream", *arguments]) == 0
    stub = StubTools(monkeypatch, reaching(18.37))
    assert main(["bitstream", *arguments]) == 1
    assert stub.ran == ["yosys", "nextpnr-ice40"]
    [failed] = (tmp_path / RUNS).glob("icebreaker-small.unfinished-*")
    left = {path.name for path in failed.iterdir()}
    assert "top.tim" in left
    assert not {"top.bin", "build.json"} & left
    assert {"top.bin", "build.json"} <= {path.name for path in (tmp_path / LATEST).iterdir()}
    error = capsys.readouterr().err
    assert "reaches 18.37 MHz with seed 1, 24.00 MHz were asked" in error
    assert "the longest path runs from system" in error
    assert "--clock-mhz 18" in error


def test_another_seed_is_tried_where_the_clock_is_nearly_reached(
    network, monkeypatch, tmp_path, capsys
):
    stub = StubTools(monkeypatch, reaching(19.3), reaching(23.5), REPORT)
    assert main(["bitstream", network, "--board", "icebreaker", "--seed", "5"]) == 0
    assert stub.seeds == [5, 6, 7]
    assert stub.ran == ["yosys", *3 * ["nextpnr-ice40"], "icepack"]
    figures = json.loads((tmp_path / LATEST / "build.json").read_text())
    assert figures["seed"] == 7
    assert figures["clock"]["reached_hz"] == 25_500_000
    assert "19.30 MHz reached, 24.00 MHz asked: trying seed 6" in capsys.readouterr().err


def test_another_seed_is_tried_where_nextpnr_breaks_down(network, monkeypatch, capsys):
    stub = StubTools(monkeypatch, None, REPORT)
    assert main(["bitstream", network, "--board", "icebreaker"]) == 0
    assert stub.seeds == [1, 2]
    assert "nextpnr-ice40 broke down: trying seed 2" in capsys.readouterr().err
    stub = StubTools(monkeypatch, None)
    assert main(["bitstream", network, "--board", "icebreaker"]) == 2
    assert stub.seeds == [1, 2, 3]
    assert "nextpnr-ice40 failed in" in capsys.readouterr().err


def test_three_seeds_are_enough(network, monkeypatch, capsys):
    stub = StubTools(monkeypatch, reaching(23.5), reaching(23.9), reaching(23.7))
    assert main(["bitstream", network, "--board", "icebreaker"]) == 1
    assert stub.seeds == [1, 2, 3]
    error = capsys.readouterr().err
    assert "reaches 23.90 MHz with seed 1 or 2 or 3, 24.00 MHz were asked" in error


def test_a_design_that_does_not_fit_is_told_what_is_short(network, monkeypatch, tmp_path, capsys):
    StubTools(monkeypatch, failing="nextpnr-ice40")
    assert main(["bitstream", network, "--board", "icebreaker"]) == 1
    error = capsys.readouterr().err
    assert "does not fit on iCEBreaker" in error
    assert "ICESTORM_LC: 6,627 of 5,280, 1,347 too many" in error
    assert "ICESTORM_RAM: 51 of 30, 21 too many" in error
    assert not list((tmp_path / RUNS).glob("*/top.bin"))


def test_only_what_a_design_grows_with_is_told_short(network, monkeypatch, tmp_path, capsys):
    log = FULL_LOG.replace("ICESTORM_LC", "SB_GB").replace("ICESTORM_RAM", "SB_GB_IO")
    monkeypatch.setattr("tests.gen.fpga.reports.FULL_LOG", log)
    StubTools(monkeypatch, failing="nextpnr-ice40")
    assert main(["bitstream", network, "--board", "icebreaker"]) == 2
    error = capsys.readouterr().err
    assert "does not fit" not in error
    assert "no luck" in error


def test_a_slower_clock_takes_a_rate_that_it_gives(network, monkeypatch, tmp_path):
    StubTools(monkeypatch)
    assert main(["bitstream", network, "--board", "icebreaker", "--clock-mhz", "20"]) == 0
    figures = json.loads((tmp_path / LATEST / "build.json").read_text())
    assert figures["clock"]["asked_hz"] == 20_000_000
    assert figures["clock"]["built_for_hz"] == 19_875_000
    assert figures["host_link"]["baud"] == 4_000_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--clock-mhz", "12"], "no clock of 12 MHz from 12 MHz"),
        (["--clock-mhz", "0"], "no clock of 0 MHz from 12 MHz"),
        (["--clock-mhz", "nan"], "NaN"),
        (["--fold", "nothing=1x1"], "no layer 'nothing'"),
        (["--seed", "-1"], "seed = -1: expected at least 0"),
    ],
)
def test_wrong_input_is_refused(network, monkeypatch, capsys, options, words):
    stub = StubTools(monkeypatch)
    assert main(["bitstream", network, "--board", "icebreaker", *options]) == 2
    assert stub.ran == []
    assert words in capsys.readouterr().err


def test_a_missing_tool_is_told(network, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["bitstream", network, "--board", "icebreaker", "--system-tools"]) == 2
    assert "no yosys on PATH" in capsys.readouterr().err


def test_flash_loads_what_was_built(network, monkeypatch, tmp_path, capfd):
    StubTools(monkeypatch)
    arguments = [network, "--board", "icebreaker"]
    assert main(["flash", *arguments]) == 2
    assert (
        "run `tickless bitstream small.safetensors --board icebreaker` first"
        in capfd.readouterr().err
    )
    assert main(["bitstream", *arguments]) == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    capfd.readouterr()
    assert main(["flash", *arguments]) == 2
    output, error = capfd.readouterr()
    built = f"{RUNS}/icebreaker-small/top.bin"
    assert output == f"openFPGALoader -b ice40_generic {built}\n"
    assert "no openFPGALoader on PATH" in error
    loader = tmp_path / "openFPGALoader"
    loader.write_text(f"#!{sys.executable}\nimport sys; print(*sys.argv[1:]); sys.exit(7)\n")
    loader.chmod(0o755)
    assert main(["flash", *arguments]) == 7
    assert capfd.readouterr().out.endswith(f"\n-b ice40_generic {built}\n")


def test_flash_takes_the_last_bitstream_of_this_board_and_this_network(
    network, monkeypatch, tmp_path, capfd
):
    StubTools(monkeypatch)
    other = random_network(np.random.default_rng(6), layers=1, size=4)
    (tmp_path / "other").mkdir()
    replace(other, provenance=Provenance("saccades")).save(tmp_path / "other" / network)
    for arguments in (
        [network, "--board", "icebreaker", "--budget", "2"],
        [network, "--board", "icebreaker", "--clock-mhz", "20"],
        [f"other/{network}", "--board", "icebreaker"],
    ):
        assert main(["bitstream", *arguments]) == 0
    with run_folder(Path(RUNS), "of-another-board") as folder:
        text = Path(RUNS, "icebreaker-small-20mhz", "build.json").read_text()
        (folder / "build.json").write_text(text.replace('"icebreaker"', '"ulx3s-25f"'))
    monkeypatch.setenv("PATH", str(tmp_path))
    capfd.readouterr()
    for file, name in (
        (network, "icebreaker-small-20mhz"),
        (f"other/{network}", "icebreaker-small"),
    ):
        assert main(["flash", file, "--board", "icebreaker"]) == 2
        assert capfd.readouterr().out == f"openFPGALoader -b ice40_generic {RUNS}/{name}/top.bin\n"
    output = f"--output={RUNS}/icebreaker-small"
    assert main(["flash", network, "--board", "icebreaker", output]) == 2
    assert f"no bitstream in {RUNS}/icebreaker-small: run" in capfd.readouterr().err


@pytest.mark.bitstream
@pytest.mark.parametrize(
    ("board", "mhz"),
    [
        ("icebreaker", 18),
        ("ulx3s-25f", 45),
        # nextpnr takes minutes, whatever the design, and breaks down with seed 1.
        pytest.param("gatemate-evb", 24, marks=pytest.mark.long),
    ],
)
def test_a_small_design_meets_its_clock(network, tmp_path, board, mhz):
    arguments = [network, "--board", board, "--budget", "2", "--clock-mhz", str(mhz)]
    assert main(["bitstream", *arguments]) == 0
    folder = tmp_path / LATEST
    figures = json.loads((folder / "build.json").read_text())
    clock = figures["clock"]
    assert clock["reached_hz"] >= clock["built_for_hz"] == mhz * 1_000_000
    assert (folder / figures["bitstream"]["file"]).stat().st_size > 10_000
    report = json.loads((folder / "report.json").read_text())
    for name, cell in BOARDS[board].family.cells.items():
        assert report["utilization"][cell]["available"] == getattr(BOARDS[board], name)
    assert clock["critical_path"]["start"].startswith("system")


@pytest.mark.bitstream
@pytest.mark.parametrize(
    "file",
    ["small.safetensors", pytest.param(PRETRAINED / "nmnist.safetensors", marks=pytest.mark.long)],
)
def test_a_design_behind_ethernet_meets_both_clocks(network, tmp_path, file):
    arguments = [str(file), "--board", "colorlight-5a-75b", "--link", "udp", "-o", "built"]
    assert main(["bitstream", *arguments]) == 0
    folder = tmp_path / "built"
    figures = json.loads((folder / "build.json").read_text())
    [port] = figures["clock"]["link"]
    assert port["reached_hz"] >= port["needed_hz"] == 125_000_000
    assert figures["clock"]["reached_hz"] >= 75_000_000
    assert (folder / figures["bitstream"]["file"]).stat().st_size > 10_000
