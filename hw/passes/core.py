"""Pass core: runs a loaded pass over a list of events."""

from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import ceil_log2

from tickless.hw.passes.addresses import EventAddresses
from tickless.hw.passes.banks import STEPS_UNDER_WAY, Banks, swept_layout
from tickless.hw.passes.layouts import (
    Region,
    axis_layout,
    channel_layout,
    neuron_layout,
    region_bits,
    region_depth,
    register_layout,
)
from tickless.hw.passes.lists import TOKEN_LAYOUT, TokenKind
from tickless.hw.passes.loader import write_layout
from tickless.hw.passes.shape import EngineShape
from tickless.hw.passes.spikes import SpikeQueue
from tickless.hw.passes.weights import WeightBuffer
from tickless.hw.passes.words import INDEX_BITS, WORD_BITS
from tickless.hw.ram import Ram
from tickless.hw.streams import Buffer

__all__ = ["PassCore"]


class PassCore(wiring.Component):
    """Core of a pass engine.

    Takes an event a clock where each is one step; events of several steps take two clocks a step.
    Spikes leave one a clock, and steps wait while too many are to leave.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    load : In(write_layout)
        Writes of the loader; only before the first event of a pass, or behind its STOP.
    start : In(1)
        A pass begins: membranes and logits are cleared, which may go on while it is loaded.
    i : In(stream)
        Events and markers: `hw.passes.lists.TOKEN_LAYOUT`.
    o : Out(stream)
        Spikes, each with the number of its event since the last END as index, END and STOP. A
        readout sends none.
    answers : Out(stream)
        Logits at each READ and END: those of all lanes, in two words each, the lower one first.
    done : Out(1)
        High for one clock when STOP has passed.
    step : Out(1)
        High for one clock for each step: a weight word that updates neurons.
    swept : Out(swept_layout)
        Membranes at END, word by word; also what a start clears.
    at_end : Out(1)
        Whether ``swept`` is of an END.
    """

    load: Any
    start: Signal
    i: stream.Interface
    o: stream.Interface
    answers: stream.Interface
    done: Signal
    step: Signal
    swept: Any
    at_end: Signal

    def __init__(self, shape: EngineShape):
        self.shape = shape
        super().__init__(
            {
                "load": In(write_layout(shape)),
                "start": In(1),
                "i": In(stream.Signature(TOKEN_LAYOUT)),
                "o": Out(stream.Signature(TOKEN_LAYOUT)),
                "answers": Out(stream.Signature(WORD_BITS)),
                "done": Out(1),
                "step": Out(1),
                "swept": Out(swept_layout(shape)),
                "at_end": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        m.submodules.banks = banks = Banks(shape)
        m.submodules.spikes = spikes = SpikeQueue(shape, STEPS_UNDER_WAY)
        registers: Any = Signal(register_layout(shape))
        neurons: Any = Signal(data.ArrayLayout(neuron_layout(shape), shape.lanes), reset_less=True)
        with m.If(self.load.region == Region.REGISTERS):
            m.d.sync += registers.eq(self.load.word)
        with m.If(self.load.region == Region.NEURONS):
            m.d.sync += neurons[self.load.address].eq(self.load.word)

        m.submodules.addresses = addresses = EventAddresses(shape)
        connect(m, flipped(self.i), addresses.i)
        m.d.comb += addresses.registers.eq(registers)
        events, event = addresses.o, addresses.o.p

        # A step: its tables are looked up when it is issued, a clock later they answer, and another
        # one later it is in `step`.
        row_step, column_step = Signal(7), Signal(7)
        number = Signal(INDEX_BITS)
        issue = Signal()
        asked = Signal()  # whether the step at hand is the event's last is known with its entries
        looked_up, step = Signal(), banks.step
        channel_read = self._memory(m, Region.CHANNELS)
        row_read = self._memory(m, Region.ROWS)
        column_read = self._memory(m, Region.COLUMNS)
        m.submodules.weights = weight_read = WeightBuffer(shape)
        row, column = (axis_layout(shape)(port.word) for port in (row_read, column_read))
        channel: Any = Signal(channel_layout(shape))
        there, number_asked = Signal(), Signal.like(number)
        nothing = ~channel.lanes.any()
        for axis in (step.row, step.column):
            nothing |= ~Cat(bank.valid for bank in axis.banks).any()
        m.d.sync += [
            looked_up.eq(issue),
            number_asked.eq(number),
            there.eq(looked_up),
            step.number.eq(number_asked),
            step.row.eq(row),
            step.column.eq(column),
            channel.eq(channel_read.word),
            weight_read.address.eq(channel.base + step.row.block + step.column.block),
        ]
        m.d.comb += [
            channel_read.address.eq(event.channel),
            row_read.address.eq(event.row + row_step),
            column_read.address.eq(event.column + column_step),
            step.valid.eq(there & ~nothing),
            step.lanes.eq(channel.lanes),
            banks.registers.eq(registers),
            banks.neurons.eq(neurons),
            weight_read.load.eq(self.load),
            banks.weights.eq(weight_read.word),
            spikes.i.eq(banks.firings),
            self.swept.eq(banks.swept),
            self.step.eq(banks.updates),
        ]

        idle, address, ending = Signal(), Signal(ceil_log2(shape.bank_words)), Signal()
        word = Signal(range(2 * shape.lanes + 1))
        m.submodules.halves = halves = Buffer(WORD_BITS)
        connect(m, halves.o, flipped(self.answers))
        logits = [banks.logits.as_value().word_select(k, WORD_BITS) for k in range(2 * shape.lanes)]
        m.d.comb += [
            banks.sweep_address.eq(address),
            halves.i.payload.eq(Array(logits)[word]),
            self.o.p.kind.eq(Mux(spikes.o.valid, TokenKind.EVENT, event.kind)),
            self.o.p.channel.eq(registers.first_channel + spikes.o.p.lane),
            self.o.p.y.eq(spikes.o.p.y),
            self.o.p.x.eq(spikes.o.p.x),
            self.o.p.index.eq(spikes.o.p.number),
            self.o.valid.eq(spikes.o.valid),
            spikes.o.ready.eq(self.o.ready),
        ]
        swept_at_end = Signal()
        m.d.sync += idle.eq(~issue & ~looked_up & ~there & ~banks.busy & ~spikes.busy)
        m.d.sync += [swept_at_end.eq(ending), self.at_end.eq(swept_at_end)]

        def next_event():
            m.d.comb += events.ready.eq(1)
            m.d.sync += [number.eq(number + 1), row_step.eq(0), column_step.eq(0)]

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [row_step.eq(0), column_step.eq(0), asked.eq(0)]
                with m.If(self.start):
                    m.d.sync += [ending.eq(0), address.eq(0)]
                    m.next = "CLEAR"
            with m.State("CLEAR"):
                m.d.comb += [banks.sweep.eq(1), banks.clear_logits.eq(1)]
                m.d.sync += [address.eq(address + 1), number.eq(0)]
                last = Mux(ending, registers.bank_words, shape.bank_words - 1)
                with m.If(address == last):
                    m.next = "CLEARED"
            with m.State("CLEARED"):
                m.d.sync += ending.eq(0)
                m.next = "RUN"
            with m.State("RUN"):
                m.d.sync += [address.eq(0), word.eq(0)]
                with m.If(asked):
                    # With the step's entries it is known which one comes next.
                    m.d.sync += asked.eq(0)
                    with m.If(~column.last):
                        m.d.sync += column_step.eq(column_step + 1)
                    with m.Elif(~row.last):
                        m.d.sync += [row_step.eq(row_step + 1), column_step.eq(0)]
                    with m.Else():
                        next_event()
                with m.Elif(events.valid & (event.kind == TokenKind.EVENT)):
                    m.d.comb += issue.eq(spikes.room)
                    with m.If(issue):
                        m.d.sync += asked.eq(event.several)
                        with m.If(~event.several):
                            next_event()
                with m.Elif(events.valid & idle), m.Switch(event.kind):
                    with m.Case(TokenKind.READ):
                        m.next = "ANSWER"
                        with m.If(~registers.readout):
                            m.d.comb += events.ready.eq(1)
                            m.next = "RUN"
                    with m.Case(TokenKind.END):
                        m.next = "MARK"
                        with m.If(registers.readout):
                            m.next = "ANSWER"
                    with m.Case(TokenKind.STOP):
                        m.next = "MARK"
                        with m.If(registers.readout):
                            m.d.comb += [events.ready.eq(1), self.done.eq(1)]
                            m.next = "IDLE"
            with m.State("MARK"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.comb += events.ready.eq(1)
                    m.d.sync += ending.eq(1)
                    m.next = "CLEAR"
                    with m.If(event.kind == TokenKind.STOP):
                        m.d.comb += self.done.eq(1)
                        m.next = "IDLE"
            with m.State("ANSWER"):
                m.d.comb += halves.i.valid.eq(1)
                with m.If(halves.i.ready):
                    m.d.sync += word.eq(word + 1)
                    with m.If(word == 2 * shape.lanes - 1):
                        m.d.comb += events.ready.eq(1)
                        m.next = "RUN"
                        with m.If(event.kind == TokenKind.END):
                            m.next = "CLEAR"
        return m

    def _memory(self, m: Module, region: Region) -> Any:
        """Memory of a region, which the loader writes; never while a pass reads it."""
        made = Ram(region_bits(self.shape, region), region_depth(self.shape, region), False)
        m.submodules[region.name.lower()] = made
        m.d.comb += [
            made.write.en.eq(self.load.region == region),
            made.write.addr.eq(self.load.address),
            made.write.data.eq(self.load.word),
        ]
        return made
