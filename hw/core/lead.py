"""Lead: by how much the largest logit leads the second largest, and which one it is."""

from typing import Any

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

__all__ = ["Lead"]


class Lead(wiring.Component):
    """Search for the two largest logits: a tree of registers, one set of logits a clock.

    Parameters
    ----------
    classes : int
        Number of logits, at least 2.
    bits : int
        Width of a logit.

    Members
    -------
    i : In
        Logits: signed, ``classes`` of them.
    class_index : Out
        Largest logit, the lowest index on a tie, ``delay`` clocks later.
    lead : Out
        Largest less second largest, unsigned; 0 on a tie.

    Attributes
    ----------
    delay : int
        Clocks from ``i`` to the outputs.
    """

    i: Any
    class_index: Signal
    lead: Signal

    def __init__(self, classes: int, bits: int):
        if classes < 2:
            raise ValueError(f"classes = {classes}: expected at least 2")
        self.classes, self.bits = classes, bits
        self.delay = ceil_log2(classes) + 1
        super().__init__(
            {
                "i": In(data.ArrayLayout(signed(bits), classes)),
                "class_index": Out(range(classes)),
                "lead": Out(bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        low = -(1 << (self.bits - 1))
        shape = data.StructLayout(
            {
                "best": signed(self.bits),
                "second": signed(self.bits),
                "index": Shape.cast(range(self.classes)),
            }
        )
        # A single logit leads nothing: its second is the lowest there is.
        nodes: list[Any] = []
        for index in range(self.classes):
            leaf: Any = Signal(shape, name=f"leaf_{index}")
            m.d.comb += [leaf.best.eq(self.i[index]), leaf.second.eq(low), leaf.index.eq(index)]
            nodes.append(leaf)
        for level in range(self.delay - 1):
            parents = []
            for number in range(0, len(nodes), 2):
                node: Any = Signal(shape, name=f"node_{level}_{number}")
                m.d.sync += node.eq(nodes[number])
                if number + 1 < len(nodes):
                    self._play(m, nodes[number], nodes[number + 1], node)
                parents.append(node)
            nodes = parents
        [last] = nodes
        m.d.sync += [self.lead.eq(last.best - last.second), self.class_index.eq(last.index)]
        return m

    def _play(self, m, first, other, node):
        """The better one of two, the first on a tie, and the second of all four."""
        with m.If(other.best > first.best):
            m.d.sync += [
                node.eq(other),
                node.second.eq(Mux(other.second > first.best, other.second, first.best)),
            ]
        with m.Else():
            m.d.sync += node.second.eq(Mux(first.second > other.best, first.second, other.best))
