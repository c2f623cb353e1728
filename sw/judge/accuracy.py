"""Accuracy of one set of weights at every number of time steps, and event by event.

On the data set's test samples. Time steps and real weights come from the checkpoint that training
left beside the network; where there is none, the integer network alone is judged.
"""

import argparse
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tickless.errors import InputError
from tickless.sw.data.recordings import Recordings, parcels
from tickless.sw.integer.network import Network
from tickless.sw.judge.energy import NOTE, energy_uj
from tickless.sw.judge.options import (
    PARCEL,
    add_judging,
    float_network,
    judging_samples,
    write_figures,
)
from tickless.sw.judge.score import EventScore
from tickless.sw.option_types import within
from tickless.sw.training.settings import MOST_STEPS
from tickless.sw.workers import run_tasks

if TYPE_CHECKING:
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
        In 1, 2, 3, ... time steps, with real weights; empty without them.
    floating, integer : EventScore
        Event by event, with real weights, if there are any, and with those of the hardware.
    energy_uj : float
        Of a sample with those of the hardware: see `sw.judge.energy`.
    """

    time_stepped: list[float]
    floating: EventScore | None
    integer: EventScore
    energy_uj: float


def accuracies(
    model: "SpikingNetwork | None",
    network: Network,
    recordings: Recordings,
    steps: int = STEPS,
    *,
    jobs: int = 1,
    cluster: str | None = None,
    device: str | None = None,
) -> Accuracies:
    """Accuracies of a fused float network, if there is one, and of the integer one made of it.

    Parameters
    ----------
    jobs, cluster : int, str, optional
        See `sw.workers.run_tasks`; the figures are the same.
    device : str, optional
        See `sw.judge.evaluate.count_events`; the figures are the same.
    """
    from tickless.sw.judge.tasks import judged

    size = PARCEL if device is None else len(recordings)
    tasks = [(model, network, part, steps, device) for part in parcels(recordings, size)]
    title, unit = f"accuracy on {len(recordings)} samples", "parcels"
    parts = list(run_tasks(judged, tasks, jobs=jobs, cluster=cluster, title=title, unit=unit))
    right = zip(*(part.time_stepped for part in parts), strict=True)
    floating = [part.floating for part in parts if part.floating is not None]
    integer = EventScore.of([part.integer for part in parts])
    return Accuracies(
        [sum(each) / len(recordings) for each in right],
        EventScore.of(floating) if floating else None,
        integer,
        energy_uj(network, integer.sops),
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
    if found.floating is not None:
        lines.append(f"no time step, float    {found.floating.accuracy:8.2%}")
    lines += [
        f"no time step, {weight_bits} bits   {found.integer.accuracy:8.2%}",
        f"{max(found.integer.events):,.0f} events into the busiest layer, "
        f"{found.integer.sops:,.0f} SOPs a sample, "
        f"{found.integer.dropped:,.1f} events outside the sensor dropped",
        f"{found.energy_uj:,.3g} uJ a sample, {NOTE}",
    ]
    return "\n".join(lines)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_judging(parser)
    parser.add_argument(
        "--steps",
        type=partial(within, 1, MOST_STEPS),
        metavar="N",
        default=STEPS,
        help=f"largest number of time steps ({STEPS})",
    )
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        help="run the integer network with many samples at once on this device, by PyTorch; for "
        "GPUs: a CPU takes one sample after the other much faster, as it does by default",
    )


def main(options: argparse.Namespace) -> int:
    """Print the table, or write the figures."""
    network = Network.load(options.network)
    dataset, samples = judging_samples(options, network)
    model = float_network(options.network)
    if options.device == "cuda":
        from torch.cuda import is_available

        if not is_available():
            raise InputError("device = cuda: torch sees no GPU: expected cpu, or none")
    found = accuracies(
        model,
        network,
        samples,
        options.steps,
        # Processes would only share the device.
        jobs=options.jobs if options.device is None else 1,
        cluster=options.cluster,
        device=options.device,
    )
    weight_bits = network.layers[0].edges[0].weight_bits
    figures: dict[str, Any] = {"weight_bits": weight_bits, **asdict(found)}
    if not write_figures(options, network, dataset, samples, figures):
        print(f"{options.network.stem}: {dataset}, {len(samples)} test samples")
        print(table(found, weight_bits))
    found.integer.warn()
    return 0
