"""Pass engine: runs a program of passes and merges from SDRAM."""

from typing import Any

from amaranth.hdl import Array, Module, ResetInserter, Signal, unsigned
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.passes.banks import swept_layout
from tickless.hw.passes.core import PassCore
from tickless.hw.passes.lists import ListDecoder, ListEncoder, TokenKind
from tickless.hw.passes.loader import PassLoader
from tickless.hw.passes.merger import MergeMode, Merger
from tickless.hw.passes.shape import EngineShape
from tickless.hw.passes.traffic import LONG_BURST, Arbiter, WordReader, WordWriter, port_signature
from tickless.hw.passes.words import WORD_BITS
from tickless.hw.sdram.timing import ADDRESS_BITS

__all__ = [
    "INSTRUCTION_LAYOUT",
    "INSTRUCTION_WORDS",
    "WATCHDOG_CLOCKS",
    "EngineError",
    "Operation",
    "PassEngine",
]

WATCHDOG_CLOCKS = 1 << 28
"""Clocks of one instruction after which the engine gives up: four seconds, a hundred times those of
a long recording's longest pass."""


class Operation(enum.Enum, shape=unsigned(2)):
    """What an instruction does.

    Members
    -------
    DONE
        The program ends.
    PASS
        Load a pass and run it; its list, or its answers, go behind those of the pass before.
    MERGE
        Merge the lists of the passes since the ``first`` one, or those of a join.
    """

    DONE = 0
    PASS = 1
    MERGE = 2


INSTRUCTION_LAYOUT = data.StructLayout(
    {
        "operation": Operation,
        "first": 1,
        "mode": MergeMode,
        "image": ADDRESS_BITS,
        "source": ADDRESS_BITS,
        "target": ADDRESS_BITS,
        "limit": ADDRESS_BITS + 1,
    }
)
"""Layout of an instruction: image of a pass, or list of a join's longer path; list that is read;
place where words go, of a pass that is ``first``, and the word behind the last that may be written.
"""

INSTRUCTION_WORDS = -(-INSTRUCTION_LAYOUT.size // WORD_BITS)


class EngineError(enum.IntEnum, shape=unsigned(3)):
    """Why a program ended early.

    Members
    -------
    NONE
        It did not.
    CHECKSUM
        The image of a pass is damaged.
    OVERFLOW
        A list, or the answers, do not fit into their part of the SDRAM.
    WORD
        A word of a list is none.
    WATCHDOG
        An instruction took more than `WATCHDOG_CLOCKS`.
    """

    NONE = 0
    CHECKSUM = 1
    OVERFLOW = 2
    WORD = 3
    WATCHDOG = 4


class State(enum.Enum):
    """What the sequencer does."""

    IDLE = 0
    FETCH = 1
    FETCHING = 2
    FETCHED = 3
    DECODE = 4
    LOAD = 5
    START_PASS = 6
    RUN = 7
    START_MERGE = 8
    MERGE = 9
    FINISH = 10
    DRAIN = 11
    CLEAR = 12


class PassEngine(wiring.Component):
    """Pass engine.

    Parameters
    ----------
    shape : EngineShape
        What it holds.
    watchdog_clocks : int
        Clocks of an instruction after which it gives up.

    Members
    -------
    start : In(1)
        Run the program at ``program``; only while not ``busy``.
    program : In
        Its first word.
    busy : Out(1)
        Whether a program runs.
    error : Out(EngineError)
        Why the last one ended.
    instruction : Out(16)
        Number of its last instruction.
    words : Out(32)
        Words that it has moved to and from the SDRAM.
    steps : Out(32)
        Steps of all its passes: clocks in which neurons were updated.
    sdram : Out(port_signature)
        To the controller.
    swept, at_end
        As of `PassCore`.
    """

    start: Signal
    program: Signal
    busy: Signal
    error: Any
    instruction: Signal
    words: Signal
    steps: Signal
    sdram: Any
    swept: Any
    at_end: Signal

    def __init__(self, shape: EngineShape, watchdog_clocks: int = WATCHDOG_CLOCKS):
        self.shape, self.watchdog_clocks = shape, watchdog_clocks
        super().__init__(
            {
                "start": In(1),
                "program": In(ADDRESS_BITS),
                "busy": Out(1),
                "error": Out(EngineError),
                "instruction": Out(16),
                "words": Out(32),
                "steps": Out(32),
                "sdram": Out(port_signature()),
                "swept": Out(swept_layout(shape)),
                "at_end": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        clear = Signal()  # after an error

        def unit(name: str, component: Any) -> Any:
            m.submodules[name] = ResetInserter(clear)(component)
            return component

        loading, running, merging = Signal(), Signal(), Signal()
        m.submodules.arbiter = arbiter = Arbiter(shape.tiles + 2)
        reader: Any = unit("reader", WordReader(LONG_BURST))
        decoder: Any = unit("decoder", ListDecoder())
        writer: Any = unit("writer", WordWriter())
        encoder: Any = unit("encoder", ListEncoder())
        loader: Any = unit("loader", PassLoader(shape))
        core: Any = unit("core", PassCore(shape))
        merger: Any = unit("merger", Merger(shape.tiles))
        tile_readers = [unit(f"tile_{k}", WordReader()) for k in range(shape.tiles)]
        tile_decoders = [unit(f"tile_decoder_{k}", ListDecoder()) for k in range(shape.tiles)]
        connect(m, arbiter.sdram, flipped(self.sdram))
        connect(m, writer.port, arbiter.ports[0])
        connect(m, reader.port, arbiter.ports[1])
        for k, (tile, tokens) in enumerate(zip(tile_readers, tile_decoders, strict=True)):
            connect(m, tile.port, arbiter.ports[2 + k])
            # Behind STOP a reader holds words that are no part of the list.
            m.d.comb += [
                tokens.i.payload.eq(tile.o.payload),
                tokens.i.valid.eq(tile.o.valid & merging),
                tile.o.ready.eq(tokens.i.ready & merging),
            ]
            connect(m, tokens.o, merger.tiles[k])

        now: Any = Signal(INSTRUCTION_LAYOUT)
        fetched = Signal(range(INSTRUCTION_WORDS + 1))
        counter = Signal(ADDRESS_BITS)
        tiles = Signal(range(shape.tiles + 1))
        starts = Array(Signal(ADDRESS_BITS, name=f"start_{k}") for k in range(shape.tiles))
        fetching, stopping = Signal(), Signal()
        joining = now.mode == MergeMode.JOIN
        pulse = Signal()  # the first clock of a pass's run, or of a merge

        # Who takes the reader's words, and the decoder's tokens; who gives what is written.
        m.d.comb += [
            loader.i.payload.eq(reader.o.payload),
            loader.i.valid.eq(reader.o.valid & loading),
            decoder.i.payload.eq(reader.o.payload),
            decoder.i.valid.eq(reader.o.valid & (running | merging)),
            reader.o.ready.eq(
                (loading & loader.i.ready) | ((running | merging) & decoder.i.ready) | fetching
            ),
            core.load.eq(loader.o),
            core.i.payload.eq(decoder.o.payload),
            core.i.valid.eq(decoder.o.valid & running),
            merger.source.payload.eq(decoder.o.payload),
            merger.source.valid.eq(decoder.o.valid & merging),
            decoder.o.ready.eq((running & core.i.ready) | (merging & merger.source.ready)),
            merger.mode.eq(now.mode),
            merger.used.eq(tiles),
            encoder.i.payload.eq(core.o.payload),
            encoder.i.valid.eq(core.o.valid),
            core.o.ready.eq(encoder.i.ready & ~merging),
            writer.i.payload.eq(encoder.o.payload),
            writer.i.valid.eq(encoder.o.valid),
            encoder.o.ready.eq(writer.i.ready),
            self.swept.eq(core.swept),
            self.at_end.eq(core.at_end),
            writer.address.eq(now.target),
            writer.limit.eq(now.limit),
        ]
        with m.If(merging):
            m.d.comb += [
                encoder.i.payload.eq(merger.o.payload),
                encoder.i.valid.eq(merger.o.valid),
                merger.o.ready.eq(encoder.i.ready),
            ]
        with m.Elif(core.answers.valid):
            m.d.comb += [
                writer.i.payload.eq(core.answers.payload),
                writer.i.valid.eq(1),
                core.answers.ready.eq(writer.i.ready),
            ]
        for k, tile in enumerate(tile_readers):
            m.d.comb += [
                tile.address.eq(starts[k]),
                tile.start.eq(pulse & merging & (k < tiles)),
                tile.stop.eq(stopping),
            ]
        readers_idle = reader.idle
        for tile in tile_readers:
            readers_idle = readers_idle & tile.idle
        merged = Signal()
        source = merger.source
        m.d.comb += merged.eq(
            source.valid & source.ready & (source.p.kind == TokenKind.STOP) & merging
        )
        m.d.comb += reader.stop.eq(stopping)

        moved = self.sdram.r_valid | (self.sdram.w.valid & self.sdram.w.ready)
        clocks = Signal(range(self.watchdog_clocks + 1))
        state = Signal(State)
        with m.If((state == State.IDLE) | (state == State.FETCHED)):
            m.d.sync += clocks.eq(0)
        with m.Elif(clocks != self.watchdog_clocks):
            m.d.sync += clocks.eq(clocks + 1)
        with m.If(core.step):
            m.d.sync += self.steps.eq(self.steps + 1)
        with m.If(moved):
            m.d.sync += self.words.eq(self.words + 1)
        bad = decoder.bad
        for tokens in tile_decoders:
            bad = bad | tokens.bad
        failure = Signal(EngineError)
        with m.If(loader.bad):
            m.d.comb += failure.eq(EngineError.CHECKSUM)
        with m.Elif(writer.overflow):
            m.d.comb += failure.eq(EngineError.OVERFLOW)
        with m.Elif(bad):
            m.d.comb += failure.eq(EngineError.WORD)
        with m.Elif(clocks == self.watchdog_clocks):
            m.d.comb += failure.eq(EngineError.WATCHDOG)

        m.d.comb += self.busy.eq(state != State.IDLE)
        with m.Switch(state):
            with m.Case(State.IDLE), m.If(self.start):
                m.d.sync += [
                    counter.eq(self.program),
                    self.instruction.eq(0),
                    self.error.eq(EngineError.NONE),
                    self.words.eq(0),
                    self.steps.eq(0),
                ]
                m.d.sync += state.eq(State.FETCH)
            with m.Case(State.FETCH), m.If(readers_idle & writer.idle):
                m.d.comb += [reader.start.eq(1), reader.address.eq(counter)]
                m.d.sync += fetched.eq(0)
                m.d.sync += state.eq(State.FETCHING)
            with m.Case(State.FETCHING):
                m.d.comb += fetching.eq(1)
                with m.If(reader.o.valid):
                    m.d.sync += [
                        now.as_value().word_select(fetched, WORD_BITS).eq(reader.o.payload),
                        fetched.eq(fetched + 1),
                    ]
                    with m.If(fetched == INSTRUCTION_WORDS - 1):
                        m.d.sync += state.eq(State.FETCHED)
            with m.Case(State.FETCHED):
                m.d.comb += stopping.eq(1)
                m.d.sync += counter.eq(counter + INSTRUCTION_WORDS)
                m.d.sync += state.eq(State.DECODE)
            with m.Case(State.DECODE), m.If(readers_idle), m.Switch(now.operation):
                with m.Case(Operation.PASS):
                    m.d.comb += [
                        reader.start.eq(1),
                        reader.address.eq(now.image),
                        loader.start.eq(1),
                        writer.start.eq(now.first),
                    ]
                    with m.If(now.first):
                        m.d.sync += tiles.eq(0)
                    m.d.sync += state.eq(State.LOAD)
                with m.Case(Operation.MERGE):
                    m.d.comb += writer.start.eq(1)
                    with m.If(joining):
                        m.d.sync += [starts[0].eq(now.image), tiles.eq(1)]
                    m.d.sync += state.eq(State.START_MERGE)
                with m.Default():
                    m.d.sync += state.eq(State.IDLE)
            with m.Case(State.LOAD):
                m.d.comb += loading.eq(1)
                with m.If(loader.done):
                    m.d.comb += stopping.eq(1)
                    m.d.sync += [starts[tiles].eq(writer.next), tiles.eq(tiles + 1)]
                    m.d.sync += state.eq(State.START_PASS)
            with m.Case(State.START_PASS), m.If(readers_idle):
                m.d.comb += [
                    reader.start.eq(1),
                    reader.address.eq(now.source),
                    core.start.eq(1),
                ]
                m.d.sync += state.eq(State.RUN)
            with m.Case(State.RUN):
                m.d.comb += running.eq(1)
                with m.If(core.done):
                    m.d.sync += state.eq(State.FINISH)
            with m.Case(State.START_MERGE):
                m.d.comb += [
                    reader.start.eq(1),
                    reader.address.eq(now.source),
                    merging.eq(1),
                    pulse.eq(1),
                ]
                m.d.sync += state.eq(State.MERGE)
            with m.Case(State.MERGE):
                m.d.comb += merging.eq(1)
                with m.If(merged):
                    m.d.sync += state.eq(State.FINISH)
            with m.Case(State.FINISH):
                m.d.comb += [stopping.eq(1), writer.flush.eq(1)]
                with m.If(readers_idle & writer.idle & ~encoder.o.valid):
                    m.d.sync += self.instruction.eq(self.instruction + 1)
                    m.d.sync += state.eq(State.FETCH)
            with m.Case(State.DRAIN):
                m.d.comb += [arbiter.hold.eq(1), stopping.eq(1)]
                with m.If(arbiter.idle):
                    m.d.sync += state.eq(State.CLEAR)
            with m.Case(State.CLEAR):
                m.d.comb += [clear.eq(1), arbiter.hold.eq(1)]
                m.d.sync += state.eq(State.IDLE)
        ends = (state == State.IDLE) | (state == State.DRAIN) | (state == State.CLEAR)
        with m.If((failure != EngineError.NONE) & ~ends):
            m.d.sync += [self.error.eq(failure), state.eq(State.DRAIN)]
        return m
