"""What a framework's script writes: its graph, and every spike; of NumPy alone.

The scripts run in environments of their own, from this folder, and find this module in it.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["write_outputs"]

Spikes = list[np.ndarray]
"""Spikes of each layer, ``[time, recording, ...]``."""

Build = Callable[[list[np.ndarray], list[float], np.ndarray], tuple[Any, Spikes]]
"""Graph and spikes of weights, thresholds and frames ``[time, recording, channel, y, x]``."""


def write_outputs(build: Build, write: Callable[[str, Any], None]) -> None:
    """For each set of weights in the file of the first argument, in the folder of the second:
    ``<set>.nir`` and ``<set>.npz``, arrays ``layer1`` and so on."""
    inputs, folder = np.load(sys.argv[1]), Path(sys.argv[2])
    for variant in ("exact", "real"):
        weights = [inputs[f"{variant}_weight{layer}"] for layer in (1, 2, 3)]
        thresholds = [float(value) for value in inputs[f"{variant}_threshold"]]
        graph, spikes = build(weights, thresholds, inputs["frames"])
        write(str(folder / f"{variant}.nir"), graph)
        arrays = {f"layer{index}": counts.astype(np.uint8) for index, counts in enumerate(spikes, 1)}
        np.savez_compressed(folder / f"{variant}.npz", **arrays)
        print(variant, *(int(counts.sum()) for counts in spikes), "spikes")
