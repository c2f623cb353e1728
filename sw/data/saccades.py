"""Saccades: still digits moved in front of a simulated event camera, the embedded data set."""

from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import distribution
from itertools import pairwise

import numpy as np
from scipy.ndimage import zoom

from tickless.sw.compiled import compiled
from tickless.sw.data.events import Events

__all__ = ["SENSOR", "Camera", "Motion", "digits", "record", "sample"]

SENSOR = (2, 34, 34)
"""Extent ``(polarities, height, width)`` of a recording."""

TEST_START = 1297
"""First digit of the test set. The order is scikit-learn's, so that most of its writers are new."""


@dataclass(frozen=True)
class Motion:
    """Saccades of the head that carries the camera.

    Between two corners the head starts and stops gently: after the share u of a saccade's duration
    it has gone (1 - cos(pi w)) / 2 of the way, w = u^a / (u^a + b (1 - u)^a).

    Parameters
    ----------
    corners : tuple
        Places ``(y, x)`` in pixels of a 28x28 image's corner before and after each saccade. The
        default was found by correlating events of 100 N-MNIST training recordings with the edges
        of their images.
    legs_ms : tuple of int
        Duration of each saccade.
    haste, delay : tuple of float
        Exponent a and factor b of each saccade: more haste in its middle, a later middle.
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
    """Simulated event camera on a moving head.

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
) -> Events:
    """Recording of a still image moved along saccades such as N-MNIST's three.

    As in N-MNIST, channel 0 is a pixel that an edge of the digit brightens.

    Parameters
    ----------
    image : numpy.ndarray
        Brightness in 0..1, at most 34x34; black around it.
    generator : numpy.random.Generator
        Source of all chance: the same state gives the same events.
    camera : Camera, optional
        Simulated camera; without it one of default parameters.
    motion : Motion, optional
        Saccades; without it those of default parameters.
    """
    camera, motion = camera or Camera(), motion or Motion()
    chance = generator.standard_normal
    corners = np.asarray(motion.corners) + (28 - np.asarray(image.shape)) / 2
    corners += camera.wobble * (chance(2) + 0.5 * chance(corners.shape))
    places = motion.places(corners)

    spread = np.maximum(1 + camera.mismatch * chance(SENSOR), 0.2)
    thresholds = camera.contrast * np.exp(camera.contrast_spread * chance()) * spread
    # Black all around, so that every pixel looks at some of it.
    brightness = np.log(np.pad(image, 2 * SENSOR[1]) + camera.dark)
    looks_at = 2 * SENSOR[1] - places
    last = np.asarray(brightness.shape) - SENSOR[1] - 2
    whole = np.floor(looks_at).astype(np.int64).clip(0, last)
    signal = _camera(brightness, whole, looks_at % 1, thresholds, camera.refractory_us)

    duration_us = 1000 * (len(places) - 1)
    expected = camera.noise_hz * 1e-6 * duration_us * SENSOR[1] * SENSOR[2]
    noise = generator.integers((*SENSOR, duration_us), size=(generator.poisson(expected), 4))
    if camera.leak:
        noise[:, 0] = 1
    rows = np.concatenate((signal, noise))
    rows = rows[np.argsort(rows[:, 3], kind="stable")]
    channel, y, x = np.ascontiguousarray(rows[:, :3].T, np.int32)
    return Events(channel, y, x, rows[:, 3].copy(), SENSOR)


def sample(index: int, variant: int = 0) -> Events:
    """Recording of one of scikit-learn's 1,797 handwritten digits, enlarged to 24x24 pixels.

    Parameters
    ----------
    index : int
        Digit, 0 to 1796.
    variant : int
        Seed, at least 0: another recording of the same digit. The data set holds variant 0.
    """
    return record(_images()[0][index], np.random.default_rng((variant, index)))


def digits(split: str) -> list[tuple[int, int]]:
    """Index and label of each digit of a split: ``"train"`` or ``"test"``."""
    labels = _images()[1]
    kept = {"train": range(TEST_START), "test": range(TEST_START, len(labels))}[split]
    return [(index, int(labels[index])) for index in kept]


@cache
def _images() -> tuple[np.ndarray, np.ndarray]:
    # As load_digits() reads them, whose import alone costs more than a second.
    path = distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")
    table = np.loadtxt(str(path), np.int64, delimiter=",")
    small = table[:, :-1].reshape(-1, 8, 8) / 16
    images = zoom(small, (1, 3, 3), order=1, grid_mode=True, mode="grid-constant")
    return np.asarray(images).clip(0, 1), table[:, -1]


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
