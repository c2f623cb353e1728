"""Accuracy of one set of weights at every number of time steps, and event by event.

On the data set's test samples. Time steps and real weights come from the checkpoint that training
left beside the network.
"""

import argparse
from dataclasses import dataclass

from tqdm import tqdm

from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import Recordings
from tickless.sw.data.frames import FrameSource
from tickless.sw.integer.network import Network
from tickless.sw.judge.evaluate import EventScore, score_events, score_steps
from tickless.sw.judge.options import add_network, at_least_one, judging_samples
from tickless.sw.training.models import SpikingNetwork

__all__ = ["Accuracies", "accuracies", "add_options", "main"]

STEPS = 20
"""Largest number of time steps by default."""


@dataclass(frozen=True)
class Accuracies:
    """Shares of samples that one set of weights classifies rightly.

    Members
    -------
    time_stepped : list of float
        In 1, 2, 3, ... time steps, with real weights.
    floating, integer : EventScore
        Event by event, with real weights and with those of the hardware.
    """

    time_stepped: list[float]
    floating: EventScore
    integer: EventScore


def accuracies(
    model: SpikingNetwork, network: Network, recordings: Recordings, steps: int = STEPS
) -> Accuracies:
    """Accuracies of a fused float network and of the integer network made of it."""
    source = FrameSource(tqdm(recordings, "recordings", leave=False), model.sensor)
    numbers = tqdm(range(1, steps + 1), "time steps", leave=False)
    return Accuracies(
        [score_steps(model, source, number) for number in numbers],
        score_events(model, recordings),
        score_events(network, recordings),
    )


def table(found: Accuracies, weight_bits: int) -> str:
    """Accuracies as text, and what the integer network costs."""
    lines = [
        f"T = {number:<3} {share:25.2%}" for number, share in enumerate(found.time_stepped, start=1)
    ]
    if len(found.time_stepped) > 1:
        later = found.time_stepped[1:]
        title = f"T = 2..{len(found.time_stepped)}"
        lines.append(f"{title:12} {min(later):17.2%} to {max(later):.2%}")
    lines += [
        f"no time step, float    {found.floating.accuracy:8.2%}",
        f"no time step, {weight_bits} bits   {found.integer.accuracy:8.2%}",
        f"{max(found.integer.events):,.0f} events into the busiest layer, "
        f"{found.integer.sops:,.0f} SOPs a sample",
    ]
    return "\n".join(lines)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_network(parser)
    parser.add_argument(
        "--steps",
        type=at_least_one,
        metavar="N",
        default=STEPS,
        help=f"largest number of time steps ({STEPS})",
    )


def main(options: argparse.Namespace) -> int:
    """Print the table."""
    network = Network.load(options.network)
    model = Checkpoint.load(Checkpoint.beside(options.network)).model
    dataset, samples = judging_samples(options, network)
    found = accuracies(model, network, samples, options.steps)
    print(f"{options.network.stem}: {dataset}, {len(samples)} test samples")
    print(table(found, network.layers[0].edges[0].weight_bits))
    return 0
