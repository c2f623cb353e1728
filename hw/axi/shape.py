"""Shape of an AXI bridge: what of a design it has to know."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amaranth.hdl import signed
from amaranth.lib import data
from amaranth.utils import bits_for, ceil_log2

from tickless.errors import InputError
from tickless.hw.core.counters import CORE_COUNTERS
from tickless.hw.design import Design
from tickless.hw.packet import LOGIT_BITS, Kind, LinkConfig, answer_layout

__all__ = ["CLOCK_BITS", "WORD_BITS", "AxiShape"]

WORD_BITS = 32
"""Width of an answer's words, and of the registers."""

CLOCK_BITS = 32
"""Width of the count of clocks, which wraps."""

MOST_COUNTER_BITS = 64


@dataclass(frozen=True)
class AxiShape:
    """What an AXI bridge has to know of a design.

    Parameters
    ----------
    link : LinkConfig
        Input packets: one channel block.
    classes : int
        Classes of its answers.
    counters : tuple of data.StructLayout
        Counters of each core.
    network : int
        First 8 bytes of the network's hash, the first one lowest.
    margin : int or None
        Margin of early exit after reset; None for no early exit.
    load : data.StructLayout or None
        Chunks that load the cores; None where nothing can be loaded.
    """

    link: LinkConfig
    classes: int
    counters: tuple[data.StructLayout, ...]
    network: int
    margin: int | None = None
    load: data.StructLayout | None = None

    @classmethod
    def of(cls, design: Design, network: int) -> "AxiShape":
        """Shape of a design's bridge.

        Raises
        ------
        InputError
            If the input has more than one channel block, or the margin or a counter is too wide.
        """
        link: Any = design.links[0].packets
        if link.lanes != link.channels:
            raise InputError(f"design: input {link!r}: expected one channel block")
        layouts: Any = tuple(field.shape for _, field in design.counters.shape())
        for layout in layouts:
            for name, field in layout:
                if field.width > MOST_COUNTER_BITS:
                    raise InputError(
                        f"design: counter {name!r} of {field.width} bits: expected at most "
                        f"{MOST_COUNTER_BITS}"
                    )
        readout = design.cores[-1].shape
        if readout.margin is not None and bits_for(readout.margin) > WORD_BITS:
            raise InputError(f"margin = {readout.margin}: expected at most {(1 << WORD_BITS) - 1}")
        load = getattr(design, "load", None)
        return cls(
            link=link,
            classes=readout.output_shape[0],
            counters=layouts,
            network=network,
            margin=readout.margin,
            load=None if load is None else load.p.shape(),
        )

    @property
    def early_exit(self) -> bool:
        """Whether the readout may decide before the sample ends."""
        return self.margin is not None

    @property
    def features(self) -> int:
        """Bits: early exit, loadable, every counter of `hw.core.counters`."""
        profile = all(set(CORE_COUNTERS) <= set(layout.members) for layout in self.counters)
        return self.early_exit | (self.load is not None) << 1 | profile << 2

    @property
    def answers(self) -> data.StructLayout:
        """Layout of the design's answers."""
        return answer_layout(self.classes, self.early_exit)

    @cached_property
    def event(self) -> data.StructLayout:
        """Layout of the data of a beat: an event or a marker, in 1, 2, 4 or 8 bytes.

        Members
        -------
        channel, x, y : unsigned
            Address of an event; x and y are as wide as one value more than the sensor has.
        kind : Kind
            EVENT; END or READ for a beat without any event. EVENT_END is an event that is dropped.
        spare : unsigned
            0, or the event is dropped and counted.
        """
        widths = {
            "channel": ceil_log2(self.link.channels),
            "x": self.link.layout["x"].width,
            "y": self.link.layout["y"].width,
        }
        bits = sum(widths.values()) + Kind.as_shape().width
        whole = 8 << ceil_log2(-(-bits // 8))
        return data.StructLayout({**widths, "kind": Kind, "spare": whole - bits})

    @cached_property
    def words(self) -> data.StructLayout:
        """Layout of an answer: words of `WORD_BITS`, each of them one or several fields.

        Members
        -------
        class_index : unsigned
            Class.
        kind : Kind
            The marker that it answers.
        decided : unsigned
            Whether the answer froze before its marker came.
        spare : unsigned
            0.
        clock : unsigned
            Clocks from reset to the answer.
        logits : array
            One a class.
        event : unsigned
            As of `hw.packet.answer_layout`; only with early exit.
        """
        return data.StructLayout(
            {
                "class_index": 16,
                "kind": Kind,
                "decided": 1,
                "spare": 13,
                "clock": CLOCK_BITS,
                "logits": data.ArrayLayout(signed(LOGIT_BITS), self.classes),
                **({"event": WORD_BITS} if self.early_exit else {}),
            }
        )
