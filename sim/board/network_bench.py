"""Bench of a simulated board in a network: a system between power-up, two clocks and GMII."""

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from tickless.gen.verilog import verilog
from tickless.hw.host.udp_system import NETWORK_DOMAIN, UdpSystem
from tickless.sim.board.bench import RESET_CLOCKS
from tickless.sim.modules import merge_modules

__all__ = ["NetworkBench"]


class NetworkBench(wiring.Component):
    """Top of a simulated board in a network, which is ``native/gmii.cpp``.

    Parameters
    ----------
    system : UdpSystem
        The board's system.

    Members
    -------
    clk, network_clk : In(1)
        The clocks of the design, and of GMII.
    """

    clk: Signal
    network_clk: Signal

    def __init__(self, system: UdpSystem):
        self.system = system
        super().__init__({"clk": In(1), "network_clk": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.domains.power = power = ClockDomain(reset_less=True)
        m.domains.sync = sync = ClockDomain()
        m.domains += (network := ClockDomain(NETWORK_DOMAIN, reset_less=True))
        left = Signal(range(RESET_CLOCKS + 1), init=RESET_CLOCKS)
        for domain, clock in ((power, self.clk), (sync, self.clk), (network, self.network_clk)):
            domain.clk = clock  # pyright: ignore[reportAttributeAccessIssue] -- the stubs lack it
        with m.If(left != 0):
            m.d.power += left.eq(left - 1)
        m.d.comb += ResetSignal().eq(left != 0)
        m.submodules.system = system = self.system
        m.submodules.network = Instance(
            "tickless_network",
            i_clk=ClockSignal(NETWORK_DOMAIN),
            i_tx_data=system.gmii.tx_data,
            i_tx_valid=system.gmii.tx_valid,
            i_busy=system.busy,
            o_rx_data=system.gmii.rx_data,
            o_rx_valid=system.gmii.rx_valid,
        )
        return m

    @property
    def definition(self) -> str:
        """What the bench follows from."""
        return repr((type(self).__name__, self.system.definition))

    def verilog(self) -> str:
        """Verilog of the whole bench, its top module named ``bench``."""
        return merge_modules(verilog(self, "bench"))
