"""iCEBreaker, of 1BitSquared."""

from types import MappingProxyType

from amaranth_boards.icebreaker import ICEBreakerPlatform

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.families.ice40 import ICE40
from tickless.gen.fpga.link import FT2232H

__all__ = ["ICEBREAKER"]

ICEBREAKER = Board(
    name="icebreaker",
    title="iCEBreaker",
    family=ICE40,
    platform=ICEBreakerPlatform,
    device="iCE40UP5K",
    logic_cells=5_280,
    flip_flops=5_280,
    block_rams=30,
    sprams=4,
    clock_hz=24_000_000,
    stored_events=8_192,
    loader="ice40_generic",
    link=FT2232H,
    core_options=MappingProxyType({"fast_clock": False, "profile": False, "counter_bits": 16}),
)
