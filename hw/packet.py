"""Packets: what travels on the links between cores."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Value, signed
from amaranth.lib import data, enum
from amaranth.utils import bits_for, ceil_log2

__all__ = ["LOGIT_BITS", "Kind", "LinkConfig", "answer_layout"]

LOGIT_BITS = 32
"""Width of a logit; logits saturate."""

MAX_COUNT_BITS = 8
"""Widest count of an EVENT_END: enough to let a run of empty events pass a busy link."""


class Kind(enum.Enum, shape=2):
    """Kind of a packet.

    Members
    -------
    EVENT
        Spikes of one channel block at one position.
    END
        End of the sample: resets every membrane; the readout answers.
    READ
        The readout answers; nothing is reset.
    EVENT_END
        End of one event of level ``level``; for cut and joined layers.
    """

    EVENT = 0
    END = 1
    READ = 2
    EVENT_END = 3


@dataclass(frozen=True)
class LinkConfig:
    """Widths of a link's packets, lowest bits first: the fields of `layout` in their order.

    Parameters
    ----------
    channels, height, width : int
        Extent of the addresses that the link carries.
    lanes : int
        Channels of one channel block: bits of the mask. The last block of a link may be shorter,
        also where it is the only one.
    guarded : bool
        Whether ``y`` and ``x`` can hold at least one value outside the extent, as a link from
        outside must, so that a bad address arrives as a bad address.
    level_bits : int
        Width of an end of event's level; 0 where the link carries none.
    """

    channels: int
    height: int
    width: int
    lanes: int
    guarded: bool = False
    level_bits: int = 0

    def __post_init__(self):
        for name in ("channels", "height", "width", "lanes"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ValueError(f"{name} = {value!r}: expected a positive integer")
        if type(self.level_bits) is not int or self.level_bits < 0:
            raise ValueError(f"level_bits = {self.level_bits!r}: expected an integer of at least 0")

    @property
    def blocks(self) -> int:
        """Number of channel blocks; block ``b`` starts at channel ``b * lanes``."""
        return -(-self.channels // self.lanes)

    @property
    def layout(self) -> data.StructLayout:
        """Packet layout.

        Bit ``i`` of ``mask`` is channel ``block * lanes + i``. Where ``level_bits`` is not 0,
        events end: by ``last`` on a packet of their spikes, or by EVENT_END, which ends
        ``count + 1`` events, all but the first of them empty. ``level`` says whose events: 0 those
        that the sender receives, 1 those of a fork. `count` lies in the fields that an EVENT_END
        does not need.
        """
        y_bits, x_bits = (
            bits_for(size) if self.guarded else ceil_log2(size)
            for size in (self.height, self.width)
        )
        return data.StructLayout(
            {
                "mask": self.lanes,
                "block": ceil_log2(self.blocks),
                "x": x_bits,
                "y": y_bits,
                "kind": Kind,
                "last": int(self.level_bits > 0),
                "level": self.level_bits,
            }
        )

    @property
    def count_bits(self) -> int:
        """Width of `count`."""
        return min(MAX_COUNT_BITS, self.layout["kind"].offset)

    def count(self, packet: Any) -> Value:
        """Events that an EVENT_END ends beside the first."""
        return Value.cast(packet)[: self.count_bits]


def answer_layout(classes: int, early_exit: bool = False) -> data.StructLayout:
    """Layout of the readout's answer.

    Members
    -------
    kind : Kind
        The marker that it answers; EVENT for a decision, which answers none.
    class_index : unsigned
        Largest logit, the lowest index on a tie.
    logits : array
        Signed, `LOGIT_BITS` wide.
    decided : unsigned(1)
        Whether the answer froze before its marker came; only with early exit.
    event : unsigned(32)
        Number of the readout's event at which it did, from 0; else events so far. Only with early
        exit.
    """
    exits = {"decided": 1, "event": 32} if early_exit else {}
    return data.StructLayout(
        {
            "kind": Kind,
            "class_index": ceil_log2(classes),
            "logits": data.ArrayLayout(signed(LOGIT_BITS), classes),
            **exits,
        }
    )
