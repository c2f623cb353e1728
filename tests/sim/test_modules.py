import re

from amaranth.back import verilog
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tickless.sim.modules import merge_modules


class Step(wiring.Component):
    """Register of a sum."""

    i: Signal
    o: Signal

    def __init__(self, amount):
        self.amount = amount
        super().__init__({"i": In(8), "o": Out(8)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.eq(self.i + self.amount)
        return m


class Pair(wiring.Component):
    """Two steps, one behind the other."""

    i: Signal
    o: Signal

    def __init__(self, first, second):
        self.amounts = first, second
        super().__init__({"i": In(8), "o": Out(8)})

    def elaborate(self, platform):
        m = Module()
        between = Signal(8)
        m.submodules.first = first = Step(self.amounts[0])
        m.submodules.second = second = Step(self.amounts[1])
        m.d.comb += [first.i.eq(self.i), between.eq(first.o), second.i.eq(between)]
        m.d.comb += self.o.eq(second.o)
        return m


class Top(wiring.Component):
    """Pairs whose outputs are added."""

    i: Signal
    o: Signal

    def __init__(self, *pairs):
        self.pairs = pairs
        super().__init__({"i": In(8), "o": Out(8)})

    def elaborate(self, platform):
        m = Module()
        pairs = [Pair(*amounts) for amounts in self.pairs]
        for index, pair in enumerate(pairs):
            m.submodules[f"pair_{index}"] = pair
            m.d.comb += pair.i.eq(self.i)
        m.d.comb += self.o.eq(sum(pair.o for pair in pairs))
        return m


def modules(text):
    return text.count("\nendmodule\n")


def test_equal_modules_become_one_from_the_leaves_up():
    text = verilog.convert(Top((1, 2), (1, 2), (1, 3)), name="top", emit_src=False)
    assert modules(text) == 1 + 3 + 6
    merged = merge_modules(text)
    assert modules(merged) == 1 + 2 + 3  # the top, two kinds of pairs, steps by 1, 2 and 3
    assert len(re.findall(r"top\.pair_0 +pair_[01] \(", merged)) == 2
    assert len(re.findall(r"top\.pair_2 +pair_2 \(", merged)) == 1


def test_modules_that_differ_stay():
    text = verilog.convert(Top((1, 2), (3, 4)), name="top", emit_src=False)
    assert modules(merge_modules(text)) == modules(text)
