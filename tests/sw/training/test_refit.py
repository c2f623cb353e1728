import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from tickless.sw.data.catalog import load
from tickless.sw.integer.engine import run
from tickless.sw.quantization.quantize import quantize
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.batches import Batches
from tickless.sw.training.readout import FloatReadout
from tickless.sw.training.refit import refit
from tickless.sw.training.settings import Settings
from tickless.sw.training.trainer import Trainer

SETTINGS = Settings(
    network="small",
    steps=4,
    shift=0,
    simulated=0,
    pretrain_epochs=1,
    pretrain_samples=400,
    epochs=0,
    refit_samples=100,
    refit_strength=0.001,
    device="cpu",
)


@pytest.fixture(scope="module")
def trained():
    samples = load("saccades", "train")[:100]
    settings = replace(SETTINGS, refit_samples=0)
    return Trainer(settings, samples, samples[:0]).run().model, samples


def loss(model, samples, bits):
    """Cross-entropy of the integer network, event by event."""
    network = quantize(model, bits)
    logits = [run(network, events.addresses).logits for events, _ in samples]
    scaled = torch.tensor(np.array(logits)) * network.logit_scale / SETTINGS.steps
    return float(functional.cross_entropy(scaled.float(), torch.tensor(samples.labels)))


class RoundedAfterwards(Quantization):
    """Leaves the readout as it is while it is fitted."""

    def imitate(self, weight, geometry, floor):
        if geometry.kind == "readout":
            return weight, weight.new_zeros(0)
        return super().imitate(weight, geometry, floor)


@pytest.mark.parametrize("bits", [8, 3])
def test_refit_serves_the_weights_that_the_network_runs_with(bits, trained):
    start, samples = trained
    losses = []
    for quantization in (Quantization(bits), RoundedAfterwards(bits)):
        model = copy.deepcopy(start)
        model.quantization = quantization
        refit(model, Batches(SETTINGS, samples, samples[:0], model.sensor), SETTINGS)
        for before, after in zip(start.weights[:-1], model.weights[:-1], strict=True):
            assert torch.equal(before, after)
        losses.append(loss(model, samples, bits))
    fitted, rounded = losses
    assert fitted < loss(start, samples, bits)
    if bits == 8:
        assert fitted == pytest.approx(rounded, rel=0.02)
    else:
        assert fitted < rounded / 2


def test_a_refit_knows_where_logits_begin(trained):
    """A constant that drowns all but one class is made up for by the weights."""
    start, samples = trained
    model = copy.deepcopy(start)
    model.readout = FloatReadout((20.0,) + (0.0,) * 9)
    blind = copy.deepcopy(start)
    batches = Batches(SETTINGS, samples, samples[:0], model.sensor)
    refit(model, batches, SETTINGS)
    refit(blind, batches, SETTINGS)
    blind.readout = model.readout
    assert loss(model, samples, 8) < loss(blind, samples, 8)


def test_a_refit_less_bound_fits_rounded_weights_better(trained):
    start, samples = trained
    losses = []
    for strength in (1e-2, 1e-3, 1e-4, 1e-5):
        settings = replace(SETTINGS, refit_strength=strength)
        model = copy.deepcopy(start)
        model.quantization = Quantization(3)
        refit(model, Batches(settings, samples, samples[:0], model.sensor), settings)
        losses.append(loss(model, samples, 3))
    assert losses == sorted(losses, reverse=True)
