"""Shapes of AXI bridges for tests."""

from amaranth.lib import data

from tickless.hw.axi.shape import AxiShape
from tickless.hw.fabric.loading import load_layout
from tickless.hw.packet import LinkConfig

__all__ = ["small"]


def small(early_exit: bool = True, loadable: bool = True) -> AxiShape:
    """Bridge of two cores and three classes."""
    counters = data.StructLayout({"events": 48, "dropped": 48})
    return AxiShape(
        link=LinkConfig(2, 5, 6, lanes=2, guarded=True),
        classes=3,
        counters=(counters, counters),
        network=0x0123_4567_89AB_CDEF,
        margin=1000 if early_exit else None,
        load=load_layout(2) if loadable else None,
    )
