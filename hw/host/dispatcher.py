"""Dispatcher: carries out commands, one after the other."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.host.loading import CONTROL
from tickless.hw.host.messages import LINK_INDEX, Command, Error, Reply, event_message
from tickless.hw.host.reader import command_layout
from tickless.hw.host.receiver import ERROR_BITS
from tickless.hw.host.replay import REPEATS_BITS, Replay
from tickless.hw.host.stopwatch import CLOCKS_BITS, LATENCY_BITS, Stopwatch
from tickless.hw.packet import Kind, LinkConfig

__all__ = ["REPLY_BITS", "SAMPLE_BITS", "Dispatcher", "reply_code"]

REPLY_BITS = 4
"""Low bits of a `Reply`, which tell it from all others."""

SAMPLE_BITS = 16
"""Width of the number of samples."""

NEED_A_NETWORK = [
    command.value for command in (Command.EVENTS, Command.END, Command.READ, Command.REPLAY)
]
"""Commands that are refused while there is no network."""


def reply_code(reply: Reply) -> int:
    """`REPLY_BITS` of a reply."""
    return reply.value % (1 << REPLY_BITS)


class Dispatcher(wiring.Component):
    """Dispatcher of commands.

    A command is over when the network has taken its packets and its replies have been sent.

    Parameters
    ----------
    link : LinkConfig
        Input of the design: one channel block.
    cores : int
        Cores whose counters can be asked for.
    stored_events : int
        Room of the stored sample; 0 for none.
    loads : bool
        Whether the cores are loadable.

    Members
    -------
    i : In(stream)
        Commands and their events: `hw.host.reader.command_layout`. Taken when they are over.
    o : Out(stream)
        Packets for the design.
    answer_valid, answer_ready : In(1), Out(1)
        Handshake of the design's answers.
    failure : In(ERROR_BITS)
        `Error` in place of the answer that is offered; 0 for none.
    decided : In(1)
        As of `hw.design.Design`; 0 without early exit.
    reply : Out(stream)
        Replies: `reply_code`. Taken when sent; until then what they consist of stays.
    error : Out(ERROR_BITS)
        `Error` for which the command at hand is refused.
    refused : Out(1)
        High for one clock for each command refused.
    synced : Out(1)
        High for one clock for each SYNC.
    busy : Out(1)
        Whether a sample is open or being answered.
    sample, clocks, latency : Out
        As in ANSWER and REPLAYED.
    loader : Out(CONTROL)
        What `hw.host.loading.ImageLoader` is told; only with ``loads``.
    """

    i: stream.Interface
    o: stream.Interface
    answer_valid: Signal
    answer_ready: Signal
    failure: Signal
    decided: Signal
    reply: stream.Interface
    error: Signal
    refused: Signal
    synced: Signal
    busy: Signal
    sample: Signal
    clocks: Signal
    latency: Signal
    loader: Any

    def __init__(self, link: LinkConfig, cores: int, stored_events: int, loads: bool):
        self.cores, self.loads = cores, loads
        self.event = event_message(link)
        self.replay = Replay(self.event.size, stored_events) if stored_events else None
        super().__init__(
            {
                **({"loader": Out(CONTROL)} if loads else {}),
                "i": In(stream.Signature(command_layout(self.event, loads))),
                "o": Out(stream.Signature(link.layout)),
                "answer_valid": In(1),
                "answer_ready": Out(1),
                "failure": In(ERROR_BITS),
                "decided": In(1),
                "reply": Out(stream.Signature(REPLY_BITS)),
                "error": Out(ERROR_BITS),
                "refused": Out(1),
                "synced": Out(1),
                "busy": Out(1),
                "sample": Out(SAMPLE_BITS),
                "clocks": Out(CLOCKS_BITS),
                "latency": Out(LATENCY_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.stopwatch = stopwatch = Stopwatch()
        packet, replay = self.o.p, self.replay
        command, argument = self.i.p.command, self.i.p.argument
        index, repeats = argument[-8:], argument[-REPEATS_BITS:]
        is_read = command == Command.READ.value
        loader = self.loader if self.loads else None
        has_network = Const(1) if loader is None else loader.has_network

        event: Any = Signal(self.event)
        taken = Signal()
        is_event = packet.kind == Kind.EVENT
        m.d.comb += [
            event.eq(argument[-self.event.size :]),
            packet.x.eq(event.x),
            packet.y.eq(event.y),
            packet.mask.eq(Mux(event.spare == 0, 1 << event.channel, 0)),
            taken.eq(self.o.valid & self.o.ready),
            stopwatch.event.eq(taken & is_event),
            stopwatch.marker.eq(taken & ~is_event),
            self.clocks.eq(stopwatch.clocks),
            self.latency.eq(stopwatch.latency),
        ]
        decided = Signal()  # the sample at hand: READ is not answered any more
        ended = Signal()
        with m.If(self.decided):
            m.d.sync += decided.eq(1)
        with m.If(taken):
            m.d.sync += self.busy.eq(1)
        with m.If(ended):
            m.d.sync += [decided.eq(0), self.busy.eq(0), self.sample.eq(self.sample + 1)]

        if replay is not None:
            m.submodules.replay = replay
            m.d.comb += [
                replay.i.eq(argument[-self.event.size :]),
                replay.repeats.eq(repeats),
                replay.answered.eq(ended),
                replay.clear.eq(self.synced),
            ]

        if loader is not None:
            m.d.comb += [loader.command.eq(command), loader.argument.eq(argument)]

        def answer_with(reply: Reply) -> None:
            m.d.sync += self.reply.p.eq(reply_code(reply))
            m.next = "reply"

        def refuse(error) -> None:
            m.d.comb += self.refused.eq(1)
            m.d.sync += self.error.eq(error)
            answer_with(Reply.ERROR)

        with m.FSM():
            with m.State("idle"), m.If(self.i.valid):
                with m.If(self.i.p.is_event), m.Switch(command):
                    with m.Case(Command.EVENTS.value):
                        m.d.comb += [
                            self.o.valid.eq(has_network),
                            self.i.ready.eq(self.o.ready | ~has_network),
                        ]
                    if replay is not None:
                        with m.Case(Command.STORE.value):
                            m.d.comb += [replay.write.eq(1), self.i.ready.eq(1)]
                    if loader is not None:
                        with m.Case(Command.CHUNKS.value):
                            m.d.comb += [
                                loader.chunk_valid.eq(1),
                                self.i.ready.eq(loader.chunk_ready),
                            ]
                with m.Elif(self.i.p.error != 0):
                    refuse(self.i.p.error)
                with m.Elif(~has_network & command.matches(*NEED_A_NETWORK)):
                    refuse(Error.NETWORK)
                with m.Else(), m.Switch(command):
                    with m.Case(Command.SYNC.value):
                        m.next = "sync"
                        with m.If(self.busy):
                            m.next = "marker"
                    with m.Case(Command.INFO.value):
                        answer_with(Reply.INFO)
                    with m.Case(Command.EVENTS.value):
                        m.d.comb += self.i.ready.eq(1)
                    with m.Case(Command.END.value, Command.READ.value):
                        m.next = "marker"
                    with m.Case(Command.COUNTERS.value):
                        with m.If((index < self.cores) | (index == LINK_INDEX)):
                            answer_with(Reply.COUNTERS)
                        with m.Else():
                            refuse(Error.DATA)
                    if replay is not None:
                        with m.Case(Command.STORE.value):
                            with m.If(replay.overflow):
                                m.d.comb += replay.undo.eq(1)
                                refuse(Error.STORE)
                            with m.Else():
                                m.d.comb += [replay.keep.eq(1), self.i.ready.eq(1)]
                        with m.Case(Command.REPLAY.value):
                            with m.If(repeats == 0):
                                refuse(Error.DATA)
                            with m.Else():
                                m.d.comb += replay.start.eq(1)
                                m.next = "replay"
                    if loader is not None:
                        with m.Case(Command.LOAD.value):
                            m.next = "load"
                            with m.If(loader.error != 0):
                                refuse(loader.error)
                            with m.Elif(self.busy):
                                m.next = "marker"
                        with m.Case(Command.CHUNKS.value, Command.LOADED.value):
                            with m.If(loader.error != 0):
                                refuse(loader.error)
                            with m.Else():
                                m.d.comb += [
                                    loader.finish.eq(command == Command.LOADED.value),
                                    self.i.ready.eq(1),
                                ]
            with m.State("marker"):
                m.d.comb += [self.o.valid.eq(1), packet.kind.eq(Mux(is_read, Kind.READ, Kind.END))]
                with m.If(self.o.ready):
                    m.next = "answer"
            with m.State("answer"):
                m.d.comb += stopwatch.hold.eq(self.answer_valid)
                with m.If(self.answer_valid):
                    answer_with(Reply.ANSWER)
                    is_marker = command.matches(Command.END.value, Command.READ.value)
                    with m.If((self.failure != 0) & is_marker):
                        m.d.comb += [self.answer_ready.eq(1), ended.eq(~is_read)]
                        m.d.comb += stopwatch.clear.eq(~is_read)
                        refuse(self.failure)
                    with m.If(command == Command.SYNC.value):
                        m.d.comb += [self.answer_ready.eq(1), ended.eq(1)]
                        m.next = "sync"
                    if loader is not None:
                        with m.If(command == Command.LOAD.value):
                            m.d.comb += [self.answer_ready.eq(1), ended.eq(1)]
                            m.next = "load"
                with m.Elif(is_read & decided):
                    m.d.comb += self.i.ready.eq(1)
                    m.next = "idle"
            with m.State("sync"):
                m.d.comb += [self.synced.eq(1), stopwatch.clear.eq(1)]
                m.d.sync += self.sample.eq(0)
                answer_with(Reply.SYNCED)
            if loader is not None:
                with m.State("load"):
                    m.d.comb += [
                        loader.start.eq(1),
                        stopwatch.clear.eq(1),
                        self.i.ready.eq(1),
                    ]
                    m.next = "idle"
            if replay is not None:
                with m.State("replay"):
                    m.d.comb += [
                        event.eq(replay.o.p.event),
                        packet.kind.eq(Mux(replay.o.p.end, Kind.END, Kind.EVENT)),
                        self.o.valid.eq(replay.o.valid),
                        replay.o.ready.eq(self.o.ready),
                    ]
                    with m.If(self.answer_valid):
                        with m.If(replay.last):
                            m.d.comb += stopwatch.hold.eq(1)
                            answer_with(Reply.ANSWER)
                        with m.Else():
                            m.d.comb += [self.answer_ready.eq(1), ended.eq(1)]
            with m.State("reply"):
                m.d.comb += [self.reply.valid.eq(1), stopwatch.hold.eq(1)]
                with m.If(self.reply.ready):
                    m.d.comb += self.i.ready.eq(1)
                    m.next = "idle"
                with m.If(self.reply.ready & (self.reply.p == reply_code(Reply.ANSWER))):
                    m.d.comb += self.answer_ready.eq(1)
                    with m.If(~is_read):
                        m.d.comb += [ended.eq(1), stopwatch.clear.eq(1)]
                    if replay is not None:
                        with m.If(command == Command.REPLAY.value):
                            m.d.comb += [self.i.ready.eq(0), stopwatch.clear.eq(0)]
                            answer_with(Reply.REPLAYED)
                if replay is not None:
                    with m.If(self.reply.ready & (self.reply.p == reply_code(Reply.REPLAYED))):
                        m.d.comb += stopwatch.clear.eq(1)
        return m
