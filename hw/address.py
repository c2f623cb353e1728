"""Address generator: from an event to the memory words that it touches, one step a clock."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from hw.axis import AxisTable
from hw.config import CoreConfig
from hw.packet import Kind
from hw.table import lookup
from hw.unpacker import event_layout

__all__ = ["AddressGenerator", "step_layout"]


def step_layout(config: CoreConfig) -> data.StructLayout:
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
    output = config.output_link.layout
    rows, columns = config.tap_grid
    return data.StructLayout(
        {
            "kind": Kind,
            "banks": data.ArrayLayout(
                data.StructLayout(
                    {
                        "valid": 1,
                        "address": config.address_bits,
                        "weight_address": config.weight_address_bits,
                    }
                ),
                config.taps,
            ),
            "block": ceil_log2(config.blocks),
            "lane_enable": config.lanes,
            "last_block": 1,
            "last": 1,
            "y": output["y"].shape,
            "x": output["x"].shape,
            "rotate_y": ceil_log2(rows),
            "rotate_x": ceil_log2(columns),
            "sops": bits_for(config.taps * config.lanes),
        }
    )


class AddressGenerator(wiring.Component):
    """Address generator of a core.

    Takes an event while ``go`` is high and walks through its folded steps, one a clock: rows,
    then columns, then channel blocks innermost. Padding, pooling, stride, live extents and
    convolution groups are tables in logic. Two clocks after a step is issued it appears at
    ``step``, which cannot be held up: ``go`` says that there is room behind.

    Parameters
    ----------
    config : CoreConfig
        The core.

    Members
    -------
    i : In(stream)
        Events and markers: `event_layout`.
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

    def __init__(self, config: CoreConfig):
        self.config = config
        super().__init__(
            {
                "i": In(stream.Signature(event_layout(config.input_link))),
                "go": In(1),
                "issue": Out(1),
                "issue_end": Out(1),
                "issue_event": Out(1),
                "outside": Out(1),
                "step": Out(step_layout(config)),
                "step_valid": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, link, event = self.config, self.config.input_link, self.i.p
        rows, columns = (AxisTable(config, axis) for axis in (0, 1))
        group_size = link.channels // config.groups
        group_blocks = [config.group_blocks(group) for group in range(config.groups)]
        last_blocks = [max(0, len(blocks) - 1) for blocks in group_blocks]

        # Where in the event: row step, column step, block within the group.
        row_step = Signal(rows.step_bits)
        column_step = Signal(columns.step_bits)
        block_step = Signal(ceil_log2(config.blocks_per_event))
        row = lookup(m, Cat(row_step, event.y), rows.entries, rows.layout, "row")
        column = lookup(m, Cat(column_step, event.x), columns.entries, columns.layout, "column")
        group = lookup(
            m,
            event.channel,
            [channel // group_size for channel in range(link.channels)],
            range(config.groups),
            "group",
        )
        first_block = lookup(m, group, [b.start for b in group_blocks], range(config.blocks), "b0")
        last_block = Signal()
        m.d.comb += last_block.eq(
            block_step == lookup(m, group, last_blocks, block_step.shape(), "b1")
        )
        lane_enable = lookup(
            m,
            Cat(block_step, group),
            [
                config.lane_mask(g, group_blocks[g].start + block)
                for g in range(config.groups)
                for block in range(1 << len(block_step))
            ],
            config.lanes,
            "lane_enable",
        )

        is_event = Signal()
        inside = Signal()
        reaches = Signal()
        last = Signal()
        m.d.comb += [
            is_event.eq(event.kind == Kind.EVENT),
            inside.eq(
                (event.channel < link.channels) & (event.y < link.height) & (event.x < link.width)
            ),
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
        row_1: Any = Signal(rows.layout)
        column_1: Any = Signal(columns.layout)
        step_1: Any = Signal(self.step.shape())
        weight_base = Signal(config.weight_address_bits)
        m.d.sync += [
            valid.eq(self.issue),
            row_1.eq(row),
            column_1.eq(column),
            weight_base.eq(event.channel * (config.weight_depth // link.channels) + block_step),
            step_1.kind.eq(event.kind),
            step_1.block.eq(first_block + block_step),
            step_1.lane_enable.eq(Mux(reaches, lane_enable, 0)),
            step_1.last_block.eq(last_block | last),
            step_1.last.eq(last),
            self.step_valid.eq(valid),
            self.step.eq(step_1),
            self.step.y.eq(row_1.first),
            self.step.x.eq(column_1.first),
            self.step.rotate_y.eq(row_1.rotate),
            self.step.rotate_x.eq(column_1.rotate),
            self.step.sops.eq(
                row_1.count * column_1.count * sum(bit for bit in step_1.lane_enable)
            ),
        ]
        for index in range(config.taps):
            bank_row = row_1.banks[index // columns.taps]
            bank_column = column_1.banks[index % columns.taps]
            bank = self.step.banks[index]
            m.d.sync += [
                bank.valid.eq(bank_row.valid & bank_column.valid & step_1.lane_enable.any()),
                bank.address.eq(bank_row.offset + bank_column.offset + step_1.block),
                bank.weight_address.eq(
                    weight_base + bank_row.weight_offset + bank_column.weight_offset
                ),
            ]
        return m
