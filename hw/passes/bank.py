"""Bank: membranes of a tile at a ninth of its positions, and the loop that updates them."""

from itertools import pairwise
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

AHEAD = 2
"""Updates that may hold a word which the memory does not have yet: the one under way, and one that
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
    forwarded from those under way. Stages: 0 addresses the memory, 1 reads it and chooses the
    newest word, 2 computes and writes back.

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
        What it adds, at stage 1; 0 in lanes that it does not reach.
    lanes : In
        Lanes that it reaches, at stage 2.
    added : Out(weight_word)
        ``weights``, at stage 2.
    fired : Out
        Lanes that fired, at stage 3; 0 without an update.
    sweep : In(1)
        Clear the word at ``sweep_address``, two clocks later; never with updates.
    sweep_address : In
        The word.
    swept : Out(membrane_word)
        What was there, two clocks later.
    """

    registers: Any
    neurons: Any
    update: Any
    weights: Any
    lanes: Signal
    added: Any
    fired: Signal
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
        stages = [self.update, *(Signal(layout, name=f"stage_{n}") for n in range(1, AHEAD + 1))]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)

        # What comes from far, or holds for a whole pass and reaches every lane: a copy for each
        # bank.
        zero, sweep, clear = (
            Signal(name=name, reset_less=True, attrs={"copy": 1})
            for name in ("zero", "sweeping", "clear")
        )
        ceil = Signal.like(self.registers.ceil, reset_less=True, attrs={"copy": 1})
        floors: Any = Signal(self.neurons.floors.shape(), reset_less=True, attrs={"copy": 1})
        sweep_address = Signal.like(self.sweep_address, reset_less=True, attrs={"copy": 1})
        clear_address = Signal.like(self.sweep_address, reset_less=True)
        m.d.sync += [
            zero.eq(self.registers.zero),
            ceil.eq(self.registers.ceil),
            floors.eq(self.neurons.floors),
            sweep.eq(self.sweep),
            sweep_address.eq(self.sweep_address),
            clear.eq(sweep),
            clear_address.eq(sweep_address),
        ]

        held: Any = Signal(word, reset_less=True)
        left: Any = Signal(word)
        last: Any = Signal(word, reset_less=True)
        added: Any = Signal(weight_word(shape), reset_less=True)
        fired = Signal(shape.lanes)
        selects = self._selects(m, stages)
        m.d.sync += [last.eq(left), added.eq(self.weights)]
        for lane in range(shape.lanes):
            select = selects[lane // LANES_PER_SELECT]
            settled = Mux(select[1], last[lane], memory.word[lane])
            m.d.sync += held[lane].eq(Mux(select[0], left[lane], settled))
            floor = floors[lane]
            self._lane(m, lane, zero, ceil, floor, clear, held[lane], left[lane], fired[lane])
        m.d.sync += self.fired.eq(Mux(stages[2].valid, fired, 0))
        m.d.comb += [
            self.added.eq(added),
            self.swept.eq(memory.word),
            memory.address.eq(Mux(sweep, sweep_address, self.update.address)),
            memory.write.en.eq(clear | stages[2].valid),
            memory.write.addr.eq(Mux(clear, clear_address, stages[2].address)),
            memory.write.data.eq(left),
        ]
        return m

    def _selects(self, m: Module, stages: list[Any]) -> list[Signal]:
        """Where the newest word is, at stage 1, for each group of lanes: a bit for each update
        ahead that may hold it, the nearest one first."""
        now = stages[0]
        groups = range(-(-self.shape.lanes // LANES_PER_SELECT))
        selects = [
            Signal(AHEAD, name=f"select_{group}", reset_less=True, attrs={"copy": 1})
            for group in groups
        ]
        hits = Cat(each.valid & (each.address == now.address) for each in stages[1:])
        m.d.sync += [each.eq(hits) for each in selects]
        return selects

    def _lane(
        self,
        m: Module,
        lane: int,
        zero: Any,
        ceil: Any,
        floor: Any,
        clear: Any,
        held: Any,
        left: Any,
        fired: Any,
    ) -> None:
        """A lane at stage 2: what is compared with the threshold is formed at stage 1.

        A sum below the threshold is no higher than the ceiling, and what a spike leaves no lower
        than the floor.
        """
        shape = self.shape
        bits = max(shape.membrane_bits, shape.weight_bits) + 1
        threshold = self.neurons.thresholds[lane]
        above = Signal(signed(bits), name=f"weight_minus_threshold_{lane}", reset_less=True)
        m.d.sync += above.eq(self.weights[lane] - threshold)
        total = Signal(signed(bits), name=f"sum_{lane}")
        over = Signal(signed(bits + 1), name=f"sum_minus_threshold_{lane}")
        m.d.comb += [
            total.eq(held + self.added[lane]),
            over.eq(held + above),
            fired.eq((over >= 0) & self.lanes[lane]),
        ]
        # The ceiling is one less than a power of two: what is above it has a higher bit.
        higher = over[len(ceil) : -1].any() | (over[: len(ceil)] & ~ceil).any()
        with m.If(clear):
            m.d.comb += left.eq(0)
        with m.Elif(fired):
            m.d.comb += left.eq(Mux(zero, 0, Mux(higher, ceil, over)))
        with m.Else():
            m.d.comb += left.eq(Mux(total < floor, floor, total))
