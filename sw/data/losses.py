"""Warnings of recordings: what was repaired in a file, and events that a network drops."""

import warnings
from collections.abc import Iterable
from typing import NamedTuple

from tickless.errors import TicklessWarning
from tickless.sw.data.events import Events

__all__ = [
    "DroppedWarning",
    "FileWarning",
    "Lost",
    "dropped_a_sample",
    "dropped_text",
    "lost_of",
    "warn_of_dropped",
    "warn_of_first",
]

MUCH = 0.01
"""Share of a recording's events outside the sensor beyond which their loss is a warning."""


class FileWarning(TicklessWarning):
    """A file that was repaired: its end is cut, or its time runs backwards."""


class DroppedWarning(TicklessWarning):
    """Recordings that lose more than a hundredth of their events outside the sensor."""


class Lost(NamedTuple):
    """What a recording loses.

    Members
    -------
    name : str
        What it is called.
    events, dropped : int
        Its events, and those of them that lie outside the sensor.
    """

    name: str
    events: int
    dropped: int

    @property
    def share(self) -> float:
        """Of its events."""
        return self.dropped / self.events if self.events else 0.0


def lost_of(name: str, events: Events) -> Lost:
    """What a recording of this name loses."""
    return Lost(name, len(events), len(events) - int(events.inside.sum()))


def dropped_a_sample(mean: float) -> str:
    """What tables say of the events that samples lose in the mean."""
    return f"{mean:,.1f} events a sample outside the sensor dropped"


def dropped_text(recordings: Iterable[Lost]) -> str | None:
    """One line about recordings that lose much, or None."""
    losing = [each for each in recordings if each.share > MUCH]
    if not losing:
        return None
    worst = max(losing, key=lambda each: each.share)
    dropped, events = sum(each.dropped for each in losing), sum(each.events for each in losing)
    return (
        f"{len(losing)} recording{'s lose' if len(losing) > 1 else ' loses'} more than {MUCH:.0%} "
        f"of the events, which lie outside the sensor and are dropped: {dropped:,} of {events:,}, "
        f"most in {worst.name} ({worst.share:.1%})"
    )


def warn_of_dropped(recordings: Iterable[Lost]) -> None:
    """`DroppedWarning` if there is anything to say."""
    text = dropped_text(recordings)
    if text is not None:
        warnings.warn(text, DroppedWarning, stacklevel=2)


def warn_of_first(texts: Iterable[str | None]) -> None:
    """`DroppedWarning` of the first of such lines that there is."""
    text = next(filter(None, texts), None)
    if text is not None:
        warnings.warn(text, DroppedWarning, stacklevel=2)
