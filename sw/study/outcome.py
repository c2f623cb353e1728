"""Outcome of one training run of a study: everything measured on recordings it never saw."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from tickless.sw.data.catalog import Recordings
from tickless.sw.data.frames import FrameSource
from tickless.sw.data.losses import dropped_text, lost_of
from tickless.sw.integer import engine
from tickless.sw.integer.network import NetworkError
from tickless.sw.judge.energy import energy_uj
from tickless.sw.judge.evaluate import score_events, score_steps, spike_difference
from tickless.sw.judge.exits import Exit, event_exits
from tickless.sw.quantization.diagnosis import QuantizationWarning
from tickless.sw.quantization.quantize import quantize
from tickless.sw.study.beginnings import go_on, split
from tickless.sw.study.runs import store, stored
from tickless.sw.study.variants import Variant
from tickless.sw.threads import one_thread
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.settings import Settings
from tickless.sw.training.trainer import Trainer

__all__ = [
    "BITS",
    "LONG_STEPS",
    "STEPS",
    "EventOutcome",
    "Outcome",
    "checkpoint_path",
    "finished",
    "outcome",
]

JUDGED = 200
"""Recordings kept aside that are judged on, at most: large data sets have more."""

STEPS = tuple(range(1, 21))
"""Time steps at which networks are tested."""

LONG_STEPS = 200
"""Time steps far beyond those of training, at which networks are tested as in the MTT paper."""

LONG_BATCH = 20
"""Recordings at a time then: their frames are many."""

BITS = (8, 6, 5, 4, 3)
"""Weight widths to which networks are rounded after training."""


@dataclass(frozen=True)
class EventOutcome:
    """What one run's network does event by event.

    Members
    -------
    floating : float
        Accuracy of the float network.
    integer : dict of str to float or None
        Accuracy of the integer network by weight bits; None where the weights cannot be rounded so.
    busiest_events, sops, energy_uj, spike_difference : float
        Of the integer network at the settings' width: events into its busiest layer, synaptic
        operations and their energy, means per sample, and what quantization changes: see
        `sw.judge.evaluate.spike_difference`; None if the float network does not spike.
    exits : list of Exit
        Early exit of that network.
    """

    floating: float
    integer: dict[str, float | None]
    busiest_events: float
    sops: float
    energy_uj: float
    spike_difference: float | None
    exits: list[Exit]


@dataclass(frozen=True)
class Outcome:
    """What one run's network does with recordings kept aside.

    Members
    -------
    variant, seed : str, int
        The run.
    samples : int
        Recordings judged on.
    time_stepped : list of float
        Accuracy of the float network at each of `STEPS`; batch norms have their statistics at each.
        A network without spikes sees one frame and is judged at the first alone.
    events : EventOutcome, optional
        None of a network for time steps alone.
    dropped : float
        Mean events a recording outside the sensor, which are dropped; not a number where an earlier
        version has judged.
    dropped_warning : str or None
        What is to be said where recordings lose many.
    long_stepped : float or None
        Accuracy at `LONG_STEPS`; None of a network without spikes, and where an earlier version has
        judged.
    """

    variant: str
    seed: int
    samples: int
    time_stepped: list[float]
    events: EventOutcome | None
    dropped: float = float("nan")
    dropped_warning: str | None = None
    long_stepped: float | None = None


def checkpoint_path(variant: Variant, seed: int, folder: Path) -> Path:
    """Where the network of a run is when it is trained."""
    return _path(variant, seed, folder).with_suffix(".checkpoint.safetensors")


def finished(variant: Variant, seed: int, folder: Path) -> Outcome | None:
    """What an earlier study with the same settings has left in the folder, if it is there."""
    found = stored(_path(variant, seed, folder), replace(variant.settings, seed=seed), "outcome")
    if found is None:
        return None
    events = found.pop("events")
    if events is not None:
        exits = [Exit(**item) for item in events.pop("exits")]
        events = EventOutcome(**events, exits=exits)
    return Outcome(**found, events=events)


def outcome(variant: Variant, seed: int, folder: Path) -> Outcome:
    """Train and measure, or read what is `finished`.

    A run goes on from its own last epoch if it was killed, else from a beginning that is trained.
    """
    done = finished(variant, seed, folder)
    if done:
        return done
    with one_thread():
        return _trained(variant, seed, folder)


def _trained(variant: Variant, seed: int, folder: Path) -> Outcome:
    settings = replace(variant.settings, seed=seed)
    path = _path(variant, seed, folder)
    kept, extra, aside = split(settings)
    state = path.with_suffix(".state")
    go_on(settings, kept, extra, state, folder)
    trainer = Trainer(settings, kept, extra, state)
    checkpoint = trainer.run()
    checkpoint.save(checkpoint_path(variant, seed, folder))
    model, aside = checkpoint.model, _judged(aside)
    source = FrameSource(aside, model.sensor)
    lost = [lost_of(name, events) for name, (events, _) in zip(aside.names, aside, strict=True)]
    steps, long_stepped = STEPS[:1], None
    if settings.neuron != "relu":
        steps = STEPS
        long_stepped = score_steps(trainer.at(LONG_STEPS), source, LONG_STEPS, LONG_BATCH)
    result = Outcome(
        variant=variant.name,
        seed=seed,
        samples=len(aside),
        time_stepped=[score_steps(trainer.at(count), source, count) for count in steps],
        events=_by_event(settings, model, aside) if settings.target == "events" else None,
        dropped=sum(each.dropped for each in lost) / len(lost),
        dropped_warning=dropped_text(lost),
        long_stepped=long_stepped,
    )
    store(path, settings, "outcome", result)
    state.unlink(missing_ok=True)
    return result


def _path(variant: Variant, seed: int, folder: Path) -> Path:
    stem = "".join(c if c.isalnum() else "-" for c in variant.name.lower())
    return folder / f"{stem}-{seed}.json"


def _judged(aside: Recordings) -> Recordings:
    """`JUDGED` of the recordings, evenly over them, made once for all that they are judged by."""
    chosen = aside.evenly(JUDGED)
    made = [events for events, _ in chosen]
    return Recordings(
        made.__getitem__, range(len(made)), chosen.labels, chosen.name, names=chosen.names
    )


def _by_event(settings: Settings, model: SpikingNetwork, aside: Recordings) -> EventOutcome:
    network = quantize(model, settings.weight_bits, settings.resolution)
    floating, integer = score_events(model, aside), score_events(network, aside)
    rounded: dict[str, float | None] = {}
    for bits in BITS:
        try:
            with warnings.catch_warnings():
                # What few bits lose is what is measured.
                warnings.simplefilter("ignore", QuantizationWarning)
                smaller = quantize(model, bits, settings.resolution)
        except NetworkError:
            rounded[str(bits)] = None
        else:
            rounded[str(bits)] = score_events(smaller, aside).accuracy
    float_engine = FloatEngine(model)
    pairs = [
        (
            float_engine.run(events.addresses)[1][-1],
            engine.run(network, events.addresses).layers[-1].spikes,
        )
        for events, _ in aside
    ]
    float_spikes, spikes = zip(*pairs, strict=True)
    difference = spike_difference(network.layers[-2].output_shape, float_spikes, spikes)
    return EventOutcome(
        floating=floating.accuracy,
        integer=rounded,
        busiest_events=max(integer.events),
        sops=integer.sops,
        energy_uj=energy_uj(network, integer.sops),
        spike_difference=difference,
        exits=event_exits(network, aside),
    )
