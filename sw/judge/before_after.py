"""What fine-tuning made of a network: its figures before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tickless.sw.data.frames import FrameSource
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.network import Network
from tickless.sw.judge.accuracy import STEPS, Accuracies, accuracies
from tickless.sw.judge.evaluate import score_steps
from tickless.sw.training.models import SpikingNetwork

__all__ = ["Figures", "figures", "table"]

SHOWN = (1, 2, 3, 5, 10, 20)
"""Time steps with a line of their own."""


@dataclass(frozen=True)
class Figures:
    """Figures of one set of weights.

    Members
    -------
    steps : int
        Time steps of the network.
    at_steps : float
        Share of samples classified rightly at as many.
    weight_bits : int
        Width of the integers.
    accuracies : Accuracies
        At 1, 2, 3, ... time steps, and event by event.
    """

    steps: int
    at_steps: float
    weight_bits: int
    accuracies: Accuracies

    @property
    def shares(self) -> dict[str, float]:
        """Accuracies by the names that checkpoints and networks have for them."""
        found = self.accuracies
        floating = {} if found.floating is None else {"float_events": found.floating.accuracy}
        return {"time_stepped": self.at_steps, **floating, "integer": found.integer.accuracy}


def figures(
    stepped: SpikingNetwork,
    fused: SpikingNetwork,
    network: Network,
    recordings: Recordings,
    steps: int,
    *,
    jobs: int = 1,
) -> Figures:
    """Figures on labelled recordings.

    Parameters
    ----------
    stepped, fused : SpikingNetwork
        What runs in time steps, with any neurons, and event by event; often the same.
    network : Network
        The integer network.
    steps : int
        Time steps of the network.
    jobs : int
        See `sw.workers.run_tasks`.
    """
    source = FrameSource(recordings, stepped.sensor)
    found = accuracies(fused, network, recordings, STEPS if stepped is fused else 0, jobs=jobs)
    if stepped is not fused:
        shares = [score_steps(stepped, source, number) for number in range(1, STEPS + 1)]
        found = replace(found, time_stepped=shares)
    shares = found.time_stepped
    own = shares[steps - 1] if steps <= len(shares) else score_steps(stepped, source, steps)
    return Figures(steps, own, network.layers[0].edges[0].weight_bits, found)


def table(columns: Mapping[str, Figures]) -> str:
    """Figures side by side, by the title of each column."""
    found = list(columns.values())
    rows = [("", *columns)]
    rows += [
        (f"T = {found[0].steps}, the checkpoint's own", *(f"{each.at_steps:.2%}" for each in found))
    ]
    stepped = [each.accuracies.time_stepped for each in found]
    for number in SHOWN:
        rows.append((f"T = {number}", *(f"{shares[number - 1]:.2%}" for shares in stepped)))
    rows.append((f"T = 1..{STEPS}, mean", *(f"{sum(s) / len(s):.2%}" for s in stepped)))
    floating = [each.accuracies.floating for each in found]
    rows.append(("no time step, float", *(f"{f.accuracy:.2%}" if f else "" for f in floating)))
    integer = [each.accuracies.integer for each in found]
    rows.append(("no time step, integers", *(f"{i.accuracy:.2%}" for i in integer)))
    rows.append(("bits of a weight", *(f"{each.weight_bits}" for each in found)))
    rows.append(("events into the busiest layer", *(f"{max(i.events):,.0f}" for i in integer)))
    rows.append(("SOPs a sample", *(f"{i.sops:,.0f}" for i in integer)))
    rows.append(("events outside the sensor dropped", *(f"{i.dropped:,.1f}" for i in integer)))
    rows.append(
        ("uJ a sample, 45 nm, estimate", *(f"{each.accuracies.energy_uj:.3g}" for each in found))
    )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        f"{name:{widths[0]}}"
        + "".join(f"   {cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        for name, *cells in rows
    )
