"""AXI core of a design, and what the manifest says of it."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from tickless.gen.manifest import fields
from tickless.hw.axi.core import AxiCore
from tickless.hw.axi.registers import registers
from tickless.hw.design import Design
from tickless.hw.host.messages import network_number
from tickless.sw.integer.network import Network

__all__ = ["axi_core", "axi_description", "write_block_design"]


def axi_core(design: Design, network: Network) -> AxiCore:
    """Design of a network as an AXI core; errors as of `AxiCore`."""
    return AxiCore(design, network_number(network.hash))


def axi_description(core: Any) -> dict[str, Any]:
    """Streams and registers of an `AxiCore`, ready for JSON."""
    shape = core.shape
    return {
        "s_axis": {"bits": shape.event.size, "fields": fields(shape.event)},
        "m_axis": {"words": shape.words.size // 32, "fields": fields(shape.words)},
        "s_axi": {
            "address_bits": len(core.s_axi_awaddr),
            "registers": [
                {
                    "name": register.name,
                    "address": register.address,
                    "words": register.words,
                    "access": register.access,
                    "text": register.text,
                }
                for register in registers(shape)
            ],
        },
    }


def write_block_design(core: AxiCore, prefix: str, folder: Path) -> Path:
    """Write ``vivado.tcl``, the core's block design for two boards; returns its path."""
    text = files("tickless.gen").joinpath("templates", "vivado.tcl").read_text()
    values = {"PREFIX": prefix, "BITS": str(core.shape.event.size)}
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    path = folder / "vivado.tcl"
    path.write_text(text)
    return path
