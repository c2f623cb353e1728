"""Words of event lists in SDRAM.

A list is words of 16 bits. What the highest bits say, and what the others hold:

- ``1``: an event; dy (3 bits), dx (3 bits) from the last position, both signed, channel (9 bits)
- ``01``: the position from which the next event counts; y (7 bits) and x (7 bits)
- ``001``: how much higher the index of the events that follow is (13 bits)
- ``000``: a `Marker` (13 bits)

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
