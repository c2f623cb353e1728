"""Host link: a design behind a line of bytes."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import ceil_log2

from tickless.errors import InputError
from tickless.hw.design import Design
from tickless.hw.host.cobs import FRAME_BYTE
from tickless.hw.host.config import HostConfig
from tickless.hw.host.dispatcher import Dispatcher
from tickless.hw.host.loading import ImageLoader
from tickless.hw.host.messages import (
    ANSWERS_AT_MOST,
    ERROR_LAYOUT,
    INFO_LAYOUT,
    LINK_INDEX,
    PROTOCOL,
    REPLAYED_LAYOUT,
    SYNCED_LAYOUT,
    answer_message,
    link_counters,
)
from tickless.hw.host.reader import CommandReader
from tickless.hw.host.receiver import FrameReceiver
from tickless.hw.host.replay import REPEATS_BITS
from tickless.hw.host.replier import COUNTERS, Replier
from tickless.hw.host.sender import FrameSender
from tickless.hw.streams import Buffer

__all__ = ["HostLink"]


class HostLink(wiring.Component):
    """Design that is told and answers in frames: ``docs/host.md``.

    line -> receive -> read -> dispatch -> design -> reply -> send -> line

    Parameters
    ----------
    design : Design
        The network's cores. It becomes a part of this component.
    config : HostConfig
        The host link.

    Raises
    ------
    ValueError
        If the design has more than `ANSWERS_AT_MOST` classes, more than one channel block at its
        input, or counters of different widths.

    Members
    -------
    i : In(8)
        Byte of the line.
    i_valid, i_error : In(1)
        Whether there is one; whether one was lost.
    o : Out(stream)
        Bytes for the line.
    busy : Out(1)
        Whether a sample is open or being answered.
    failed : Out(1)
        Whether a command was refused since SYNC.
    class_index : Out
        Class of the last answer.
    """

    i: Signal
    i_valid: Signal
    i_error: Signal
    o: stream.Interface
    busy: Signal
    failed: Signal
    class_index: Signal

    def __init__(self, design: Design, config: HostConfig):
        self.design: Any = design
        self.config = config
        self.loads = design.config.loadable
        answer: Any = design.o.p.shape()
        self.classes = answer["logits"].shape.length
        if self.classes > ANSWERS_AT_MOST:
            raise InputError(f"design: {self.classes} classes: expected at most {ANSWERS_AT_MOST}")
        self.packets: Any = design.links[0].packets
        if self.packets.lanes != self.packets.channels:
            raise ValueError(f"design: input {self.packets!r}: expected one channel block")
        self.counters = [field.shape for _, field in design.counters.shape()]
        widths = {field.width for counters in self.counters for _, field in counters}
        if len(widths) > 1:
            raise ValueError(f"design: counters of {sorted(widths)} bits: expected one width")
        (self.counter_bits,) = widths
        super().__init__(
            {
                "i": In(8),
                "i_valid": In(1),
                "i_error": In(1),
                "o": Out(stream.Signature(8)),
                "busy": Out(1),
                "failed": Out(1),
                "class_index": Out(ceil_log2(self.classes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, design = self.config, self.design
        m.submodules.design = design
        m.submodules.receiver = receiver = FrameReceiver(config.buffer_bytes)
        m.submodules.dispatcher = dispatcher = Dispatcher(
            self.packets, len(self.counters), config.stored_events, self.loads
        )
        m.submodules.reader = reader = CommandReader(
            dispatcher.event, config.stored_events > 0, self.loads
        )
        m.submodules.replier = replier = Replier(self._messages())
        m.submodules.sender = sender = FrameSender()
        m.submodules.buffer = buffer = Buffer(FRAME_BYTE)
        connect(m, receiver.o, reader.i)
        connect(m, reader.o, dispatcher.i)
        connect(m, dispatcher.o, design.i)
        connect(m, dispatcher.reply, replier.reply)
        connect(m, replier.o, buffer.i)
        connect(m, buffer.o, sender.i)
        connect(m, sender.o, flipped(self.o))
        m.d.comb += [
            receiver.i.eq(self.i),
            receiver.i_valid.eq(self.i_valid),
            receiver.i_error.eq(self.i_error),
            dispatcher.answer_valid.eq(design.o.valid),
            design.o.ready.eq(dispatcher.answer_ready),
            replier.line_error_valid.eq(receiver.error.valid),
            receiver.error.ready.eq(replier.line_error_ready),
            replier.done.eq(reader.o.valid & reader.o.ready & ~reader.o.p.is_event),
            replier.index.eq(reader.o.p.argument[-8:]),
            self.busy.eq(dispatcher.busy),
        ]
        if design.early_exit:
            m.d.comb += dispatcher.decided.eq(design.decided)
        if design.fails:
            m.d.comb += dispatcher.failure.eq(design.failure)

        counted: Any = Signal(link_counters(self.counter_bits))
        taken, refused = Signal(), Signal(2)
        m.d.sync += [
            taken.eq(receiver.taken),
            refused.eq(receiver.refused + dispatcher.refused),
            counted.frames.eq(counted.frames + taken),
            counted.errors.eq(counted.errors + refused),
        ]
        self._fill(m, replier.messages, receiver, reader, dispatcher, counted)
        if self.loads:
            loader = ImageLoader(
                config.design, config.network, len(self.counters), design.starts_empty
            )
            m.submodules.loader = loader
            connect(m, dispatcher.loader, loader.control)
            connect(m, loader.o, design.load)
            m.d.comb += [
                loader.counters.eq(design.load_counters),
                replier.messages.info.network.eq(loader.network),
            ]
        with m.If(refused != 0):
            m.d.sync += self.failed.eq(1)
        with m.Elif(dispatcher.synced):
            m.d.sync += self.failed.eq(0)
        with m.If(design.o.valid & (dispatcher.failure == 0)):
            m.d.sync += self.class_index.eq(design.o.p.class_index)
        return m

    def _messages(self) -> data.StructLayout:
        """Data of every reply, as `Replier` names them."""
        counters = dict(enumerate(self.counters))
        counters[LINK_INDEX] = link_counters(self.counter_bits)
        return data.StructLayout(
            {
                "synced": SYNCED_LAYOUT,
                "info": INFO_LAYOUT,
                "ack": 8,
                "answer": answer_message(self.classes, self.design.early_exit),
                "error": ERROR_LAYOUT,
                "line_error": ERROR_LAYOUT,
                **({"replayed": REPLAYED_LAYOUT} if self.config.stored_events else {}),
                **{
                    f"{COUNTERS}{index}": data.StructLayout({"index": 8, "counters": layout})
                    for index, layout in counters.items()
                },
            }
        )

    def _fill(self, m, messages, receiver, reader, dispatcher, counted):
        """Data of every reply."""
        design, argument = self.design, reader.o.p.argument
        m.d.comb += [
            messages.synced.nonce.eq(argument[-32:]),
            messages.info.eq(INFO_LAYOUT.const(self._info())),
            messages.ack.eq(reader.next),
            messages.answer.sample.eq(dispatcher.sample),
            messages.answer.clocks.eq(dispatcher.clocks),
            messages.answer.latency.eq(dispatcher.latency),
            messages.answer.answer.eq(design.o.p),
            messages.error.error.eq(dispatcher.error),
            messages.error.expected.eq(receiver.expected),
            messages.error.sequence.eq(reader.next),
            messages.line_error.error.eq(receiver.error.p.error),
            messages.line_error.expected.eq(receiver.expected),
            messages.line_error.sequence.eq(receiver.error.p.sequence),
        ]
        if self.config.stored_events:
            m.d.comb += [
                messages.replayed.repeats.eq(argument[-REPEATS_BITS:]),
                messages.replayed.clocks.eq(dispatcher.clocks),
            ]
        for index in range(len(self.counters)):
            counters = messages[f"{COUNTERS}{index}"]
            m.d.comb += [
                counters.index.eq(index),
                counters.counters.eq(design.counters[f"core_{index}"]),
            ]
        counters = messages[f"{COUNTERS}{LINK_INDEX}"]
        m.d.comb += [counters.index.eq(LINK_INDEX), counters.counters.eq(counted)]

    def _info(self) -> dict[int | str, Any]:
        """What INFO says."""
        config, packets = self.config, self.packets
        return {
            "protocol": PROTOCOL,
            "early_exit": self.design.early_exit,
            "cores": len(self.counters),
            "channels": packets.channels,
            "height": packets.height,
            "width": packets.width,
            "classes": self.classes,
            "buffer_bytes": config.room,
            "stored_events": config.stored_events,
            "counter_bits": self.counter_bits,
            "clock_hz": config.clock_hz,
            "network": config.network,
        }
