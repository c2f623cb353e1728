"""Neuron bank: the membranes of one bank and the loop that updates them."""

from itertools import pairwise
from typing import Any

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from hw.config import CoreConfig
from hw.memory_map import MemoryMap, parameter_layout, write_layout
from hw.table import memory_of

__all__ = ["NeuronBank", "update_layout"]


def update_layout(config: CoreConfig) -> data.StructLayout:
    """Layout of one update: the words it touches, its lanes and its epoch.

    Lanes that are not enabled keep their membranes.
    """
    return data.StructLayout(
        {
            "valid": 1,
            "address": config.address_bits,
            "weight_address": config.weight_address_bits,
            "lane_enable": config.lanes,
            "epoch": config.epoch_bits,
        }
    )


class NeuronBank(wiring.Component):
    """Membranes and weights of one bank, and the integrate-and-fire loop.

    Takes an update a clock, also of the word that the update before it touches: results are
    forwarded from the three updates under way to the next one. The loop itself is an addition
    and two selections; ``w - threshold`` and ``w - floor`` are formed one stage earlier.

    Stages: 0 addresses the memories, 1 reads and forwards, 2 computes, 3 writes back.

    Parameters
    ----------
    config : CoreConfig
        The core.

    Members
    -------
    update : In(update_layout)
        The update, at stage 0.
    parameters : In(parameter_layout)
        What the neurons of the update's channel block go by, at stage 1.
    fired : Out
        Lanes that fired, at stage 3; 0 without an update.
    sweep : In(1)
        Clear the word at ``sweep_address``; never while updates are under way.
    sweep_address : In
        Word to clear.
    load : In(write_layout)
        Writes into the weights; only of a loadable core.

    Attributes
    ----------
    write : memory.WritePort
        Port of the membrane memory through which every change goes. A word holds ``lanes``
        membranes of ``membrane_bits``, lowest lane first, and above them the epoch tag.
    """

    update: Any
    parameters: Any
    fired: Signal
    sweep: Signal
    sweep_address: Signal
    load: Any

    def __init__(self, config: CoreConfig):
        self.config, self.memory_map = config, MemoryMap(config)
        self.word = data.StructLayout(
            {
                "membranes": data.ArrayLayout(signed(config.membrane_bits), config.lanes),
                "epoch": config.epoch_bits,
            }
        )
        self.membranes = memory.Memory(shape=self.word, depth=config.bank_depth, init=[])
        self.write = self.membranes.write_port()
        loads = {"load": In(write_layout(self.memory_map))} if config.loadable else {}
        super().__init__(
            {
                **loads,
                "update": In(update_layout(config)),
                "parameters": In(parameter_layout(config)),
                "fired": Out(config.lanes),
                "sweep": In(1),
                "sweep_address": In(config.address_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, write = self.config, self.write
        load = self.load if config.loadable else None
        m.submodules.membranes = self.membranes
        m.submodules.weights = weights = memory_of(m, self.memory_map, "weights", load)
        membrane_read = self.membranes.read_port()
        weight_read = weights.read_port()
        m.d.comb += [
            membrane_read.addr.eq(self.update.address),
            weight_read.addr.eq(self.update.weight_address),
        ]

        # The update at each stage; stage 4 is already written, but not yet seen by a read that
        # was issued in the clock of the write.
        layout = update_layout(config)
        stages = [self.update, *(Signal(layout, name=f"stage_{n}") for n in range(1, 5))]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)

        # Decided in stage 0, used in stage 1: which update under way holds the newest word.
        hits = Signal(3)
        for index, other in enumerate(stages[1:4]):
            m.d.sync += hits[index].eq(
                other.valid
                & (other.address == self.update.address)
                & (other.epoch == self.update.epoch)
            )

        result = Signal(self.word["membranes"].shape)
        result_3, result_4 = Signal.like(result), Signal.like(result)
        settled = Signal.like(result)
        membranes = Signal.like(result)
        word = membrane_read.data
        m.d.comb += membranes.eq(Mux(hits[0], result, settled))
        with m.If(hits[1]):
            m.d.comb += settled.eq(result_3)
        with m.Elif(hits[2]):
            m.d.comb += settled.eq(result_4)
        with m.Elif(word.epoch == stages[1].epoch):
            m.d.comb += settled.eq(word.membranes)

        fired = Signal(config.lanes)
        ceil = Signal.like(self.parameters.ceil)
        m.d.sync += ceil.eq(self.parameters.ceil)
        for lane in range(config.lanes):
            self._lane(
                m, lane, stages, weight_read.data, ceil, membranes[lane], result[lane], fired[lane]
            )
        m.d.sync += [
            result_3.eq(result),
            result_4.eq(result_3),
            self.fired.eq(Mux(stages[2].valid, fired, 0)),
        ]

        m.d.comb += [
            write.en.eq(stages[3].valid | self.sweep),
            write.addr.eq(Mux(self.sweep, self.sweep_address, stages[3].address)),
        ]
        with m.If(~self.sweep):
            m.d.comb += [write.data.membranes.eq(result_3), write.data.epoch.eq(stages[3].epoch)]
        return m

    def _lane(self, m, lane, stages, weights, ceil, membrane_in, result, fired):
        """One lane: stage 1 forms the operands, stage 2 adds and selects."""
        config = self.config
        bits = max(config.membrane_bits, config.weight_bits) + 1
        threshold, floor = self.parameters.thresholds[lane], self.parameters.floors[lane]

        membrane = Signal(signed(config.membrane_bits), name=f"membrane_{lane}")
        weight = Signal(signed(config.weight_bits), name=f"weight_{lane}")
        above = Signal(signed(bits), name=f"weight_minus_threshold_{lane}")
        below = Signal(signed(bits), name=f"weight_minus_floor_{lane}")
        clamped = Signal(signed(config.membrane_bits), name=f"clamped_{lane}")
        bank_weight = weights.word_select(lane, config.weight_bits).as_signed()
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
        enable = stages[2].lane_enable[lane]
        m.d.comb += [
            total.eq(membrane + weight),
            over_threshold.eq(membrane + above),
            over_floor.eq(membrane + below),
            fired.eq(enable & (over_threshold >= 0)),
        ]
        with m.If(~enable):
            m.d.comb += result.eq(membrane)
        with m.Elif(fired):
            # The ceiling is one less than a power of two: what is above has a higher bit.
            width = len(ceil)
            above_ceil = (over_threshold[:width] & ~ceil).any() | over_threshold[width:-1].any()
            m.d.comb += result.eq(Mux(above_ceil, ceil, over_threshold))
        with m.Elif(over_floor < 0):
            m.d.comb += result.eq(clamped)
        with m.Else():
            m.d.comb += result.eq(total)
