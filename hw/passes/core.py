"""Pass core: runs a loaded pass over a list of events."""

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.banks import Banks, swept_layout
from tickless.hw.passes.layouts import (
    Region,
    axis_layout,
    channel_layout,
    neuron_layout,
    region_bits,
    region_depth,
    register_layout,
)
from tickless.hw.passes.lists import NO_INDEX, TOKEN_LAYOUT, TokenKind
from tickless.hw.passes.loader import write_layout
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.words import COORDINATE_BITS, INDEX_BITS, WORD_BITS

__all__ = ["PassCore"]


class PassCore(wiring.Component):
    """Core of a pass engine.

    Takes an event a clock where each is one step and reaches other neurons than the two before it;
    else it waits for them. Events of several steps take two clocks a step. A step that spikes waits
    for the one before it that did, whose spikes leave one a clock.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    load : In(write_layout)
        Writes of the loader; only while no pass runs.
    start : In(1)
        A pass begins: membranes and logits are cleared.
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
        shape, token, out = self.shape, self.i.p, self.o.p
        m.submodules.banks = banks = Banks(shape)
        registers: Any = Signal(register_layout(shape))
        neurons: Any = Signal(neuron_layout(shape))
        for region, register in ((Region.REGISTERS, registers), (Region.NEURONS, neurons)):
            with m.If(self.load.region == region):
                m.d.sync += register.eq(self.load.word)

        # The event at hand: its edge, its steps, its number.
        row_step, column_step = Signal(7), Signal(7)
        edge = Signal()
        number = Signal(INDEX_BITS)
        last_index = Signal(INDEX_BITS, init=NO_INDEX)
        m.d.comb += edge.eq(registers.joined & (token.index != last_index))
        row_bits = Array(registers.row_steps)[edge]
        column_bits = Array(registers.column_steps)[edge]
        tables = shape.table_words

        # A step: its tables are looked up when it is issued, a clock later it is in `step`.
        issue, several = Signal(), Signal()
        asked = Signal()  # whether the step at hand is the event's last is known with `step`
        step, moves = banks.step, Signal()
        step_valid, step_number = Signal(), Signal(INDEX_BITS)
        channel_read = self._memory(m, Region.CHANNELS, moves)
        row_read = self._memory(m, Region.ROWS, moves)
        column_read = self._memory(m, Region.COLUMNS, moves)
        weight_read = self._memory(m, Region.WEIGHTS, banks.go)
        channel = channel_layout(shape)(channel_read.data)
        row, column = (axis_layout(shape)(port.data) for port in (row_read, column_read))
        nothing = ~channel.lanes.any()
        for axis in (row, column):
            nothing |= ~Cat(bank.valid for bank in axis.banks).any()
        m.d.comb += [
            several.eq((row_bits != 0) | (column_bits != 0)),
            moves.eq(banks.go & ~banks.waits),
            channel_read.addr.eq(Cat(token.channel, edge)),
            row_read.addr.eq(edge * tables + ((token.y << row_bits) | row_step)),
            column_read.addr.eq(edge * tables + ((token.x << column_bits) | column_step)),
            weight_read.addr.eq(channel.base + row.block + column.block),
            step.valid.eq(step_valid & ~nothing),
            step.row.eq(row),
            step.column.eq(column),
            step.lanes.eq(channel.lanes),
            step.number.eq(step_number),
            banks.registers.eq(registers),
            banks.neurons.eq(neurons),
            banks.weights.eq(weight_read.data),
            self.swept.eq(banks.swept),
            self.step.eq(banks.ends.valid & banks.go),
        ]
        with m.If(moves):
            m.d.sync += [step_valid.eq(issue), step_number.eq(number)]

        # Spikes of the last step that fired.
        fired = Signal(GRID * GRID * shape.lanes)
        first_y, first_x = Signal(COORDINATE_BITS), Signal(COORDINATE_BITS)
        spike_number = Signal(INDEX_BITS)
        lowest = Signal(range(len(fired)))
        for bit in reversed(range(len(fired))):
            with m.If(fired[bit]):
                m.d.comb += lowest.eq(bit)
        places = [(bit // shape.lanes, bit % shape.lanes) for bit in range(len(fired))]
        lane = Array(Const(k, max(1, ceil_log2(shape.lanes))) for _, k in places)[lowest]
        spike_y = Array(Const(place // GRID, 2) for place, _ in places)[lowest]
        spike_x = Array(Const(place % GRID, 2) for place, _ in places)[lowest]
        left, fires, room, idle = Signal.like(fired), Signal(), Signal(), Signal()
        sends = Signal()  # a spike is offered; else it may be a marker
        m.d.comb += [
            sends.eq(fired.any()),
            left.eq(fired & (fired - 1)),
            fires.eq(banks.ends.valid & banks.fired.any()),
            room.eq(~sends | ((left == 0) & self.o.ready)),
            banks.go.eq(~fires | room),
            idle.eq(~step_valid & ~banks.busy & ~sends),
        ]
        with m.If(sends & self.o.ready):
            m.d.sync += fired.eq(left)
        with m.If(fires & room):
            m.d.sync += [
                fired.eq(banks.fired),
                first_y.eq(banks.ends.row.first),
                first_x.eq(banks.ends.column.first),
                spike_number.eq(banks.ends.number),
            ]

        address = Signal(ceil_log2(shape.bank_words))
        ending = Signal()
        word = Signal(range(2 * shape.lanes + 1))
        halves = Array(banks.logits.as_value().word_select(k, 16) for k in range(2 * shape.lanes))
        m.d.comb += [
            banks.sweep_address.eq(address),
            self.answers.payload.eq(halves[word]),
            out.kind.eq(Mux(sends, TokenKind.EVENT, token.kind)),
            out.channel.eq(registers.first_channel + lane),
            out.y.eq(first_y + spike_y),
            out.x.eq(first_x + spike_x),
            out.index.eq(spike_number),
            self.o.valid.eq(sends),
        ]
        swept_at_end = Signal()
        m.d.sync += swept_at_end.eq(ending)
        m.d.comb += self.at_end.eq(swept_at_end)

        def next_event():
            m.d.comb += self.i.ready.eq(1)
            m.d.sync += [number.eq(number + 1), last_index.eq(token.index)]
            m.d.sync += [row_step.eq(0), column_step.eq(0)]

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [row_step.eq(0), column_step.eq(0), asked.eq(0)]
                with m.If(self.start):
                    m.d.sync += [ending.eq(0), address.eq(0)]
                    m.next = "CLEAR"
            with m.State("CLEAR"):
                m.d.comb += [banks.sweep.eq(1), banks.clear_logits.eq(1)]
                m.d.sync += [
                    address.eq(address + 1),
                    number.eq(0),
                    last_index.eq(NO_INDEX),
                ]
                with m.If(address == registers.bank_words):
                    m.next = "CLEARED"
            with m.State("CLEARED"):
                m.d.sync += ending.eq(0)
                m.next = "RUN"
            with m.State("RUN"):
                m.d.sync += [address.eq(0), word.eq(0)]
                with m.If(asked & moves):
                    # With the step's entries it is known which one comes next.
                    m.d.sync += asked.eq(0)
                    with m.If(~column.last):
                        m.d.sync += column_step.eq(column_step + 1)
                    with m.Elif(~row.last):
                        m.d.sync += [row_step.eq(row_step + 1), column_step.eq(0)]
                    with m.Else():
                        next_event()
                with m.Elif(self.i.valid & (token.kind == TokenKind.EVENT)):
                    m.d.comb += issue.eq(~asked)
                    with m.If(moves & ~asked):
                        m.d.sync += asked.eq(several)
                        with m.If(~several):
                            next_event()
                with m.Elif(self.i.valid & idle), m.Switch(token.kind):
                    with m.Case(TokenKind.READ):
                        m.next = "ANSWER"
                        with m.If(~registers.readout):
                            m.d.comb += self.i.ready.eq(1)
                            m.next = "RUN"
                    with m.Case(TokenKind.END):
                        m.next = "MARK"
                        with m.If(registers.readout):
                            m.next = "ANSWER"
                    with m.Case(TokenKind.STOP):
                        m.next = "MARK"
                        with m.If(registers.readout):
                            m.d.comb += [self.i.ready.eq(1), self.done.eq(1)]
                            m.next = "IDLE"
            with m.State("MARK"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.comb += self.i.ready.eq(1)
                    m.d.sync += ending.eq(1)
                    m.next = "CLEAR"
                    with m.If(token.kind == TokenKind.STOP):
                        m.d.comb += self.done.eq(1)
                        m.next = "IDLE"
            with m.State("ANSWER"):
                m.d.comb += self.answers.valid.eq(1)
                with m.If(self.answers.ready):
                    m.d.sync += word.eq(word + 1)
                    with m.If(word == 2 * shape.lanes - 1):
                        m.d.comb += self.i.ready.eq(1)
                        m.next = "RUN"
                        with m.If(token.kind == TokenKind.END):
                            m.next = "CLEAR"
        return m

    def _memory(self, m: Module, region: Region, enable: Any) -> Any:
        """Read port of a region that the loader writes."""
        bits, depth = region_bits(self.shape, region), region_depth(self.shape, region)
        made = memory.Memory(shape=bits, depth=depth, init=[], attrs={"ram_style": "block"})
        m.submodules[region.name.lower()] = made
        write, read = made.write_port(), made.read_port()
        m.d.comb += [
            write.en.eq(self.load.region == region),
            write.addr.eq(self.load.address),
            write.data.eq(self.load.word),
            read.en.eq(enable),
        ]
        return read
