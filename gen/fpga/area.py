"""Area and speed of the fabric's parts, a core, a readout and the AXI bridge on an ECP5, by Yosys
and nextpnr."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amaranth.lib.wiring import Component

from tickless.gen.configure import core_contents, layer_cores
from tickless.gen.folding import Folding, fold_fully
from tickless.gen.fpga import watch
from tickless.gen.fpga.boards.ulx3s import ULX3S_85F
from tickless.gen.fpga.synthesis import synthesize
from tickless.hw.axi.bridge import AxiBridge
from tickless.hw.axi.shape import AxiShape
from tickless.hw.core.contents import CoreContents
from tickless.hw.core.core import Core
from tickless.hw.core.readout import Readout
from tickless.hw.core.shape import CoreShape
from tickless.hw.fabric.flit import FlitConfig, Peer
from tickless.hw.fabric.interface import NetworkInterface
from tickless.hw.fabric.merge import Merge
from tickless.hw.fabric.router import Router, RouterConfig
from tickless.hw.host.messages import network_number
from tickless.hw.packet import LinkConfig
from tickless.run_folder import run_folder
from tickless.sw.integer.network import PRETRAINED, Network

__all__ = ["FLIT", "Area", "measure", "parts"]

FOLDER = Path("build/area")

CLOCK_MHZ = 100
"""Clock that synthesis and place and route aim at."""

FLIT = FlitConfig(rows=3, columns=3, payload_bits=57, connection_bits=2)
"""Flits of 64 bits."""

QUEUE_DEPTH, CREDIT_BATCH = 64, 16

NETWORK = PRETRAINED / "nmnist.safetensors"
"""Network whose cores are measured."""


@dataclass(frozen=True)
class Area:
    """What a component needs on an ECP5 of speed grade 6, placed and routed by itself.

    Members
    -------
    lut4 : int
        Look-up tables of four inputs behind synthesis, without those of carry chains.
    comb, flip_flops, block_rams : int
        TRELLIS_COMB, tables of carry chains among them, TRELLIS_FF, DP16KD.
    clock_mhz : float
        Clock that the timing analysis allows.
    """

    lut4: int
    comb: int
    flip_flops: int
    block_rams: int
    clock_mhz: float


def parts() -> dict[str, Callable[[], Component]]:
    """Makers of the fabric's parts by name, for flits of 64 bits, and of cores of `NETWORK`."""

    def core(index: int, **options) -> tuple[CoreShape, CoreContents]:
        network = Network.load(NETWORK)
        foldings = [Folding(4, 4), *fold_fully(network)[1:]]
        layers = layer_cores(network, foldings, [1] * len(foldings), **options)
        return layers[index][0], core_contents(network, layers)[index]

    def interface(count: int) -> NetworkInterface:
        peers = [Peer(1 + index % 3, index // 3, index % 2) for index in range(count)]
        return NetworkInterface(FLIT, FLIT.payload_bits, peers, peers, QUEUE_DEPTH, CREDIT_BATCH)

    def bridge(margin: int | None = None) -> AxiBridge:
        network = Network.load(NETWORK)
        channels, height, width = network.input_shape
        link = LinkConfig(channels, height, width, channels, guarded=True)
        number = network_number(network.hash)
        return AxiBridge(AxiShape(link, network.classes, (), number, margin))

    def merge(count: int) -> Merge:
        return Merge(LinkConfig(32, 8, 8, 8), [LinkConfig(8, 8, 8, 8, level_bits=1)] * count)

    return {
        "router, five ports": lambda: Router(RouterConfig(FLIT, 2, 1)),
        "interface, 1 source, 1 destination": lambda: interface(1),
        "interface, 2 sources, 2 destinations": lambda: interface(2),
        "interface, 4 sources, 4 destinations": lambda: interface(4),
        "merge of 2 slices": lambda: merge(2),
        "merge of 4 slices": lambda: merge(4),
        "first core, 4 lanes x 4 taps": lambda: Core(*core(0)),
        "first core, loadable": lambda: Core(*core(0, loadable=True)),
        "readout of 10 classes": lambda: Readout(*core(-1)),
        "readout with early exit": lambda: Readout(*core(-1, margin=6000)),
        "AXI bridge, no counters": lambda: bridge(),
        "AXI bridge with early exit": lambda: bridge(6000),
    }


def measure(component: Component, name: str) -> Area:
    """Synthesize, place and route one component in a folder of its own, of this name.

    Raises
    ------
    gen.fpga.tools.ToolError
        If a tool is missing or fails.
    """
    options = ("--json", f"{name}.json", "--freq", str(CLOCK_MHZ), "--timing-allow-fail")
    command = (*ULX3S_85F.family.part_command, *options, "--report", "report.json")
    with run_folder(FOLDER, name) as folder:
        synthesize(component, ULX3S_85F, folder, name, clock_hz=CLOCK_MHZ * 1_000_000)
        watch.run(folder, [*command, "--quiet", "--log", f"{name}.tim"], False)
        report = json.loads((folder / "report.json").read_text())
        netlist = json.loads((folder / f"{name}.json").read_text())
    cells = netlist["modules"][name]["cells"].values()
    used = {cell: entry["used"] for cell, entry in report["utilization"].items()}
    return Area(
        lut4=sum(cell["type"] == "LUT4" for cell in cells),
        comb=used["TRELLIS_COMB"],
        flip_flops=used["TRELLIS_FF"],
        block_rams=used["DP16KD"],
        clock_mhz=min(clock["achieved"] for clock in report["fmax"].values()),
    )
