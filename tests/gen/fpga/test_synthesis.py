import json

import pytest
from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue]
from amaranth.hdl import Module, Signal
from amaranth.lib import data

from tickless.gen.fpga import tools
from tickless.gen.fpga.synthesis import PREPARATION
from tickless.hw.ram import Ram


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
        PREPARATION,
        f"select -assert-none {named}",
        f"select -assert-min 1 {all_wires}",
    ]
    tools.run(tmp_path, "yosys", "-q", "-p", "; ".join(script))


def flip_flops(folder, top, ports, preparation):
    """Flip-flops of a component on an ECP5."""
    (folder / "top.il").write_text(rtlil.convert(top, ports=ports))
    script = ["read_rtlil top.il", preparation, "synth_ecp5 -json top.json"]
    tools.run(folder, "yosys", "-q", "-p", "; ".join(part for part in script if part))
    cells = json.loads((folder / "top.json").read_text())["modules"]["top"]["cells"].values()
    return sum(cell["type"] == "TRELLIS_FF" for cell in cells)


@pytest.mark.parametrize(("preparation", "count"), [("", 1), (PREPARATION, 3)])
def test_copies_of_a_register_stay(tmp_path, preparation, count):
    m = Module()
    i, outputs = Signal(), Signal(3)
    for index in range(3):
        copy = Signal(name=f"copy_{index}", attrs={"copy": 1})
        m.d.sync += copy.eq(i)
        m.d.comb += outputs[index].eq(copy)
    assert flip_flops(tmp_path, m, [i, outputs], preparation) == count


def test_a_write_of_a_block_ram_is_not_delayed_for_a_read_of_its_word(tmp_path):
    def count(preparation):
        ram = Ram(32, 256, single_port=False)
        write = [ram.write.en, ram.write.addr, ram.write.data]
        return flip_flops(tmp_path, ram, [ram.enable, ram.address, ram.word, *write], preparation)

    assert count("") > 32
    assert count(PREPARATION) == 0
