"""Quantize a checkpoint and measure the integer network, event by event, on the test samples of its
data set, if it names one."""

import argparse
from dataclasses import replace
from pathlib import Path

from tickless.sw.data.catalog import load
from tickless.sw.data.losses import dropped_a_sample
from tickless.sw.integer.network import Provenance
from tickless.sw.outputs import output_file
from tickless.sw.quantization.options import add_clip

__all__ = ["add_options", "main"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("checkpoint", type=Path, help="file that tickless train or import wrote")
    trained = "as it was trained for, or "
    parser.add_argument(
        "--bits", type=int, default=None, help=f"width of a weight, 2 to 8; {trained}8"
    )
    parser.add_argument(
        "--resolution",
        type=int,
        default=None,
        help=f"most weight units in a threshold; {trained}128",
    )
    add_clip(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, help="network file to write")


def main(options: argparse.Namespace) -> int:
    """Checkpoint in, network file out, integer accuracy measured."""
    from tickless.sw.checkpoint import Checkpoint
    from tickless.sw.judge.evaluate import score_events
    from tickless.sw.quantization.quantize import quantize, rounding
    from tickless.sw.quantization.rule import Quantization

    output_file(options.output, options.checkpoint)
    source = Checkpoint.load(options.checkpoint)
    trained = source.model.quantization or Quantization()
    bits = trained.weight_bits if options.bits is None else options.bits
    units = trained.resolution if options.resolution is None else options.resolution
    clip = trained.clip if options.clip is None else options.clip
    network = quantize(source.model, bits, units, clip=clip)
    accuracies = dict(source.accuracies)
    if source.dataset:
        score = score_events(network, load(source.dataset, "test"))
        accuracies["integer"] = score.accuracy
        print(f"integer accuracy: {score.accuracy:.4f} of {score.samples} samples")
        print(f"mean events into each layer: {', '.join(f'{mean:.0f}' for mean in score.events)}")
        print(f"mean synaptic operations: {score.sops:.0f}")
        print(dropped_a_sample(score.dropped))
        score.warn()
    origin = Provenance(source.dataset, source.method, source.seed, accuracies)
    replace(network, provenance=origin).save(options.output)
    print(f"membrane bits: {', '.join(str(layer.membrane_bits) for layer in network.layers[:-1])}")
    if text := rounding(source.model, network):
        print(text)
    print(f"wrote {options.output}")
    return 0
