"""Neuron bank: the membranes of one bank and the loop that updates them."""

from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.core.contents import CoreContents
from tickless.hw.core.memory_map import (
    MemoryMap,
    parameter_layout,
    parameter_words,
    write_layout,
)
from tickless.hw.core.shape import CoreShape
from tickless.hw.core.table import memory_of
from tickless.hw.ram import Ram

__all__ = ["NeuronBank", "update_layout"]

LANES_PER_SELECT = 4
"""Lanes that a register of the forwarding selects reaches, for a fast clock."""


def update_layout(shape: CoreShape) -> data.StructLayout:
    """Layout of one update: the words it touches, its lanes and its epoch.

    Lanes that are not enabled keep their membranes; with `CoreShape.whole_blocks` all are.
    """
    return data.StructLayout(
        {
            "valid": 1,
            "address": shape.address_bits,
            "weight_address": shape.weight_address_bits,
            "lane_enable": shape.lanes,
            "epoch": shape.epoch_bits,
        }
    )


class NeuronBank(wiring.Component):
    """Membranes and weights of one bank, and the integrate-and-fire loop.

    Takes an update a clock, or every other clock with single-port membranes, also of the word that
    the update before it touches: results are forwarded from the updates under way to the next one.
    The loop itself is an addition and two selections; ``w - threshold`` and ``w - floor`` are
    formed one stage earlier.

    Stages: 0 addresses the memories, `CoreShape.operand_stage` forwards and forms the operands,
    the next one computes, `CoreShape.write_stage` writes back.

    Parameters
    ----------
    shape : CoreShape
        The core.
    contents : CoreContents
        What it computes with.

    Members
    -------
    update : In(update_layout)
        The update, at stage 0.
    parameters : In(parameter_layout)
        What the neurons of the update's channel block go by, at the operands' stage.
    fired : Out
        Lanes that fired, two stages behind the operands'; 0 without an update.
    sweep : In(1)
        Give the word at ``sweep_address`` tag 0, which is no epoch, a clock later; never while
        updates are under way.
    sweep_address : In
        Word to sweep.
    load : In(write_layout)
        Writes into the weights; only of a loadable core.

    Attributes
    ----------
    write : memory.WritePort.Signature
        Port of the membrane memory through which every change goes. A word holds ``lanes``
        membranes of ``membrane_bits``, lowest lane first, and above them the epoch tag.
    """

    update: Any
    parameters: Any
    fired: Signal
    sweep: Signal
    sweep_address: Signal
    load: Any

    def __init__(self, shape: CoreShape, contents: CoreContents):
        self.shape, self.contents, self.memory_map = shape, contents, MemoryMap(shape)
        self.word = data.StructLayout(
            {
                "membranes": data.ArrayLayout(signed(shape.membrane_bits), shape.lanes),
                "epoch": shape.epoch_bits,
            }
        )
        # Registers of parameters begin as of block 0: with one block they are constants.
        words = parameter_words(shape, contents)
        self.initial: Any = parameter_layout(shape).from_bits(words[0])
        self.membranes = Ram(self.word, shape.bank_depth, shape.single_port)
        self.write = self.membranes.write
        loads = {"load": In(write_layout(self.memory_map))} if shape.loadable else {}
        super().__init__(
            {
                **loads,
                "update": In(update_layout(shape)),
                "parameters": In(parameter_layout(shape)),
                "fired": Out(shape.lanes),
                "sweep": In(1),
                "sweep_address": In(shape.address_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape, write = self.shape, self.write
        load = self.load if shape.loadable else None
        m.submodules.membranes = self.membranes
        m.submodules.weights = weights = memory_of(
            m, self.memory_map, "weights", self.contents.weight_words, load
        )
        weight_read = weights.read_port()
        m.d.comb += [
            self.membranes.address.eq(self.update.address),
            weight_read.addr.eq(self.update.weight_address),
        ]

        operands, written = shape.operand_stage, shape.write_stage
        layout = update_layout(shape)
        stages = [self.update, *(Signal(layout, name=f"stage_{n}") for n in range(1, written + 1))]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)
        with m.If(self.sweep):
            m.d.sync += [
                stages[written].valid.eq(1),
                stages[written].address.eq(self.sweep_address),
                stages[written].epoch.eq(0),
            ]

        ahead = range(shape.clocks_per_step, written + 1, shape.clocks_per_step)
        selects = self._selects(m, stages, ahead)
        word: Any = self.membranes.word
        weights_read: Any = weight_read.data
        if operands == 2:
            read: Any = (word, weights_read)
            word, weights_read = (Signal.like(value) for value in read)
            m.d.sync += [word.eq(read[0]), weights_read.eq(read[1])]

        # Results by stage; that of the update just ahead is on the longest path.
        result = Signal(self.word["membranes"].shape)
        results = {operands + 1: result}
        for stage in range(operands + 2, operands + ahead[-1] + 1):
            results[stage] = Signal.like(result, name=f"result_{stage}")
        for before, after in pairwise(results.values()):
            m.d.sync += after.eq(before)
        first, *older = (results[operands + distance] for distance in ahead)
        membranes = Signal.like(result)
        for lane in range(shape.lanes):
            select = selects[lane // LANES_PER_SELECT]
            settled = [
                Mux(choice, value[lane], 0)
                for choice, value in zip(select[1:], [*older, word.membranes], strict=True)
            ]
            m.d.comb += membranes[lane].eq(Mux(select[0], first[lane], reduce(or_, settled)))

        fired = Signal(shape.lanes)
        ceil = Signal.like(self.parameters.ceil, init=self.initial.ceil)
        m.d.sync += ceil.eq(self.parameters.ceil)
        update = stages[operands + 1]
        enable = Const(-1, shape.lanes) if shape.whole_blocks else update.lane_enable
        for lane in range(shape.lanes):
            self._lane(
                m,
                lane,
                enable[lane],
                weights_read,
                ceil,
                membranes[lane],
                result[lane],
                fired[lane],
            )
        m.d.sync += self.fired.eq(Mux(update.valid, fired, 0))

        m.d.comb += [
            write.en.eq(stages[written].valid),
            write.addr.eq(stages[written].address),
            write.data.membranes.eq(results[written]),
            write.data.epoch.eq(stages[written].epoch),
        ]
        return m

    def _selects(self, m, stages, ahead) -> list[Any]:
        """Where the newest word is, at the operands' stage, for each group of lanes: a bit for each
        distance ``ahead`` at which an update holds it, and one for the memory's word."""
        now, last = self.update, stages[self.shape.write_stage]

        def same_word(other: Any) -> Value:
            return other.valid & (other.address == now.address)

        # Stage 0. A word that is written in this clock reads as anything.
        held = Cat(
            same_word(stages[distance]) & (stages[distance].epoch == now.epoch)
            for distance in ahead
        )
        hits = Signal(len(ahead))
        unwritten = Signal()
        m.d.sync += [hits.eq(held), unwritten.eq(~(held.any() | same_word(last)))]
        # Stage 1. The lowest bit is of the newest.
        newest = (hits & ~(hits - 1))[: len(hits)]
        select = Cat(newest, unwritten & (self.membranes.word.epoch == stages[1].epoch))
        groups = -(-self.shape.lanes // LANES_PER_SELECT)
        if self.shape.operand_stage == 1:
            return [select] * groups
        # One register would have to reach all lanes in one clock.
        copies = [
            Signal(len(select), name=f"select_{index}", attrs={"copy": 1})
            for index in range(groups)
        ]
        m.d.sync += [copy.eq(select) for copy in copies]
        return copies

    def _lane(self, m, lane, enable, weights, ceil, membrane_in, result, fired):
        """One lane: one stage forms the operands, the next one adds and selects."""
        shape = self.shape
        bits = max(shape.membrane_bits, shape.weight_bits) + 1
        threshold, floor = self.parameters.thresholds[lane], self.parameters.floors[lane]

        membrane = Signal(signed(shape.membrane_bits), name=f"membrane_{lane}")
        weight = Signal(signed(shape.weight_bits), name=f"weight_{lane}")
        above = Signal(signed(bits), name=f"weight_minus_threshold_{lane}")
        below = Signal(signed(bits), name=f"weight_minus_floor_{lane}")
        clamped = Signal(
            signed(shape.membrane_bits), name=f"clamped_{lane}", init=self.initial.floors[lane]
        )
        bank_weight = weights.word_select(lane, shape.weight_bits).as_signed()
        m.d.sync += [
            membrane.eq(membrane_in),
            weight.eq(bank_weight),
            above.eq(bank_weight - threshold),
            below.eq(bank_weight - floor),
            clamped.eq(floor),
        ]

        total = Signal(signed(bits), name=f"sum_{lane}")
        over_threshold = Signal(signed(bits + 1), name=f"sum_minus_threshold_{lane}")
        over_floor = Signal(signed(bits + 1), name=f"sum_minus_floor_{lane}")
        m.d.comb += [
            total.eq(membrane + weight),
            over_threshold.eq(membrane + above),
            over_floor.eq(membrane + below),
            fired.eq(enable & (over_threshold >= 0)),
        ]
        with m.If(~enable):
            m.d.comb += result.eq(membrane)
        with m.Elif(fired):
            if shape.reset == "zero":
                m.d.comb += result.eq(0)
            else:
                # The ceiling is one less than a power of two: what is above has a higher bit.
                width = len(ceil)
                higher = over_threshold[width:-1].any()
                above_ceil = (over_threshold[:width] & ~ceil).any() | higher
                m.d.comb += result.eq(Mux(above_ceil, ceil, over_threshold))
        with m.Elif(over_floor < 0):
            m.d.comb += result.eq(clamped)
        with m.Else():
            m.d.comb += result.eq(total)
