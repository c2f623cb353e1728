"""A network trained without some of the recordings, and judged on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from tickless.sw.data.catalog import Recordings, sensor, simulated
from tickless.sw.data.frames import FrameSource
from tickless.sw.judge.evaluate import score_events, score_steps
from tickless.sw.quantization.quantize import quantize
from tickless.sw.study.held_out_exits import CrossExit, HeldOutExit, cross_exit, held_out_exits
from tickless.sw.study.runs import store, stored
from tickless.sw.threads import one_thread
from tickless.sw.training.batches import training_recordings
from tickless.sw.training.settings import Settings
from tickless.sw.training.trainer import Trainer

__all__ = ["HeldOutScore", "early_exit", "hold_out", "judge", "judged_part"]


@dataclass(frozen=True)
class HeldOutScore:
    """One network, judged on recordings that its training never saw.

    Members
    -------
    samples : int
        Recordings judged on.
    right : mapping of str to int
        How many of them are classified rightly: ``one_step``, in one time step, ``time_stepped``,
        at the settings' time steps, ``float_events`` and ``integer``, both event by event.
    busiest_events : float
        Mean events a sample into the busiest layer of the integer network.
    sops : float
        Mean synaptic operations a sample of the integer network.
    membrane_bits : int
        Of its widest spiking layer.
    dropped : float
        Mean events a sample outside the sensor, which are dropped; not a number where an earlier
        version has judged.
    dropped_warning : str or None
        What is to be said where samples lose many.
    exits : list of HeldOutExit
        Early exit of the integer network; empty where an earlier version has judged.
    """

    samples: int
    right: dict[str, int]
    busiest_events: float
    sops: float
    membrane_bits: int
    dropped: float = float("nan")
    dropped_warning: str | None = None
    exits: list[HeldOutExit] = field(default_factory=list)

    @classmethod
    def read(cls, found: dict[str, Any]) -> Self:
        """The score of which `dataclasses.asdict` has made this."""
        exits = [HeldOutExit(**exit) for exit in found.get("exits", [])]
        return cls(**{**found, "exits": exits})


def early_exit(parts: Sequence[HeldOutScore], most_lost: float) -> CrossExit | None:
    """Early exit over all parts, as of `cross_exit`; None of one part, or where one has none."""
    if len(parts) < 2 or not all(part.exits for part in parts):
        return None
    return cross_exit([part.exits for part in parts], [part.samples for part in parts], most_lost)


def hold_out(settings: Settings, parts: int) -> tuple[Recordings, Recordings, Recordings]:
    """Training recordings without every ``parts``-th, simulated samples, and what is kept aside.

    The seed says which part is kept aside, ``seed % parts``, so that as many seeds in a row are all
    parts. No simulated sample is of an image that a recording kept aside shows.
    """
    recordings = training_recordings(settings)
    indices = np.arange(len(recordings))
    number = settings.seed % parts
    aside = recordings.part(indices[number::parts])
    kept = recordings.part(np.delete(indices, np.s_[number::parts]))
    extra = simulated(settings.dataset, settings.simulated, aside.keys, settings.varied)
    return kept, extra, aside


def judge(settings: Settings, parts: int, state: Path | None = None) -> HeldOutScore:
    """Train without one part, as of `hold_out`, and judge on it.

    Parameters
    ----------
    state : Path, optional
        See `sw.training.trainer.Trainer`.
    """
    kept, extra, aside = hold_out(settings, parts)
    checkpoint = Trainer(settings, kept, extra, state).run()
    source = FrameSource(aside, sensor(settings.dataset))
    network = quantize(checkpoint.model, settings.weight_bits, settings.resolution)
    floating, integer = (score_events(model, aside) for model in (checkpoint.model, network))
    shares = {
        "one_step": score_steps(checkpoint.model, source, 1),
        "time_stepped": score_steps(checkpoint.model, source, settings.steps),
        "float_events": floating.accuracy,
        "integer": integer.accuracy,
    }
    right = {name: round(share * len(aside)) for name, share in shares.items()}
    bits = max(layer.membrane_bits for layer in network.layers[:-1])
    return HeldOutScore(
        len(aside),
        right,
        max(integer.events),
        integer.sops,
        bits,
        integer.dropped,
        integer.dropped_warning,
        held_out_exits(network, kept, aside),
    )


def judged_part(settings: Settings, parts: int, folder: Path) -> HeldOutScore:
    """What `judge` gives, from its file in a folder if it was made with the same settings."""
    path = folder / f"{settings.seed % parts}-of-{parts}.json"
    found = stored(path, settings, "part")
    if found is not None:
        return HeldOutScore.read(found)
    state = path.with_suffix(".state")
    with one_thread():
        part = judge(settings, parts, state)
    store(path, settings, "part", part)
    state.unlink(missing_ok=True)
    return part
