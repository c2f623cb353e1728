"""Floors of membranes, which NIR does not know: tried on recordings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.network import Network
from tickless.sw.judge.evaluate import score_events
from tickless.sw.judge.score import EventScore

__all__ = ["FLOOR", "FLOORS", "FloorTrial", "best_floor", "try_floors"]

FLOOR = -8.0
"""In thresholds, where no recordings choose. A low one costs membrane bits alone, a high one
accuracy and spikes."""

FLOORS = (-1.0, -2.0, -4.0, -8.0, -16.0)
"""Floors that are tried."""


@dataclass(frozen=True)
class FloorTrial:
    """What the integer network of a floor does with the recordings, event by event."""

    floor: float
    score: EventScore

    @property
    def busiest(self) -> float:
        """Mean events a sample into the busiest layer."""
        return max(self.score.events)


def try_floors(
    quantized: Callable[[float], Network], recordings: Recordings, floors: Iterable[float] = FLOORS
) -> tuple[FloorTrial, ...]:
    """Score of the network that each floor gives."""
    return tuple(FloorTrial(each, score_events(quantized(each), recordings)) for each in floors)


def best_floor(trials: Iterable[FloorTrial]) -> float:
    """Floor of the highest accuracy; of equal ones, that of the fewest events."""
    return max(trials, key=lambda trial: (trial.score.accuracy, -trial.busiest)).floor
