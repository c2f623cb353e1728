"""MNIST along saccades: simulated recordings of the images that N-MNIST's recordings show."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform

from tickless.sw.data import store
from tickless.sw.data.camera import Camera, Motion, record
from tickless.sw.data.events import Events
from tickless.sw.data.images import training_images

__all__ = ["CAMERA", "MOTION", "image_of", "images", "path", "sample", "varied"]

CAMERA = Camera(
    contrast=0.168,
    contrast_spread=0.193,
    mismatch=0.104,
    dark=0.435,
    refractory_us=692,
    noise_hz=0.357,
    leak=True,
    wobble=0.01,
)
MOTION = Motion(
    corners=((1.552, 0.127), (6.538, 1.509), (1.785, 5.679), (1.759, 5.2), (1.394, 0.141)),
    legs_ms=(100, 97, 20, 90),
    haste=(1.4, 1.3, 1.0, 1.1),
    delay=(0.952, 1.046, 0.787, 0.753),
)
"""Found by eye, then by searches of `sw.data.camera_calibration` on 200 of N-MNIST's recordings.

The third leg is no saccade of its own: the head swings a little back after the second.
"""


SPREADS = {"contrast": 0.1, "mismatch": 0.4, "dark": 0.1, "refractory_us": 0.2, "noise_hz": 0.5}
VARIED_WOBBLE = 0.3
"""Cameras of `varied`: deviation of the logarithm of each parameter around `CAMERA`'s; wobble."""

TURN, STRETCH, SLANT = 10.0, 0.1, 0.1
"""Most by which an image of `varied` turns, in degrees, is stretched and slanted."""

EXPECTED = (
    "MNIST as $TICKLESS_DATA/mnist/mnist.npz with the arrays train_images (uint8, "
    "60000 x 28 x 28) and train_labels, in MNIST's order"
)


def path() -> Path:
    """File of the images: ``mnist/mnist.npz`` beside N-MNIST."""
    return store.root() / "mnist" / "mnist.npz"


def images(source: Path) -> tuple[np.ndarray, np.ndarray]:
    """MNIST's training images and labels, in its order; its test images stay out.

    Parameters
    ----------
    source : Path
        NumPy's archive with the arrays ``train_images`` (uint8 ``[60000, 28, 28]``) and
        ``train_labels``.

    Raises
    ------
    EventsError
        As of `sw.data.images.training_images`.
    """
    return training_images(source, 28, EXPECTED)


def sample(source: Path, index: int, camera: Camera = CAMERA, motion: Motion = MOTION) -> Events:
    """Simulated recording of one training image, the same whenever it is made.

    Parameters
    ----------
    source : Path
        File of `images`.
    index : int
        Training image, 0 to 59999; `image_of` gives that of a recording.
    """
    generator = np.random.default_rng((1, index))
    return record(images(source)[0][index] / 255, generator, camera, motion)


def varied(source: Path, index: int) -> Events:
    """Another simulated recording of a training image, which differs more from the others.

    The image is turned, stretched and slanted a little, and the camera is another each time: so a
    network learns less of what only the simulation has.
    """
    generator = np.random.default_rng((2, index))
    image = _distorted(images(source)[0][index] / 255, generator)
    factors = {
        name: np.exp(spread * generator.standard_normal()) for name, spread in SPREADS.items()
    }
    values = {name: getattr(CAMERA, name) * factor for name, factor in factors.items()}
    values["refractory_us"] = round(values["refractory_us"])
    camera = replace(CAMERA, wobble=VARIED_WOBBLE, **values)
    return record(image, generator, camera, MOTION)


def _distorted(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    angle, slant = np.deg2rad(TURN) * generator.uniform(-1, 1), SLANT * generator.uniform(-1, 1)
    stretch = np.diag(1 + STRETCH * generator.uniform(-1, 1, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ stretch @ np.array([[1, slant], [0, 1]])
    middle = (np.array(image.shape) - 1) / 2
    start = middle - matrix @ middle
    moved = affine_transform(
        image,
        matrix,
        start,  # pyright: ignore[reportArgumentType] -- the stubs take one number
        order=1,
    )
    return moved.clip(0, 1)


def image_of(recording: Path) -> int:
    """Training image that a recording of N-MNIST's training set shows; its file is one higher."""
    return int(recording.stem) - 1
