"""Pass engine: runs a program of passes and merges from SDRAM."""

from typing import Any

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.passes.banks import swept_layout
from tickless.hw.passes.core import PassCore
from tickless.hw.passes.instructions import EngineError
from tickless.hw.passes.lists import TOKEN_LAYOUT, ListDecoder, ListEncoder, TokenKind
from tickless.hw.passes.loader import PassLoader
from tickless.hw.passes.merger import Merger
from tickless.hw.passes.reader import WordReader
from tickless.hw.passes.sequencer import WATCHDOG_CLOCKS, Sequencer
from tickless.hw.passes.shape import EngineShape
from tickless.hw.passes.tile_lists import TileLists
from tickless.hw.passes.traffic import Arbiter, port_signature
from tickless.hw.passes.writer import WordWriter
from tickless.hw.sdram.timing import ADDRESS_BITS
from tickless.hw.streams import Buffer

__all__ = ["PassEngine"]

BURST = 256
"""Words of a reader's longest burst, where all goes through one reader: little of the time goes
into opening rows."""


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
        m.submodules.sequencer = sequencer = Sequencer(shape.tiles, self.watchdog_clocks)

        def unit(name: str, component: Any, also: Any = 0) -> Any:
            # A clear reaches very many registers: a copy for each unit.
            clear = Signal(name=f"clear_{name}", attrs={"copy": 1})
            m.d.sync += clear.eq(sequencer.clear)
            m.submodules[name] = ResetInserter(clear | also)(component)
            return component

        m.submodules.arbiter = arbiter = Arbiter(shape.tiles + 2)
        reader: Any = unit("reader", WordReader(BURST))
        decoder: Any = unit("decoder", ListDecoder(), reader.stop)
        events: Any = unit("events", Buffer(TOKEN_LAYOUT))
        source: Any = unit("source", Buffer(TOKEN_LAYOUT))
        m.submodules.tiles = tiles = TileLists(shape.tiles)
        loader: Any = unit("loader", PassLoader(shape))
        core: Any = unit("core", PassCore(shape))
        merger: Any = unit("merger", Merger(shape.tiles))
        made: Any = unit("made", Buffer(TOKEN_LAYOUT))
        encoder: Any = unit("encoder", ListEncoder())
        writer: Any = unit("writer", WordWriter())
        for port, one in zip(arbiter.ports, (writer.port, reader.port, *tiles.ports), strict=True):
            connect(m, one, port)
        connect(m, arbiter.sdram, flipped(self.sdram))
        connect(m, events.o, core.i)
        connect(m, source.o, merger.source)
        connect(m, made.o, encoder.i)
        for one, other in zip(tiles.o, merger.tiles, strict=True):
            connect(m, one, other)

        self._sequence(m, sequencer, reader, tiles, loader, core, merger, writer)
        # The units lie far from each other: what the sequencer says takes a clock.
        loading, running, merging, reads = (
            Signal(name=name, attrs={"copy": 1})
            for name in ("loading", "running", "merging", "reads")
        )
        m.d.sync += [
            loading.eq(sequencer.loading),
            running.eq(sequencer.running),
            merging.eq(sequencer.merging),
            reads.eq(sequencer.running | sequencer.merging),
        ]
        m.d.comb += [
            sequencer.held.eq(arbiter.idle),
            arbiter.hold.eq(sequencer.hold),
            # Who takes the reader's words, and the decoder's tokens.
            loader.i.payload.eq(reader.o.payload),
            loader.i.valid.eq(reader.o.valid & loading),
            decoder.i.payload.eq(reader.o.payload),
            decoder.i.valid.eq(reader.o.valid & reads),
            sequencer.words.payload.eq(reader.o.payload),
            sequencer.words.valid.eq(reader.o.valid),
            reader.o.ready.eq(
                (loading & loader.i.ready) | (reads & decoder.i.ready) | sequencer.words.ready
            ),
            core.load.eq(loader.o),
            events.i.payload.eq(decoder.o.payload),
            events.i.valid.eq(decoder.o.valid & running),
            source.i.payload.eq(decoder.o.payload),
            source.i.valid.eq(decoder.o.valid & merging),
            decoder.o.ready.eq((running & events.i.ready) | (merging & source.i.ready)),
            # Who gives what is written.
            made.i.payload.eq(core.o.payload),
            made.i.valid.eq(core.o.valid),
            core.o.ready.eq(made.i.ready),
            writer.i.payload.eq(encoder.o.payload),
            writer.i.valid.eq(encoder.o.valid),
            encoder.o.ready.eq(writer.i.ready),
            self.swept.eq(core.swept),
            self.at_end.eq(core.at_end),
        ]
        with m.If(merging):
            m.d.comb += [
                made.i.payload.eq(merger.o.payload),
                made.i.valid.eq(merger.o.valid),
                merger.o.ready.eq(made.i.ready),
            ]
        with m.Elif(core.answers.valid):
            m.d.comb += [
                writer.i.payload.eq(core.answers.payload),
                writer.i.valid.eq(1),
                core.answers.ready.eq(writer.i.ready),
            ]
        m.d.sync += [
            sequencer.readers_idle.eq(reader.idle & tiles.idle),
            # What comes last is in ``made``, or behind it, before the sequencer hears of it.
            sequencer.written.eq(writer.idle & ~writer.i.valid),
            sequencer.failure.eq(EngineError.NONE),
        ]
        with m.If(loader.bad):
            m.d.sync += sequencer.failure.eq(EngineError.CHECKSUM)
        with m.Elif(writer.overflow):
            m.d.sync += sequencer.failure.eq(EngineError.OVERFLOW)
        with m.Elif(decoder.bad | tiles.bad):
            m.d.sync += sequencer.failure.eq(EngineError.WORD)

        moved = self.sdram.r_valid | (self.sdram.w.valid & self.sdram.w.ready)
        for count, more in ((self.steps, core.step), (self.words, moved)):
            with m.If(more):
                m.d.sync += count.eq(count + 1)
            with m.If(self.start & ~self.busy):
                m.d.sync += count.eq(0)
        return m

    def _sequence(self, m, sequencer, reader, tiles, loader, core, merger, writer) -> None:
        """Connect the sequencer with the units that it starts and stops, a clock away."""
        source = merger.source
        takes = Signal(attrs={"copy": 1})  # reaches all tiles
        m.d.comb += [
            sequencer.start.eq(self.start),
            sequencer.program.eq(self.program),
            self.busy.eq(sequencer.busy),
            self.error.eq(sequencer.error),
            self.instruction.eq(sequencer.instruction),
            # These hold while they are used.
            tiles.used.eq(sequencer.used),
            tiles.starts.eq(sequencer.starts),
            merger.used.eq(sequencer.used),
            writer.address.eq(sequencer.now.target),
            writer.limit.eq(sequencer.now.limit),
            sequencer.next.eq(writer.next),
            tiles.takes.eq(takes),
        ]
        m.d.sync += [
            reader.start.eq(sequencer.read),
            reader.address.eq(sequencer.address),
            reader.stop.eq(sequencer.stop),
            tiles.start.eq(sequencer.merge),
            tiles.stop.eq(sequencer.stop),
            tiles.clear.eq(sequencer.clear),
            takes.eq(sequencer.merging),
            merger.mode.eq(sequencer.now.mode),
            loader.start.eq(sequencer.load),
            core.start.eq(sequencer.begin),
            writer.start.eq(sequencer.write),
            writer.flush.eq(sequencer.flush),
            sequencer.loaded.eq(loader.done),
            sequencer.passed.eq(core.done),
            sequencer.merged.eq(source.valid & source.ready & (source.p.kind == TokenKind.STOP)),
        ]
