"""CIFAR-10 along CIFAR10-DVS's closed loop: simulated recordings, as many as that set has.

Nothing here was recorded. Li et al., "CIFAR10-DVS: An Event-Stream Dataset for Object
Classification", Frontiers in Neuroscience 11, 2017, moved images of CIFAR-10, enlarged to 512x512
pixels by bicubic interpolation, along a closed loop of four paths on a monitor, again and again,
before a camera of 128x128 pixels. So it is done here, before a simulated camera.
"""

from itertools import chain, repeat
from pathlib import Path

import numpy as np
from scipy.ndimage import zoom

from tickless.sw.data import store
from tickless.sw.data.camera import Camera, Motion, record
from tickless.sw.data.events import Events
from tickless.sw.data.images import training_images

__all__ = ["CLASSES", "SENSOR", "further", "path", "sample", "samples"]

SENSOR = (2, 128, 128)
"""Extent ``(polarities, height, width)`` of a recording."""

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
"""Names of the classes; a label is a place in this list."""

RECORDED = 1000
"""Images of each class that are in the set: the first of CIFAR-10's training images."""

FIRST_TEST = 900
"""Number of the first test recording of a class, as in `sw.data.cifar10dvs`."""

EXTENT = 136
"""Pixels of the enlarged image: it covers the sensor on all of its way, so that no frame around the
image gives events."""

LOOPS = 6
"""Rounds of the loop in a recording, 24 paths in all."""

PATH_MS = 50
"""Duration of a path: 1.2 s for a recording. Of CIFAR10-DVS they are 1.2 to 1.3 s long."""

REACH = 4
"""Pixels from the middle of the loop to its corners: above, left, below, right of it."""

CAMERA = Camera(
    contrast=0.12,
    contrast_spread=0.1,
    mismatch=0.1,
    dark=0.3,
    refractory_us=700,
    noise_hz=0.3,
    leak=True,
    wobble=0.0,
)
"""Its contrast was chosen for about 200,000 events a recording, as CIFAR10-DVS has; the rest is
near to what `sw.data.mnist` found for N-MNIST's camera. No recording of the set was at hand."""

EXPECTED = (
    "CIFAR-10 as $TICKLESS_DATA/cifar10/cifar10_gray.npz with the arrays train_images (luminance, "
    "uint8, 50000 x 32 x 32) and train_labels"
)


def _motion() -> Motion:
    middle, paths = (SENSOR[1] - EXTENT) / 2, 4 * LOOPS
    loop = [
        (middle - REACH, middle),
        (middle, middle - REACH),
        (middle + REACH, middle),
        (middle, middle + REACH),
    ]
    corners = (*chain.from_iterable(repeat(loop, LOOPS)), loop[0])
    return Motion(corners, (PATH_MS,) * paths, (1.0,) * paths, (1.0,) * paths)


MOTION = _motion()


def path() -> Path:
    """File of the images: ``cifar10/cifar10_gray.npz`` beside the recordings."""
    return store.root() / "cifar10" / "cifar10_gray.npz"


def samples(source: Path, split: str) -> list[tuple[int, int]]:
    """Image and label of each recording of a split, in order of label and number.

    Parameters
    ----------
    source : Path
        File of the images.
    split : str
        ``"train"`` or ``"test"``, see `FIRST_TEST`.

    Raises
    ------
    EventsError
        If the file is missing or holds something else.
    """
    numbers = slice(FIRST_TEST, RECORDED) if split == "test" else slice(FIRST_TEST)
    return [
        (image, label) for label, shown in enumerate(_by_class(source)) for image in shown[numbers]
    ]


def further(source: Path) -> list[tuple[int, int]]:
    """Image and label of each training image of CIFAR-10 that is not in the set, class by turns."""
    rest = [shown[RECORDED:] for shown in _by_class(source)]
    turns = [
        (image, label, turn) for label, shown in enumerate(rest) for turn, image in enumerate(shown)
    ]
    return [(image, label) for image, label, _ in sorted(turns, key=lambda each: each[2])]


def sample(source: Path, image: int) -> Events:
    """Simulated recording of one training image of CIFAR-10, the same whenever it is made."""
    pixels = training_images(source, 32, EXPECTED)[0][image] / 255
    enlarged = np.asarray(zoom(pixels, EXTENT / 32, order=3, grid_mode=True, mode="nearest"))
    return record(
        np.clip(enlarged, 0, 1), np.random.default_rng((3, image)), CAMERA, MOTION, SENSOR
    )


def _by_class(source: Path) -> list[list[int]]:
    """Training images of each class, in their order."""
    labels = training_images(source, 32, EXPECTED)[1]
    return [np.flatnonzero(labels == label).tolist() for label in range(len(CLASSES))]
