"""System: a design and its host link, everything on a board but clock and pins."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect
from amaranth.utils import ceil_log2

from hw.design import DesignBase
from hw.host.dispatcher import Dispatcher
from hw.host.messages import (
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
from hw.host.reader import CommandReader
from hw.host.receiver import FrameReceiver
from hw.host.replay import REPEATS_BITS
from hw.host.replier import COUNTERS, Replier
from hw.host.sender import FrameSender
from hw.host.uart import MIN_DIVISOR, UartReceiver, UartTransmitter

__all__ = ["HostConfig", "System"]

MAX_BAUD_ERROR = 0.02
"""Largest relative error of the baud rate: half a bit in a byte is 0.05, and the host errs, too."""

LIGHTS_PER_SECOND = 20
"""Reciprocal of the time for which a light shows a byte."""


@dataclass(frozen=True)
class HostConfig:
    """Parameters of the host link.

    Parameters
    ----------
    clock_hz : int
        Frequency of the clock.
    baud : int
        Bits a second on the line: at most a quarter of the clock, of which a multiple of clocks
        must give it within 2 %.
    buffer_bytes : int
        Memory for commands received but not yet carried out: a power of two, 256 to 32768.
    stored_events : int
        Room of the stored sample; 0 for none.
    network : int
        First 8 bytes of the network's hash, the first one lowest.
    """

    clock_hz: int
    baud: int = 3_000_000
    buffer_bytes: int = 1024
    stored_events: int = 0
    network: int = 0

    def __post_init__(self):
        limits = {
            "clock_hz": (1, 2**32 - 1),
            "baud": (1, 2**32 - 1),
            "buffer_bytes": (256, 32768),
            "stored_events": (0, 2**32 - 1),
            "network": (0, 2**64 - 1),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise ValueError(f"{name} = {value!r}: expected an integer in {low}..{high}")
        if self.buffer_bytes & (self.buffer_bytes - 1):
            raise ValueError(f"buffer_bytes = {self.buffer_bytes}: expected a power of two")
        if self.divisor < MIN_DIVISOR:
            raise ValueError(
                f"baud = {self.baud}: expected at most {self.clock_hz // MIN_DIVISOR}, "
                f"a quarter of clock_hz = {self.clock_hz}"
            )
        real = self.clock_hz / self.divisor
        if abs(real / self.baud - 1) > MAX_BAUD_ERROR:
            raise ValueError(
                f"baud = {self.baud}: clock_hz = {self.clock_hz} gives {real:.0f} at best: "
                f"expected at most {MAX_BAUD_ERROR:.0%} of error"
            )

    @property
    def divisor(self) -> int:
        """Clocks of a bit on the line."""
        return round(self.clock_hz / self.baud)

    @property
    def room(self) -> int:
        """Bytes of commands that may be under way, each counted as its data and three."""
        return self.buffer_bytes - 2


class System(wiring.Component):
    """Design behind a serial port: ``docs/host.md``.

    Parameters
    ----------
    design : DesignBase
        The network's cores; not loadable. It becomes a part of this component.
    config : HostConfig
        The host link.

    Members
    -------
    rx, tx : In(1), Out(1)
        The line, from and to the host.
    busy : Out(1)
        Whether a sample is open or being answered.
    receiving : Out(1)
        High for 50 ms behind each byte from the host.
    failed : Out(1)
        Whether a command was refused since SYNC.
    class_index : Out
        Class of the last answer.
    """

    rx: Signal
    tx: Signal
    busy: Signal
    receiving: Signal
    failed: Signal
    class_index: Signal

    def __init__(self, design: DesignBase, config: HostConfig):
        self.design: Any = design
        self.config = config
        if "load" in design.signature.members:
            raise ValueError("design: it is loadable: expected one that is not")
        answer: Any = design.o.p.shape()
        self.classes = answer["logits"].shape.length
        if self.classes > ANSWERS_AT_MOST:
            raise ValueError(f"design: {self.classes} classes: expected at most {ANSWERS_AT_MOST}")
        self.link: Any = design.links[0].packets
        self.counters = [field.shape for _, field in design.counters.shape()]
        self.counter_bits = next(iter(self.counters[0]))[1].width
        super().__init__(
            {
                "rx": In(1, init=1),  # pyright: ignore[reportCallIssue]
                "tx": Out(1, init=1),  # pyright: ignore[reportCallIssue]
                "busy": Out(1),
                "receiving": Out(1),
                "failed": Out(1),
                "class_index": Out(ceil_log2(self.classes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, design = self.config, self.design
        m.submodules.design = design
        m.submodules.uart_receiver = uart_receiver = UartReceiver(config.divisor)
        m.submodules.uart_transmitter = uart_transmitter = UartTransmitter(config.divisor)
        m.submodules.receiver = receiver = FrameReceiver(config.buffer_bytes)
        m.submodules.dispatcher = dispatcher = Dispatcher(
            self.link, len(self.counters), config.stored_events
        )
        m.submodules.reader = reader = CommandReader(dispatcher.event, config.stored_events > 0)
        m.submodules.replier = replier = Replier(self._messages())
        m.submodules.sender = sender = FrameSender()
        connect(m, receiver.o, reader.i)
        connect(m, reader.o, dispatcher.i)
        connect(m, dispatcher.o, design.i)
        connect(m, dispatcher.reply, replier.reply)
        connect(m, replier.o, sender.i)
        connect(m, sender.o, uart_transmitter.i)
        m.d.comb += [
            uart_receiver.rx.eq(self.rx),
            self.tx.eq(uart_transmitter.tx),
            receiver.i.eq(uart_receiver.o),
            receiver.i_valid.eq(uart_receiver.valid),
            receiver.i_error.eq(uart_receiver.error),
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

        counted: Any = Signal(link_counters(self.counter_bits))
        m.d.sync += [
            counted.frames.eq(counted.frames + receiver.taken),
            counted.errors.eq(counted.errors + receiver.refused + dispatcher.refused),
        ]
        self._fill(m, replier.messages, receiver, reader, dispatcher, counted)
        self._show(m, uart_receiver.valid, receiver.refused | dispatcher.refused, dispatcher.synced)
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
        config, link = self.config, self.link
        return {
            "protocol": PROTOCOL,
            "early_exit": self.design.early_exit,
            "cores": len(self.counters),
            "channels": link.channels,
            "height": link.height,
            "width": link.width,
            "classes": self.classes,
            "buffer_bytes": config.room,
            "stored_events": config.stored_events,
            "counter_bits": self.counter_bits,
            "clock_hz": config.clock_hz,
            "network": config.network,
        }

    def _show(self, m, received, refused, synced):
        """What the lights show."""
        answer = self.design.o
        stretch = self.config.clock_hz // LIGHTS_PER_SECOND
        clocks = Signal(range(stretch + 1))
        m.d.comb += self.receiving.eq(clocks != 0)
        with m.If(received):
            m.d.sync += clocks.eq(stretch)
        with m.Elif(clocks != 0):
            m.d.sync += clocks.eq(clocks - 1)
        with m.If(refused):
            m.d.sync += self.failed.eq(1)
        with m.Elif(synced):
            m.d.sync += self.failed.eq(0)
        with m.If(answer.valid):
            m.d.sync += self.class_index.eq(answer.p.class_index)
