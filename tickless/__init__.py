"""Spiking networks trained once, run at any time step or none, in open hardware.

The names here are loaded when they are asked for: ``import tickless`` alone takes no time.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickless.sw.checkpoint import Checkpoint
    from tickless.sw.data.catalog import load
    from tickless.sw.data.events import Events
    from tickless.sw.integer import engine, golden
    from tickless.sw.integer.network import Network
    from tickless.sw.nir.export import to_nir
    from tickless.sw.nir.importing import from_nir, from_torch
    from tickless.sw.quantization.quantize import quantize

__all__ = [
    "Checkpoint",
    "Events",
    "Network",
    "engine",
    "from_nir",
    "from_torch",
    "golden",
    "load",
    "quantize",
    "to_nir",
]

_PLACES = {
    "Checkpoint": "sw.checkpoint:Checkpoint",
    "Events": "sw.data.events:Events",
    "Network": "sw.integer.network:Network",
    "engine": "sw.integer.engine:",
    "from_nir": "sw.nir.importing:from_nir",
    "from_torch": "sw.nir.importing:from_torch",
    "golden": "sw.integer.golden:",
    "load": "sw.data.catalog:load",
    "quantize": "sw.quantization.quantize:quantize",
    "to_nir": "sw.nir.export:to_nir",
}
"""Module of each name, and its name in it; nothing for the module itself."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pkgutil import resolve_name

    globals()[name] = found = resolve_name(f"{__name__}.{_PLACES[name]}")
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
