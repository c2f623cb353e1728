"""Words of event lists in SDRAM.

A list is words of 16 bits. From the highest bit:

| bits | what |
|---|---|
| ``1``, dy 3, dx 3, channel 9 | an event, so far from the last position; both are signed |
| ``01``, y 7, x 7 | the position from which the next event counts |
| ``001``, n 13 | the index of the events that follow is n higher |
| ``000``, marker 13 | `Marker` |

Position and index begin at (0, 0) and -1, and again behind each END.
"""

from enum import IntEnum

__all__ = [
    "ADVANCE",
    "CHANNEL_BITS",
    "COORDINATE_BITS",
    "DELTA_BITS",
    "EVENT",
    "INDEX_BITS",
    "MAX_ADVANCE",
    "POSITION",
    "WORD_BITS",
    "Marker",
]

WORD_BITS = 16
CHANNEL_BITS, DELTA_BITS, COORDINATE_BITS = 9, 3, 7
INDEX_BITS = 24
"""Width of an event's index: no list in 32 MB has more events."""

EVENT, POSITION, ADVANCE = 0x8000, 0x4000, 0x2000
"""Highest bit of each kind of word."""

MAX_ADVANCE = ADVANCE - 1


class Marker(IntEnum):
    """Marker in a list.

    Members
    -------
    STOP
        The list ends.
    END
        End of a recording.
    READ
        The readout answers.
    """

    STOP = 0
    END = 1
    READ = 2
