"""What every framework is given: weights, thresholds and frames, in one file of arrays.

    python -m tests.peers.inputs FILE

``frames`` are ``[time, recording, channel, y, x]``. Two sets of weights have the same shapes:
``exact`` ones are multiples of 1/32 with thresholds that are powers of two, so that no arithmetic
rounds and many membranes meet their threshold; ``real`` ones are as training leaves them.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from tickless.sw.data.catalog import load
from tickless.sw.data.frames import FrameSource
from tickless.sw.data.saccades import SENSOR

RECORDINGS, STEPS = 20, 10

SHAPES = ((4, 2, 5, 5), (8, 4, 3, 3), (10, 8, 2, 2))
"""Weights of two convolutions, and of what closes the network."""

SPREADS = (1.0, 0.5, 1.5)

THRESHOLDS = {"exact": (2.0, 1.0, 0.5), "real": (1.7, 0.9, 0.6)}

SEED = 17


def write_inputs(path: Path) -> None:
    """One file with all of it."""
    recordings = load("saccades", "test")
    source = FrameSource([recordings[index] for index in range(RECORDINGS)], SENSOR)
    frames = source.frames(range(RECORDINGS), STEPS).numpy()
    arrays: dict[str, Any] = {"frames": frames.astype(np.uint8)}
    assert (arrays["frames"] == frames).all()
    generator = np.random.default_rng(SEED)
    for variant, thresholds in THRESHOLDS.items():
        for layer, (shape, each) in enumerate(zip(SHAPES, SPREADS, strict=True), 1):
            spread = each / np.sqrt(np.prod(shape[1:]))
            weight = generator.normal(spread / 4, spread, shape)
            if variant == "exact":
                weight = np.rint(weight * 32) / 32
            arrays[f"{variant}_weight{layer}"] = weight.astype(np.float32)
        arrays[f"{variant}_threshold"] = np.array(thresholds, np.float32)
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    write_inputs(Path(sys.argv[1]))
