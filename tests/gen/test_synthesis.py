from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue]
from amaranth.hdl import Module, Signal
from amaranth.lib import data

from gen import tools
from gen.synthesis import HIDE_ELEMENTS, stage


def test_elements_of_arrays_have_no_names_of_their_own(tmp_path):
    # nextpnr takes an element called "sums[1]" for a bit of "sums" and finds two drivers.
    m = Module()
    sums = Signal(data.ArrayLayout(4, 2))
    m.d.sync += sums[1].eq(sums[0] + 1)
    (tmp_path / "top.il").write_text(rtlil.convert(m, ports=[sums.as_value()]))
    named, all_wires = "w:*[[]*", "w:*sums*"
    script = [
        "read_rtlil top.il",
        f"select -assert-min 1 {named}",
        HIDE_ELEMENTS,
        f"select -assert-none {named}",
        f"select -assert-min 1 {all_wires}",
    ]
    tools.run(tmp_path, "yosys", "-q", "-p", "; ".join(script))


def test_stages_of_the_logs(tmp_path):
    log = tmp_path / "top.tim"
    assert stage(None) == stage(log) == ""
    log.write_text("Info: constraining clock net 'clk' to 12.00 MHz\n")
    assert stage(log) == ""
    log.write_text(
        "Info: Packing constants..\n"
        "Info: Running main analytical placer, max placement attempts per cell = 10000.\n"
        "Info:     at iteration #1, type ICESTORM_LC: wirelen solved = 113\n"
    )
    assert stage(log) == "Running main analytical placer"
    log.write_text("3.2. Executing PROC pass\n3.2.1. Executing PROC_CLEAN pass (remove empty)\n")
    assert stage(log) == "PROC_CLEAN"
