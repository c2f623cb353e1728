"""Bank: membranes of a tile at a ninth of its positions, and the loop that updates them."""

from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.layouts import neuron_layout, register_layout
from tickless.hw.passes.shape import EngineShape
from tickless.hw.ram import Ram

__all__ = ["Bank", "membrane_word", "update_layout", "weight_word"]

LANES_PER_SELECT = 4
"""Lanes that a register of the forwarding selects reaches, for a fast clock."""

AHEAD = 4
"""Updates that may hold a word which the memory does not have yet: those under way, and one that
is written in the clock in which the word is read."""


def membrane_word(shape: EngineShape) -> data.ArrayLayout:
    """Layout of a bank's word: a membrane a lane."""
    return data.ArrayLayout(signed(shape.membrane_bits), shape.lanes)


def weight_word(shape: EngineShape) -> data.ArrayLayout:
    """Layout of what a bank adds: a weight a lane."""
    return data.ArrayLayout(signed(shape.weight_bits), shape.lanes)


def update_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of an update: whether there is one, and the word that it touches."""
    return data.StructLayout({"valid": 1, "address": ceil_log2(shape.bank_words)})


class Bank(wiring.Component):
    """Membranes of a bank, and its neurons.

    Takes an update a clock, also of the word that the update before it touches: results are
    forwarded from those under way. Stages: 0 addresses the memory, 1 reads it, 2 chooses the
    newest word, 3 computes, 4 writes back.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    registers, neurons : In
        Of the pass: `hw.passes.layouts`.
    update : In(update_layout)
        The update, at stage 0.
    weights : In(weight_word)
        What it adds, at stage 2; 0 in lanes that it does not reach.
    lanes : In
        Lanes that it reaches, at stage 3.
    added : Out(weight_word)
        ``weights``, at stage 3.
    fired : Out
        Lanes that fired, at stage 4; 0 without an update.
    busy : Out(1)
        Whether there are updates at stages 1 to 4.
    sweep : In(1)
        Clear the word at ``sweep_address``, a clock later; never with updates.
    sweep_address : In
        The word.
    swept : Out(membrane_word)
        What was there, a clock later.
    """

    registers: Any
    neurons: Any
    update: Any
    weights: Any
    lanes: Signal
    added: Any
    fired: Signal
    busy: Signal
    sweep: Signal
    sweep_address: Signal
    swept: Any

    def __init__(self, shape: EngineShape):
        self.shape = shape
        super().__init__(
            {
                "registers": In(register_layout(shape)),
                "neurons": In(neuron_layout(shape)),
                "update": In(update_layout(shape)),
                "weights": In(weight_word(shape)),
                "lanes": In(shape.lanes),
                "added": Out(weight_word(shape)),
                "fired": Out(shape.lanes),
                "busy": Out(1),
                "sweep": In(1),
                "sweep_address": In(ceil_log2(shape.bank_words)),
                "swept": Out(membrane_word(shape)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        layout, word = update_layout(shape), membrane_word(shape)
        m.submodules.memory = memory = Ram(word, shape.bank_words, False)
        stages = [self.update, *(Signal(layout, name=f"stage_{n}") for n in range(1, 5))]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)
        m.d.comb += self.busy.eq(Cat(stage.valid for stage in stages[1:]).any())

        # Results by how many updates behind they are chosen: that of the one just ahead is on the
        # longest path.
        results: list[Any] = [Signal(word, name=f"result_{n}") for n in range(AHEAD)]
        for before, after in pairwise(results):
            m.d.sync += after.eq(before)
        read: Any = Signal(word)
        selects = self._selects(m, stages)
        m.d.sync += read.eq(memory.word)
        held: Any = Signal(word)
        for lane in range(shape.lanes):
            select = selects[lane // LANES_PER_SELECT]
            settled = [
                Mux(choice, value[lane], 0)
                for choice, value in zip(select[1:], [*results[1:], read], strict=True)
            ]
            m.d.sync += held[lane].eq(Mux(select[0], results[0][lane], reduce(or_, settled)))
        m.d.sync += self.added.eq(self.weights)
        # What holds for a whole pass reaches every lane of every bank: a copy for each bank.
        zero = Signal(attrs={"copy": 1})
        ceil = Signal.like(self.registers.ceil, attrs={"copy": 1})
        m.d.sync += [zero.eq(self.registers.zero), ceil.eq(self.registers.ceil)]
        fired = Signal(shape.lanes)
        for lane in range(shape.lanes):
            self._lane(m, lane, zero, ceil, held[lane], results[0][lane], fired[lane])
        m.d.sync += self.fired.eq(Mux(stages[3].valid, fired & self.lanes, 0))

        clear = Signal()
        clear_address = Signal.like(self.sweep_address)
        m.d.sync += [clear.eq(self.sweep), clear_address.eq(self.sweep_address)]
        m.d.comb += [
            self.swept.eq(memory.word),
            memory.address.eq(Mux(self.sweep, self.sweep_address, self.update.address)),
            memory.write.en.eq(clear | stages[4].valid),
            memory.write.addr.eq(Mux(clear, clear_address, stages[4].address)),
            memory.write.data.eq(Mux(clear, 0, results[1].as_value())),
        ]
        return m

    def _selects(self, m: Module, stages: list[Any]) -> list[Signal]:
        """Where the newest word is, at stage 2, for each group of lanes: a bit for each update
        ahead that may hold it, and one for what was read."""
        now = stages[0]
        hits = Signal(AHEAD)
        groups = range(-(-self.shape.lanes // LANES_PER_SELECT))
        selects = [Signal(AHEAD + 1, name=f"select_{group}", attrs={"copy": 1}) for group in groups]
        m.d.sync += [
            hits.eq(
                Cat(each.valid & (each.address == now.address) for each in stages[1 : AHEAD + 1])
            ),
            *(each.eq(Cat((hits & ~(hits - 1))[:AHEAD], ~hits.any())) for each in selects),
        ]
        return selects

    def _lane(
        self, m: Module, lane: int, zero: Any, ceil: Any, held: Any, left: Any, fired: Any
    ) -> None:
        """A lane at stage 3: an addition and a choice, since what is compared is formed at stage 2.

        A sum below the threshold is no higher than the ceiling, and what a spike leaves no lower
        than the floor.
        """
        shape = self.shape
        bits = max(shape.membrane_bits, shape.weight_bits) + 1
        threshold, floor = self.neurons.thresholds[lane], self.neurons.floors[lane]
        above = Signal(signed(bits), name=f"weight_minus_threshold_{lane}")
        below = Signal(signed(bits), name=f"weight_minus_floor_{lane}")
        m.d.sync += [
            above.eq(self.weights[lane] - threshold),
            below.eq(self.weights[lane] - floor),
        ]
        total = Signal(signed(bits), name=f"sum_{lane}")
        over = Signal(signed(bits + 1), name=f"sum_minus_threshold_{lane}")
        over_floor = Signal(signed(bits + 1), name=f"sum_minus_floor_{lane}")
        m.d.comb += [
            total.eq(held + self.added[lane]),
            over.eq(held + above),
            over_floor.eq(held + below),
            fired.eq(over >= 0),
            left.eq(total),
        ]
        with m.If(fired & self.lanes[lane]):
            # The ceiling is one less than a power of two: what is above it has a higher bit.
            higher = over[len(ceil) : -1].any() | (over[: len(ceil)] & ~ceil).any()
            m.d.comb += left.eq(Mux(zero, 0, Mux(higher, ceil, over)))
        with m.Elif(over_floor < 0):
            m.d.comb += left.eq(floor)
