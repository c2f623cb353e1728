"""GateMateA1-EVB, of Olimex."""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth_boards.resources import LEDResources, UARTResource

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.families.gatemate import DEVICE, GATEMATE, PeppercornPlatform
from tickless.gen.fpga.link import SerialLink

__all__ = ["GATEMATE_EVB"]


class _GateMateEvbPlatform(PeppercornPlatform):
    """GateMateA1-EVB, which amaranth-boards has not: pins as LiteX has them."""

    default_clk = "clk10"
    resources = (
        Resource("clk10", 0, Pins("IO_SB_A8", dir="i"), Clock(10e6), Attrs(SCHMITT_TRIGGER="true")),
        *LEDResources(pins="IO_SB_B6", invert=True),
        UARTResource(0, rx="IO_SA_A6", tx="IO_SA_B6"),
    )
    connectors = ()


GATEMATE_EVB = Board(
    name="gatemate-evb",
    title="GateMateA1-EVB",
    family=GATEMATE,
    platform=_GateMateEvbPlatform,
    device=DEVICE,
    logic_cells=40_960,
    flip_flops=40_960,
    block_rams=64,
    clock_hz=30_000_000,
    stored_events=8_192,
    loader="olimex_gatemateevb",
    # Of the RP2040 at the USB socket.
    link=SerialLink(bauds=(1_000_000,)),
)
