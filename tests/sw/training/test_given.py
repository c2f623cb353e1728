import dataclasses
import math

import numpy as np
import pytest
import torch

from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import load
from tickless.sw.integer.engine import run
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec
from tickless.sw.judge.evaluate import score_events
from tickless.sw.quantization.quantize import quantize
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.given import fingerprint, given_settings, trainable
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire, Rectifier
from tickless.sw.training.readout import FloatReadout
from tickless.sw.training.settings import SettingsError
from tickless.sw.training.state import StateError
from tickless.sw.training.trainer import Trainer

JOINED = [
    LayerSpec("conv2d", 6, 3, 2, 1),
    LayerSpec("conv2d", 6, 3, 1, 1),
    LayerSpec("conv2d", 6, 3, 1, 1, shortcut=ShortcutSpec(0, 1, groups=6)),
    LayerSpec("conv2d", 8, 3, 2, 1),
    LayerSpec("conv2d", 8, 3, 1, 1, shortcut=ShortcutSpec(2, 1, stride=2)),
    LayerSpec("readout", 10, pool=3),
]

TINY = [
    "samples=50", "batch=25", "simulated=10", "refit_samples=20", "device=cpu", "epochs=1",
    "steps_range=[1, 4]",
]  # fmt: skip


def start(neuron=None, specs=JOINED, sensor=(2, 34, 34), steps=3, **options):
    torch.manual_seed(5)
    neuron = neuron or IntegrateAndFire(-3.0)
    model = SpikingNetwork(sensor, specs, neuron, normalize=False).eval()
    return Checkpoint(
        model, **{"dataset": "", "method": "nir", "seed": 0, "steps": steps} | options
    )


def test_the_network_decides_what_it_knows():
    given = start(IntegrateAndFire(-5.0, "arctan"), steps=7, dataset="saccades")
    settings = given_settings(given, None, [])
    assert (settings.floor, settings.surrogate, settings.steps) == (-5.0, "arctan", 7)
    assert (settings.dataset, settings.pretrain_epochs) == ("saccades", 0)
    assert (settings.method, settings.target) == ("mtt", "events")
    changed = given_settings(given, None, ["floor=-2", "steps=4", "surrogate=ramp", "method=sdt"])
    assert (changed.floor, changed.surrogate, changed.steps) == (-2.0, "ramp", 4)
    assert changed.method == "sdt"


def test_an_experiment_gives_the_others():
    settings = given_settings(start(), "nmnist-4bit", [])
    assert (settings.dataset, settings.weight_bits, settings.quantize_epochs) == ("nmnist", 4, 3)
    assert (settings.floor, settings.steps, settings.pretrain_epochs) == (-3.0, 3, 0)


def test_neurons_without_a_floor_take_that_of_the_settings():
    for neuron in (IntegrateAndFire(-math.inf), LeakyIntegrateAndFire()):
        assert given_settings(start(neuron), None, ["dataset=nmnist"]).floor == -2.0


def test_an_imported_network_that_leaks_takes_the_floor_of_its_integers():
    given = start(LeakyIntegrateAndFire(), record={"nir": {"floors": [-4.0, -16.0, -8.0]}})
    assert given_settings(given, None, ["dataset=nmnist"]).floor == -8.0
    assert given_settings(given, None, ["dataset=nmnist", "floor=-3"]).floor == -3.0


@pytest.mark.parametrize(
    ("given", "changes", "message"),
    [
        ({}, [], "dataset = '', the checkpoint's: give --dataset, one of saccades, nmnist"),
        ({"dataset": "x"}, [], "dataset = 'x', the checkpoint's: give --dataset"),
        ({"dataset": "x"}, [], "ncaltech101, or the folder of a data set"),
        ({}, ["dataset=nmnist", "network=small"], "--set network: expected none: the network is"),
        ({}, ["dataset=nmnist", "pretrain_epochs=1"], "--set pretrain_epochs: expected none"),
        ({}, ["dataset=nmnist", "target=steps", "quantize_epochs=0", "refit_samples=0"],
         "target = 'steps': expected 'events' with --from"),
        ({}, ["dataset=dvsgesture"], r"dataset = 'dvsgesture': its sensor is \(2, 128, 128\): exp"),
        ({"specs": [LayerSpec("readout", 9)]}, ["dataset=nmnist"],
         "dataset = 'nmnist': it has 10 classes: expected at most 9, the network's"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(given, changes, message):
    with pytest.raises(SettingsError, match=message):
        given_settings(start(**given), None, changes)


def test_batch_norms_are_refused():
    given = start()
    model = SpikingNetwork((2, 34, 34), JOINED, IntegrateAndFire())
    with pytest.raises(ValueError, match="the network has batch norms: expected them fused"):
        given_settings(dataclasses.replace(given, model=model), None, ["dataset=nmnist"])


def test_what_is_trained_fires_as_often_as_thresholds_fit_and_keeps_its_reset():
    settings = given_settings(start(), None, ["dataset=nmnist"])
    given = start(IntegrateAndFire(-3.0, spikes="one", reset="zero", strict=True))
    given.model.quantization = Quantization(4)
    model = trainable(given, settings)
    assert model.neuron == IntegrateAndFire(-3.0, reset="zero")
    assert model.quantization is None
    assert given.model.quantization == Quantization(4)
    without = dataclasses.replace(settings, quantize_epochs=0)
    assert trainable(given, without).quantization == Quantization(4)
    for reset in ("zero", "subtract"):
        leaky = trainable(start(LeakyIntegrateAndFire(reset=reset)), settings)
        assert leaky.neuron == IntegrateAndFire(-3.0, reset=reset)
    assert trainable(start(Rectifier()), settings).neuron == IntegrateAndFire(-3.0)


def test_the_fingerprint_is_that_of_what_a_network_computes():
    assert fingerprint(start().model) == fingerprint(start().model)
    others = [start(IntegrateAndFire(-4.0)).model, start().model, start().model, start().model]
    others[1].quantization = Quantization()
    with torch.no_grad():
        others[2].weights[0][0, 0, 0, 0] += 1
        others[3].direct["2"][0] += 1
    assert len({fingerprint(model) for model in [start().model, *others]}) == 5


@pytest.mark.parametrize("method", ["mtt", "nmt", "sdt"])
def test_shortcuts_are_trained_and_rounded(method, samples):
    given = start()
    changes = [*TINY, "dataset=saccades", "weight_bits=4", f"method={method}"]
    checkpoint = Trainer(given_settings(given, None, changes), *samples, start=given).run()
    model = checkpoint.model
    pairs = [*zip(model.weights, given.model.weights, strict=True)]
    pairs += [(model.direct[key], given.model.direct[key]) for key in ("2", "4")]
    assert not any(torch.equal(mine, theirs) for mine, theirs in pairs)
    assert model.quantization == Quantization(4)
    network, engine = quantize(model, 4), FloatEngine(model)
    sent = 0
    for events, _ in load("saccades", "test")[:3]:
        logits, spikes, _ = engine.run(events.addresses)
        trace = run(network, events.addresses)
        for mine, theirs in zip(trace.layers, spikes, strict=True):
            assert np.array_equal(mine.spikes, theirs)
        assert np.array_equal(trace.logits, logits)
        sent += len(spikes[-1])
    assert sent > 100


def test_shortcuts_stay_within_the_weight_limit(samples):
    given = start()
    changes = [*TINY, "dataset=saccades", "weight_limit=0.25"]
    model = Trainer(given_settings(given, None, changes), *samples, start=given).run().model
    weights = [*list(model.weights)[:-1], *model.direct.values()]
    assert max(float(weight.detach().abs().max()) for weight in weights) == 0.25


def test_fine_tuning_learns():
    train = load("saccades", "train")
    two = [i for i, label in enumerate(train.labels) if label < 2][:40]
    chosen = train.part(two)
    given = start(IntegrateAndFire(-3.0, spikes="one", reset="zero"))
    changes = [*TINY, "dataset=saccades", "samples=1000", "weight_bits=6", "learning_rate=0.01"]
    trainer = Trainer(given_settings(given, None, changes), chosen, chosen[:0], start=given)
    checkpoint = trainer.run()
    assert score_events(checkpoint.model, chosen).accuracy > 0.9
    network = quantize(checkpoint.model, 6)
    assert network.layers[0].reset == "zero"
    assert score_events(network, chosen).accuracy > 0.9


def test_the_record_tells_where_a_network_came_from(samples):
    given = start(record={"nir": {"source": "a.nir"}, "torch": "old"})
    settings = given_settings(given, None, [*TINY, "dataset=saccades"])
    checkpoint = Trainer(settings, *samples, start=given).run()
    assert checkpoint.record["from"] == fingerprint(given.model)
    assert checkpoint.record["nir"] == {"source": "a.nir"}
    assert checkpoint.record["torch"] == torch.__version__
    assert {"network", "neuron", "decay"}.isdisjoint(checkpoint.settings)
    assert checkpoint.settings["floor"] == -3.0
    assert (checkpoint.dataset, checkpoint.method, checkpoint.steps) == ("saccades", "mtt", 3)


def test_training_keeps_where_logits_begin_and_takes_their_leak(samples):
    given = start()
    given.model.readout = FloatReadout(tuple(range(-5, 5)), bias_steps=3, decay=0.5)
    settings = given_settings(given, None, [*TINY, "dataset=saccades"])
    checkpoint = Trainer(settings, *samples, start=given).run()
    assert checkpoint.model.readout == FloatReadout(tuple(range(-5, 5)))
    none, _, _ = FloatEngine(checkpoint.model).run(np.zeros((0, 3), np.int32))
    network = quantize(checkpoint.model)
    assert np.abs(network.initial_logits * network.logit_scale - range(-5, 5)).max() < 0.1
    assert none[9] > none[0]


def test_the_state_of_a_run_from_another_network_is_refused(tmp_path, samples):
    given, path = start(), tmp_path / "state"
    settings = given_settings(given, None, [*TINY, "dataset=saccades"])
    recorded, extra = samples
    Trainer(settings, recorded, extra, path, given).run()
    Trainer(settings, recorded, extra, path, given)
    with torch.no_grad():
        given.model.weights[0][0, 0, 0, 0] += 1
    with pytest.raises(StateError, match="state of a run with from = "):
        Trainer(settings, recorded, extra, path, given)
    with pytest.raises(StateError, match="state of a run with from = "):
        Trainer(settings, recorded, extra, path)
