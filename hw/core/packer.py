"""Packer: fired masks to packets, in the order of the contract."""

from typing import Any

from amaranth.hdl import Array, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.core.shape import FORK_LEVEL, CoreShape
from tickless.hw.packet import Kind

__all__ = ["Packer", "entry_layout", "group_layout"]


def group_layout(shape: CoreShape) -> data.StructLayout:
    """Layout of what one step fired: masks by position, row-major, from position ``(y, x)``.

    ``fired`` has one bit a position: whether its mask is not 0.
    """
    output = shape.output_link.layout
    return data.StructLayout(
        {
            "kind": Kind,
            "y": output["y"].shape,
            "x": output["x"].shape,
            "block": ceil_log2(shape.blocks),
            "last_block": 1,
            "last": 1,
            "masks": data.ArrayLayout(shape.lanes, shape.taps),
            "fired": shape.taps,
        }
    )


def entry_layout(shape: CoreShape) -> data.StructLayout:
    """Layout of what waits for the link: the masks of a step, or those of an event's positions.

    ``pending`` has one bit a mask: whether it is not 0. A single mask that waits never is.
    """
    group = group_layout(shape)
    count = shape.taps * (shape.blocks if shape.taps > 1 else 1)
    ends = int(shape.end_level is not None)
    return data.StructLayout(
        {
            **{name: group[name].shape for name in ("kind", "y", "x", "block")},
            "last": ends,
            "own_end": ends,
            "masks": data.ArrayLayout(shape.lanes, count),
            "pending": count if count > 1 else 0,
        }
    )


class Packer(wiring.Component):
    """Packer of a core.

    Steps that fired nothing cost nothing. The others wait in a queue and leave as one packet a
    position and channel block, positions in row-major order, blocks ascending, one packet a clock.
    With several positions and several blocks at once, the blocks of a step's positions are
    collected before they leave (``taps * blocks`` masks).

    Where the core sends ends of its events, an event whose last step fired ends with ``last`` on
    its last packet, any other one with an EVENT_END. While the link is busy, EVENT_END of one
    level that follow each other become one.

    A step reserves its place in the queue when it is issued, so that the pipeline between issue
    and queue never has to stop.

    Parameters
    ----------
    shape : CoreShape
        The core.

    Members
    -------
    reserve : In(1)
        A step is issued; only while ``room``.
    room : Out(1)
        Whether a step may be issued.
    group : In(group_layout)
        What a step fired.
    group_valid : In(1)
        Whether there is a step; exactly one for each ``reserve``, in order.
    o : Out(stream)
        Packets.
    """

    reserve: Signal
    room: Signal
    group: Any
    group_valid: Signal
    o: stream.Interface

    def __init__(self, shape: CoreShape):
        self.shape = shape
        super().__init__(
            {
                "reserve": In(1),
                "room": Out(1, init=1),  # pyright: ignore[reportCallIssue]
                "group": In(group_layout(shape)),
                "group_valid": In(1),
                "o": Out(stream.Signature(shape.output_link.layout)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape, group = self.shape, self.group
        collected = shape.blocks if shape.taps > 1 else 1
        count = shape.taps * collected
        layout = entry_layout(shape)
        queue: Any = SyncFIFOBuffered(width=layout.size, depth=shape.queue_depth)
        m.submodules.queue = queue
        into, waiting = queue.w_stream, queue.r_stream
        entry: Any = Signal(layout)
        m.d.comb += [
            into.payload.eq(entry),
            entry.kind.eq(group.kind),
            entry.y.eq(group.y),
            entry.x.eq(group.x),
            entry.block.eq(group.block),
        ]
        complete = Signal()
        masks, pending = Signal(layout["masks"].shape), Signal(count)
        if collected == 1:
            m.d.comb += [complete.eq(1), masks.eq(group.masks), pending.eq(group.fired)]
        else:
            m.d.comb += complete.eq(group.last_block | (group.kind != Kind.EVENT))
            masks_before, pending_before = Signal.like(masks), Signal.like(pending)
            for tap in range(shape.taps):
                for block in range(collected):
                    index, now = tap * collected + block, group.block == block
                    m.d.comb += [
                        masks[index].eq(Mux(now, group.masks[tap], masks_before[index])),
                        pending[index].eq(Mux(now, group.fired[tap], pending_before[index])),
                    ]
            with m.If(self.group_valid):
                m.d.sync += [
                    masks_before.eq(Mux(complete, 0, masks)),
                    pending_before.eq(Mux(complete, 0, pending)),
                ]
        m.d.comb += [entry.masks.eq(masks), entry.pending.eq(pending)]
        fired = pending.any() | (group.kind != Kind.EVENT)
        if shape.end_level is not None:
            m.d.comb += entry.last.eq(group.last)
            with m.If(~fired):
                m.d.comb += [entry.kind.eq(Kind.EVENT_END), entry.own_end.eq(1)]
            fired = fired | group.last
        m.d.comb += into.valid.eq(self.group_valid & complete & fired)

        reserved = Signal(range(shape.queue_depth + 1))
        freed = Signal(2)
        before = Signal.like(reserved)
        m.d.comb += before.eq(reserved - freed)
        # Room is known before the clock in which it is needed, `reserve` late in the one before.
        full, nearly_full = before == shape.queue_depth, before == shape.queue_depth - 1
        m.d.sync += [
            freed.eq((self.group_valid & ~into.valid) + (waiting.ready & waiting.valid)),
            reserved.eq(before + self.reserve),
            self.room.eq(Mux(self.reserve, ~nearly_full, ~full)),
        ]

        self._send(m, waiting, layout, count, collected)
        return m

    def _send(self, m, waiting, layout, count, collected):
        """One packet a clock from the entry at hand; the next entry follows without a gap."""
        shape, output = self.shape, self.shape.output_link.layout
        entry: Any = Signal(layout)
        pending = Signal(count)
        marker = Signal()
        # Whether there is an entry, and whether its next packet is its last.
        held, final = Signal(), Signal()
        chosen = Signal(range(count))
        without_chosen = Signal(count)
        advance = Signal()
        done = Signal()
        absorb = Signal()
        following = data.View(layout, waiting.payload)
        for index in reversed(range(count)):
            with m.If(pending[index]):
                m.d.comb += chosen.eq(index)
        columns = shape.tap_grid[1]
        positions = [divmod(index // collected, columns) for index in range(count)]
        row = Array(position[0] for position in positions)[chosen]
        column = Array(position[1] for position in positions)[chosen]
        block = Array(index % collected for index in range(count))[chosen]
        m.d.comb += [
            without_chosen.eq(pending & (pending - 1)),
            advance.eq(held & (~self.o.valid | self.o.ready)),
            done.eq(~held | (advance & final)),
            waiting.ready.eq(done | absorb),
        ]
        ends = Signal(shape.output_link.count_bits)
        own_end = Signal()
        following_own_end = Signal()
        if shape.end_level is not None:
            m.d.comb += [own_end.eq(entry.own_end), following_own_end.eq(following.own_end)]
        if shape.output_link.level_bits:
            m.d.comb += absorb.eq(
                (marker & (entry.kind == Kind.EVENT_END) & ~advance & ~ends.all())
                & (waiting.valid & (following.kind == Kind.EVENT_END))
                & ~(own_end ^ following_own_end)
            )
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(advance):
            packet: Any = Signal(output)
            m.d.comb += [
                packet.kind.eq(entry.kind),
                packet.y.eq(Mux(marker, 0, entry.y + row)),
                packet.x.eq(Mux(marker, 0, entry.x + column)),
                packet.block.eq(Mux(marker, 0, entry.block if collected == 1 else block)),
                packet.mask.eq(Mux(marker, 0, entry.masks[chosen])),
            ]
            if shape.output_link.level_bits:
                # Ends that only pass are a fork's.
                own_level = FORK_LEVEL if shape.end_level is None else shape.end_level
                m.d.comb += [
                    packet.last.eq(~marker & entry.last & final),
                    packet.level.eq(Mux(marker & ~own_end, FORK_LEVEL, own_level)),
                ]
                with m.If(marker):
                    m.d.comb += shape.output_link.count(packet).eq(ends)
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.p.eq(packet),
                pending.eq(without_chosen),
                final.eq(_is_single(without_chosen)),
                marker.eq(0),
            ]
        with m.If(absorb):
            m.d.sync += ends.eq(ends + 1)
        with m.If(done):
            m.d.sync += held.eq(waiting.valid)
        with m.If(done & waiting.valid):
            is_marker = following.kind != Kind.EVENT
            m.d.sync += [
                entry.eq(following),
                ends.eq(0),
                marker.eq(is_marker),
                pending.eq(Mux(is_marker, 0, following.pending if count > 1 else 1)),
                final.eq(is_marker | _is_single(following.pending)),
            ]


def _is_single(mask: Value) -> Value:
    """Whether at most one bit is set."""
    return (mask & (mask - 1)) == 0
