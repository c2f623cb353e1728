"""Configuration of a board whose network is computed by a pass engine."""

from dataclasses import dataclass

from amaranth.lib import enum

from tickless.errors import InputError
from tickless.hw.core.memory_map import ADDRESS_BITS
from tickless.hw.packet import LinkConfig
from tickless.hw.passes.shape import EngineShape
from tickless.hw.passes.words import CHANNEL_BITS, COORDINATE_BITS

__all__ = ["INITIAL_LOGITS", "REGISTERS", "PassConfig", "Register"]

REGISTERS = 1 << ADDRESS_BITS - 1
"""Address of the first register in an image's chunks; at lower ones lies the SDRAM, two words a
chunk."""

INITIAL_LOGITS = 64
"""Place of the first class's initial logit behind `REGISTERS`."""


class Register(enum.IntEnum, shape=3):
    """Register that an image writes: a word of the SDRAM, at this place behind `REGISTERS`.

    Members
    -------
    PROGRAM
        The first instruction.
    INPUT, LIMIT
        First word of the input's list, and the one behind its last.
    ANSWERS
        First word of the logits.
    """

    PROGRAM = 0
    INPUT = 1
    LIMIT = 2
    ANSWERS = 3


@dataclass(frozen=True)
class PassConfig:
    """Board whose network is computed by a pass engine.

    Parameters
    ----------
    shape : EngineShape
        The engine.
    input_shape : tuple of int
        Channels, height and width of the input.
    classes : int
        Classes of the readout.
    """

    shape: EngineShape
    input_shape: tuple[int, int, int]
    classes: int

    loadable = True
    """It is loaded before anything else; see `hw.config.DesignConfig`."""

    def __post_init__(self):
        limits = (1 << CHANNEL_BITS, 1 << COORDINATE_BITS, 1 << COORDINATE_BITS)
        pairs = zip(self.input_shape, limits, strict=True)
        if any(not 1 <= size <= limit for size, limit in pairs):
            raise InputError(f"input_shape = {self.input_shape}: expected at most {limits}")
        if self.classes < 1:
            raise InputError(f"classes = {self.classes}: expected at least 1")

    @property
    def packets(self) -> LinkConfig:
        """Packets of the input."""
        channels, height, width = self.input_shape
        return LinkConfig(channels, height, width, lanes=channels, guarded=True)
