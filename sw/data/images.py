"""Still images and their labels, from NumPy's archives."""

import zlib
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from tickless.sw.data.events import EventsError

__all__ = ["training_images"]


@cache
def training_images(source: Path, extent: int, expected: str) -> tuple[np.ndarray, np.ndarray]:
    """Training images of an archive, uint8 ``[images, extent, extent]``, and their labels.

    Parameters
    ----------
    source : Path
        Archive with the arrays ``train_images`` and ``train_labels``.
    extent : int
        Height and width of each image.
    expected : str
        For messages: what has to lie where.

    Raises
    ------
    EventsError
        If the file is missing or no such archive; the message says where to put one.
    """
    try:
        with source.open("rb") as archive, np.load(archive, allow_pickle=False) as file:
            pixels, labels = file["train_images"], file["train_labels"].astype(np.int64)
        if pixels.dtype != np.uint8 or pixels.shape != (len(labels), extent, extent):
            raise ValueError(f"train_images are {pixels.dtype} {pixels.shape}")
    except (OSError, LookupError, ValueError, EOFError, BadZipFile, zlib.error, TypeError) as error:
        raise EventsError(f"{source}: {error}. Expected {expected}") from None
    return pixels, labels
