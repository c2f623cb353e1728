"""A given network as the start of a training run, instead of pre-training."""

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from math import isfinite
from statistics import median_low
from types import MappingProxyType
from typing import Any

from tickless.errors import InputError
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import EXPECTED, class_names, known, sensor
from tickless.sw.training.experiment import read_experiment, setting_names
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, Rectifier, describe_neuron
from tickless.sw.training.readout import FloatReadout
from tickless.sw.training.settings import Settings, SettingsError

__all__ = ["FINE_TUNING", "fingerprint", "given_settings", "own_settings", "trainable"]

FINE_TUNING = "fine-tune"
"""Experiment by default."""

OF_THE_NETWORK = ("network", "neuron", "decay", "pretrain_epochs", "pretrain_samples")
"""Settings that mean nothing where the network is given."""


def given_settings(
    start: Checkpoint,
    experiment: str | None,
    changes: Sequence[str],
    fitting: Mapping[str, Any] = MappingProxyType({}),
) -> Settings:
    """Settings of a run that begins with a given network.

    Floor, surrogate gradient and time steps are those of the network, unless changed by name; so is
    the data set, where no experiment is given. Of floors that differ between layers it is the
    median, and of an imported network that leaks, which has none, those of its integers.

    Parameters
    ----------
    start : Checkpoint
        The network.
    experiment, changes, fitting
        As of `read_experiment`; `FINE_TUNING` without an experiment.

    Raises
    ------
    SettingsError
        As of `read_experiment`; if a change is about the network; or if the data set is unknown, or
        does not fit the network.
    """
    changed = setting_names(changes)
    for name in OF_THE_NETWORK:
        if name in changed:
            raise SettingsError(f"--set {name}: expected none: the network is given by --from")
    own: dict[str, Any] = {"pretrain_epochs": 0}
    if "steps" not in changed:
        own["steps"] = start.steps
    neurons = [each for each in start.model.layer_neurons if isinstance(each, IntegrateAndFire)]
    floors = [neuron.floor for neuron in neurons if isfinite(neuron.floor)]
    if start.model.leaks:
        floors = start.record.get("nir", {}).get("floors", [])
    if "floor" not in changed and floors:
        own["floor"] = median_low(floors)
    if neurons and "surrogate" not in changed:
        own["surrogate"] = neurons[0].surrogate
    if experiment is None and "dataset" not in changed:
        if not known(start.dataset):
            raise SettingsError(
                f"dataset = {start.dataset!r}, the checkpoint's: give --dataset, {EXPECTED}"
            )
        changes = [*changes, f"dataset={start.dataset}"]
    name = FINE_TUNING if experiment is None else experiment
    settings = read_experiment(name, changes, fitting)
    settings = replace(settings, **own)
    _check(start.model, settings)
    return settings


def trainable(start: Checkpoint, settings: Settings) -> SpikingNetwork:
    """Copy of a given network, to be trained for events.

    Its neurons neither leak nor fire once a time step only: as many spikes as thresholds fit stand
    for the order that a time step hides. They keep their reset. Its logits do not leak, and what a
    bias makes of them is there from the beginning, in any number of time steps. Real weights are
    trained first, if any epochs follow with rounded ones.
    """
    model = copy.deepcopy(start.model)
    model.layer_neurons = tuple(
        IntegrateAndFire(
            settings.floor,
            settings.surrogate,
            reset="subtract" if isinstance(neuron, Rectifier) else neuron.reset,
        )
        for neuron in model.layer_neurons
    )
    model.readout = FloatReadout(model.readout.initial)
    if settings.quantize_epochs:
        model.quantization = None
    return model


def own_settings(settings: Settings) -> dict[str, Any]:
    """Settings that had a meaning in a run that began with a given network."""
    return {name: value for name, value in asdict(settings).items() if name not in OF_THE_NETWORK}


def fingerprint(model: SpikingNetwork) -> str:
    """SHA-256 over everything that decides what a network computes."""
    neurons = [describe_neuron(neuron) for neuron in model.layer_neurons]
    what = (model.sensor, model.specs, neurons, model.quantization)
    if model.readout != FloatReadout():
        what = (*what, model.readout)
    digest = hashlib.sha256(repr(what).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _check(model: SpikingNetwork, settings: Settings) -> None:
    if settings.target != "events":
        raise SettingsError(f"target = {settings.target!r}: expected 'events' with --from")
    if model.norms or model.direct_norms:
        raise InputError("--from: the network has batch norms: expected them fused")
    classes = len(class_names(settings.dataset))
    if (own := sensor(settings.dataset)) != model.sensor:
        raise SettingsError(
            f"dataset = {settings.dataset!r}: its sensor is {own}: "
            f"expected {model.sensor}, the network's"
        )
    if classes > model.specs[-1].channels:
        raise SettingsError(
            f"dataset = {settings.dataset!r}: it has {classes} classes: "
            f"expected at most {model.specs[-1].channels}, the network's"
        )
