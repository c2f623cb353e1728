"""Banks: the membranes of a tile, and the neurons that one weight word updates at once."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.layouts import axis_layout, neuron_layout, register_layout
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.words import INDEX_BITS
from tickless.hw.ram import Ram

__all__ = ["Banks", "step_layout", "swept_layout"]


def step_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of a step: whether there is one, its entries of both axes, the lanes that its event
    reaches, and the event's number."""
    return data.StructLayout(
        {
            "valid": 1,
            "row": axis_layout(shape),
            "column": axis_layout(shape),
            "lanes": shape.lanes,
            "number": INDEX_BITS,
        }
    )


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

    Takes a step a clock. In its first clock the memories are read, in its second one operands are
    chosen, in its third one sums are written back. A step that touches a word which another one
    under way is still to write waits. The logits of a readout, whose only position lies in the
    first bank, have registers of their own: with at most 2**24 events of 8-bit weights they cannot
    saturate.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    registers, neurons : In
        Of the pass: `hw.passes.layouts`.
    go : In(1)
        Whether the steps under way go on in this clock.
    step : In(step_layout)
        The step that is to begin.
    waits : Out(1)
        Whether it cannot.
    weights : In
        Its weight word, a clock later, or what it was then while ``go`` is low.
    busy : Out(1)
        Whether steps are under way.
    ends : Out(step_layout)
        The step in its third clock.
    fired : Out
        Lanes that fire in it, by ``GRID * GRID`` positions in row-major order from its first.
    sweep : In(1)
        Clear the word at ``sweep_address`` in every bank, a clock later; never with steps.
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
    go: Signal
    step: Any
    waits: Signal
    weights: Signal
    busy: Signal
    ends: Any
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
                "go": In(1),
                "step": In(step_layout(shape)),
                "waits": Out(1),
                "weights": In(shape.weight_word_bits),
                "busy": Out(1),
                "ends": Out(step_layout(shape)),
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
        shape, ends = self.shape, self.ends
        second: Any = Signal(step_layout(shape))
        with m.If(self.go):
            m.d.sync += [
                second.eq(self.step),
                second.valid.eq(self.step.valid & ~self.waits),
                ends.eq(second),
            ]
        m.d.comb += self.busy.eq(second.valid | ends.valid)
        clear = Signal()
        clear_address = Signal.like(self.sweep_address)
        m.d.sync += [clear.eq(self.sweep), clear_address.eq(self.sweep_address)]
        m.d.comb += [self.swept.valid.eq(clear), self.swept.address.eq(clear_address)]

        word = data.ArrayLayout(signed(shape.membrane_bits), shape.lanes)
        weight = data.ArrayLayout(signed(shape.weight_bits), shape.lanes)
        taps = Array(
            self.weights.word_select(tap, shape.lanes * shape.weight_bits)
            for tap in range(GRID * GRID)
        )
        firings: list[Signal] = []
        touched: list[Any] = []
        conflicts: list[Any] = []
        for index in range(GRID * GRID):
            m.submodules[f"bank_{index}"] = bank = Ram(word, shape.bank_words, False)
            reached, address = [], []
            for number, step in enumerate((self.step, second, ends)):
                row, column = step.row.banks[index // GRID], step.column.banks[index % GRID]
                place = Signal.like(self.sweep_address, name=f"address_{index}_{number}")
                m.d.comb += place.eq(row.line + column.line)
                address.append(place)
                reached.append(step.valid & row.valid & column.valid)
            conflicts += [
                reached[0] & reached[other] & (address[0] == address[other]) for other in (1, 2)
            ]
            touched.append(reached[2])
            chosen: Any = Signal(weight, name=f"weights_{index}")
            held: Any = Signal(word, name=f"membranes_{index}")
            fired = Signal(shape.lanes, name=f"fired_{index}")
            firings.append(fired)
            m.d.comb += [
                bank.address.eq(Mux(self.sweep, self.sweep_address, address[0])),
                bank.enable.eq(self.go | self.sweep),
                self.swept.words[index].eq(bank.word),
                bank.write.en.eq(clear | (self.go & reached[2])),
                bank.write.addr.eq(Mux(clear, clear_address, address[2])),
            ]
            row_tap = second.row.banks[index // GRID].tap
            column_tap = second.column.banks[index % GRID].tap
            with m.If(self.go):
                m.d.sync += [
                    chosen.eq(taps[row_tap * GRID + column_tap]),
                    held.eq(bank.word),
                ]
            for lane in range(shape.lanes):
                left = self._lane(m, index, lane, held[lane], chosen[lane], fired[lane])
                m.d.comb += bank.write.data[lane].eq(Mux(clear, 0, left))
            if index == 0:
                self._readout(m, chosen, reached[2])
        m.d.comb += self.waits.eq(Cat(conflicts).any() & ~self.registers.readout)
        # In row-major order of positions the banks are rotated, by the one that holds the first.
        rotated = ends.row.rotate * GRID + ends.column.rotate
        for place in range(GRID * GRID):
            i, j = place // GRID, place % GRID
            order = [
                (i + rotate_row) % GRID * GRID + (j + rotate_column) % GRID
                for rotate_row in range(GRID)
                for rotate_column in range(GRID)
            ]
            with m.If(Array(touched[index] for index in order)[rotated] & ~self.registers.readout):
                m.d.comb += self.fired.word_select(place, shape.lanes).eq(
                    Array(firings[index] for index in order)[rotated]
                )
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
            fired.eq(self.ends.lanes[lane] & (total >= threshold)),
            after.eq(total),
            left.eq(after),
        ]
        with m.If(fired):
            m.d.comb += after.eq(Mux(self.registers.zero, 0, total - threshold))
        with m.If(~self.ends.lanes[lane]):
            m.d.comb += left.eq(held)
        with m.Elif(after < floor):
            m.d.comb += left.eq(floor)
        with m.Elif(after > self.registers.ceil):
            m.d.comb += left.eq(self.registers.ceil)
        return left

    def _readout(self, m: Module, weights: Sequence[Any], reached: Any) -> None:
        for lane in range(self.shape.lanes):
            with m.If(self.go & self.registers.readout & reached & self.ends.lanes[lane]):
                m.d.sync += self.logits[lane].eq(self.logits[lane] + weights[lane])
        with m.If(self.clear_logits):
            m.d.sync += self.logits.as_value().eq(0)
