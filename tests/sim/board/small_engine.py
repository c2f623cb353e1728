"""Simulated board with a small engine, into which networks of ``make_network`` fit: a program."""

import sys

from tests.sim.passes.test_engine import SHAPE
from tests.sim.test_command import make_network
from tickless.gen.design_file import design_number
from tickless.gen.passes.board import pass_config
from tickless.hw.host.config import HostConfig
from tickless.hw.passes.design import PassDesign
from tickless.hw.passes.system import PassSystem
from tickless.hw.sdram.timing import AS4C16M16SA_7
from tickless.sim.board.simulate import offer
from tickless.sim.board.simulated import SimulatedBoard

CLOCK_HZ, BAUD = 24_000_000, 3_000_000

WATCHDOG_CLOCKS = 200_000


def make():
    """Network and board."""
    network = make_network()
    config = pass_config(network, SHAPE)
    host = HostConfig(clock_hz=CLOCK_HZ, baud=BAUD, design=design_number(config))
    system = PassSystem(PassDesign(config, WATCHDOG_CLOCKS), host, AS4C16M16SA_7)
    return network, SimulatedBoard(system, CLOCK_HZ, BAUD, design=config)


if __name__ == "__main__":
    sys.exit(offer(make))
