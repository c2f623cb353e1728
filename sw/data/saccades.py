"""Saccades: still digits moved in front of a simulated event camera, the embedded data set."""

from functools import cache
from importlib.metadata import distribution

import numpy as np
from scipy.ndimage import zoom

from tickless.sw.data.camera import Motion, record
from tickless.sw.data.events import Events

__all__ = ["SENSOR", "digits", "sample"]

SENSOR = (2, 34, 34)
"""Extent ``(polarities, height, width)`` of a recording."""

MOTION = Motion(corners=((3.2, 2.4), (8.4, 3.9), (3.1, 7.6), (3.2, 2.7)))
"""That of a 28x28 image, with these of 24x24 in its middle."""

TEST_START = 1297
"""First digit of the test set. The order is scikit-learn's, so that most of its writers are new."""


def sample(index: int, variant: int = 0) -> Events:
    """Recording of one of scikit-learn's 1,797 handwritten digits, enlarged to 24x24 pixels.

    Parameters
    ----------
    index : int
        Digit, 0 to 1796.
    variant : int
        Seed, at least 0: another recording of the same digit. The data set holds variant 0.
    """
    return record(_images()[0][index], np.random.default_rng((variant, index)), motion=MOTION)


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
