"""Saccades: still digits moved in front of a simulated event camera, the embedded data set."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numba
import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

from sw.data.events import Events

__all__ = ["SENSOR", "Camera", "digits", "record", "sample"]

SENSOR = (2, 34, 34)
"""Extent ``(polarities, height, width)`` of a recording."""

PATH = ((1.2, 0.4), (6.4, 1.9), (1.1, 5.6), (1.2, 0.7))
"""Places ``(y, x)`` in pixels of a 28x28 image's corner before and after each saccade.

Found by correlating events of 100 N-MNIST training recordings with the edges of their images.
"""

LEG_MS = 102
"""Duration of a saccade."""

TEST_START = 1297
"""First digit of the test set. The order is scikit-learn's, so that most of its writers are new."""


@dataclass(frozen=True)
class Camera:
    """Simulated event camera on a moving head.

    A pixel sends an event when the logarithm of its brightness has moved by its threshold since
    its last event, then is blind for the refractory period. The defaults bring event counts,
    polarities, intervals and event-count images of simulated MNIST digits close to those of their
    N-MNIST recordings (correlation of event-count images: 0.88).

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
    wobble : float
        Standard deviation of the whole path's place, in pixels; half as much that of its corners.
    """

    contrast: float = 0.19
    contrast_spread: float = 0.2
    mismatch: float = 0.2
    dark: float = 0.3
    refractory_us: int = 1500
    noise_hz: float = 0.4
    wobble: float = 0.5


def record(
    image: np.ndarray, generator: np.random.Generator, camera: Camera | None = None
) -> Events:
    """Recording of a still image moved along N-MNIST's three saccades.

    As in N-MNIST, channel 0 is a pixel that an edge of the digit brightens.

    Parameters
    ----------
    image : numpy.ndarray
        Brightness in 0..1, at most 34x34; black around it.
    generator : numpy.random.Generator
        Source of all chance: the same state gives the same events.
    camera : Camera, optional
        Simulated camera; without it one of default parameters.
    """
    camera = camera or Camera()
    chance = generator.standard_normal
    path = np.asarray(PATH) + (28 - np.asarray(image.shape)) / 2
    path += camera.wobble * (chance(2) + 0.5 * chance(path.shape))
    # The head starts and stops gently: event rates of real recordings fall at each saccade's ends.
    step = 0.5 - 0.5 * np.cos(np.pi * (np.arange(LEG_MS) + 1) / LEG_MS)
    legs = [a + step[:, None] * (b - a) for a, b in pairwise(path)]
    places = np.concatenate((path[:1], *legs))

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
    pixels, labels = load_digits(return_X_y=True)
    small = np.reshape(pixels, (-1, 8, 8)) / 16
    images = zoom(small, (1, 3, 3), order=1, grid_mode=True, mode="grid-constant")
    return np.asarray(images).clip(0, 1), np.asarray(labels)


@numba.njit(cache=True)
def _camera(brightness, whole, part, thresholds, refractory_us):
    """Signal events ``(channel, y, x, t_us)``, pixel after pixel.

    Each millisecond, pixel ``(y, x)`` looks at ``brightness[y + whole[0], x + whole[1]]``, blended
    with its lower and right neighbours by ``part``.
    """
    steps = len(whole)
    black = brightness[0, 0]
    rows = np.empty((1 << 14, 4), np.int64)
    count = 0
    levels = np.empty(steps, brightness.dtype)
    for y in range(thresholds.shape[1]):
        for x in range(thresholds.shape[2]):
            lit = False
            for step in range(steps):
                i, j = y + whole[step, 0], x + whole[step, 1]
                a, b = part[step, 0], part[step, 1]
                upper = brightness[i, j] + b * (brightness[i, j + 1] - brightness[i, j])
                lower = brightness[i + 1, j] + b * (brightness[i + 1, j + 1] - brightness[i + 1, j])
                levels[step] = upper + a * (lower - upper)
                lit |= levels[step] != black
            if not lit:
                continue
            reference, sees_at = levels[0], 0.0
            for step in range(1, steps):
                before, after = levels[step - 1], levels[step]
                start = 1000.0 * (step - 1)
                while sees_at < start + 1000:
                    if sees_at > start:
                        # It sees again within this step, from the brightness of that moment.
                        reference = before + (after - before) * (sees_at - start) / 1000
                    fell = after < reference
                    goal = reference + (-thresholds[1, y, x] if fell else thresholds[0, y, x])
                    if (after > goal) if fell else (after < goal):
                        break
                    t_us = start + 1000 * (goal - before) / (after - before)
                    if count == len(rows):
                        rows = np.concatenate((rows, np.empty_like(rows)))
                    rows[count] = (int(fell), y, x, int(t_us))
                    count += 1
                    reference, sees_at = goal, t_us + refractory_us
    return rows[:count]
