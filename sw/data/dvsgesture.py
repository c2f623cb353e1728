"""DVS128-Gesture: clips of hand gestures before an event camera, without labels."""

import os
from pathlib import Path

from sw.data import atis
from sw.data.events import Events, EventsError

__all__ = ["CLIPS", "SENSOR", "files", "read"]

SENSOR = (2, 128, 128)
"""Extent ``(polarities, height, width)`` of a recording."""

CLIPS = "dvsgesture_clips"
"""Folder of the clips in ``TICKLESS_DATA``."""


def read(path: Path | str) -> Events:
    """Read one clip, an ATIS file; errors as of `sw.data.atis.read`."""
    return atis.read(path, SENSOR)


def files() -> list[Path]:
    """Clips at hand, in order of file name.

    Raises
    ------
    EventsError
        If there is none; the message says where to put them.
    """
    given = os.environ.get("TICKLESS_DATA")
    place = Path(given or "$TICKLESS_DATA") / CLIPS
    found = sorted(place.glob("*.bin")) if given else []
    if not found:
        raise EventsError(
            f"{place}: no clips there. Put recordings of DVS128-Gesture, as ATIS files of five "
            f"bytes an event, into $TICKLESS_DATA/{CLIPS}/<name>.bin"
        )
    return found
