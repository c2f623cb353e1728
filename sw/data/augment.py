"""Augmentation: transforms of events, drawn anew each time from a given source of chance."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tickless.sw.data.events import Events

__all__ = ["PAPER", "Compose", "Flip", "Roll", "Transform"]

Transform = Callable[[Events, np.random.Generator], Events]
"""Makes other events from a sample's; the same state of the generator makes the same ones."""


@dataclass(frozen=True)
class Flip:
    """Mirror left and right at random.

    Parameters
    ----------
    probability : float
        Of a mirrored sample, 0 to 1.
    """

    probability: float = 0.5

    def __post_init__(self):
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability = {self.probability}: expected 0 to 1")

    def __call__(self, events: Events, generator: np.random.Generator) -> Events:
        if generator.random() >= self.probability:
            return events
        return replace(events, x=events.sensor[2] - 1 - events.x)


@dataclass(frozen=True)
class Roll:
    """Move by a random number of pixels; what leaves the sensor comes in at the other side.

    Events outside the sensor stay where they are.

    Parameters
    ----------
    pixels : int
        Most pixels up, down, left and right on a sensor of 128 rows or columns; in proportion,
        rounded, on others.
    """

    pixels: int = 20

    def __post_init__(self):
        if not 0 <= self.pixels < 128:
            raise ValueError(f"pixels = {self.pixels}: expected 0 to 127")

    def __call__(self, events: Events, generator: np.random.Generator) -> Events:
        inside = events.inside
        moved = []
        for part, extent in zip((events.y, events.x), events.sensor[1:], strict=True):
            most = round(self.pixels * extent / 128)
            rolled = (part + np.int32(generator.integers(-most, most + 1))) % np.int32(extent)
            moved.append(np.where(inside, rolled, part))
        return replace(events, y=moved[0], x=moved[1])


@dataclass(frozen=True)
class Compose:
    """Transforms, one after the other.

    Parameters
    ----------
    transforms : tuple of Transform
        None of them leaves the events as they are.
    """

    transforms: tuple[Transform, ...] = ()

    def __call__(self, events: Events, generator: np.random.Generator) -> Events:
        for transform in self.transforms:
            events = transform(events, generator)
        return events


PAPER = Compose((Flip(), Roll()))
"""What the MTT paper does to recordings of CIFAR10-DVS; to those of DVS-Gesture `Roll` alone."""
