"""Augmentation: transforms of events, drawn anew each time from a given source of chance."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tickless.sw.data.events import Events
from tickless.sw.integer.geometry import Shape

__all__ = ["PAPER", "Compose", "Cut", "Drop", "Flip", "Places", "Roll", "Transform", "Turn"]

Transform = Callable[[Events, np.random.Generator], Events]
"""Makes other events from a sample's; the same state of the generator makes the same ones."""

Places = tuple[np.ndarray, np.ndarray]
"""Rows and columns to which the sensor's rows and columns move: int32 ``[height]``, ``[width]``."""


class _Move:
    """Transform that moves whole rows and columns; events outside the sensor stay where they are.

    As tables it is many times faster than event by event: see `FrameSource.frames`.
    """

    def places(self, sensor: Shape, generator: np.random.Generator) -> Places:
        """Where rows and columns move."""
        raise NotImplementedError

    def __call__(self, events: Events, generator: np.random.Generator) -> Events:
        still, places = _still(events.sensor), self.places(events.sensor, generator)
        if all(map(np.array_equal, places, still)):
            return events
        inside, y, x = events.inside, events.y.copy(), events.x.copy()
        y[inside], x[inside] = places[0][y[inside]], places[1][x[inside]]
        return replace(events, y=y, x=x)


@dataclass(frozen=True)
class Flip(_Move):
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

    def places(self, sensor: Shape, generator: np.random.Generator) -> Places:
        """Where rows and columns move."""
        rows, columns = _still(sensor)
        return rows, columns[::-1] if generator.random() < self.probability else columns


@dataclass(frozen=True)
class Roll(_Move):
    """Move by a random number of pixels; what leaves the sensor comes in at the other side.

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

    def places(self, sensor: Shape, generator: np.random.Generator) -> Places:
        """Where rows and columns move."""
        rows, columns = (self._rolled(still, generator) for still in _still(sensor))
        return rows, columns

    def _rolled(self, still: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        most = round(self.pixels * len(still) / 128)
        return np.roll(still, -int(generator.integers(-most, most + 1)))


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
        return _part(events, generator.random(len(events)) >= self.most * generator.random())


@dataclass(frozen=True)
class Cut:
    """End early: lose the last events, a share of them that is drawn anew for each sample.

    Parameters
    ----------
    most : float
        Largest share, 0 to less than 1.
    """

    most: float = 0.8

    def __post_init__(self):
        if not 0 <= self.most < 1:
            raise ValueError(f"most = {self.most}: expected 0 to less than 1")

    def __call__(self, events: Events, generator: np.random.Generator) -> Events:
        return _part(events, slice(round(len(events) * (1 - self.most * generator.random()))))


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

    @property
    def moves(self) -> bool:
        """Whether all that they do is to move rows and columns."""
        return all(isinstance(transform, _Move) for transform in self.transforms)

    def places(self, sensor: Shape, generator: np.random.Generator) -> Places:
        """Where rows and columns move, if that is all that they do."""
        rows, columns = _still(sensor)
        for transform in self.transforms:
            assert isinstance(transform, _Move)
            moved = transform.places(sensor, generator)
            rows, columns = moved[0][rows], moved[1][columns]
        return rows, columns


def _part(events: Events, kept: slice | np.ndarray) -> Events:
    """Some of the events, in their order."""
    parts = {name: getattr(events, name)[kept] for name in ("channel", "y", "x", "t_us")}
    return replace(events, **parts)


def _still(sensor: Shape) -> Places:
    """All rows and columns where they are."""
    return np.arange(sensor[1], dtype=np.int32), np.arange(sensor[2], dtype=np.int32)


PAPER = Compose((Flip(), Roll()))
"""What the MTT paper does to recordings of CIFAR10-DVS; to those of DVS-Gesture `Roll` alone."""
