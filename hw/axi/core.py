"""AXI core: a design behind AXI4-Stream and AXI4-Lite, with the ports that tools look for."""

from typing import Any

from amaranth.hdl import ClockDomain, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from tickless.hw.axi.bridge import AxiBridge
from tickless.hw.axi.lite import STROBES, Response
from tickless.hw.axi.registers import address_bits
from tickless.hw.axi.shape import WORD_BITS, AxiShape
from tickless.hw.design import Design

__all__ = ["AxiCore"]

# Vivado infers the interfaces from their ports' names, but not that these two are theirs.
CLOCK_ATTRIBUTES = {
    "X_INTERFACE_INFO": "xilinx.com:signal:clock:1.0 aclk CLK",
    "X_INTERFACE_PARAMETER": "ASSOCIATED_BUSIF s_axis:m_axis:s_axi, ASSOCIATED_RESET aresetn",
}
RESET_ATTRIBUTES = {
    "X_INTERFACE_INFO": "xilinx.com:signal:reset:1.0 aresetn RST",
    "X_INTERFACE_PARAMETER": "POLARITY ACTIVE_LOW",
}


class AxiCore(wiring.Component):
    """Design as a core for a block design.

    Parameters
    ----------
    design : Design
        The network's cores. It becomes a part of this component.
    network : int
        See `AxiShape`.

    Raises
    ------
    InputError
        See `AxiShape.of`.

    Members
    -------
    aclk, aresetn : In(1)
        Clock and synchronous reset, which is active low.
    s_axis_tdata, s_axis_tlast, s_axis_tvalid, s_axis_tready
        AXI4-Stream: events and markers, `AxiShape.event`.
    m_axis_tdata, m_axis_tlast, m_axis_tvalid, m_axis_tready
        AXI4-Stream: answers, `AxiShape.words`.
    s_axi_*
        AXI4-Lite: `hw.axi.registers`.
    decided : Out(1)
        As of `Design`; only with early exit.
    """

    aclk: Signal
    aresetn: Signal
    decided: Signal

    def __init__(self, design: Design, network: int):
        self.design: Any = design
        self.shape = AxiShape.of(design, network)
        address = address_bits(self.shape)
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axis_tdata": In(self.shape.event.size),
                "s_axis_tlast": In(1),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "m_axis_tdata": Out(WORD_BITS),
                "m_axis_tlast": Out(1),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "s_axi_awaddr": In(address),
                "s_axi_awprot": In(3),
                "s_axi_awvalid": In(1),
                "s_axi_awready": Out(1),
                "s_axi_wdata": In(WORD_BITS),
                "s_axi_wstrb": In(STROBES),
                "s_axi_wvalid": In(1),
                "s_axi_wready": Out(1),
                "s_axi_bresp": Out(Response.as_shape()),
                "s_axi_bvalid": Out(1),
                "s_axi_bready": In(1),
                "s_axi_araddr": In(address),
                "s_axi_arprot": In(3),
                "s_axi_arvalid": In(1),
                "s_axi_arready": Out(1),
                "s_axi_rdata": Out(WORD_BITS),
                "s_axi_rresp": Out(Response.as_shape()),
                "s_axi_rvalid": Out(1),
                "s_axi_rready": In(1),
                **({"decided": Out(1)} if self.shape.early_exit else {}),
            }
        )
        self.aclk.attrs.update(CLOCK_ATTRIBUTES)
        self.aresetn.attrs.update(RESET_ATTRIBUTES)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = sync = ClockDomain()
        sync.clk = self.aclk  # pyright: ignore[reportAttributeAccessIssue] -- the stubs lack it
        m.d.comb += ResetSignal().eq(~self.aresetn)
        m.submodules.network = design = self.design
        bridge: Any = AxiBridge(self.shape)
        m.submodules.bridge = bridge
        connect(m, bridge.packets, design.i)
        connect(m, design.o, bridge.answers)
        m.d.comb += bridge.counters.eq(design.counters)
        if self.shape.early_exit:
            readouts = (core for core in design.cores if core.shape.readout)
            m.d.comb += [
                *(readout.margin.eq(bridge.margin) for readout in readouts),
                bridge.skipped.eq(design.skipped),
                self.decided.eq(design.decided),
            ]
        if self.shape.load is not None:
            connect(m, bridge.load, design.load)
            m.d.comb += bridge.load_counters.eq(design.load_counters)
        beats, words, bus = bridge.beats, bridge.words, bridge.bus
        for name, stream, fields in (
            ("s_axis_t", beats, {"data": beats.p.data, "last": beats.p.last}),
            ("s_axi_aw", bus.aw, {"addr": bus.aw.p}),
            ("s_axi_w", bus.w, {"data": bus.w.p.data, "strb": bus.w.p.strb}),
            ("s_axi_ar", bus.ar, {"addr": bus.ar.p}),
        ):
            m.d.comb += [
                stream.valid.eq(getattr(self, f"{name}valid")),
                getattr(self, f"{name}ready").eq(stream.ready),
                *(field.eq(getattr(self, f"{name}{part}")) for part, field in fields.items()),
            ]
        for name, stream, fields in (
            ("m_axis_t", words, {"data": words.p.data, "last": words.p.last}),
            ("s_axi_b", bus.b, {"resp": bus.b.p}),
            ("s_axi_r", bus.r, {"data": bus.r.p.data, "resp": bus.r.p.resp}),
        ):
            m.d.comb += [
                getattr(self, f"{name}valid").eq(stream.valid),
                stream.ready.eq(getattr(self, f"{name}ready")),
                *(getattr(self, f"{name}{part}").eq(field) for part, field in fields.items()),
            ]
        return m
