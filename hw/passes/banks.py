"""Banks: the grid of membrane banks, of which a step updates each at one position at most."""

from itertools import pairwise
from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.bank import Bank, membrane_word, update_layout, weight_word
from tickless.hw.passes.layouts import axis_layout, neuron_layout, register_layout
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.spikes import firing_layout
from tickless.hw.passes.words import INDEX_BITS

__all__ = ["STEPS_UNDER_WAY", "Banks", "step_layout", "swept_layout"]

FIRED_STAGE = 5
"""Stage at which what a bank fired, at its stage 4, is in row-major order."""

STEPS_UNDER_WAY = FIRED_STAGE + 3
"""Steps that are looked up after one, until what that one fired is in a queue."""


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
    return data.StructLayout(
        {
            "valid": 1,
            "address": ceil_log2(shape.bank_words),
            "words": data.ArrayLayout(membrane_word(shape), GRID * GRID),
        }
    )


class Banks(wiring.Component):
    """Membrane banks and the logits of a readout.

    Takes a step a clock; it waits for nothing. The only position of a readout lies in the first
    bank; its logits have registers of their own: with at most 2**24 events of 8-bit weights they
    cannot saturate.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    registers, neurons : In
        Of the pass: `hw.passes.layouts`.
    step : In(step_layout)
        The step that begins.
    weights : In
        Its weight word, two clocks later.
    busy : Out(1)
        Whether steps are under way.
    updates : Out(1)
        High for one clock for each step.
    firings : Out(firing_layout)
        Lanes that fire, by positions in row-major order from the step's first.
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
    step: Any
    weights: Signal
    busy: Signal
    updates: Signal
    firings: Any
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
                "step": In(step_layout(shape)),
                "weights": In(shape.weight_word_bits),
                "busy": Out(1),
                "updates": Out(1),
                "firings": Out(firing_layout(shape)),
                "sweep": In(1),
                "sweep_address": In(ceil_log2(shape.bank_words)),
                "swept": Out(swept_layout(shape)),
                "clear_logits": In(1),
                "logits": Out(data.ArrayLayout(signed(32), shape.lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape, step = self.shape, self.step
        taps = data.StructLayout({axis: data.ArrayLayout(2, GRID) for axis in ("rows", "columns")})
        follows = data.StructLayout(
            {
                "valid": 1,
                "taps": taps,
                "lanes": shape.lanes,
                "rotate": 4,
                "y": step.row.first.shape(),
                "x": step.column.first.shape(),
                "number": INDEX_BITS,
            }
        )
        stages: list[Any] = [Signal(follows, name=f"stage_{n}") for n in range(FIRED_STAGE + 1)]
        first = stages[0]
        m.d.sync += [
            first.valid.eq(step.valid),
            first.lanes.eq(step.lanes),
            first.rotate.eq(step.row.rotate * GRID + step.column.rotate),
            first.y.eq(step.row.first),
            first.x.eq(step.column.first),
            first.number.eq(step.number),
            *(first.taps.rows[i].eq(step.row.banks[i].tap) for i in range(GRID)),
            *(first.taps.columns[i].eq(step.column.banks[i].tap) for i in range(GRID)),
        ]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)
        m.d.comb += [
            self.busy.eq(Cat(stage.valid for stage in stages).any()),
            self.updates.eq(first.valid),
        ]
        clear = Signal()
        m.d.sync += [clear.eq(self.sweep), self.swept.address.eq(self.sweep_address)]
        m.d.comb += self.swept.valid.eq(clear)

        # A word of weights is GRID x GRID taps. A tap's row is the same for a row of banks.
        line = data.ArrayLayout(weight_word(shape), GRID)
        read: Any = Signal(data.ArrayLayout(line, GRID))
        m.d.sync += read.eq(self.weights)
        banks = []
        for i in range(GRID):
            row: Any = Signal(line, name=f"weights_{i}")
            m.d.comb += row.eq(Array(read)[stages[2].taps.rows[i]])
            for j in range(GRID):
                bank = self._bank(m, stages, i, j)
                chosen: Any = Array(row)[stages[2].taps.columns[j]]
                for lane in range(shape.lanes):
                    weight = chosen.as_value().word_select(lane, shape.weight_bits)
                    reached = stages[2].lanes[lane]
                    m.d.comb += bank.weights[lane].eq(Mux(reached, weight, 0).as_signed())
                banks.append(bank)
        with m.If(stages[3].valid & self.registers.readout):
            for lane in range(shape.lanes):
                m.d.sync += self.logits[lane].eq(self.logits[lane] + banks[0].added[lane])
        with m.If(self.clear_logits):
            m.d.sync += self.logits.as_value().eq(0)

        last = stages[FIRED_STAGE]
        fired = Signal(GRID * GRID * shape.lanes)
        m.d.sync += fired.eq(self._in_order([bank.fired for bank in banks], stages[4].rotate))
        m.d.comb += [
            self.firings.lanes.eq(fired),
            self.firings.y.eq(last.y),
            self.firings.x.eq(last.x),
            self.firings.number.eq(last.number),
        ]
        with m.If(self.registers.readout):
            m.d.comb += self.firings.lanes.eq(0)
        return m

    def _bank(self, m: Module, stages: list[Any], i: int, j: int) -> Any:
        """Bank of row ``i`` and column ``j`` of the grid."""
        step, index = self.step, i * GRID + j
        m.submodules[f"bank_{index}"] = bank = Bank(self.shape)
        update: Any = Signal(update_layout(self.shape), name=f"update_{index}")
        row, column = step.row.banks[i], step.column.banks[j]
        m.d.sync += [
            update.valid.eq(step.valid & row.valid & column.valid),
            update.address.eq(row.line + column.line),
        ]
        m.d.comb += [
            bank.registers.eq(self.registers),
            bank.neurons.eq(self.neurons),
            bank.update.eq(update),
            bank.lanes.eq(stages[3].lanes),
            bank.sweep.eq(self.sweep),
            bank.sweep_address.eq(self.sweep_address),
            self.swept.words[index].eq(bank.swept),
        ]
        return bank

    def _in_order(self, fired: list[Signal], rotate: Any) -> Any:
        """What banks fired by positions in row-major order: a rotation of the banks, by the one
        that holds the first."""
        places = []
        for place in range(GRID * GRID):
            i, j = place // GRID, place % GRID
            order = [
                fired[(i + row) % GRID * GRID + (j + column) % GRID]
                for row in range(GRID)
                for column in range(GRID)
            ]
            places.append(Array(order)[rotate])
        return Cat(places)
