"""What clipping brings: integer accuracy of a checkpoint as it is, and with planted outliers.

An outlier is a weight 30 times as large as any other of its scale, from the input channel that
sends fewest events: the real network hardly changes, and its integers hold little of the others.
"""

import argparse
import copy
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from tickless.sw.data.catalog import check_suits, dataset_name, load
from tickless.sw.data.losses import dropped_a_sample
from tickless.sw.integer.network import PRETRAINED, NetworkError
from tickless.sw.option_types import at_least_one

if TYPE_CHECKING:
    from tickless.sw.data.recordings import Recordings
    from tickless.sw.training.models import SpikingNetwork

__all__ = ["add_options", "main", "planted"]

FACTOR = 30
"""An outlier, over the largest weight of its scale."""

CLIPS = (None, 99.9, 99.5, 99.0, 98.0, "mse")

WATCHED = 20
"""Recordings on which the events of each channel are counted."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "checkpoint",
        nargs="?",
        type=Path,
        default=PRETRAINED / "nmnist-4bit.checkpoint.safetensors",
        help="file that tickless train or import wrote; nmnist-4bit's if not given",
    )
    parser.add_argument(
        "--dataset", type=dataset_name, metavar="NAME", help="that of the checkpoint if not given"
    )
    parser.add_argument(
        "--samples",
        type=at_least_one,
        metavar="N",
        help="test samples, the first; all if not given",
    )
    parser.add_argument(
        "--bits", type=int, help="width of a weight, 2 to 8; as it was trained for, or 8"
    )


def main(options: argparse.Namespace) -> int:
    """Print the table."""
    from tickless.sw.checkpoint import Checkpoint
    from tickless.sw.judge.evaluate import score_events
    from tickless.sw.quantization.diagnosis import QuantizationWarning
    from tickless.sw.quantization.quantize import quantize
    from tickless.sw.quantization.rule import Quantization

    source = Checkpoint.load(options.checkpoint)
    dataset = options.dataset or source.dataset
    check_suits(dataset, source.model.sensor, source.model.specs[-1].channels)
    samples = load(dataset, "test")[: options.samples]
    rule = source.model.quantization or Quantization()
    bits = rule.weight_bits if options.bits is None else options.bits
    source.model.quantization = None
    models = {
        "as it is": source.model,
        "outliers in layers": planted(source.model, samples[:WATCHED], readout=False),
        "in the readout": planted(source.model, samples[:WATCHED], readout=True),
    }
    print(f"{options.checkpoint.name}: {dataset}, {len(samples)} test samples, {bits} bits")
    floating = [score_events(model, samples) for model in models.values()]
    print(dropped_a_sample(floating[0].dropped))
    print(f"{'':14}" + "".join(f"{title:>22}" for title in models))
    print(f"{'real weights':14}" + "".join(f"{score.accuracy:22.2%}" for score in floating))
    for clip in CLIPS:
        cells = []
        for model in models.values():
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", QuantizationWarning)
                    network = quantize(model, bits, rule.resolution, clip=clip)
            except NetworkError:
                cells.append("refused")
            else:
                cells.append(f"{score_events(network, samples).accuracy:.2%}")
        title = "no clipping" if clip is None else f"--clip {clip}"
        print(f"{title:14}" + "".join(f"{cell:>22}" for cell in cells))
    floating[0].warn()
    return 0


def planted(model: "SpikingNetwork", samples: "Recordings", *, readout: bool) -> "SpikingNetwork":
    """Copy of a network with an outlier in each scale of its spiking layers, or of its readout.

    Not of the first layer: no channel of its input is a quiet one.
    """
    import numpy as np
    import torch

    from tickless.sw.judge.evaluate import FloatEngine

    engine = FloatEngine(model)
    sent = [np.zeros(geometry.input_shape[0]) for geometry in model.geometries]
    for events, _ in samples:
        addresses = events.addresses
        for counts, arriving in zip(sent, [addresses, *engine.run(addresses)[1]], strict=True):
            counts += np.bincount(arriving[:, 0], minlength=len(counts))
    result = copy.deepcopy(model)
    with torch.no_grad():
        for index, geometry in enumerate(model.geometries):
            if not index or (geometry.kind == "readout") != readout:
                continue
            weight = result.weights[index]
            quiet = int(sent[index][: weight.shape[1]].argmin())
            largest = weight.abs().amax((1, 2, 3))
            if readout:
                weight[0, quiet, 0, 0] = FACTOR * largest.max()
            else:
                weight[:, quiet, 0, 0] = -FACTOR * largest
    return result
