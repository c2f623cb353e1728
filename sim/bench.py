"""Bench: designs between sources and taps, with probes on every membrane memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    Const,
    Instance,
    Module,
    Signal,
    Value,
)
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.gen.verilog import verilog
from tickless.hw.fabric.loading import LOAD_COUNTERS
from tickless.sim.modules import merge_modules

__all__ = ["Bench", "DesignFactory", "Tap", "Unit"]


class DesignFactory(Protocol):
    """Maker of a design, for example ``partial(hw.design.Design, config)``."""

    def __call__(self, *, channel: Callable[[int, data.StructLayout], wiring.Component]) -> Any: ...


class Tap(wiring.Component):
    """Recorder, rule checker and random stall of one link; see ``native/tap.sv``.

    Parameters
    ----------
    layout : data.StructLayout
        Packet layout.
    link : int
        Index of the link in the bench.
    cycle : Signal
        64-bit cycle count.
    stalls : Signal
        Whether random stalls are on.

    Members
    -------
    i : In(stream)
        Packets from the producer.
    o : Out(stream)
        Packets to the consumer.
    """

    i: Any
    o: Any

    def __init__(self, layout: data.StructLayout, link: int, cycle: Signal, stalls: Signal):
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(layout))})
        self.instance = Instance(
            "tickless_tap",
            p_WIDTH=layout.size,
            p_LINK=link,
            i_clk=ClockSignal(),
            i_cycle=cycle,
            i_stalls=stalls,
            i_i_valid=self.i.valid,
            i_i_payload=Value.cast(self.i.payload),
            o_i_ready=self.i.ready,
            o_o_valid=self.o.valid,
            o_o_payload=Value.cast(self.o.payload),
            i_o_ready=self.o.ready,
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.tap = self.instance
        return m


@dataclass(frozen=True, eq=False)
class Unit:
    """One design of a bench, and where its parts lie among those of the whole bench.

    Members
    -------
    design : hw.design.DesignBase
        The design.
    taps : tuple of Tap
        One a link.
    layouts : tuple of data.StructLayout
        Packet layout of each link.
    first_link : int
        Index of the unit's first link in the bench.
    first_probe : int
        Index of the unit's first membrane bank in the bench; banks count through the spiking
        cores in order.
    load_layout : data.StructLayout or None
        Chunks that can be loaded; None if the design is not loadable.
    """

    design: Any
    taps: tuple[Tap, ...]
    layouts: tuple[data.StructLayout, ...]
    first_link: int
    first_probe: int
    load_layout: data.StructLayout | None

    @property
    def spiking_cores(self) -> list[Any]:
        """Cores with membranes."""
        return [core for core in self.design.cores if not core.shape.readout]


class Bench(wiring.Component):
    """Top of a simulation: independent designs that all run at once.

    Each design has a source at its input, a loadable one another at its ``load``, and a tap on
    every link; its answers are always taken. Sources of loads count behind those of the inputs.
    There is no reset: designs start from their state after power-up, as hardware does.

    Parameters
    ----------
    factories : sequence of DesignFactory
        One a design.
    text : str, optional
        Its Verilog, where it is known.

    Attributes
    ----------
    units : tuple of Unit
        One a design.

    Members
    -------
    clk : In(1)
        Clock of all designs.
    stalls : In(1)
        Whether random stalls are on.
    valid_<unit>, ready_<unit> : Out
        One bit a link: whether its producer offers a packet, whether its consumer would take one.
        For the report of a hang.
    counters_<unit>_<core> : Out
        Performance counters of a core.
    load_counters_<unit> : Out
        What became of the chunks of a loadable design.
    """

    clk: Signal
    stalls: Signal

    def __init__(self, factories: Sequence[DesignFactory], text: str | None = None):
        self._text = text
        self._cycle = Signal(64)
        self._stalls = Signal()
        units: list[Unit] = []
        links = probes = 0
        for factory in factories:
            units.append(self._unit(factory, links, probes))
            links += len(units[-1].taps)
            probes += sum(len(core.banks) for core in units[-1].spiking_cores)
        self.units = tuple(units)
        members: dict[str, Any] = {"clk": In(1), "stalls": In(1)}
        for index, unit in enumerate(self.units):
            members[f"valid_{index}"] = members[f"ready_{index}"] = Out(len(unit.taps))
            for number, core in enumerate(unit.design.cores):
                members[f"counters_{index}_{number}"] = Out(core.counters.shape().size)
            if unit.load_layout is not None:
                members[f"load_counters_{index}"] = Out(LOAD_COUNTERS.size)
        super().__init__(members)

    def _unit(self, factory: DesignFactory, first_link: int, first_probe: int) -> Unit:
        # A design asks for its channels when it is elaborated, after its links are known.
        taps: list[Tap] = []
        design = factory(channel=lambda index, layout: taps[index])
        layouts = tuple(
            design.o.payload.shape() if link.packets is None else link.packets.layout
            for link in design.links
        )
        for index, layout in enumerate(layouts):
            taps.append(Tap(layout, first_link + index, self._cycle, self._stalls))
        load = getattr(design, "load", None)
        load_layout = None if load is None else load.p.shape()
        return Unit(design, tuple(taps), layouts, first_link, first_probe, load_layout)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = sync = ClockDomain(reset_less=True)
        sync.clk = self.clk  # pyright: ignore[reportAttributeAccessIssue] -- the stubs lack it
        m.d.sync += self._cycle.eq(self._cycle + 1)
        m.d.comb += self._stalls.eq(self.stalls)
        for index, unit in enumerate(self.units):
            design = unit.design
            m.submodules[f"unit_{index}"] = design
            m.submodules[f"source_{index}"] = _source(design.i, index)
            if unit.load_layout is not None:
                source = _source(design.load, len(self.units) + index)
                m.submodules[f"load_source_{index}"] = source
                m.d.comb += getattr(self, f"load_counters_{index}").eq(design.load_counters)
            m.d.comb += [
                design.o.ready.eq(1),
                getattr(self, f"valid_{index}").eq(Cat(tap.i.valid for tap in unit.taps)),
                getattr(self, f"ready_{index}").eq(Cat(tap.o.ready for tap in unit.taps)),
            ]
            for number, core in enumerate(design.cores):
                m.d.comb += getattr(self, f"counters_{index}_{number}").eq(core.counters)
            probe = unit.first_probe
            for core in unit.spiking_cores:
                for bank in core.banks:
                    m.submodules[f"probe_{probe}"] = _probe(core, bank.write, probe)
                    probe += 1
        return m

    @property
    def definition(self) -> str | None:
        """What the bench follows from; None if one of its designs does not say so."""
        designs = [getattr(unit.design, "definition", None) for unit in self.units]
        return None if None in designs else repr((type(self).__name__, designs))

    def verilog(self) -> str:
        """Verilog of the whole bench, its top module named ``bench``."""
        if self._text is not None:
            return self._text
        return merge_modules(verilog(self, "bench"))


def _source(sink: Any, index: int) -> Instance:
    """Source of an index, at a stream."""
    return Instance(
        "tickless_source",
        p_WIDTH=sink.p.shape().size,
        p_SOURCE=index,
        i_clk=ClockSignal(),
        o_o_valid=sink.valid,
        o_o_payload=Value.cast(sink.payload),
        i_o_ready=sink.ready,
    )


def _probe(core: Any, write: Any, probe: int) -> Instance:
    """Mirror of a membrane memory; words of tag 0, which is no epoch, do not count."""
    membranes = Value.cast(write.data.membranes)
    return Instance(
        "tickless_probe",
        p_WIDTH=len(membranes),
        p_ADDRESS_WIDTH=max(1, len(write.addr)),
        p_DEPTH=core.shape.bank_depth,
        p_PROBE=probe,
        i_clk=ClockSignal(),
        i_take=core.end_written,
        i_enable=write.en & (write.data.epoch != 0),
        i_address=write.addr if len(write.addr) else Const(0, 1),
        i_data=membranes,
    )
