"""Outcome of one training run of a study: everything measured on recordings it never saw."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gen.folds import split
from gen.quantize import quantize
from sw import engine
from sw.checkpoint import Checkpoint
from sw.data.catalog import Samples
from sw.data.frames import Recordings
from sw.early_exit import Exit, event_exits
from sw.evaluate import FloatEngine, score_events, score_steps, spike_difference
from sw.network import NetworkError
from sw.training.settings import Settings
from sw.training.trainer import Trainer

__all__ = ["BITS", "STEPS", "Outcome", "Variant", "outcome", "variants"]

STEPS = tuple(range(1, 21))
"""Time steps at which networks are tested."""

BITS = (8, 6, 5, 4, 3)
"""Weight widths to which networks are rounded after training."""

FOLDS = 8
"""One in so many training recordings is kept aside to judge on."""


@dataclass(frozen=True)
class Variant:
    """One way of training.

    Parameters
    ----------
    name : str
        For tables and plots.
    settings : Settings
        Its settings; the seed is the run's.
    """

    name: str
    settings: Settings


def variants(settings: Settings, quick: bool) -> list[Variant]:
    """SDT, NMT and MTT, its first stage drawn and fixed, and MTT with weights rounded to 4 bits.

    All see the same samples in pre-training, and as many in forward and backward passes after it:
    SDT, which makes one pass of an iteration, has as many more epochs.

    Parameters
    ----------
    quick : bool
        Whether to train on a fraction of the samples.
    """
    base = settings
    if quick:
        base = replace(
            base,
            pretrain_epochs=2,
            pretrain_samples=4000,
            epochs=2,
            samples=2000,
            simulated=3000,
            refit_samples=1000,
        )
    passes = base.epochs * base.configurations
    return [
        Variant("SDT", replace(base, method="sdt", epochs=passes)),
        Variant("NMT", replace(base, method="nmt")),
        Variant("MTT", replace(base, method="mtt")),
        Variant("MTT, first stage fixed", replace(base, method="mtt", first_stage="fixed")),
        Variant(
            "MTT, trained at 4 bits",
            replace(base, method="mtt", weight_bits=4, quantize_epochs=1),
        ),
    ]


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
        Accuracy of the float network at each of `STEPS`.
    float_events : float
        Its accuracy event by event.
    integer : dict of str to float or None
        Accuracy of the integer network, event by event, by weight bits; None where the weights
        cannot be rounded so.
    busiest_events, sops, spike_difference : float
        Of the integer network at the settings' width: events into its busiest layer and synaptic
        operations, mean per sample, and what quantization changes: see
        `sw.evaluate.spike_difference`; None if the float network does not spike.
    exits : list of Exit
        Early exit of that network.
    """

    variant: str
    seed: int
    samples: int
    time_stepped: list[float]
    float_events: float
    integer: dict[str, float | None]
    busiest_events: float
    sops: float
    spike_difference: float | None
    exits: list[Exit]


def outcome(variant: Variant, seed: int, folder: Path) -> Outcome:
    """Train and measure, or read what an earlier study has left in the folder.

    A run that was killed goes on from its last epoch.
    """
    settings = replace(variant.settings, seed=seed)
    stem = "".join(c if c.isalnum() else "-" for c in variant.name.lower())
    path = folder / f"{stem}-{seed}.json"
    wanted = json.loads(json.dumps(asdict(settings)))
    if path.exists():
        found = json.loads(path.read_text())
        if found["settings"] == wanted:
            exits = [Exit(**item) for item in found["outcome"].pop("exits")]
            return Outcome(**found["outcome"], exits=exits)
    kept, extra, aside = split(settings, FOLDS, 0)
    state = path.with_suffix(".state")
    checkpoint = Trainer(settings, kept, extra, state).run()
    checkpoint.save(path.with_suffix(".checkpoint.safetensors"))
    result = _measure(variant.name, settings, checkpoint, aside)
    text = json.dumps({"settings": wanted, "outcome": asdict(result)}, indent=2)
    path.write_text(text + "\n")
    state.unlink(missing_ok=True)
    return result


def _measure(name: str, settings: Settings, checkpoint: Checkpoint, aside: Samples) -> Outcome:
    model = checkpoint.model
    recordings = Recordings(aside, model.sensor)
    network = quantize(model, settings.weight_bits, settings.resolution)
    floating, integer = score_events(model, aside), score_events(network, aside)
    rounded: dict[str, float | None] = {}
    for bits in BITS:
        try:
            smaller = quantize(model, bits, settings.resolution)
        except NetworkError:
            rounded[str(bits)] = None
        else:
            rounded[str(bits)] = score_events(smaller, aside).accuracy
    float_engine = FloatEngine(model)
    pairs = [
        (float_engine.run(events.addresses)[1][-1], engine.run(network, events.addresses))
        for events, _ in aside
    ]
    difference = spike_difference(
        network.layers[-2].geometry.output_shape,
        [spikes for spikes, _ in pairs],
        [trace.layers[-1].spikes for _, trace in pairs],
    )
    return Outcome(
        variant=name,
        seed=settings.seed,
        samples=len(aside),
        time_stepped=[score_steps(model, recordings, steps) for steps in STEPS],
        float_events=floating.accuracy,
        integer=rounded,
        busiest_events=max(integer.events),
        sops=integer.sops,
        spike_difference=difference,
        exits=event_exits(network, aside),
    )
