"""Simulated event camera: recordings of still images that move before it."""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from tickless.sw.compiled import compiled
from tickless.sw.data.events import Events
from tickless.sw.integer.geometry import Shape

__all__ = ["Camera", "Motion", "record"]


@dataclass(frozen=True)
class Motion:
    """Way of an image across the sensor, in legs from corner to corner.

    Each leg starts and stops gently: after the share u of its duration it has gone
    (1 - cos(pi w)) / 2 of the way, w = u^a / (u^a + b (1 - u)^a).

    Parameters
    ----------
    corners : tuple
        Places ``(y, x)`` in pixels of the image's upper left corner before and after each leg. The
        default, three saccades of a 28x28 image, was found by correlating events of 100 N-MNIST
        training recordings with the edges of their images.
    legs_ms : tuple of int
        Duration of each leg.
    haste, delay : tuple of float
        Exponent a and factor b of each leg: more haste in its middle, a later middle.
    """

    corners: tuple[tuple[float, float], ...] = ((1.2, 0.4), (6.4, 1.9), (1.1, 5.6), (1.2, 0.7))
    legs_ms: tuple[int, ...] = (102, 102, 102)
    haste: tuple[float, ...] = (1.0, 1.0, 1.0)
    delay: tuple[float, ...] = (1.0, 1.0, 1.0)

    def __post_init__(self):
        for name in ("legs_ms", "haste", "delay"):
            values = getattr(self, name)
            if len(values) != len(self.corners) - 1 or min(values, default=0) <= 0:
                raise ValueError(
                    f"{name} = {values!r}: expected positive numbers, one between each two of "
                    f"{len(self.corners)} corners, of which there are at least 2"
                )

    def places(self, corners: np.ndarray) -> np.ndarray:
        """Places ``[milliseconds + 1, 2]`` on the way between these corners."""
        places = [corners[:1]]
        settings = zip(self.legs_ms, self.haste, self.delay, strict=True)
        for (start, end), (leg_ms, haste, delay) in zip(pairwise(corners), settings, strict=True):
            time = (np.arange(leg_ms) + 1) / leg_ms
            done = time**haste / (time**haste + delay * (1 - time) ** haste)
            way = 0.5 - 0.5 * np.cos(np.pi * done)
            places.append(start + way[:, None] * (end - start))
        return np.concatenate(places)


@dataclass(frozen=True)
class Camera:
    """Simulated event camera.

    A pixel sends an event when the logarithm of its brightness has moved by its threshold since
    its last event, then is blind for the refractory period. The defaults, with those of `Motion`,
    make the data set ``saccades``; `sw.data.mnist` has those that come closest to N-MNIST.

    Parameters
    ----------
    contrast : float
        Mean threshold on the natural logarithm of brightness.
    contrast_spread : float
        Standard deviation of the logarithm of the threshold over samples.
    mismatch : float
        Standard deviation of the threshold over pixels and polarities, as a share of the mean.
    dark : float
        Brightness of a black pixel, beside which a white one has 1 more.
    refractory_us : int
        Blind time after an event.
    noise_hz : float
        Rate of background events of each pixel.
    leak : bool
        Background events are all of channel 1, as a pixel's leak makes them, not of both.
    wobble : float
        Standard deviation of the whole path's place, in pixels; half as much that of its corners.
    """

    contrast: float = 0.19
    contrast_spread: float = 0.2
    mismatch: float = 0.2
    dark: float = 0.3
    refractory_us: int = 1500
    noise_hz: float = 0.4
    leak: bool = False
    wobble: float = 0.5

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if value < 0 or (value == 0 and field.name in ("contrast", "dark")):
                least = "above 0" if field.name in ("contrast", "dark") else "at least 0"
                raise ValueError(f"{field.name} = {value!r}: expected {least}")


def record(
    image: np.ndarray,
    generator: np.random.Generator,
    camera: Camera | None = None,
    motion: Motion | None = None,
    sensor: Shape = (2, 34, 34),
) -> Events:
    """Recording of a still image that moves before the camera.

    As in N-MNIST, channel 0 is a pixel that an edge of the image brightens.

    Parameters
    ----------
    image : numpy.ndarray
        Brightness in 0..1, no larger than the sensor; black around it.
    generator : numpy.random.Generator
        Source of all chance: the same state gives the same events.
    camera : Camera, optional
        Simulated camera; without it one of default parameters.
    motion : Motion, optional
        Way of the image; without it that of default parameters.
    sensor : Shape
        Extent ``(polarities, height, width)``; two polarities.
    """
    camera, motion = camera or Camera(), motion or Motion()
    chance = generator.standard_normal
    corners = np.asarray(motion.corners, float)
    corners = corners + camera.wobble * (chance(2) + 0.5 * chance(corners.shape))
    places = motion.places(corners)

    spread = np.maximum(1 + camera.mismatch * chance(sensor), 0.2)
    thresholds = camera.contrast * np.exp(camera.contrast_spread * chance()) * spread
    # Black all around, so that every pixel looks at some of it.
    margin = 2 * max(sensor[1:])
    brightness = np.log(np.pad(image, margin) + camera.dark)
    looks_at = margin - places
    last = np.asarray(brightness.shape) - sensor[1:] - np.int64(2)
    whole = np.floor(looks_at).astype(np.int64).clip(0, last)
    signal = _camera(brightness, whole, looks_at % 1, thresholds, camera.refractory_us)

    duration_us = 1000 * (len(places) - 1)
    expected = camera.noise_hz * 1e-6 * duration_us * sensor[1] * sensor[2]
    noise = generator.integers((*sensor, duration_us), size=(generator.poisson(expected), 4))
    if camera.leak:
        noise[:, 0] = 1
    rows = np.concatenate((signal, noise))
    rows = rows[np.argsort(rows[:, 3], kind="stable")]
    channel, y, x = np.ascontiguousarray(rows[:, :3].T, np.int32)
    return Events(channel, y, x, rows[:, 3].copy(), sensor)


@compiled
def _camera(brightness, whole, part, thresholds, refractory_us):
    """Signal events ``(channel, y, x, t_us)``, pixel after pixel.

    Each millisecond, pixel ``(y, x)`` looks at ``brightness[y + whole[0], x + whole[1]]``, blended
    with its lower and right neighbours by ``part``.
    """
    steps = len(whole)
    black = brightness[0, 0]
    rows = np.empty((1 << 14, 4), np.int64)
    count = 0
    lit_rows, lit_columns = np.nonzero(brightness != black)
    if len(lit_rows) == 0:
        return rows[:0]
    # A pixel that no part of the image passes is not looked at any further.
    top = max(0, lit_rows.min() - whole[:, 0].max() - 1)
    bottom = min(thresholds.shape[1], lit_rows.max() - whole[:, 0].min() + 1)
    left = max(0, lit_columns.min() - whole[:, 1].max() - 1)
    right = min(thresholds.shape[2], lit_columns.max() - whole[:, 1].min() + 1)
    levels = np.empty((steps, thresholds.shape[2]), brightness.dtype)
    for y in range(top, bottom):
        for step in range(steps):
            i, shift = y + whole[step, 0], whole[step, 1]
            a, b = part[step, 0], part[step, 1]
            for x in range(left, right):
                j = x + shift
                upper = brightness[i, j] + b * (brightness[i, j + 1] - brightness[i, j])
                lower = brightness[i + 1, j] + b * (brightness[i + 1, j + 1] - brightness[i + 1, j])
                levels[step, x] = upper + a * (lower - upper)
        for x in range(left, right):
            lit = False
            for step in range(steps):
                lit |= levels[step, x] != black
            if not lit:
                continue
            rise, fall = thresholds[0, y, x], thresholds[1, y, x]
            reference, sees_at = levels[0, x], 0.0
            low, high = reference - fall, reference + rise
            for step in range(1, steps):
                before, after = levels[step - 1, x], levels[step, x]
                start = 1000.0 * (step - 1)
                if sees_at <= start and low < after < high:
                    continue
                while sees_at < start + 1000:
                    if sees_at > start:
                        # It sees again within this step, from the brightness of that moment.
                        reference = before + (after - before) * (sees_at - start) / 1000
                        low, high = reference - fall, reference + rise
                    if low < after < high:
                        break
                    fell = after <= low
                    goal = low if fell else high
                    t_us = start + 1000 * (goal - before) / (after - before)
                    if count == len(rows):
                        rows = np.concatenate((rows, np.empty_like(rows)))
                    rows[count] = (int(fell), y, x, int(t_us))
                    count += 1
                    reference, sees_at = goal, t_us + refractory_us
                    low, high = reference - fall, reference + rise
    return rows[:count]
