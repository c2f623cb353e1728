"""What every framework is given: weights, thresholds and frames, in one file of arrays.

    python -m tests.peers.inputs FILE

``frames`` are ``[time, recording, channel, y, x]``. Two sets of weights have the same shapes:
``exact`` ones are multiples of 1/32 with thresholds that are powers of two, so that no arithmetic
rounds and many membranes meet their threshold; ``real`` ones are as training leaves them.
"""

import sys
from pathlib import Path

import numpy as np

from tickless.sw.data.catalog import load
from tickless.sw.data.frames import FrameSource
from tickless.sw.data.saccades import SENSOR

__all__ = ["RECORDINGS", "STEPS", "VARIANTS", "recorded_frames", "write_inputs"]

RECORDINGS, STEPS = 20, 10

VARIANTS = ("exact", "real")

SHAPES = ((4, 2, 5, 5), (8, 4, 3, 3), (10, 8, 2, 2))
"""Weights of two convolutions, and of what closes the network."""

THRESHOLDS = {"exact": (2.0, 1.0, 0.5), "real": (1.7, 0.9, 0.6)}

SEED = 17


def recorded_frames() -> np.ndarray:
    """Frames of the first test recordings of `saccades`."""
    recordings = load("saccades", "test")
    source = FrameSource([recordings[index] for index in range(RECORDINGS)], SENSOR)
    return source.frames(range(RECORDINGS), STEPS).numpy()


def write_inputs(path: Path) -> None:
    """One file with all of it."""
    arrays = {"frames": recorded_frames()}
    generator = np.random.default_rng(SEED)
    for variant in VARIANTS:
        for layer, shape in enumerate(SHAPES, 1):
            spread = (1.0, 0.5, 0.4)[layer - 1] / np.sqrt(np.prod(shape[1:]))
            weight = generator.normal(spread / 4, spread, shape)
            if variant == "exact":
                weight = np.rint(weight * 32) / 32
            arrays[f"{variant}_weight{layer}"] = weight.astype(np.float32)
        arrays[f"{variant}_threshold"] = np.array(THRESHOLDS[variant], np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    write_inputs(Path(sys.argv[1]))
