"""Pass core: runs a loaded pass over a list of events."""

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Signal
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
from tickless.hw.passes.words import INDEX_BITS, WORD_BITS

__all__ = ["PassCore"]


class PassCore(wiring.Component):
    """Core of a pass engine. Takes five clocks a step, and one a spike.

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
        tables = shape.table_words
        channel_read = self._memory(m, Region.CHANNELS)
        row_read = self._memory(m, Region.ROWS)
        column_read = self._memory(m, Region.COLUMNS)
        weight_read = self._memory(m, Region.WEIGHTS)
        channel: Any = Signal(channel_layout(shape))
        row: Any = Signal(axis_layout(shape))
        column: Any = Signal(axis_layout(shape))
        row_bits = Array(registers.row_steps)[edge]
        column_bits = Array(registers.column_steps)[edge]
        m.d.comb += [
            channel_read.addr.eq(Cat(token.channel, edge)),
            row_read.addr.eq(edge * tables + ((token.y << row_bits) | row_step)),
            column_read.addr.eq(edge * tables + ((token.x << column_bits) | column_step)),
            weight_read.addr.eq(channel.base + row.block + column.block),
            banks.registers.eq(registers),
            banks.neurons.eq(neurons),
            banks.row.eq(row),
            banks.column.eq(column),
            banks.lanes.eq(channel.lanes),
            banks.weights.eq(weight_read.data),
            self.swept.eq(banks.swept),
        ]

        fired = Signal(GRID * GRID * shape.lanes)
        lowest = Signal(range(len(fired)))
        for bit in reversed(range(len(fired))):
            with m.If(fired[bit]):
                m.d.comb += lowest.eq(bit)
        place, lane = Signal(range(GRID * GRID)), Signal(range(shape.lanes))
        positions = Array(Const(bit // shape.lanes, len(place)) for bit in range(len(fired)))
        lanes = Array(Const(bit % shape.lanes, max(1, len(lane))) for bit in range(len(fired)))
        m.d.comb += [place.eq(positions[lowest]), lane.eq(lanes[lowest])]
        spike_y = Array(Const(k // GRID, 2) for k in range(GRID * GRID))[place]
        spike_x = Array(Const(k % GRID, 2) for k in range(GRID * GRID))[place]

        address = Signal(ceil_log2(shape.bank_words))
        ending = Signal()
        word = Signal(range(2 * shape.lanes + 1))
        halves = Array(banks.logits.as_value().word_select(k, 16) for k in range(2 * shape.lanes))
        m.d.comb += [
            banks.sweep_address.eq(address),
            self.answers.payload.eq(halves[word]),
            out.kind.eq(token.kind),
            out.index.eq(number),
        ]
        swept_at_end = Signal()
        m.d.sync += swept_at_end.eq(ending)
        m.d.comb += self.at_end.eq(swept_at_end)

        def next_event():
            m.d.comb += self.i.ready.eq(1)
            m.d.sync += [number.eq(number + 1), last_index.eq(token.index)]
            m.d.sync += [row_step.eq(0), column_step.eq(0)]

        def next_step():
            """Go to the next step of the event, or to the next event."""
            m.next = "TAKE"
            with m.If(~column.last):
                m.d.sync += column_step.eq(column_step + 1)
            with m.Elif(~row.last):
                m.d.sync += [row_step.eq(row_step + 1), column_step.eq(0)]
            with m.Else():
                next_event()

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [row_step.eq(0), column_step.eq(0)]
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
                m.next = "TAKE"
            with m.State("TAKE"), m.If(self.i.valid):
                m.d.sync += [address.eq(0), word.eq(0)]
                with m.Switch(token.kind):
                    with m.Case(TokenKind.EVENT):
                        m.next = "LOOK UP"
                    with m.Case(TokenKind.READ):
                        m.next = "ANSWER"
                        with m.If(~registers.readout):
                            m.d.comb += self.i.ready.eq(1)
                            m.next = "TAKE"
                    with m.Case(TokenKind.END):
                        m.next = "MARK"
                        with m.If(registers.readout):
                            m.next = "ANSWER"
                    with m.Case(TokenKind.STOP):
                        m.next = "MARK"
                        with m.If(registers.readout):
                            m.d.comb += [self.i.ready.eq(1), self.done.eq(1)]
                            m.next = "IDLE"
            with m.State("LOOK UP"):
                m.d.sync += [
                    channel.eq(channel_read.data),
                    row.eq(row_read.data),
                    column.eq(column_read.data),
                ]
                m.next = "READ"
            with m.State("READ"):
                m.next = "CHOOSE"
                # An event that reaches no lane, or a step that touches no bank, is over.
                nothing = ~channel.lanes.any()
                for axis in (row, column):
                    nothing |= ~Cat(bank.valid for bank in axis.banks).any()
                with m.If(nothing):
                    next_step()
            with m.State("CHOOSE"):
                m.d.comb += banks.choose.eq(1)
                m.next = "ADD"
            with m.State("ADD"):
                m.d.comb += banks.add.eq(1)
                m.d.sync += fired.eq(banks.fired)
                with m.If(banks.fired.any()):
                    m.next = "SPIKE"
                with m.Else():
                    next_step()
            with m.State("SPIKE"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    out.channel.eq(registers.first_channel + lane),
                    out.y.eq(row.first + spike_y),
                    out.x.eq(column.first + spike_x),
                ]
                with m.If(self.o.ready):
                    left = fired & (fired - 1)
                    m.d.sync += fired.eq(left)
                    with m.If(left == 0):
                        next_step()
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
                        m.next = "TAKE"
                        with m.If(token.kind == TokenKind.END):
                            m.next = "CLEAR"
        return m

    def _memory(self, m: Module, region: Region) -> Any:
        """Read port of a region that the loader writes."""
        bits, depth = region_bits(self.shape, region), region_depth(self.shape, region)
        made = memory.Memory(shape=bits, depth=depth, init=[], attrs={"ram_style": "block"})
        m.submodules[region.name.lower()] = made
        write = made.write_port()
        m.d.comb += [
            write.en.eq(self.load.region == region),
            write.addr.eq(self.load.address),
            write.data.eq(self.load.word),
        ]
        return made.read_port()
