"""Address generator: from an event to the memory words that it touches, one step a clock."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from tickless.hw.core.edge_tables import EdgeTables
from tickless.hw.core.memory_map import MemoryMap, write_layout
from tickless.hw.core.shape import CoreShape
from tickless.hw.core.unpacker import event_layout
from tickless.hw.packet import Kind

__all__ = ["AddressGenerator", "step_layout"]


def step_layout(shape: CoreShape) -> data.StructLayout:
    """Layout of a step: what one event updates in one clock.

    Members
    -------
    kind : Kind
        EVENT, or the marker that passes.
    banks : array
        For each bank, row-major over the tap grid: whether a position in it is touched, and the
        addresses of its membrane word and its weight word.
    block : unsigned
        Channel block.
    lane_enable : unsigned
        Lanes whose channels the event reaches.
    last_block : unsigned(1)
        Whether the step is the last one of its positions.
    last : unsigned(1)
        Whether the step is the last one of its event.
    y, x : unsigned
        First of the step's positions.
    rotate_y, rotate_x : unsigned
        Row and column of the bank that holds the first position.
    sops : unsigned
        Synaptic operations of the step.
    """
    output = shape.output_link.layout
    rows, columns = shape.tap_grid
    return data.StructLayout(
        {
            "kind": Kind,
            "banks": data.ArrayLayout(
                data.StructLayout(
                    {
                        "valid": 1,
                        "address": shape.address_bits,
                        "weight_address": shape.weight_address_bits,
                    }
                ),
                shape.taps,
            ),
            "block": ceil_log2(shape.blocks),
            "lane_enable": shape.lanes,
            "last_block": 1,
            "last": 1,
            "y": output["y"].shape,
            "x": output["x"].shape,
            "rotate_y": ceil_log2(rows),
            "rotate_x": ceil_log2(columns),
            "sops": bits_for(shape.taps * shape.lanes),
        }
    )


class AddressGenerator(wiring.Component):
    """Address generator of a core.

    Takes an event while ``go`` is high and walks through its folded steps, one a clock: rows,
    then columns, then channel blocks innermost. Padding, pooling, stride, live extents and
    convolution groups are tables. Two clocks after a step is issued it appears at
    ``step``, which cannot be held up: ``go`` says that there is room behind.

    Parameters
    ----------
    shape : CoreShape
        The core.

    Members
    -------
    i : In(stream)
        Events and markers: `hw.core.unpacker.event_layout`.
    load : In(write_layout)
        Writes into the tables; only of a loadable core.
    go : In(1)
        Whether a step may be issued in this clock.
    issue : Out(1)
        High for one clock for each step issued, markers included.
    issue_end : Out(1)
        High with ``issue`` if the step is END.
    issue_event : Out(1)
        High with the last step issued of an event, markers excluded.
    outside : Out(1)
        High for one clock when an event outside the input's extent is taken; it reaches nothing.
    step : Out(step_layout)
        The step.
    step_valid : Out(1)
        Whether there is one.
    """

    i: stream.Interface
    go: Signal
    issue: Signal
    issue_end: Signal
    issue_event: Signal
    outside: Signal
    step: Any
    step_valid: Signal
    load: Any

    def __init__(self, shape: CoreShape):
        self.shape, self.memory_map = shape, MemoryMap(shape)
        self.edges = len(shape.edges)
        links = [edge.input_link for edge in shape.edges]
        loads = {"load": In(write_layout(self.memory_map))} if shape.loadable else {}
        super().__init__(
            {
                **loads,
                "i": In(stream.Signature(event_layout(*links))),
                "go": In(1),
                "issue": Out(1),
                "issue_end": Out(1),
                "issue_event": Out(1),
                "outside": Out(1),
                "step": Out(step_layout(shape)),
                "step_valid": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape, event = self.shape, self.i.p
        block_step = Signal(range(max(shape.blocks_per_event(edge) for edge in shape.edges)))
        tables = [
            EdgeTables(shape, self.memory_map, index, event, block_step)
            for index in range(self.edges)
        ]
        row_step = Signal(max(table.rows.step_bits for table in tables))
        column_step = Signal(max(table.columns.step_bits for table in tables))
        load = self.load if shape.loadable else None
        looked_up = [table.look_up(m, row_step, column_step, load) for table in tables]
        chosen: Any = looked_up[0]
        if self.edges > 1:
            chosen = Signal(looked_up[0].shape())
            m.d.comb += chosen.eq(Mux(event.edge, looked_up[1].as_value(), looked_up[0].as_value()))
        row, column, last_block = chosen.row, chosen.column, chosen.last_block

        is_event = Signal()
        inside = Signal()
        reaches = Signal()
        last = Signal()
        m.d.comb += [
            is_event.eq(event.kind == Kind.EVENT),
            inside.eq(chosen.inside),
            reaches.eq(is_event & inside & (row.count != 0) & (column.count != 0)),
            last.eq(~reaches | (last_block & column.last & row.last)),
            self.issue.eq(self.i.valid & self.go),
            self.issue_end.eq(self.issue & (event.kind == Kind.END)),
            self.issue_event.eq(self.issue & is_event & last),
            self.i.ready.eq(self.go & last),
            self.outside.eq(self.issue & is_event & ~inside),
        ]
        with m.If(self.issue):
            m.d.sync += block_step.eq(Mux(last_block | last, 0, block_step + 1))
            with m.If(last):
                m.d.sync += [row_step.eq(0), column_step.eq(0)]
            with m.Elif(last_block):
                m.d.sync += column_step.eq(Mux(column.last, 0, column_step + 1))
                with m.If(column.last):
                    m.d.sync += row_step.eq(row_step + 1)

        # First clock: look up. Second clock: add.
        valid = Signal()
        row_1: Any = Signal(row.shape())
        column_1: Any = Signal(column.shape())
        step_1: Any = Signal(self.step.shape())
        lane_count_1 = Signal.like(chosen.lane_count)
        weight_base = Signal(shape.weight_address_bits)
        m.d.sync += [
            valid.eq(self.issue),
            row_1.eq(row),
            column_1.eq(column),
            weight_base.eq(chosen.weight_base + block_step),
            step_1.kind.eq(event.kind),
            step_1.block.eq(chosen.first_block + block_step),
            step_1.lane_enable.eq(Mux(reaches, chosen.lane_enable, 0)),
            lane_count_1.eq(Mux(reaches, chosen.lane_count, 0)),
            step_1.last_block.eq(last_block | last),
            step_1.last.eq(last),
            self.step_valid.eq(valid),
            self.step.eq(step_1),
            self.step.y.eq(row_1.first),
            self.step.x.eq(column_1.first),
            self.step.rotate_y.eq(row_1.rotate),
            self.step.rotate_x.eq(column_1.rotate),
            self.step.sops.eq(row_1.count * column_1.count * lane_count_1),
        ]
        for index in range(shape.taps):
            bank_row = row_1.banks[index // shape.tap_grid[1]]
            bank_column = column_1.banks[index % shape.tap_grid[1]]
            bank = self.step.banks[index]
            m.d.sync += [
                bank.valid.eq(bank_row.valid & bank_column.valid & step_1.lane_enable.any()),
                bank.address.eq(bank_row.offset + bank_column.offset + step_1.block),
                bank.weight_address.eq(
                    weight_base + bank_row.weight_offset + bank_column.weight_offset
                ),
            ]
        return m
