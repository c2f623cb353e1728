"""Instructions of a pass engine, and how a program may end."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from tickless.hw.passes.merger import MergeMode
from tickless.hw.passes.words import WORD_BITS
from tickless.hw.sdram.timing import ADDRESS_BITS

__all__ = ["INSTRUCTION_LAYOUT", "INSTRUCTION_WORDS", "EngineError", "Operation"]


class Operation(enum.Enum, shape=unsigned(2)):
    """What an instruction does.

    Members
    -------
    DONE
        The program ends.
    PASS
        Load a pass and run it; its list, or its answers, go behind those of the pass before.
    MERGE
        Merge the lists of the passes since the ``first`` one, or those of a join.
    """

    DONE = 0
    PASS = 1
    MERGE = 2


INSTRUCTION_LAYOUT = data.StructLayout(
    {
        "operation": Operation,
        "first": 1,
        "mode": MergeMode,
        "image": ADDRESS_BITS,
        "source": ADDRESS_BITS,
        "target": ADDRESS_BITS,
        "limit": ADDRESS_BITS + 1,
    }
)
"""Layout of an instruction: image of a pass, or list of a join's longer path; list that is read;
place where words go, of a pass that is ``first``, and the word behind the last that may be written.
"""

INSTRUCTION_WORDS = -(-INSTRUCTION_LAYOUT.size // WORD_BITS)


class EngineError(enum.IntEnum, shape=unsigned(3)):
    """Why a program ended early.

    Members
    -------
    NONE
        It did not.
    CHECKSUM
        The image of a pass is damaged.
    OVERFLOW
        A list, or the answers, do not fit into their part of the SDRAM.
    WORD
        A word of a list is none.
    WATCHDOG
        An instruction took more than `hw.passes.sequencer.WATCHDOG_CLOCKS`.
    """

    NONE = 0
    CHECKSUM = 1
    OVERFLOW = 2
    WORD = 3
    WATCHDOG = 4
