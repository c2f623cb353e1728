"""Banks: the grid of membrane banks, of which a step updates each at one position at most."""

from collections.abc import Iterable
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.bank import (
    LANES_PER_SELECT,
    Bank,
    membrane_word,
    update_layout,
    weight_word,
)
from tickless.hw.passes.layouts import axis_layout, neuron_layout, register_layout
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.spikes import firing_layout
from tickless.hw.passes.words import INDEX_BITS

__all__ = ["STEPS_UNDER_WAY", "Banks", "step_layout", "swept_layout"]

BANK_STAGE = 3
"""Stage that is stage 0 of the banks: until then weights are read."""

FIRED_STAGE = BANK_STAGE + 5
"""Stage at which what a bank fired, at its stage 3, is in row-major order."""

STEPS_UNDER_WAY = FIRED_STAGE + 4
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
    registers : In(register_layout)
        Of the pass.
    neurons : In(neuron_layout).array(lanes)
        Of the pass, by lane.
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
        Clear the word at ``sweep_address`` in every bank, three clocks later; never with steps.
    sweep_address : In
        The word.
    swept : Out(swept_layout)
        What was there, two clocks later.
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
                "neurons": In(data.ArrayLayout(neuron_layout(shape), shape.lanes)),
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
        follows = data.StructLayout(
            {
                "rows": step.row.banks.shape(),
                "columns": step.column.banks.shape(),
                "lanes": shape.lanes,
                "rotate": data.StructLayout({"row": 2, "column": 2}),
                "y": step.row.first.shape(),
                "x": step.column.first.shape(),
                "number": INDEX_BITS,
            }
        )
        stages: list[Any] = [
            Signal(follows, name=f"stage_{n}", reset_less=True) for n in range(FIRED_STAGE + 1)
        ]
        valid = Signal(len(stages))
        first = stages[0]
        m.d.sync += [
            valid.eq(Cat(step.valid, valid)),
            first.rows.eq(step.row.banks),
            first.columns.eq(step.column.banks),
            first.lanes.eq(step.lanes),
            first.rotate.row.eq(step.row.rotate),
            first.rotate.column.eq(step.column.rotate),
            first.y.eq(step.row.first),
            first.x.eq(step.column.first),
            first.number.eq(step.number),
        ]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)
        m.d.comb += [self.busy.eq(valid.any()), self.updates.eq(valid[0])]
        swept = Signal(data.StructLayout({"valid": 1, "address": self.sweep_address.shape()}))
        m.d.sync += [
            swept.valid.eq(self.sweep),
            swept.address.eq(self.sweep_address),
            self.swept.valid.eq(swept.valid),
            self.swept.address.eq(swept.address),
        ]

        banks = self._banks(m, valid, stages, self._weights(m, stages))
        with m.If(valid[BANK_STAGE + 2] & self.registers.readout):
            for lane in range(shape.lanes):
                m.d.sync += self.logits[lane].eq(self.logits[lane] + banks[0].added[lane])
        with m.If(self.clear_logits):
            m.d.sync += self.logits.as_value().eq(0)

        last = stages[FIRED_STAGE]
        m.d.comb += [
            self.firings.lanes.eq(self._in_order(m, [bank.fired for bank in banks], stages)),
            self.firings.y.eq(last.y),
            self.firings.x.eq(last.x),
            self.firings.number.eq(last.number),
        ]
        with m.If(self.registers.readout):
            m.d.comb += self.firings.lanes.eq(0)
        return m

    def _weights(self, m: Module, stages: list[Any]) -> list[Any]:
        """Weights of each bank at its stage 2, from a word of GRID x GRID taps; 0 in lanes that the
        event does not reach.

        A clock chooses the tap's row, which is the same for a row of banks, and another one the
        column. What chooses has been in registers, a copy for as many weights as a clock reaches.
        """
        shape = self.shape
        weights = weight_word(shape)
        line = data.ArrayLayout(weights, GRID)
        read: Any = Signal(data.ArrayLayout(line, GRID), reset_less=True)
        m.d.sync += read.eq(self.weights)
        before, now = stages[BANK_STAGE - 2 : BANK_STAGE]
        chosen = []
        for i in range(GRID):
            row: Any = Signal(line, name=f"weights_of_row_{i}", reset_less=True)
            for lane in range(shape.lanes):
                one = _one_hot(m, before.rows[i].tap, before.lanes[lane], f"row_{i}_{lane}")
                for j in range(GRID):
                    m.d.sync += row[j][lane].eq(_chosen([word[j][lane] for word in read], one))
            for j in range(GRID):
                of_bank: Any = Signal(weights, name=f"weights_{i * GRID + j}", reset_less=True)
                for first in range(0, shape.lanes, LANES_PER_SELECT):
                    one = _one_hot(m, now.columns[j].tap, Const(1), f"column_{i}_{j}_{first}")
                    for lane in range(shape.lanes)[first : first + LANES_PER_SELECT]:
                        m.d.sync += of_bank[lane].eq(_chosen([word[lane] for word in row], one))
                chosen.append(of_bank)
        return chosen

    def _banks(self, m: Module, valid: Signal, stages: list[Any], weights: list[Any]) -> list[Any]:
        """Banks by row and column of the grid."""
        banks = []
        before = stages[BANK_STAGE - 1]
        for index in range(GRID * GRID):
            m.submodules[f"bank_{index}"] = bank = Bank(self.shape)
            row, column = before.rows[index // GRID], before.columns[index % GRID]
            update: Any = Signal(update_layout(self.shape), name=f"update_{index}")
            m.d.sync += [
                update.valid.eq(valid[BANK_STAGE - 1] & row.valid & column.valid),
                update.clear.eq(self.sweep),
                update.address.eq(Mux(self.sweep, self.sweep_address, row.line + column.line)),
            ]
            m.d.comb += [
                bank.neurons.eq(self.neurons),
                bank.update.eq(update),
                bank.weights.eq(weights[index]),
                bank.lanes.eq(stages[BANK_STAGE + 2].lanes),
                self.swept.words[index].eq(bank.swept),
            ]
            banks.append(bank)
        return banks

    def _in_order(self, m: Module, fired: list[Any], stages: list[Any]) -> Any:
        """What banks fired by positions in row-major order: a clock rotates the rows of banks, and
        another one the columns, so that the bank that holds the first comes first."""
        by_row, by_both = (
            Signal(data.ArrayLayout(self.shape.lanes, GRID * GRID), name=name, reset_less=True)
            for name in ("fired_by_row", "fired_in_order")
        )
        first, second = stages[BANK_STAGE + 3 : FIRED_STAGE]
        for i in range(GRID):
            for j in range(GRID):
                rows = Array(fired[(i + row) % GRID * GRID + j] for row in range(GRID))
                columns = Array(by_row[i * GRID + (j + column) % GRID] for column in range(GRID))
                m.d.sync += [
                    by_row[i * GRID + j].eq(rows[first.rotate.row]),
                    by_both[i * GRID + j].eq(columns[second.rotate.column]),
                ]
        return by_both


def _one_hot(m: Module, tap: Any, enable: Value, name: str) -> Signal:
    """Which tap is chosen, a clock later: a bit for each, none where it is not enabled."""
    one = Signal(GRID, name=f"tap_of_{name}", reset_less=True, attrs={"copy": 1})
    m.d.sync += one.eq(Cat((tap == choice) & enable for choice in range(GRID)))
    return one


def _chosen(words: Iterable[Any], one: Signal) -> Value:
    """The word whose bit is set, 0 if none is."""
    return reduce(
        or_, (Mux(bit, word.as_unsigned(), 0) for word, bit in zip(words, one, strict=True))
    ).as_signed()
