"""Banks: the membranes of a tile, and the neurons that one weight word updates at once."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Array, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.layouts import axis_layout, neuron_layout, register_layout
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.ram import Ram

__all__ = ["Banks", "swept_layout"]


def swept_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of what a sweep finds in a clock: whether it does, the address, a word a bank."""
    word = data.ArrayLayout(signed(shape.membrane_bits), shape.lanes)
    return data.StructLayout(
        {
            "valid": 1,
            "address": ceil_log2(shape.bank_words),
            "words": data.ArrayLayout(word, GRID * GRID),
        }
    )


class Banks(wiring.Component):
    """Membrane banks, and the integrate-and-fire neurons of a step.

    A step takes three clocks: the memories answer, operands are chosen, sums are
    written back. The logits of a readout, whose only position lies in the first bank, have
    registers of their own: with at most 2**24 events of 8-bit weights they cannot saturate.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    registers, neurons : In
        Of the pass: `hw.passes.layouts`.
    row, column : In(axis_layout)
        The step.
    lanes : In
        Lanes that the event reaches.
    weights : In
        Weight word, in the clock of ``choose``.
    choose, add : In(1)
        High in the second clock of a step, and in the third.
    fired : Out
        Lanes that fire by ``GRID * GRID`` positions in row-major order from the step's first, in
        the clock of ``add``.
    sweep : In(1)
        Clear the word at ``sweep_address`` in every bank, a clock later; never with a step.
    sweep_address : In
        The word.
    swept : Out(swept_layout)
        What was there.
    clear_logits : In(1)
        Clear the logits.
    logits : Out
        Of each lane.
    """

    registers: Any
    neurons: Any
    row: Any
    column: Any
    lanes: Signal
    weights: Signal
    choose: Signal
    add: Signal
    fired: Signal
    sweep: Signal
    sweep_address: Signal
    swept: Any
    clear_logits: Signal
    logits: Any

    def __init__(self, shape: EngineShape):
        self.shape = shape
        super().__init__(
            {
                "registers": In(register_layout(shape)),
                "neurons": In(neuron_layout(shape)),
                "row": In(axis_layout(shape)),
                "column": In(axis_layout(shape)),
                "lanes": In(shape.lanes),
                "weights": In(shape.weight_word_bits),
                "choose": In(1),
                "add": In(1),
                "fired": Out(GRID * GRID * shape.lanes),
                "sweep": In(1),
                "sweep_address": In(ceil_log2(shape.bank_words)),
                "swept": Out(swept_layout(shape)),
                "clear_logits": In(1),
                "logits": Out(data.ArrayLayout(signed(32), shape.lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        clear = Signal()
        clear_address = Signal.like(self.sweep_address)
        m.d.sync += [
            clear.eq(self.sweep),
            clear_address.eq(self.sweep_address),
        ]
        m.d.comb += [self.swept.valid.eq(clear), self.swept.address.eq(clear_address)]
        firings: list[Signal] = []
        for index in range(GRID * GRID):
            row, column = self.row.banks[index // GRID], self.column.banks[index % GRID]
            word = data.ArrayLayout(signed(shape.membrane_bits), shape.lanes)
            m.submodules[f"bank_{index}"] = bank = Ram(word, shape.bank_words, False)
            address = Signal.like(self.sweep_address, name=f"address_{index}")
            chosen: Any = Signal(
                data.ArrayLayout(signed(shape.weight_bits), shape.lanes), name=f"weights_{index}"
            )
            held: Any = Signal(word, name=f"membranes_{index}")
            fired = Signal(shape.lanes, name=f"fired_{index}")
            firings.append(fired)
            m.d.comb += [
                address.eq(row.line + column.line),
                bank.address.eq(Mux(self.sweep, self.sweep_address, address)),
                self.swept.words[index].eq(bank.word),
                bank.write.en.eq(clear | (self.add & row.valid & column.valid)),
                bank.write.addr.eq(Mux(clear, clear_address, address)),
            ]
            taps = Array(
                self.weights.word_select(tap, chosen.as_value().shape().width)
                for tap in range(GRID * GRID)
            )
            with m.If(self.choose):
                m.d.sync += [
                    chosen.eq(taps[row.tap * GRID + column.tap]),
                    held.eq(bank.word),
                ]
            for lane in range(shape.lanes):
                left = self._lane(m, index, lane, held[lane], chosen[lane], fired[lane])
                m.d.comb += bank.write.data[lane].eq(Mux(clear, 0, left))
            if index == 0:
                self._readout(m, chosen)
        # In row-major order of positions the banks are rotated, by the one that holds the first.
        for place in range(GRID * GRID):
            i, j = place // GRID, place % GRID
            choices = Array(
                firings[(i + rotate_row) % GRID * GRID + (j + rotate_column) % GRID]
                for rotate_row in range(GRID)
                for rotate_column in range(GRID)
            )
            reached = [
                self.row.banks[index // GRID].valid & self.column.banks[index % GRID].valid
                for index in range(GRID * GRID)
            ]
            touched = Array(
                reached[(i + rotate_row) % GRID * GRID + (j + rotate_column) % GRID]
                for rotate_row in range(GRID)
                for rotate_column in range(GRID)
            )
            number = self.row.rotate * GRID + self.column.rotate
            with m.If(touched[number] & ~self.registers.readout):
                m.d.comb += self.fired.word_select(place, shape.lanes).eq(choices[number])
        return m

    def _lane(self, m: Module, index: int, lane: int, held: Any, weight: Any, fired: Any) -> Signal:
        """Membrane that a lane of a bank is left with."""
        shape = self.shape
        name = f"{index}_{lane}"
        bits = max(shape.membrane_bits, shape.weight_bits) + 2
        total, after, left = (
            Signal(signed(bits), name=f"{part}_{name}") for part in ("total", "after", "left")
        )
        threshold, floor = self.neurons.thresholds[lane], self.neurons.floors[lane]
        m.d.comb += [
            total.eq(held + weight),
            fired.eq(self.lanes[lane] & (total >= threshold)),
            after.eq(total),
            left.eq(after),
        ]
        with m.If(fired):
            m.d.comb += after.eq(Mux(self.registers.zero, 0, total - threshold))
        with m.If(~self.lanes[lane]):
            m.d.comb += left.eq(held)
        with m.Elif(after < floor):
            m.d.comb += left.eq(floor)
        with m.Elif(after > self.registers.ceil):
            m.d.comb += left.eq(self.registers.ceil)
        return left

    def _readout(self, m: Module, weights: Sequence[Any]) -> None:
        valid = self.row.banks[0].valid & self.column.banks[0].valid
        for lane in range(self.shape.lanes):
            with m.If(self.add & self.registers.readout & valid & self.lanes[lane]):
                m.d.sync += self.logits[lane].eq(self.logits[lane] + weights[lane])
        with m.If(self.clear_logits):
            m.d.sync += self.logits.as_value().eq(0)
