"""Traffic with the SDRAM: the port of one who asks, and who of them is served."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.sdram.controller import COUNT_BITS, REQUEST_LAYOUT
from tickless.hw.sdram.timing import DATA_BITS

__all__ = ["Arbiter", "port_signature"]


def port_signature() -> wiring.Signature:
    """Port of one who asks: a request stream, words to write, words read."""
    return wiring.Signature(
        {
            "request": Out(stream.Signature(REQUEST_LAYOUT)),
            "w": Out(stream.Signature(DATA_BITS)),
            "r": In(DATA_BITS),
            "r_valid": In(1),
        }
    )


class Arbiter(wiring.Component):
    """Arbiter of several ports to one SDRAM controller: burst by burst, of the first that asks.

    Parameters
    ----------
    ports : int
        Ports.

    Members
    -------
    ports : In(port_signature).array(ports)
        Who asks.
    sdram : Out(port_signature)
        The controller.
    hold : In(1)
        Begin no other burst.
    idle : Out(1)
        Whether no burst is under way.
    """

    ports: Sequence[Any]
    sdram: Any
    hold: Signal
    idle: Signal

    def __init__(self, ports: int):
        super().__init__(
            {
                "ports": In(port_signature()).array(ports),
                "sdram": Out(port_signature()),
                "hold": In(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sdram, ports = self.sdram, self.ports
        burst = data.StructLayout({"owner": ceil_log2(len(ports)), "left": COUNT_BITS, "write": 1})
        owner = Signal(range(len(ports)))  # of the request that is offered
        # Controller and ports are far from each other: the answer takes a clock.
        granted, offered, answered = Signal(), Signal(), Signal()
        # A burst is asked for while the one before it is under way. Its first word moves when the
        # last one of that is long gone: a row is closed and another one opened between them.
        now: Any = Signal(burst)
        then: Any = Signal(burst)
        moved, asked = Signal(), Signal()
        m.d.comb += [
            moved.eq((sdram.w.valid & sdram.w.ready) | sdram.r_valid),
            asked.eq(sdram.request.valid & sdram.request.ready),
            self.idle.eq(~granted & (now.left == 0) & (then.left == 0)),
        ]
        with m.If(~granted & ~self.hold):
            for number, port in reversed(list(enumerate(ports))):
                with m.If(port.request.valid):
                    m.d.sync += [owner.eq(number), granted.eq(1)]
        with m.If(moved):
            m.d.sync += now.left.eq(now.left - 1)
        with m.If(now.left == 0):
            m.d.sync += [now.eq(then), then.left.eq(0)]
        requests = Array(port.request.payload.as_value() for port in ports)
        with m.If(~offered & ~answered):
            m.d.sync += [sdram.request.payload.eq(requests[owner]), offered.eq(granted)]
        m.d.comb += sdram.request.valid.eq(offered & (then.left == 0))
        with m.If(asked):
            m.d.sync += [
                offered.eq(0),
                answered.eq(1),
                then.owner.eq(owner),
                then.left.eq(sdram.request.p.count),
                then.write.eq(sdram.request.p.write),
            ]
        with m.If(answered):
            m.d.sync += [granted.eq(0), answered.eq(0)]
        writes = now.write & (now.left != 0)
        m.d.comb += [
            sdram.w.payload.eq(Array(port.w.payload for port in ports)[now.owner]),
            sdram.w.valid.eq(Array(port.w.valid for port in ports)[now.owner] & writes),
        ]
        # Words that are read have a long way: a clock for it.
        read = Signal(DATA_BITS)
        m.d.sync += read.eq(sdram.r)
        for number, port in enumerate(ports):
            mine = now.owner == number
            m.d.comb += [
                port.request.ready.eq(answered & (owner == number)),
                port.w.ready.eq(sdram.w.ready & writes & mine),
                port.r.eq(read),
            ]
            m.d.sync += port.r_valid.eq(sdram.r_valid & mine)
        return m
