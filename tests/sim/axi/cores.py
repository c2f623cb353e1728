"""AXI cores in simulators, run by `tests.sim.axi.testbench`."""

from pathlib import Path
from typing import Any

from tests.sim.axi import testbench
from tests.sim.planned import simulate_plan
from tickless.gen.axi import axi_core
from tickless.gen.configure import design_factory
from tickless.gen.names import TOP, plain_names
from tickless.gen.verilog import verilog
from tickless.hw.axi.core import AxiCore
from tickless.hw.config import DesignConfig
from tickless.sim import simulator
from tickless.sw.integer.network import Network


class AxiBench:
    """AXI core as `sim.build.build` takes it, in the very text that is handed out."""

    definition = None

    def __init__(self, network: Network, config: DesignConfig):
        core: AxiCore = axi_core(design_factory(config, network)(), network)
        self.shape = core.shape
        self.text = plain_names(verilog(core, TOP), simulator.TOP)

    def verilog(self) -> str:
        return self.text


def simulate_axi(
    bench: AxiBench, plan: dict[str, Any], folder: Path, optimize: bool = False
) -> dict[str, Any]:
    """What the test bench saw."""
    return simulate_plan(bench, plan, folder, testbench, optimize)
