"""Generation of a design's text from its components."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.back import verilog as back
from amaranth.hdl import Elaboratable
from amaranth.lib.wiring import Component

from tickless.progress import stage

__all__ = ["generating", "verilog"]

# A bench whose simulator is there is not elaborated, nor is a design that is given up by Ctrl-C;
# warnings' filters do not hold at the interpreter's end.
Elaboratable._MustUse__silence = True  # pyright: ignore[reportAttributeAccessIssue]


@contextmanager
def generating(what: str) -> Iterator[None]:
    """A stage in which Amaranth makes a design's text, without collection of garbage.

    A design is millions of objects that live to the stage's end: looking for garbage among them
    again and again takes half of the time.
    """
    collecting = gc.isenabled()
    with stage(f"generating {what}"):
        gc.disable()
        try:
            yield
        finally:
            if collecting:
                gc.enable()


def verilog(component: Component, name: str) -> str:
    """Verilog of a component and all in it, its module of this name; no places in the source."""
    with generating("Verilog"):
        return back.convert(component, name=name, emit_src=False)
