"""Design of a pass engine: what a host link sees of it, as of any other design."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, enum, memory, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.core.counters import counter_names
from tickless.hw.core.shape import COUNTER_BITS
from tickless.hw.design import Link
from tickless.hw.fabric.loading import LOAD_COUNTERS, load_layout
from tickless.hw.host.messages import ANSWERS_AT_MOST, Error
from tickless.hw.host.receiver import ERROR_BITS
from tickless.hw.packet import answer_layout
from tickless.hw.passes.config import INITIAL_LOGITS, PassConfig, Register
from tickless.hw.passes.engine import PassEngine
from tickless.hw.passes.instructions import EngineError
from tickless.hw.passes.loading import SdramLoader
from tickless.hw.passes.reader import WordReader
from tickless.hw.passes.recording import RecordingWriter
from tickless.hw.passes.sequencer import WATCHDOG_CLOCKS
from tickless.hw.passes.traffic import Arbiter, port_signature
from tickless.hw.sdram.timing import ADDRESS_BITS, DATA_BITS

__all__ = ["PassDesign"]

BURST = 16
"""Words of a burst of answers."""

ERRORS = {
    EngineError.CHECKSUM: Error.CHECKSUM,
    EngineError.OVERFLOW: Error.OVERFLOW,
    EngineError.WORD: Error.WORD,
    EngineError.WATCHDOG: Error.WATCHDOG,
}


class State(enum.Enum):
    """What the design does."""

    EVENTS = 0
    START = 1
    RUN = 2
    READ = 3
    SUMMED = 4
    ANSWER = 5
    AGAIN = 6


class PassDesign(wiring.Component):
    """Pass engine as a design: events and markers in, answers out.

    A recording is written to the SDRAM as it comes. Each marker runs the program over all of it so
    far, so that a READ takes as long as an END. What is loaded is the SDRAM's contents and
    `hw.passes.config.Register`; before that there is no network.

    Parameters
    ----------
    config : PassConfig
        What it is made for.
    watchdog_clocks : int
        As of `PassEngine`.

    Members
    -------
    i, o, counters, load, load_counters
        As of `hw.design.Design` and `hw.fabric.mesh`.
    failure : Out(ERROR_BITS)
        `Error` that stands in place of the answer; 0 for none.
    sdram : Out(port_signature)
        To the SDRAM controller.

    Attributes
    ----------
    early_exit, starts_empty, fails, links
        As of `hw.design.Design`.
    """

    early_exit = False
    starts_empty = True
    fails = True

    i: stream.Interface
    o: stream.Interface
    counters: Any
    load: stream.Interface
    load_counters: Any
    failure: Signal
    sdram: Any

    def __init__(self, config: PassConfig, watchdog_clocks: int = WATCHDOG_CLOCKS):
        self.config, self.watchdog_clocks = config, watchdog_clocks
        self.links = (Link("host", "engine", config.packets, -1),)
        counters = dict.fromkeys(counter_names(False, True), COUNTER_BITS)
        super().__init__(
            {
                "i": In(stream.Signature(config.packets.layout)),
                "o": Out(stream.Signature(answer_layout(config.classes))),
                "counters": Out(data.StructLayout({"core_0": data.StructLayout(counters)})),
                "load": In(stream.Signature(load_layout(1))),
                "load_counters": Out(LOAD_COUNTERS),
                "failure": Out(ERROR_BITS),
                "sdram": Out(port_signature()),
            }
        )

    @property
    def definition(self) -> str:
        """As of `hw.design.Design`."""
        return repr((self.config, self.watchdog_clocks))

    def elaborate(self, platform):
        m = Module()
        config, classes = self.config, self.config.classes
        m.submodules.engine = engine = PassEngine(config.shape, self.watchdog_clocks)
        m.submodules.loader = loader = SdramLoader()
        m.submodules.recording = recording = RecordingWriter(config.packets)
        m.submodules.reader = reader = WordReader(BURST)
        m.submodules.arbiter = arbiter = Arbiter(4)
        ports = (engine.sdram, recording.port, reader.port, loader.port)
        for port, one in zip(arbiter.ports, ports, strict=True):
            connect(m, one, port)
        connect(m, arbiter.sdram, flipped(self.sdram))
        connect(m, flipped(self.load), loader.i)
        connect(m, flipped(self.i), recording.i)
        m.d.comb += self.load_counters.eq(loader.counters)
        registers = {each: Signal(ADDRESS_BITS, name=each.name.lower()) for each in Register}
        initial = memory.Memory(shape=32, depth=ANSWERS_AT_MOST, init=[])
        m.submodules.initial_logits = initial
        held, write = initial.read_port(), initial.write_port()
        with m.If(loader.write):
            for each, register in registers.items():
                with m.If(loader.place == each.value):
                    m.d.sync += register.eq(loader.data)
        count = Signal(range(classes + 1))
        m.d.comb += [
            write.addr.eq(loader.place - INITIAL_LOGITS),
            write.data.eq(loader.data),
            write.en.eq(loader.write & (loader.place >= INITIAL_LOGITS)),
            held.addr.eq(count),
            engine.program.eq(registers[Register.PROGRAM]),
            recording.address.eq(registers[Register.INPUT]),
            recording.limit.eq(registers[Register.LIMIT]),
            reader.address.eq(registers[Register.ANSWERS]),
        ]
        counts = self.counters.core_0
        with m.If(recording.taken):
            m.d.sync += [
                counts.events.eq(counts.events + 1),
                counts.dropped.eq(counts.dropped + recording.dropped),
            ]

        answer: Any = Signal(answer_layout(classes))
        logits: Any = answer_layout(classes)["logits"].shape
        best = Signal(logits.elem_shape)
        half, high = Signal(DATA_BITS), Signal()
        logit = Signal.like(best)
        m.d.comb += self.o.p.eq(answer)
        m.d.sync += logit.eq((Cat(half, reader.o.payload) + held.data)[:32].as_signed())
        reader_idle = Signal()
        m.d.sync += reader_idle.eq(reader.idle)
        state = Signal(State)
        with m.Switch(state):
            with m.Case(State.EVENTS), m.If(recording.ended):
                m.d.sync += [
                    self.failure.eq(0),
                    answer.kind.eq(recording.kind),
                    state.eq(State.START),
                ]
                with m.If(recording.overflow):
                    m.d.sync += [self.failure.eq(Error.OVERFLOW), state.eq(State.ANSWER)]
            with m.Case(State.START):
                m.d.comb += engine.start.eq(1)
                m.d.sync += state.eq(State.RUN)
            with m.Case(State.RUN), m.If(~engine.busy):
                m.d.comb += reader.start.eq(1)
                m.d.sync += [count.eq(0), high.eq(0), state.eq(State.READ)]
                with m.Switch(engine.error):
                    for reason, error in ERRORS.items():
                        with m.Case(reason):
                            m.d.sync += [self.failure.eq(error), state.eq(State.ANSWER)]
            with m.Case(State.READ):
                m.d.comb += reader.o.ready.eq(1)
                with m.If(reader.o.valid):
                    m.d.sync += [half.eq(reader.o.payload), high.eq(~high)]
                    with m.If(high):
                        m.d.sync += state.eq(State.SUMMED)
            with m.Case(State.SUMMED):
                m.d.sync += [
                    answer.logits[count].eq(logit),
                    count.eq(count + 1),
                    state.eq(State.READ),
                ]
                with m.If((count == 0) | (logit > best)):
                    m.d.sync += [best.eq(logit), answer.class_index.eq(count)]
                with m.If(count == classes - 1):
                    m.d.sync += state.eq(State.ANSWER)
            with m.Case(State.ANSWER):
                m.d.comb += [self.o.valid.eq(1), reader.stop.eq(1)]
                with m.If(self.o.ready):
                    m.d.sync += state.eq(State.AGAIN)
            with m.Case(State.AGAIN), m.If(reader_idle):
                m.d.comb += recording.again.eq(1)
                m.d.sync += state.eq(State.EVENTS)
        return m
