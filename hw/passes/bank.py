"""Bank: membranes of a tile at a ninth of its positions, and the loop that updates them."""

from itertools import pairwise
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.layouts import neuron_layout
from tickless.hw.passes.shape import EngineShape
from tickless.hw.ram import Ram

__all__ = ["LANES_PER_SELECT", "Bank", "membrane_word", "update_layout", "weight_word"]

LANES_PER_SELECT = 4
"""Lanes that a register which chooses for all of them reaches, for a fast clock."""

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
    """Layout of an update: whether there is one, whether a word is cleared instead, and that
    word's address."""
    return data.StructLayout({"valid": 1, "clear": 1, "address": ceil_log2(shape.bank_words)})


class Bank(wiring.Component):
    """Membranes of a bank, and its neurons.

    Takes an update a clock, also of the word that the update before it touches: results are
    forwarded from those under way. Stages: 0 addresses the memory, 1 reads it and chooses the
    newest word, 2 computes and writes back. Lanes have nothing in common but what chooses: their
    memories are apart, so that each lane can lie beside its weights.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    neurons : In(neuron_layout).array(lanes)
        Of the pass.
    update : In(update_layout)
        The update, at stage 0; clears are never among updates.
    weights : In(weight_word)
        What it adds, at stage 1; 0 in lanes that it does not reach.
    lanes : In
        Lanes that it reaches, at stage 2.
    added : Out(weight_word)
        ``weights``, at stage 2.
    fired : Out
        Lanes that fired, at stage 3; 0 without an update.
    swept : Out(membrane_word)
        What was there before a clear, at stage 1.
    """

    neurons: Any
    update: Any
    weights: Any
    lanes: Signal
    added: Any
    fired: Signal
    swept: Any

    def __init__(self, shape: EngineShape):
        self.shape = shape
        super().__init__(
            {
                "neurons": In(data.ArrayLayout(neuron_layout(shape), shape.lanes)),
                "update": In(update_layout(shape)),
                "weights": In(weight_word(shape)),
                "lanes": In(shape.lanes),
                "added": Out(weight_word(shape)),
                "fired": Out(shape.lanes),
                "swept": Out(membrane_word(shape)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        layout, word = update_layout(shape), membrane_word(shape)
        stages = [self.update, *(Signal(layout, name=f"stage_{n}") for n in range(1, AHEAD + 1))]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)

        held: Any = Signal(word, reset_less=True)
        left: Any = Signal(word)
        last: Any = Signal(word, reset_less=True)
        added: Any = Signal(weight_word(shape), reset_less=True)
        fired = Signal(shape.lanes)
        selects, clears = self._selects(m, stages)
        m.d.sync += [last.eq(left), added.eq(self.weights)]
        for lane in range(shape.lanes):
            group = lane // LANES_PER_SELECT
            settled = Mux(selects[group][1], last[lane], self.swept[lane])
            m.d.sync += held[lane].eq(Mux(selects[group][0], left[lane], settled))
            self._lane(m, lane, clears[group], held[lane], left[lane], fired[lane])
        for first in range(0, shape.lanes, shape.lanes_together):
            self._memory(m, slice(first, first + shape.lanes_together), stages, left)
        m.d.sync += self.fired.eq(Mux(stages[2].valid, fired, 0))
        m.d.comb += self.added.eq(added)
        return m

    def _memory(self, m: Module, lanes: slice, stages: list[Any], left: Any) -> None:
        """Memory of some lanes."""
        membranes = [left[lane] for lane in range(self.shape.lanes)[lanes]]
        word = data.ArrayLayout(signed(self.shape.membrane_bits), len(membranes))
        m.submodules[f"memory_{lanes.start}"] = memory = Ram(word, self.shape.bank_words, False)
        m.d.comb += [
            memory.address.eq(stages[0].address),
            memory.write.en.eq(stages[2].valid | stages[2].clear),
            memory.write.addr.eq(stages[2].address),
            memory.write.data.eq(Cat(membranes)),
            Cat(self.swept[lane] for lane in range(self.shape.lanes)[lanes]).eq(memory.word),
        ]

    def _selects(self, m: Module, stages: list[Any]) -> tuple[list[Signal], list[Signal]]:
        """Where the newest word is, at stage 1, for each group of lanes: a bit for each update
        ahead that may hold it, the nearest one first; and whether it is cleared, at stage 2."""
        now = stages[0]
        groups = range(-(-self.shape.lanes // LANES_PER_SELECT))
        selects, clears = (
            [
                Signal(bits, name=f"{name}_{group}", reset_less=True, attrs={"copy": 1})
                for group in groups
            ]
            for name, bits in (("select", AHEAD), ("clear", 1))
        )
        hits = Cat(each.valid & (each.address == now.address) for each in stages[1:])
        m.d.sync += [each.eq(hits) for each in selects]
        m.d.sync += [each.eq(stages[1].clear) for each in clears]
        return selects, clears

    def _lane(self, m: Module, lane: int, clear: Any, held: Any, left: Any, fired: Any) -> None:
        """A lane at stage 2: what is compared with the threshold is formed at stage 1.

        A sum below the threshold is no higher than the ceiling, and what a spike leaves no lower
        than the floor.
        """
        neuron = self.neurons[lane]
        ceil, floor = neuron.ceil, neuron.floor
        shape = self.shape
        bits = max(shape.membrane_bits, shape.weight_bits) + 1
        above = Signal(signed(bits), name=f"weight_minus_threshold_{lane}", reset_less=True)
        m.d.sync += above.eq(self.weights[lane] - neuron.threshold)
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
            m.d.comb += left.eq((over[: len(ceil)] | higher.replicate(len(ceil))) & ceil)
        with m.Else():
            m.d.comb += left.eq(Mux(total < floor, floor, total))
