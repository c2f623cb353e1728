"""Event core: one layer of integrate-and-fire neurons."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.core.address import AddressGenerator, step_layout
from tickless.hw.core.contents import CoreContents
from tickless.hw.core.counters import Counters, counter_layout
from tickless.hw.core.epoch import EpochControl
from tickless.hw.core.join import Join
from tickless.hw.core.loader import add_loader, load_members
from tickless.hw.core.memory_map import MemoryMap, parameter_layout, parameter_words
from tickless.hw.core.neurons import NeuronBank
from tickless.hw.core.packer import Packer, group_layout
from tickless.hw.core.shape import CoreShape
from tickless.hw.core.table import read_region
from tickless.hw.core.unpacker import Unpacker
from tickless.hw.packet import Kind

__all__ = ["Core"]


def _passing_layout(shape: CoreShape) -> data.StructLayout:
    """What of a step is still needed when its neurons are updated."""
    step = step_layout(shape)
    names = ("kind", "y", "x", "block", "last_block", "last", "rotate_y", "rotate_x")
    return data.StructLayout({name: step[name].shape for name in names})


class Core(wiring.Component):
    """Event core.

    Computes the spikes of one layer from the events that arrive, in the order of the contract.
    Takes one folded step a clock, or every other clock with single-port membranes: with all lanes
    and taps one event a clock. END passes behind the last spike and resets all membranes; READ
    passes.

    unpack -> address (2 clocks) -> read, compute, write back -> rotate -> queue -> packets

    Parameters
    ----------
    shape : CoreShape
        The layer and its folding.
    contents : CoreContents
        Its weights, thresholds and floors.

    Members
    -------
    i : In(stream)
        Packets from the layer before.
    shortcut : In(stream)
        Packets of the shortcut; only of a join.
    o : Out(stream)
        Packets of this layer's spikes.
    counters : Out(counter_layout)
        Performance counters since reset.
    load, load_valid, load_unknown : In(CHUNK_LAYOUT), In(1), Out(1)
        Chunks written into the core's memories, see `hw.core.loader.Loader`; only of a loadable
        core, and only between samples.

    Attributes
    ----------
    banks : list of NeuronBank
        Membranes, row-major over the tap grid.
    end_written : Signal
        High for one clock when END passes the write-back stage: every earlier update is in the
        membranes, none of the next sample's is.
    """

    i: stream.Interface
    shortcut: stream.Interface
    o: stream.Interface
    counters: Any
    load: Any
    load_valid: Signal
    load_unknown: Signal

    def __init__(self, shape: CoreShape, contents: CoreContents):
        if shape.readout:
            raise ValueError(f"core {shape.name!r} is a readout: expected a spiking layer")
        contents.check(shape)
        self.shape, self.contents = shape, contents
        self.banks = [NeuronBank(shape, contents) for _ in range(shape.taps)]
        self.end_written = Signal()
        inputs = {
            name: In(stream.Signature(edge.input_link.layout))
            for name, edge in zip(("i", "shortcut"), shape.edges, strict=False)
        }
        super().__init__(
            {
                **inputs,
                **load_members(shape),
                "o": Out(stream.Signature(shape.output_link.layout)),
                "counters": Out(counter_layout(shape)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape, memory_map = self.shape, MemoryMap(self.shape)
        m.submodules.address = address = AddressGenerator(shape)
        m.submodules.epoch = epoch = EpochControl(shape)
        m.submodules.packer = packer = Packer(shape)
        m.submodules.counters = counters = Counters(shape)
        dropped = self._unpack(m, address.i)
        connect(m, packer.o, flipped(self.o))

        # The epoch travels with the step: two clocks to the membranes.
        epoch_1 = Signal(shape.epoch_bits)
        epoch_2 = Signal(shape.epoch_bits)
        m.d.sync += [epoch_1.eq(epoch.epoch), epoch_2.eq(epoch_1)]
        # A single-port memory is read in one clock and written in the other.
        turn, free = Signal(), Signal()
        if shape.single_port:
            m.d.sync += turn.eq(~turn)
        else:
            m.d.comb += turn.eq(1)
        m.d.comb += [
            free.eq(packer.room & epoch.ready),
            address.go.eq(free & turn),
            packer.reserve.eq(address.issue),
            epoch.end.eq(address.issue_end),
        ]
        step = address.step
        load = add_loader(m, self, memory_map) if shape.loadable else None
        block = step.block
        for _ in range(shape.operand_stage):
            later = Signal.like(block)
            m.d.sync += later.eq(block)
            block = later
        layout = parameter_layout(shape)
        words = parameter_words(shape, self.contents)
        parameters = read_region(m, memory_map, "neurons", words, block, layout, load)
        if load is not None:
            m.d.comb += address.load.eq(load)
        for index, bank in enumerate(self.banks):
            m.submodules[f"bank_{index}"] = bank
            touched = step.banks[index]
            m.d.comb += [
                bank.update.valid.eq(address.step_valid & touched.valid),
                bank.update.address.eq(touched.address),
                bank.update.weight_address.eq(touched.weight_address),
                bank.update.lane_enable.eq(step.lane_enable),
                bank.update.epoch.eq(epoch_2),
                bank.sweep.eq(epoch.sweep),
                bank.sweep_address.eq(epoch.address),
                bank.parameters.eq(parameters),
            ]
            if load is not None:
                m.d.comb += bank.load.eq(load)

        # Beside the neuron banks.
        passing: Any = Signal(_passing_layout(shape))
        m.d.comb += [passing[name].eq(step[name]) for name, _ in passing.shape()]
        valid = address.step_valid
        for stage in range(1, shape.operand_stage + 3):
            later = Signal.like(passing, name=f"passing_{stage}")
            later_valid = Signal(name=f"passing_{stage}_valid")
            m.d.sync += [later.eq(passing), later_valid.eq(valid)]
            passing, valid = later, later_valid
        m.d.comb += self.end_written.eq(valid & (passing.kind == Kind.END))

        # Banks hold positions modulo the tap grid: rotate them back into row-major order.
        rows, columns = shape.tap_grid
        group = Signal(group_layout(shape))
        group_valid = Signal()
        m.d.sync += [
            group_valid.eq(valid),
            group.kind.eq(passing.kind),
            group.y.eq(passing.y),
            group.x.eq(passing.x),
            group.block.eq(passing.block),
            group.last_block.eq(passing.last_block),
            group.last.eq(passing.last),
        ]
        fired = Cat(bank.fired for bank in self.banks)
        row_bits = columns * shape.lanes
        rotated_rows = Signal(len(fired))
        with m.Switch(passing.rotate_y):
            for turn in range(rows):
                with m.Case(turn):
                    m.d.comb += rotated_rows.eq(fired.rotate_right(turn * row_bits))
        rotated: Any = Signal(group.masks.shape())
        for row in range(rows):
            line = rotated_rows.word_select(row, row_bits)
            with m.Switch(passing.rotate_x):
                for turn in range(columns):
                    with m.Case(turn):
                        masks = line.rotate_right(turn * shape.lanes)
                        m.d.comb += rotated.as_value().word_select(row, row_bits).eq(masks)
        m.d.sync += [
            group.masks.eq(rotated),
            group.fired.eq(Cat(rotated[index].any() for index in range(shape.taps))),
        ]
        m.d.comb += [packer.group.eq(group), packer.group_valid.eq(group_valid)]

        m.d.comb += [
            counters.event.eq(address.issue_event),
            counters.dropped.eq(dropped + address.outside),
            counters.packet.eq(self.o.valid & self.o.ready),
            counters.busy.eq(address.issue),
            counters.stall.eq(address.i.valid & ~free),
            counters.sops.eq(Mux(address.step_valid, step.sops, 0)),
            self.counters.eq(counters.o),
        ]
        return m

    def _unpack(self, m, events):
        """Events of all edges in the order of the contract; returns the packets dropped."""
        m.submodules.unpacker = unpacker = Unpacker(self.shape.input_link, self.shape.fast_clock)
        connect(m, flipped(self.i), unpacker.i)
        if len(self.shape.edges) == 1:
            connect(m, unpacker.o, events)
            return unpacker.dropped
        m.submodules.shortcut = shortcut = Unpacker(
            self.shape.edges[1].input_link, self.shape.fast_clock
        )
        m.submodules.join = join = Join((unpacker.link, shortcut.link))
        connect(m, flipped(self.shortcut), shortcut.i)
        connect(m, unpacker.o, join.i)
        connect(m, shortcut.o, join.shortcut)
        connect(m, join.o, events)
        return unpacker.dropped | shortcut.dropped
