"""Tables of an edge: all that its geometry says of an event, in logic."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data
from amaranth.utils import bits_for, ceil_log2

from tickless.hw.core.axis import AxisTable
from tickless.hw.core.memory_map import MemoryMap
from tickless.hw.core.shape import CoreShape
from tickless.hw.core.table import lookup, read_region

__all__ = ["EdgeTables", "lookup_layout"]


def lookup_layout(shape: CoreShape, rows: AxisTable, columns: AxisTable) -> data.StructLayout:
    """Layout of what an edge's tables say of an event at one step.

    Members
    -------
    row, column : struct
        Entries of `AxisTable`.
    first_block : unsigned
        First channel block of the event's convolution group.
    last_block : unsigned(1)
        Whether the step's block is the group's last.
    lane_enable : unsigned
        Lanes of the step's block that belong to the group.
    lane_count : unsigned
        How many they are.
    weight_base : unsigned
        First word of the event's channel in the weight memory.
    inside : unsigned(1)
        Whether the event lies in the edge's extent.
    """
    return data.StructLayout(
        {
            "row": rows.layout,
            "column": columns.layout,
            "first_block": ceil_log2(shape.blocks),
            "last_block": 1,
            "lane_enable": shape.lanes,
            "lane_count": bits_for(shape.lanes),
            "weight_base": shape.weight_address_bits,
            "inside": 1,
        }
    )


class EdgeTables:
    """Tables of one edge of a core.

    Parameters
    ----------
    shape : CoreShape
        The core.
    memory_map : MemoryMap
        Its memory map, of which the tables of rows and columns are regions.
    index : int
        Index of the edge.
    event : View
        The event: `hw.core.unpacker.event_layout`.
    block_step : Signal
        Channel block within the event's convolution group.
    """

    def __init__(
        self,
        shape: CoreShape,
        memory_map: MemoryMap,
        index: int,
        event: Any,
        block_step: Signal,
    ):
        self.shape, self.memory_map = shape, memory_map
        self.index, self.event, self.block_step = index, event, block_step
        self.edge = shape.edges[index]
        self.rows, self.columns = (AxisTable(shape, self.edge, axis) for axis in (0, 1))

    def look_up(self, m: Module, row_step: Signal, column_step: Signal, load: Any) -> Any:
        """What the edge says of the event at these steps: a view of `lookup_layout`.

        Parameters
        ----------
        load : View of `hw.core.memory_map.write_layout`, or None
            Writes of the loader; None where nothing is loaded.
        """
        shape, edge, event, link = self.shape, self.edge, self.event, self.edge.input_link
        out: Any = Signal(lookup_layout(shape, self.rows, self.columns), name=f"edge_{self.index}")
        groups = [shape.group_blocks(edge, group) for group in range(edge.groups)]
        size = link.channels // edge.groups
        name = f"_{self.index}"
        y, x = (event[axis][: link.layout[axis].width] for axis in "yx")
        row_place = Cat(row_step[: self.rows.step_bits], y)
        column_place = Cat(column_step[: self.columns.step_bits], x)
        group = lookup(
            m,
            event.channel,
            [channel // size for channel in range(link.channels)],
            range(edge.groups),
            f"group{name}",
        )
        last_blocks = [max(0, len(blocks) - 1) for blocks in groups]
        masks = [
            shape.lane_mask(edge, g, groups[g].start + block)
            for g in range(edge.groups)
            for block in range(1 << len(self.block_step))
        ]
        start = sum(shape.edge_depth(before) for before in range(self.index))
        channel_words = shape.edge_depth(self.index) // link.channels
        m.d.comb += [
            out.row.eq(self._read(m, f"rows{name}", self.rows, row_place, load)),
            out.column.eq(self._read(m, f"columns{name}", self.columns, column_place, load)),
            out.first_block.eq(
                lookup(m, group, [b.start for b in groups], range(shape.blocks), f"first{name}")
            ),
            out.last_block.eq(
                self.block_step
                == lookup(m, group, last_blocks, self.block_step.shape(), f"last{name}")
            ),
            out.lane_enable.eq(
                lookup(m, Cat(self.block_step, group), masks, shape.lanes, f"lanes{name}")
            ),
            out.lane_count.eq(
                lookup(
                    m,
                    Cat(self.block_step, group),
                    [mask.bit_count() for mask in masks],
                    range(shape.lanes + 1),
                    f"lane_count{name}",
                )
            ),
            out.weight_base.eq(
                lookup(
                    m,
                    event.channel,
                    [start + channel * channel_words for channel in range(link.channels)],
                    shape.weight_address_bits,
                    f"weight_base{name}",
                )
            ),
            out.inside.eq(
                (event.channel < link.channels) & (event.y < link.height) & (event.x < link.width)
            ),
        ]
        return out

    def _read(self, m: Module, name: str, table: AxisTable, place: Any, load: Any) -> Any:
        return read_region(m, self.memory_map, name, table.words, place, table.layout, load)
