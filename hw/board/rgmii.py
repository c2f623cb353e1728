"""RGMII: a gigabit a second each way over four pins, both edges of a clock of 125 MHz."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Signal, ValueLike
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.ethernet.port import GMII

__all__ = ["RGMII_HZ", "Ecp5Rgmii", "RgmiiDelays"]

RGMII_HZ = 125_000_000

TAP_PS = 25
"""Delay of a tap of an ECP5's DELAYG, which has 128: FPGA-TN-02035, "Input/Output DELAY"."""


@dataclass(frozen=True)
class RgmiiDelays:
    """Delays in the FPGA's pins, which make up what the board and its PHY lack of RGMII's 2 ns
    between clock and data.

    Parameters
    ----------
    transmit_ps, receive_ps : int
        Of the clock to the PHY, and of all that comes from it but its clock, in picoseconds: 0 to
        3,175.
    """

    transmit_ps: int = 0
    receive_ps: int = 0

    def __post_init__(self):
        for name in ("transmit_ps", "receive_ps"):
            value = getattr(self, name)
            if not 0 <= value < 128 * TAP_PS:
                raise ValueError(f"{name} = {value}: expected 0..{127 * TAP_PS}")


class Ecp5Rgmii(wiring.Component):
    """RGMII of an ECP5: GMII towards the FPGA's inside, in one clock domain, that of the PHY.

    The clock that the PHY gives with its data is the one that data is sent to it with: a PHY has a
    queue for what is left of the difference to its own.

    Parameters
    ----------
    pins : Any
        Pins ``tx_clk``, ``tx_ctl``, ``tx_data``, ``rx_clk``, ``rx_ctl`` and ``rx_data``:
        `amaranth.lib.io.PortLike`, without buffers.
    delays : RgmiiDelays
        Delays in the pins.

    Members
    -------
    clock : Out(1)
        The PHY's clock, which is to be that of this component's domain ``sync``.
    gmii : In(GMII)
        The link, a few clocks late.
    """

    clock: Signal
    gmii: Any

    def __init__(self, pins: Any, delays: RgmiiDelays):
        self.pins, self.delays = pins, delays
        super().__init__({"clock": Out(1), "gmii": In(GMII)})

    def elaborate(self, platform):
        m = Module()
        pins, gmii = self.pins, self.gmii
        m.submodules.rx_clk = rx_clk = io.Buffer(io.Direction.Input, pins.rx_clk)
        m.d.comb += self.clock.eq(rx_clk.i)
        # At the clock's first edge the low half of a byte and whether there is one; at the second
        # the high half, and the same again but for bytes that are marked as wrong.
        low, high = self._receive(m, "rx_data", pins.rx_data)
        valid, differs = self._receive(m, "rx_ctl", pins.rx_ctl)
        m.d.comb += [
            gmii.rx_data.eq(Cat(low, high)),
            gmii.rx_valid.eq(valid),
            gmii.rx_error.eq(valid ^ differs),
        ]
        self._transmit(m, "tx_data", pins.tx_data, gmii.tx_data[:4], gmii.tx_data[4:])
        self._transmit(m, "tx_ctl", pins.tx_ctl, gmii.tx_valid, gmii.tx_valid)
        self._transmit(m, "tx_clk", pins.tx_clk, 1, 0, self.delays.transmit_ps)
        return m

    def _receive(self, m: Module, name: str, pin: Any) -> tuple[Signal, Signal]:
        """What a pin brings at the clock's rising and falling edge, a clock later: from the pins to
        the inside is far."""
        m.submodules[name] = buffer = io.Buffer(io.Direction.Input, pin)
        first = Signal(len(pin), name=f"{name}_first", reset_less=True)
        second = Signal(len(pin), name=f"{name}_second", reset_less=True)
        pads = Signal(2 * len(pin), name=f"{name}_pads")
        m.d.sync += Cat(first, second).eq(pads)
        for bit in range(len(pin)):
            late = _delayed(m, f"{name}_delay_{bit}", buffer.i[bit], self.delays.receive_ps)
            m.submodules[f"{name}_ddr_{bit}"] = Instance(
                "IDDRX1F",
                i_D=late,
                i_SCLK=ClockSignal(),
                i_RST=0,
                o_Q0=pads[bit],
                o_Q1=pads[len(pin) + bit],
            )
        return first, second

    def _transmit(
        self, m: Module, name: str, pin: Any, first: ValueLike, second: ValueLike, delay_ps: int = 0
    ) -> None:
        """Let a pin bring something at the clock's rising and falling edge."""
        m.submodules[name] = buffer = io.Buffer(io.Direction.Output, pin)
        values = Signal(len(pin), name=f"{name}_first"), Signal(len(pin), name=f"{name}_second")
        m.d.comb += [values[0].eq(first), values[1].eq(second)]
        for bit in range(len(pin)):
            early = Signal(name=f"{name}_early_{bit}")
            m.submodules[f"{name}_ddr_{bit}"] = Instance(
                "ODDRX1F",
                i_D0=values[0][bit],
                i_D1=values[1][bit],
                i_SCLK=ClockSignal(),
                i_RST=0,
                o_Q=early,
            )
            m.d.comb += buffer.o[bit].eq(_delayed(m, f"{name}_delay_{bit}", early, delay_ps))


def _delayed(m: Module, name: str, signal: ValueLike, delay_ps: int) -> Signal:
    """A signal between a pin and its register, delayed."""
    late = Signal(name=f"{name}_late")
    m.submodules[name] = Instance(
        "DELAYG",
        p_DEL_MODE="USER_DEFINED",
        p_DEL_VALUE=delay_ps // TAP_PS,
        i_A=signal,
        o_Z=late,
    )
    return late
