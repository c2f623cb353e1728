"""The page of the AXI core, against the tables in the code."""

import re

from tests.docs.pages import ROOT, blocks
from tests.hw.axi.shapes import small
from tickless.gen.manifest import fields
from tickless.hw.axi.registers import CORE_STEP, FIRST_CORE, registers
from tickless.hw.axi.shape import AxiShape
from tickless.hw.core.counters import CORE_COUNTERS, READOUT_COUNTERS
from tickless.hw.packet import Kind, LinkConfig

PATH = ROOT / "docs/howto/axi.md"

PAGE = PATH.read_text()


def test_the_page_has_every_register_and_no_other():
    expected = [
        (register.address, register.name, register.access, register.text, register.words)
        for register in registers(small())
        if not register.name.startswith("core_")
    ]
    row = r"^\| `([0-9A-F]{2})` \| `(\w+)` \| (\w+) \| (.*?)(; two words)? \|$"
    listed = [
        (int(address, 16), name, access, text, 2 if two else 1)
        for address, name, access, text, two in re.findall(row, PAGE, re.MULTILINE)
    ]
    assert listed == expected


def test_the_counters_lie_where_the_page_says():
    assert f"lie at {FIRST_CORE:x} + {CORE_STEP:x}·n" in PAGE
    names = f"{', '.join(CORE_COUNTERS)}, and {READOUT_COUNTERS[0]} of the readout"
    assert names in " ".join(PAGE.split())


def test_the_event_of_the_page_is_that_beat():
    shape = AxiShape(LinkConfig(2, 34, 34, 2, guarded=True), 10, (), 0)
    assert shape.event.size == 16
    kinds = {kind.name: kind.value for kind in Kind}
    manifest = {"packet_kinds": kinds, "axi": {"s_axis": {"fields": fields(shape.event)}}}
    [code] = [block.text for block in blocks(PATH) if block.language == "python"]
    values = {"manifest": manifest}
    exec(code, values)
    event = shape.event.const({"channel": 1, "x": 5, "y": 9, "kind": Kind.EVENT})
    assert values["beat"] == event.as_bits() == 0x48B
    assert "= 0x48B" in PAGE


def test_the_words_of_an_answer_are_those_of_the_page():
    layout = small().words
    assert (layout["class_index"].offset, layout["class_index"].width) == (0, 16)
    assert (layout["kind"].offset, layout["kind"].width) == (16, 2)
    assert layout["decided"].offset == 18
    assert (layout["clock"].offset, layout["logits"].offset) == (32, 64)
    assert layout["event"].offset == layout.size - 32
