"""Make a checkpoint and an integer network of a NIR graph, and tell node by node what it became."""

import argparse
import math
from dataclasses import replace
from pathlib import Path

from tickless.errors import InputError
from tickless.sw.data.catalog import class_names, dataset_name, load
from tickless.sw.data.catalog import sensor as dataset_sensor
from tickless.sw.data.losses import dropped_a_sample
from tickless.sw.option_types import at_least_one, real
from tickless.sw.outputs import check_apart, output_file
from tickless.sw.quantization.options import add_clip

__all__ = ["add_options", "main"]

FRAMEWORKS = ("sinabs", "snntorch", "spikingjelly", "norse")

MOST_RECORDINGS = 200
"""Training recordings on which floors are tried."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("graph", type=Path, help="NIR file")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="network file to write; the checkpoint goes beside it",
    )
    parser.add_argument("--bits", type=int, default=8, help="width of a weight, 2 to 8 (8)")
    parser.add_argument(
        "--resolution", type=int, default=128, help="most weight units in a threshold (128)"
    )
    add_clip(parser)
    parser.add_argument(
        "--floor",
        type=_floor,
        default=None,
        help="lowest membrane in thresholds, below 0 (the best on training recordings of "
        "--dataset, or -8)",
    )
    parser.add_argument(
        "--dataset",
        type=dataset_name,
        default=None,
        help="recordings on which floors are tried and accuracy is measured",
    )
    parser.add_argument(
        "--semantics",
        choices=FRAMEWORKS,
        default=None,
        help="framework that wrote the file, for what it does not say: spikes a time step, delay "
        "and kind of reset, comparison (what the file tells)",
    )
    parser.add_argument(
        "--dt",
        type=float,
        default=None,
        help="time step in seconds: gains are r * dt of IF, r * dt / tau of LIF (the framework's)",
    )
    parser.add_argument(
        "--readout",
        choices=("spikes", "sums"),
        default="spikes",
        help="classes of a graph that ends in neurons: counts of their spikes, or sums of what "
        "they receive, without their thresholds (spikes)",
    )
    parser.add_argument(
        "--drop-bias", action="store_true", help="leave biases out; fine-tune the network then"
    )
    parser.add_argument(
        "--drop-leak", action="store_true", help="leave leaks out; fine-tune the network then"
    )
    parser.add_argument(
        "--bias-steps",
        type=at_least_one,
        default=None,
        metavar="N",
        help="time steps of a sample: N times the readout's bias is where the logits begin, which "
        "is exact (without: such a bias is refused, or left out with --drop-bias)",
    )


def main(options: argparse.Namespace) -> int:
    """NIR file in; network and checkpoint out, and a table."""
    from tickless.sw.checkpoint import Checkpoint
    from tickless.sw.integer.network import Provenance
    from tickless.sw.judge.evaluate import score_events
    from tickless.sw.nir.graph import flatten
    from tickless.sw.nir.importing import networks_of
    from tickless.sw.nir.layers import Choices, table
    from tickless.sw.nir.meaning import interpret
    from tickless.sw.nir.reading import read_graph
    from tickless.sw.quantization.rule import Quantization

    check_apart(options.output, options.graph)
    dataset, recordings, sensor = options.dataset, None, None
    if dataset is not None:
        sensor = dataset_sensor(dataset)
        if options.floor is None:
            recordings = load(dataset, "train")
            recordings = recordings.part(_spread(len(recordings)))
    choices = Choices(
        options.semantics,
        options.dt,
        options.readout,
        options.drop_bias,
        options.drop_leak,
        options.bias_steps,
    )
    quantization = Quantization(options.bits, options.resolution, options.clip)
    meaning = interpret(flatten(read_graph(options.graph)), choices, sensor)
    # Before floors are tried, which takes long, and behind what the graph can be wrong in.
    output_file(options.output, options.graph)
    imported = networks_of(meaning, quantization, options.floor, recordings)
    network, checkpoint = imported.network, imported.checkpoint
    print(table(imported.rows))
    for trial in imported.trials:
        print(
            f"floor {trial.floor:g}: accuracy {trial.score.accuracy:.4f} of "
            f"{trial.score.samples} training recordings, mean events into each layer "
            f"{_events(trial.score.events)}"
        )
    for note in imported.notes:
        print(note)
    if dataset is not None:
        if network.classes < (wanted := len(class_names(dataset))):
            raise InputError(
                f"{options.graph}: {network.classes} classes: expected the {wanted} of {dataset}"
            )
        score = score_events(network, load(dataset, "test"))
        accuracies = {"integer": score.accuracy}
        network = replace(network, provenance=Provenance(dataset, "nir", 0, accuracies))
        checkpoint = replace(checkpoint, dataset=dataset).with_accuracies(**accuracies)
        print(f"integer accuracy: {score.accuracy:.4f} of {score.samples} test samples")
        print(f"mean events into each layer: {_events(score.events)}")
        print(f"mean synaptic operations: {score.sops:.0f}")
        print(dropped_a_sample(score.dropped))
        score.warn()
    bits = ", ".join(str(layer.membrane_bits) for layer in network.layers[:-1])
    print(f"membrane bits: {bits}")
    beside = Checkpoint.beside(options.output)
    checkpoint.save(beside)
    network.save(options.output)
    print(f"wrote {options.output} and {beside}")
    return 0


def _floor(text: str) -> float:
    floor = real(text)
    if not -math.inf < floor < 0:
        raise argparse.ArgumentTypeError(
            f"{text}: expected a finite number below 0: a membrane has bits, two more for four "
            "times as low a floor"
        )
    return floor


def _events(means: tuple[float, ...]) -> str:
    return ", ".join(f"{mean:.0f}" for mean in means)


def _spread(count: int) -> list[int]:
    """Some of the recordings, from all parts of their list, which may be in the labels' order."""
    kept = min(count, MOST_RECORDINGS)
    return [index * count // kept for index in range(kept)]
