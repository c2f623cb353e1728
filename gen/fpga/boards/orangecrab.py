"""OrangeCrab r0.2, of Good Stuff Department."""

from amaranth.build import Attrs
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
from amaranth_boards.resources import UARTResource

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.families.ecp5 import ECP5

__all__ = ["ORANGECRAB_25F"]

SERIAL_PINS = Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")
"""With nothing connected the line stays idle."""


class OrangeCrabPlatform(OrangeCrabR0_2_25FPlatform):
    """OrangeCrab r0.2 with a serial port on pins 0 (in) and 1 (out) of its feather header."""

    resources = (
        *OrangeCrabR0_2_25FPlatform.resources,
        UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=SERIAL_PINS),
    )

    @property
    def command_templates(self):
        """Without the suffix for dfu-util, which loads without it, as openFPGALoader does."""
        return [command for command in super().command_templates if "dfu-suffix" not in command]


ORANGECRAB_25F = Board(
    name="orangecrab-25f",
    title="OrangeCrab r0.2 25F",
    family=ECP5,
    platform=OrangeCrabPlatform,
    device="LFE5U-25F",
    logic_cells=24_288,
    flip_flops=24_288,
    block_rams=56,
    clock_hz=90_000_000,
    stored_events=8_192,
    loader="orangeCrab",
)
