"""Loading over the host link: from the chunks of commands to those of a design, checked."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.fabric.loading import LOAD_COUNTERS, load_layout
from tickless.hw.host.messages import (
    CHUNK_MESSAGE,
    IMAGE_CRC,
    LOAD_LAYOUT,
    LOADED_LAYOUT,
    Command,
    Error,
    byte_count,
)
from tickless.hw.host.reader import COMMAND_BITS
from tickless.hw.host.receiver import ERROR_BITS

__all__ = ["CONTROL", "ImageLoader"]

CHUNK_BYTES = byte_count(CHUNK_MESSAGE)

CONTROL = wiring.Signature(
    {
        "command": Out(COMMAND_BITS),
        "argument": Out(LOADED_LAYOUT.size),
        "error": In(ERROR_BITS),
        "start": Out(1),
        "chunk_valid": Out(1),
        "chunk_ready": In(1),
        "finish": Out(1),
        "has_network": In(1),
    }
)
"""What `hw.host.dispatcher.Dispatcher` and `ImageLoader` say to each other.

``command``, ``argument``: the command at hand and its data, in the highest bits. ``error``: `Error`
for which it is to be refused, 0 for none. ``start``, ``finish``: high for one clock when LOAD and
LOADED are carried out. ``chunk_valid``, ``chunk_ready``: handshake of a chunk of CHUNKS, which is
over when its core has acknowledged it. ``has_network``: whether there is a network.
"""


class ImageLoader(wiring.Component):
    """Loader of images.

    One chunk after the other goes into the design, as soon as it is in the check; the next one
    waits until its core has acknowledged it. What was configured is the first network; a reset
    changes nothing of what is loaded.

    Parameters
    ----------
    design, network : int
        As of `hw.host.config.HostConfig`.
    cores : int
        Cores of the design.
    starts_empty : bool
        Whether nothing is configured.

    Members
    -------
    control : In(CONTROL)
        Commands.
    o : Out(stream)
        Chunks for the design: `hw.fabric.loading.load_layout`.
    counters : In(LOAD_COUNTERS)
        What became of them.
    network : Out(64)
        As in INFO.
    """

    control: Any
    o: stream.Interface
    counters: Any
    network: Signal

    def __init__(self, design: int, network: int, cores: int, starts_empty: bool = False):
        self.design, self.first, self.cores = design, network, cores
        self.starts_empty = starts_empty
        super().__init__(
            {
                "control": In(CONTROL),
                "o": Out(stream.Signature(load_layout(cores))),
                "counters": In(LOAD_COUNTERS),
                "network": Out(64),
            }
        )

    def elaborate(self, platform):
        m = Module()
        control, chunk = self.control, self.o.p
        number = Signal(64, init=self.first, reset_less=True)
        has_network = Signal(init=int(not self.starts_empty), reset_less=True)
        loading = Signal()
        failed = Signal()  # a chunk was not written
        m.submodules.crc = crc = IMAGE_CRC().create()
        m.d.comb += [
            control.has_network.eq(has_network),
            self.network.eq(Mux(has_network, number, 0)),
            crc.start.eq(control.start),
        ]
        with m.If(control.start):
            m.d.sync += [loading.eq(1), failed.eq(0), has_network.eq(0)]
        loaded: Any = LOADED_LAYOUT(control.argument[-LOADED_LAYOUT.size :])
        with m.If(control.finish):
            m.d.sync += [loading.eq(0), has_network.eq(1), number.eq(loaded.network)]

        load: Any = LOAD_LAYOUT(control.argument[-LOAD_LAYOUT.size :])
        with m.Switch(control.command):
            with m.Case(Command.LOAD.value):
                m.d.comb += control.error.eq(Mux(load.design == self.design, 0, Error.DESIGN))
            with m.Case(Command.CHUNKS.value, Command.LOADED.value):
                with m.If(failed):
                    m.d.comb += control.error.eq(Error.MEMORY)
                with m.Elif(
                    ~loading
                    | ((control.command == Command.LOADED.value) & (loaded.check != crc.crc))
                ):
                    m.d.comb += control.error.eq(Error.IMAGE)

        message: Any = CHUNK_MESSAGE(control.argument[-CHUNK_MESSAGE.size :])
        byte = Signal(range(CHUNK_BYTES))
        # Exactly one counter moves, by one, when a chunk is acknowledged.
        counted = Signal(3)
        before = Signal.like(counted)
        m.d.comb += [
            counted.eq(
                self.counters.written[0]
                | self.counters.unknown[0] << 1
                | self.counters.refused[0] << 2
            ),
            chunk.chunk.data.eq(message.data),
            chunk.chunk.address.eq(message.address),
            chunk.core.eq(Mux(message.core < self.cores, message.core, self.cores)),
            crc.data.eq(message.as_value().word_select(byte, 8)),
        ]
        with m.FSM():
            with m.State("check"), m.If(control.chunk_valid):
                with m.If(loading & ~failed):
                    m.d.comb += crc.valid.eq(1)
                    m.d.sync += byte.eq(byte + 1)
                    with m.If(byte == CHUNK_BYTES - 1):
                        m.next = "write"
                with m.Else():
                    m.d.comb += control.chunk_ready.eq(1)
            with m.State("write"):
                m.d.comb += self.o.valid.eq(1)
                m.d.sync += before.eq(counted)
                with m.If(self.o.ready):
                    m.next = "wait"
            with m.State("wait"), m.If(counted != before):
                m.d.comb += control.chunk_ready.eq(1)
                with m.If(counted[0] == before[0]):
                    m.d.sync += failed.eq(1)
                m.next = "check"
        return m
