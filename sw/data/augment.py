"""Augmentation: transforms of events, drawn anew each time from a given source of chance."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tickless.sw.data.events import Events

__all__ = ["PAPER", "Compose", "Drop", "Flip", "Roll", "Transform", "Turn"]

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
class Drop:
    """Lose events at random, a share of them that is drawn anew for each sample.

    Parameters
    ----------
    most : float
        Largest share, 0 to 1.
    """

    most: float = 0.2

    def __post_init__(self):
        if not 0 <= self.most <= 1:
            raise ValueError(f"most = {self.most}: expected 0 to 1")

    def __call__(self, events: Events, generator: np.random.Generator) -> Events:
        kept = generator.random(len(events)) >= self.most * generator.random()
        parts = {name: getattr(events, name)[kept] for name in ("channel", "y", "x", "t_us")}
        return replace(events, **parts)


@dataclass(frozen=True)
class Turn:
    """Turn about the sensor's middle and stretch in both directions, each at random.

    An event comes from a place of chance in its pixel, so that no pattern of full and empty pixels
    arises. What leaves the sensor is outside it.

    Parameters
    ----------
    degrees : float
        Largest angle to either side, 0 to 180.
    stretch : float
        Largest share by which height or width changes, 0 to less than 1.
    """

    degrees: float = 8.0
    stretch: float = 0.08

    def __post_init__(self):
        if not 0 <= self.degrees <= 180:
            raise ValueError(f"degrees = {self.degrees}: expected 0 to 180")
        if not 0 <= self.stretch < 1:
            raise ValueError(f"stretch = {self.stretch}: expected 0 to less than 1")

    def __call__(self, events: Events, generator: np.random.Generator) -> Events:
        angle = np.deg2rad(self.degrees) * generator.uniform(-1, 1)
        factors = 1 + self.stretch * generator.uniform(-1, 1, 2)
        middle = np.array(events.sensor[1:])[:, None] / 2
        places = np.stack((events.y, events.x)) + generator.random((2, len(events))) - middle
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        y, x = np.floor(factors[:, None] * (turn @ places) + middle).astype(np.int32)
        return replace(events, y=y, x=x)


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
