"""Register file of an AXI bridge."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Module, Signal, Value, ValueLike
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.axi.lite import AxiLite, lite_signature
from tickless.hw.axi.registers import MAGIC, VERSION, Register, address_bits, registers
from tickless.hw.axi.shape import CLOCK_BITS, WORD_BITS, AxiShape
from tickless.hw.core.shape import COUNTER_BITS
from tickless.hw.fabric.loading import LOAD_COUNTERS

__all__ = ["RegisterFile"]


class RegisterFile(wiring.Component):
    """Registers behind AXI4-Lite: those of `hw.axi.registers`.

    Parameters
    ----------
    shape : AxiShape
        The bridge's.

    Members
    -------
    bus : In(lite_signature)
        The bus.
    status, first_clock, marker_clock : In
        What the registers of these names hold.
    counters : In
        Counters of each core, as of `hw.design.Design`.
    margin, skipped : Out(WORD_BITS), In
        Margin as it was written last; dropped packets. Only with early exit.
    load, load_counters : Out(stream), In
        Chunks, and what became of them; only where there is something to load.
    """

    bus: Any
    status: Signal
    first_clock: Signal
    marker_clock: Signal
    counters: Any
    margin: Signal
    skipped: Signal
    load: Any
    load_counters: Any

    def __init__(self, shape: AxiShape):
        self.axi = shape
        members: dict[str, Any] = {
            "bus": In(lite_signature(address_bits(shape))),
            "status": In(WORD_BITS),
            "first_clock": In(CLOCK_BITS),
            "marker_clock": In(CLOCK_BITS),
            "counters": In(
                data.StructLayout({f"core_{n}": layout for n, layout in enumerate(shape.counters)})
            ),
        }
        if shape.early_exit:
            members["margin"] = Out(WORD_BITS, init=shape.margin)  # pyright: ignore[reportCallIssue]
            members["skipped"] = In(COUNTER_BITS)
        if shape.load is not None:
            members["load"] = Out(stream.Signature(shape.load))
            members["load_counters"] = In(LOAD_COUNTERS)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.submodules.lite = lite = AxiLite(address_bits(self.axi))
        connect(m, flipped(self.bus), lite.bus)
        table = registers(self.axi)
        self._read(m, lite, [register for register in table if "r" in register.access])
        self._write(m, lite, [register for register in table if "w" in register.access])
        return m

    def _read(self, m, lite, table: list[Register]) -> None:
        values = self._values()
        high = Signal(WORD_BITS)
        with m.Switch(lite.read_address):
            for register in table:
                value = Value.cast(values[register.name])
                with m.Case(register.address // 4):
                    m.d.comb += [lite.read_known.eq(1), lite.read_data.eq(value)]
                    if register.words == 2:
                        with m.If(lite.read):
                            m.d.sync += high.eq(value[WORD_BITS:])
        if any(register.words == 2 for register in table):
            seconds = [register.address // 4 + 1 for register in table if register.words == 2]
            with m.Switch(lite.read_address), m.Case(*seconds):
                m.d.comb += [lite.read_known.eq(1), lite.read_data.eq(high)]

    def _values(self) -> Mapping[str, ValueLike]:
        """What each register holds that can be read."""
        shape = self.axi
        values: dict[str, Any] = {
            "magic": MAGIC,
            "version": VERSION,
            "network_low": shape.network & ((1 << WORD_BITS) - 1),
            "network_high": shape.network >> WORD_BITS,
            "channels": shape.link.channels,
            "height": shape.link.height,
            "width": shape.link.width,
            "classes": shape.classes,
            "cores": len(shape.counters),
            "features": shape.features,
            "status": self.status,
            "first_clock": self.first_clock,
            "marker_clock": self.marker_clock,
        }
        if shape.early_exit:
            values |= {"margin": self.margin, "skipped": self.skipped}
        if shape.load is not None:
            values |= {f"load_{name}": self.load_counters[name] for name in LOAD_COUNTERS.members}
        for core, layout in enumerate(shape.counters):
            for name in layout.members:
                values[f"core_{core}.{name}"] = self.counters[f"core_{core}"][name]
        return values

    def _write(self, m, lite, table: list[Register]) -> None:
        shape = self.axi
        # What each register takes, and whether it does so now.
        taken: dict[str, Any] = {}
        written: dict[str, Signal] = {}
        if shape.early_exit:
            taken["margin"] = self.margin
        if shape.load is not None:
            core = Signal.like(self.load.p.core)
            address = Signal.like(self.load.p.chunk.address)
            taken |= {"load_core": core, "load_address": address}
            m.d.comb += [
                self.load.p.core.eq(core),
                self.load.p.chunk.address.eq(address),
                self.load.p.chunk.data.eq(lite.write.p),
            ]
        with m.Switch(lite.write_address):
            for register in table:
                name = register.name
                written[name] = Signal(name=f"{name}_written")
                width = len(taken[name]) if name in taken else WORD_BITS
                with m.Case(register.address // 4):
                    m.d.comb += [
                        lite.write_known.eq(lite.write.p >> width == 0),
                        lite.write.ready.eq(1),
                        written[name].eq(lite.write.valid),
                    ]
        for name, register in taken.items():
            with m.If(written[name]):
                m.d.sync += register.eq(lite.write.p)
        if shape.load is not None:
            m.d.comb += self.load.valid.eq(written["load_data"])
            with m.If(written["load_data"]):
                m.d.comb += lite.write.ready.eq(self.load.ready)
