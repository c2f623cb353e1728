"""Verilog of a component."""

import gc

from amaranth.back import verilog as back
from amaranth.lib.wiring import Component

from tickless.progress import stage

__all__ = ["verilog"]


def verilog(component: Component, name: str) -> str:
    """Verilog of a component and all in it, its module of this name; no places in the source."""
    with stage("generating Verilog"):
        # A design is millions of objects that live to its end: looking for garbage among them again
        # and again takes half of the time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            return back.convert(component, name=name, emit_src=False)
        finally:
            if collecting:
                gc.enable()
