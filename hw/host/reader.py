"""Reader of commands: from bytes to single events and checked commands."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from tickless.hw.host.messages import (
    CHUNK_MESSAGE,
    DATA_BYTES,
    LOAD_LAYOUT,
    LOADED_LAYOUT,
    Command,
    Error,
    byte_count,
)
from tickless.hw.host.receiver import ERROR_BITS

__all__ = ["COMMAND_BITS", "CommandReader", "command_layout"]

COMMAND_BITS = 4
"""Width that every `Command` fits in."""

ARGUMENT_BYTES = 4
"""Most data bytes of a command without events, but for LOADED."""


def command_layout(event: data.StructLayout, loads: bool) -> data.StructLayout:
    """Layout of a command, or of one of its events, which are chunks in CHUNKS.

    Members
    -------
    command : unsigned
        Low bits of the `Command`.
    is_event : unsigned(1)
        Whether this is an event of the command. The command itself follows behind its events.
    error : unsigned
        `Error` for which the command is refused; 0 for none.
    argument : unsigned
        The event, or the data: as many of the highest bits as it has. At least four bytes.
    """
    most = byte_count(LOADED_LAYOUT) if loads else ARGUMENT_BYTES
    argument_bits = 8 * max(most, byte_count(event))
    widths = {"command": COMMAND_BITS, "is_event": 1, "error": ERROR_BITS}
    return data.StructLayout({**widths, "argument": argument_bits})


class CommandReader(wiring.Component):
    """Reader of commands: a byte a clock while events of two bytes or more are taken as they come.

    Checks type and length before anything of a command leaves; of one that is refused no event
    does.

    Parameters
    ----------
    event : data.StructLayout
        Events, whole bytes: `hw.host.messages.event_message`.
    stores : bool
        Whether there is a stored sample; else STORE and REPLAY are refused.
    loads : bool
        Whether the cores are loadable; else LOAD, CHUNKS and LOADED are unknown.

    Members
    -------
    i : In(stream)
        Bytes of commands as `hw.host.receiver.FrameReceiver` sends them.
    o : Out(stream)
        Commands and their events: `command_layout`.
    next : Out(8)
        Sequence number of the command that is under way, or of the next one.
    """

    i: stream.Interface
    o: stream.Interface
    next: Signal

    def __init__(self, event: data.StructLayout, stores: bool, loads: bool):
        self.event_bytes, self.stores, self.loads = byte_count(event), stores, loads
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(command_layout(event, loads))),
                "next": Out(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        byte, command = self.i.payload, self.o.p
        argument = Signal.like(command.argument)  # of the next one to leave
        rest = Signal(8)  # data bytes still to come
        sizes = {Command.EVENTS: self.event_bytes, Command.STORE: self.event_bytes}
        if self.loads:
            sizes[Command.CHUNKS] = byte_count(CHUNK_MESSAGE)
        event_byte = Signal(range(max(sizes.values())))
        ends_event = Signal()
        whole = Signal()  # the argument is an event
        ends = Signal()
        free = ~self.o.valid  # whatever the other side does: how it gets ready is a long path
        kind = argument[-8:]
        shift = argument.eq(Cat(argument[8:], byte))
        with m.Switch(command.command):
            for known, size in sizes.items():
                with m.Case(known.value):
                    m.d.comb += ends_event.eq(event_byte == size - 1)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If((whole | ends) & free):
            m.d.sync += [
                self.o.valid.eq(1),
                command.is_event.eq(whole),
                command.argument.eq(argument),
                whole.eq(0),
            ]
        with m.FSM():
            with m.State("length"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [rest.eq(byte), event_byte.eq(0)]
                with m.If(self.i.valid):
                    m.next = "sequence"
            with m.State("sequence"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.sync += self.next.eq(byte)
                    m.next = "type"
            with m.State("type"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.sync += shift
                    m.next = "check"
            with m.State("check"):  # what comes out of a memory gets a clock of its own
                m.d.sync += [command.command.eq(kind), command.error.eq(Error.COMMAND)]
                with m.Switch(kind):
                    for known, fits in self._fitting(rest).items():
                        with m.Case(known):
                            m.d.sync += command.error.eq(Mux(fits, 0, Error.DATA))
                    if not self.stores:
                        with m.Case(Command.STORE, Command.REPLAY):
                            m.d.sync += command.error.eq(Error.STORE)
                m.next = "data"
            with m.State("data"):
                with m.If(rest != 0):
                    m.d.comb += self.i.ready.eq(~whole | free)
                    with m.If(self.i.valid & self.i.ready):
                        m.d.sync += [
                            shift,
                            rest.eq(rest - 1),
                            event_byte.eq(event_byte + 1),
                        ]
                        with m.If(ends_event):
                            m.d.sync += [event_byte.eq(0), whole.eq(command.error == 0)]
                with m.Else():
                    m.d.comb += ends.eq(1)
                    with m.If(~whole & free):
                        m.next = "offer"
            with m.State("offer"), m.If(self.o.ready):
                m.d.sync += self.next.eq(self.next + 1)
                m.next = "length"
        return m

    def _fitting(self, length: Signal) -> dict[Command, Value]:
        """Whether a command takes a number of data bytes; of each command."""
        count = self.event_bytes
        if count & (count - 1) == 0:
            whole = length[: exact_log2(count)] == 0
        else:
            whole = length.matches(*range(0, DATA_BYTES + 1, count))
        fitting = {
            Command.SYNC: length == 4,
            Command.INFO: length == 0,
            Command.EVENTS: whole,
            Command.END: length == 0,
            Command.READ: length == 0,
            Command.COUNTERS: length == 1,
        }
        if self.stores:
            fitting |= {Command.STORE: whole, Command.REPLAY: length == 2}
        if self.loads:
            fitting |= {
                Command.LOAD: length == byte_count(LOAD_LAYOUT),
                Command.CHUNKS: length % byte_count(CHUNK_MESSAGE) == 0,
                Command.LOADED: length == byte_count(LOADED_LAYOUT),
            }
        return fitting
