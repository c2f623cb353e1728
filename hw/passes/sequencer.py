"""Sequencer: fetches the instructions of a program, and says which unit does what."""

from typing import Any

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.passes.instructions import (
    INSTRUCTION_LAYOUT,
    INSTRUCTION_WORDS,
    EngineError,
    Operation,
)
from tickless.hw.passes.merger import MergeMode
from tickless.hw.passes.words import WORD_BITS
from tickless.hw.sdram.timing import ADDRESS_BITS

__all__ = ["WATCHDOG_CLOCKS", "Sequencer"]

WATCHDOG_CLOCKS = 1 << 28
"""Clocks of one instruction after which the engine gives up: four seconds, a hundred times those of
a long recording's longest pass."""


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


class Sequencer(wiring.Component):
    """Sequencer of a pass engine.

    Parameters
    ----------
    tiles : int
        Lists that are merged at once.
    watchdog_clocks : int
        Clocks of an instruction after which it gives up.

    Members
    -------
    start, program, busy, error, instruction
        As of `hw.passes.engine.PassEngine`.
    now : Out(INSTRUCTION_LAYOUT)
        The instruction.
    words : In(stream)
        Words of the reader, where they are an instruction's.
    loading, running, merging : Out(1)
        Who takes the reader's words: the loader, the core or the merger.
    read, address : Out
        Begin to read there.
    load, begin, write, merge : Out(1)
        High for one clock: an image begins; the core clears its membranes and waits; the writer
        goes to the instruction's target; the tiles' readers begin to read.
    starts, used : Out
        First word of each tile's list, and how many there are.
    stop, flush : Out(1)
        Readers stop; the writer writes what it has.
    hold, clear : Out(1)
        After an error: no other burst begins; all units are reset.
    readers_idle, written, held : In(1)
        Whether no reader has anything under way; whether all words are written; whether no burst
        is under way.
    next : In
        Word that is written next.
    loaded, passed, merged : In(1)
        High for one clock when loader, core or merger are done.
    failure : In(EngineError)
        What has gone wrong in a unit.
    """

    start: Signal
    program: Signal
    busy: Signal
    error: Any
    instruction: Signal
    now: Any
    words: stream.Interface
    loading: Signal
    running: Signal
    merging: Signal
    read: Signal
    address: Signal
    load: Signal
    begin: Signal
    write: Signal
    merge: Signal
    starts: Any
    used: Signal
    stop: Signal
    flush: Signal
    hold: Signal
    clear: Signal
    readers_idle: Signal
    written: Signal
    held: Signal
    next: Signal
    loaded: Signal
    passed: Signal
    merged: Signal
    failure: Any

    def __init__(self, tiles: int, watchdog_clocks: int):
        self.tiles, self.watchdog_clocks = tiles, watchdog_clocks
        says = ("loading", "running", "merging", "read", "load", "begin", "write", "merge")
        hears = ("readers_idle", "written", "held", "loaded", "passed", "merged")
        super().__init__(
            {
                **dict.fromkeys((*says, "stop", "flush", "hold", "clear", "busy"), Out(1)),
                **dict.fromkeys((*hears, "start"), In(1)),
                "program": In(ADDRESS_BITS),
                "error": Out(EngineError),
                "instruction": Out(16),
                "now": Out(INSTRUCTION_LAYOUT),
                "words": In(stream.Signature(WORD_BITS)),
                "address": Out(ADDRESS_BITS),
                "starts": Out(data.ArrayLayout(ADDRESS_BITS, tiles)),
                "used": Out(range(tiles + 1)),
                "next": In(ADDRESS_BITS),
                "failure": In(EngineError),
            }
        )

    def elaborate(self, platform):
        m = Module()
        now: Any = self.now
        fetched = Signal(range(INSTRUCTION_WORDS + 1))
        counter = Signal(ADDRESS_BITS)
        clocks = Signal(range(self.watchdog_clocks + 1))
        state = Signal(State)
        with m.If((state == State.IDLE) | (state == State.FETCHED)):
            m.d.sync += clocks.eq(0)
        with m.Elif(clocks != self.watchdog_clocks):
            m.d.sync += clocks.eq(clocks + 1)
        m.d.comb += self.busy.eq(state != State.IDLE)
        m.d.sync += self.clear.eq(0)
        with m.Switch(state):
            with m.Case(State.IDLE), m.If(self.start):
                m.d.sync += [
                    counter.eq(self.program),
                    self.instruction.eq(0),
                    self.error.eq(EngineError.NONE),
                    state.eq(State.FETCH),
                ]
            with m.Case(State.FETCH), m.If(self.readers_idle & self.written):
                m.d.comb += [self.read.eq(1), self.address.eq(counter)]
                m.d.sync += [fetched.eq(0), state.eq(State.FETCHING)]
            with m.Case(State.FETCHING):
                m.d.comb += self.words.ready.eq(1)
                with m.If(self.words.valid):
                    m.d.sync += [
                        now.as_value().word_select(fetched, WORD_BITS).eq(self.words.payload),
                        fetched.eq(fetched + 1),
                    ]
                    with m.If(fetched == INSTRUCTION_WORDS - 1):
                        m.d.sync += state.eq(State.FETCHED)
            with m.Case(State.FETCHED):
                m.d.comb += self.stop.eq(1)
                m.d.sync += [counter.eq(counter + INSTRUCTION_WORDS), state.eq(State.DECODE)]
            with m.Case(State.DECODE), m.If(self.readers_idle):
                self._decode(m, state)
            with m.Case(State.LOAD):
                m.d.comb += self.loading.eq(1)
                with m.If(self.loaded):
                    m.d.comb += self.stop.eq(1)
                    starts = Array(self.starts[tile] for tile in range(self.tiles))
                    m.d.sync += [
                        starts[self.used].eq(self.next),
                        self.used.eq(self.used + 1),
                        state.eq(State.START_PASS),
                    ]
            with m.Case(State.START_PASS), m.If(self.readers_idle):
                m.d.comb += [self.read.eq(1), self.address.eq(now.source)]
                m.d.sync += state.eq(State.RUN)
            with m.Case(State.RUN):
                m.d.comb += self.running.eq(1)
                with m.If(self.passed):
                    m.d.sync += state.eq(State.FINISH)
            with m.Case(State.START_MERGE):
                m.d.comb += [
                    self.read.eq(1),
                    self.address.eq(now.source),
                    self.merging.eq(1),
                    self.merge.eq(1),
                ]
                m.d.sync += state.eq(State.MERGE)
            with m.Case(State.MERGE):
                m.d.comb += self.merging.eq(1)
                with m.If(self.merged):
                    m.d.sync += state.eq(State.FINISH)
            with m.Case(State.FINISH):
                m.d.comb += [self.stop.eq(1), self.flush.eq(1)]
                with m.If(self.readers_idle & self.written):
                    m.d.sync += [
                        self.instruction.eq(self.instruction + 1),
                        state.eq(State.FETCH),
                    ]
            with m.Case(State.DRAIN):
                m.d.comb += [self.hold.eq(1), self.stop.eq(1)]
                with m.If(self.held):
                    m.d.sync += [self.clear.eq(1), state.eq(State.CLEAR)]
            with m.Case(State.CLEAR):
                m.d.comb += self.hold.eq(1)
                # Units hear it a clock later.
                with m.If(~self.clear):
                    m.d.sync += state.eq(State.IDLE)
        self._watch(m, state, clocks == self.watchdog_clocks)
        return m

    def _decode(self, m: Module, state: Any) -> None:
        now = self.now
        with m.Switch(now.operation):
            with m.Case(Operation.PASS):
                m.d.comb += [
                    self.read.eq(1),
                    self.address.eq(now.image),
                    self.load.eq(1),
                    self.begin.eq(1),
                    self.write.eq(now.first),
                ]
                with m.If(now.first):
                    m.d.sync += self.used.eq(0)
                m.d.sync += state.eq(State.LOAD)
            with m.Case(Operation.MERGE):
                m.d.comb += self.write.eq(1)
                with m.If(now.mode == MergeMode.JOIN):
                    m.d.sync += [self.starts[0].eq(now.image), self.used.eq(1)]
                m.d.sync += state.eq(State.START_MERGE)
            with m.Default():
                m.d.sync += state.eq(State.IDLE)

    def _watch(self, m: Module, state: Any, late: Any) -> None:
        """End the program where a unit fails, or the instruction takes too long."""
        ended = (state == State.IDLE) | (state == State.DRAIN) | (state == State.CLEAR)
        with m.If(~ended & (self.failure != EngineError.NONE)):
            m.d.sync += [self.error.eq(self.failure), state.eq(State.DRAIN)]
        with m.Elif(~ended & late):
            m.d.sync += [self.error.eq(EngineError.WATCHDOG), state.eq(State.DRAIN)]
