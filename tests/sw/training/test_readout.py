import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

from tickless.errors import InputError
from tickless.sw.checkpoint import Checkpoint, CheckpointError
from tickless.sw.integer.engine import run
from tickless.sw.integer.network import NetworkError
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.quantization.quantize import quantize, rounding
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.given import fingerprint, trainable
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire, Neuron
from tickless.sw.training.readout import FloatReadout
from tickless.sw.training.settings import Settings

INITIAL = (1.5, -40.0, 0.25)


def model(readout=FloatReadout(), neuron: Neuron | None = None, pool=1):  # noqa: B008 (frozen)
    torch.manual_seed(1)
    specs = [LayerSpec("conv2d", 4, 3), LayerSpec("readout", 3, pool=pool)]
    made = SpikingNetwork((2, 8, 8), specs, neuron or IntegrateAndFire(-2.0), normalize=False)
    made.readout = readout
    return made.eval()


def frames(steps=6, batch=2):
    generator = torch.Generator().manual_seed(2)
    return torch.randint(0, 3, (steps, batch, 2, 8, 8), generator=generator).float()


def events(count=200):
    return np.random.default_rng(3).integers(0, (2, 8, 8), (count, 3)).astype(np.int32)


@torch.no_grad()
def test_a_bias_counts_in_each_time_step():
    plain, _ = model()(frames())
    for steps in (1, 4, 6):
        biased, _ = model(FloatReadout(INITIAL, bias_steps=4))(frames()[:steps])
        expected = model()(frames()[:steps])[0] + torch.tensor(INITIAL) * steps / 4
        torch.testing.assert_close(biased, expected)
    whole, _ = model(FloatReadout(INITIAL))(frames())
    torch.testing.assert_close(whole, plain + torch.tensor(INITIAL))


@torch.no_grad()
def test_growing_stages_count_a_bias_once():
    biased = model(FloatReadout(INITIAL, bias_steps=4))
    torch.testing.assert_close(biased(frames(), [6, 18])[0], biased(frames(), [6, 6])[0])


@torch.no_grad()
def test_logits_that_are_a_mean_have_the_mean_of_a_bias():
    leaky = LeakyIntegrateAndFire(0.5)
    plain, _ = model(neuron=leaky)(frames())
    biased, _ = model(FloatReadout(INITIAL, bias_steps=4), leaky)(frames())
    torch.testing.assert_close(biased, plain + torch.tensor(INITIAL) / 4)
    whole, _ = model(FloatReadout(INITIAL), leaky)(frames())
    torch.testing.assert_close(whole, plain + torch.tensor(INITIAL) / 6)


@torch.no_grad()
@pytest.mark.parametrize("decay", [0.5, (0.25, 0.5, 1.0)])
@pytest.mark.parametrize("bias_steps", [None, 2])
def test_logits_leak_from_step_to_step(decay, bias_steps):
    leaking = model(FloatReadout(INITIAL, bias_steps, decay))
    assert leaking.leaks
    assert not leaking.sums
    sums = [model()(frames()[:step])[0] for step in range(1, 7)]
    logits = torch.tensor(INITIAL) * (bias_steps is None)
    for now, before in zip(sums, [torch.zeros(2, 3), *sums], strict=False):
        logits = logits * torch.tensor(decay) + now - before
        logits = logits + (0 if bias_steps is None else torch.tensor(INITIAL) / bias_steps)
    torch.testing.assert_close(leaking(frames())[0], logits)


def test_event_by_event_nothing_leaks():
    leaking = model(FloatReadout(decay=0.5))
    with pytest.raises(InputError, match="readout: leaks"):
        FloatEngine(leaking)
    with pytest.raises(NetworkError, match=r"readout: leaks: .* tickless train --from"):
        quantize(leaking)


@pytest.mark.parametrize("pool", [1, 2])
def test_event_by_event_logits_begin_where_all_steps_of_a_bias_end(pool):
    for readout in (FloatReadout(INITIAL), FloatReadout(INITIAL, bias_steps=4)):
        source = model(readout, pool=pool)
        none, _, _ = FloatEngine(source).run(events(0))
        np.testing.assert_allclose(none, np.array(INITIAL) * pool**2)
        logits, _, _ = FloatEngine(source).run(events())
        plain, _, _ = FloatEngine(model(pool=pool)).run(events())
        np.testing.assert_allclose(logits - plain, none, rtol=1e-4)
        network = quantize(source)
        np.testing.assert_allclose(
            network.initial_logits * network.logit_scale, INITIAL, atol=network.logit_scale / 2
        )
        # With the integers themselves both say the same.
        source.quantization = Quantization()
        logits, _, _ = FloatEngine(source).run(events())
        assert logits.tolist() == run(network, events()).logits.tolist()


def test_the_rounding_of_initial_logits_is_told():
    source = model(FloatReadout(INITIAL))
    network = quantize(source)
    unit = network.logit_scale
    error = np.abs(np.array(INITIAL) / unit - np.rint(np.array(INITIAL) / unit)).max() * unit
    assert rounding(source, network) == (
        f"initial logits of up to 40 rounded to units of {unit:g}: by at most {error:g}"
    )
    assert rounding(model(), quantize(model())) == ""


def test_initial_logits_that_round_to_0_are_none():
    network = quantize(model(FloatReadout((1e-9, 0.0, 0.0))))
    assert (network.format_version, len(network.layers[-1].initial_logits)) == (1, 0)


def test_initial_logits_of_more_than_32_bits_are_refused():
    with pytest.raises(NetworkError, match=r"layer 'readout': channel 1 begins at .*expected 32"):
        quantize(model(FloatReadout((0.0, -1e30, 1.0))))


def test_fine_tuning_has_neither_leak_nor_steps_of_a_bias():
    start = Checkpoint(model(FloatReadout(INITIAL, 4, 0.5)), "", "nir", 0, 4)
    trained = trainable(start, Settings())
    assert trained.readout == FloatReadout(INITIAL)
    assert start.model.readout == FloatReadout(INITIAL, 4, 0.5)
    marks = {fingerprint(each) for each in (start.model, trained, model())}
    assert len(marks) == 3


@pytest.mark.parametrize(
    ("readout", "version"),
    [
        (FloatReadout(), 3),
        (FloatReadout(INITIAL), 5),
        (FloatReadout(INITIAL, 4, 0.5), 5),
        (FloatReadout(decay=(0.5, 1.0, 0.25)), 5),
    ],
)
def test_checkpoints_hold_it(readout, version, tmp_path):
    path = tmp_path / "a.safetensors"
    Checkpoint(model(readout), "", "nir", 0, 4).save(path)
    assert Checkpoint.load(path).model.readout == readout
    with safe_open(path, "pt") as file:
        text = json.loads(file.metadata()["tickless-checkpoint"])
    assert text["format_version"] == version
    assert ("readout" in text) == (version == 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"initial": (1.0, 2.0)}, "readout = .*: expected 3 classes"),
        ({"decay": (0.5, 0.5)}, "readout = .*: expected 3 classes"),
    ],
)
def test_damaged_checkpoints_are_refused(change, message, tmp_path):
    source = model(replace(FloatReadout(INITIAL), **change))
    Checkpoint(source, "", "nir", 0, 4).save(tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=message):
        Checkpoint.load(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"initial": (float("inf"),)}, "initial = .*: expected finite"),
        ({"bias_steps": 0}, "bias_steps = 0: expected at least 1"),
        ({"decay": 0.0}, "decay = 0.0: expected above 0 and at most 1"),
        ({"decay": (0.5, 1.5)}, "decay = .*: expected above 0 and at most 1"),
        ({"decay": ()}, "decay = .*: expected above 0 and at most 1"),
    ],
)
def test_impossible_readouts(parameters: dict[str, Any], message):
    with pytest.raises(ValueError, match=message):
        FloatReadout(**parameters)
