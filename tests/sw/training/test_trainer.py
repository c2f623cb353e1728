import dataclasses
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from tickless.command import main
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data import saccades
from tickless.sw.data.catalog import SENSORS, Recordings, load
from tickless.sw.data.events import Events
from tickless.sw.integer.engine import run
from tickless.sw.judge.evaluate import score_events
from tickless.sw.quantization.quantize import quantize
from tickless.sw.training.batches import Batches
from tickless.sw.training.experiment import experiments, read_experiment
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.loop import Phase, TrainingLoop
from tickless.sw.training.settings import Settings, SettingsError
from tickless.sw.training.state import StateError, load_state
from tickless.sw.training.trainer import Trainer

TINY = Settings(
    network="small",
    steps=3,
    steps_range=(1, 5),
    batch=25,
    pretrain_epochs=2,
    epochs=1,
    quantize_epochs=1,
    pretrain_samples=50,
    samples=50,
    refit_samples=30,
    weight_bits=4,
    device="cpu",
)


def equal(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.weights, b.weights, strict=True))


@pytest.mark.parametrize("method", ["mtt", "nmt", "sdt"])
def test_training_is_reproducible_and_ends_fused(method, samples):
    settings = dataclasses.replace(TINY, method=method, quantize_epochs=0)
    first, again = (Trainer(settings, *samples).run() for _ in range(2))
    assert not first.model.norms
    assert all(torch.isfinite(weight).all() for weight in first.model.weights)
    assert equal(first.model, again.model)
    assert first.method == method


def test_training_learns():
    settings = dataclasses.replace(TINY, pretrain_samples=1500, samples=500, weight_bits=6)
    train = load("saccades", "train")
    two = [i for i, label in enumerate(train.labels) if label < 2][:40]
    chosen = type(train)(saccades.sample, two, [train.labels[i] for i in two])
    trainer = Trainer(settings, chosen, chosen[:0])
    checkpoint = trainer.run()
    assert score_events(checkpoint.model, chosen).accuracy > 0.9
    accuracies, dropped = trainer.measure(checkpoint, chosen)
    assert dropped == 0
    assert accuracies["time_stepped"] > 0.9
    assert accuracies["float_events"] > 0.9


@pytest.mark.parametrize("bits", [8, 6, 5, 4, 3])
def test_rounded_weights_spike_as_the_integer_network(bits, samples):
    settings = dataclasses.replace(TINY, weight_bits=bits, pretrain_epochs=1, resolution=64)
    model = Trainer(settings, *samples).run().model
    assert model.quantization is not None
    network, engine = quantize(model, bits, 64), FloatEngine(model)
    sent = 0
    for events, _ in load("saccades", "test")[:3]:
        logits, spikes, sops = engine.run(events.addresses)
        trace = run(network, events.addresses)
        for mine, theirs in zip(trace.layers, spikes, strict=True):
            assert np.array_equal(mine.spikes, theirs)
        assert np.array_equal(trace.logits, logits)
        assert trace.sops == sops
        sent += len(spikes[-1])
    assert sent > 100


def test_a_network_for_time_steps_keeps_its_norms(samples):
    options = {"target": "steps", "neuron": "lif", "surrogate": "triangle"}
    without = {"refit_samples": 0, "quantize_epochs": 0, "pretrain_epochs": 0}
    trainer = Trainer(dataclasses.replace(TINY, **options, **without), *samples)
    checkpoint = trainer.run()
    assert len(checkpoint.model.norms) == 3
    assert checkpoint.model.norms[0].state_dict()["running_mean"].any()
    before = checkpoint.model.norms[0].state_dict()["running_mean"].clone()
    accuracies, _ = trainer.measure(checkpoint, load("saccades", "test")[:10])
    assert list(accuracies) == ["time_stepped"]
    assert torch.equal(checkpoint.model.norms[0].state_dict()["running_mean"], before)


def test_weight_limit(samples):
    settings = dataclasses.replace(TINY, weight_limit=0.25, quantize_epochs=0)
    weights = Trainer(settings, *samples).run().model.weights
    assert max(float(weight.detach().abs().max()) for weight in weights[:-1]) == 0.25
    free = Trainer(dataclasses.replace(settings, weight_limit=0.0), *samples).run().model.weights
    assert max(float(weight.detach().abs().max()) for weight in free[:-1]) > 0.25


def test_mixed_precision_trains(samples):
    settings = dataclasses.replace(TINY, mixed_precision=True)
    model = Trainer(settings, *samples).run().model
    assert all(weight.dtype == torch.float32 for weight in model.weights)
    assert all(torch.isfinite(weight).all() for weight in model.weights)
    assert not equal(model, Trainer(TINY, *samples).run().model)


def test_stochastic_gradient_descent_keeps_its_momentum(samples):
    settings = dataclasses.replace(TINY, optimizer="sgd", learning_rate=0.1)
    recorded, extra = samples
    trainer = Trainer(settings, recorded, extra)
    batches = Batches(settings, recorded, extra, trainer.model.sensor)
    phase, generator = Phase("some", "mtt", 4, 50, 0.1), np.random.default_rng(1)
    loop = TrainingLoop(trainer.model, batches, settings, phase, generator, trainer.team)
    before = [weight.detach().clone() for weight in trainer.model.weights]
    momenta = set()
    for epoch in range(4):
        loop.epoch(epoch + 1)
        momenta.add(loop.state()["optimizer"]["param_groups"][0]["momentum"])
    assert momenta == {0.9}
    assert all(not torch.equal(*pair) for pair in zip(before, trainer.model.weights, strict=True))


@pytest.mark.parametrize("name", sorted(set(experiments()) - {"saccades"}))
def test_every_experiment_trains(name, tmp_path, monkeypatch):
    """One batch a phase, of few events and time steps."""
    monkeypatch.chdir(tmp_path)
    settings = read_experiment(name)
    fast = dataclasses.replace(
        settings,
        batch=2,
        steps=2,
        steps_range=(1, 2),
        pretrain_epochs=min(1, settings.pretrain_epochs),
        epochs=1,
        quantize_epochs=min(1, settings.quantize_epochs),
        pretrain_samples=2,
        samples=2,
        refit_samples=min(2, settings.refit_samples),
        device="cpu",
    )
    made = Recordings(partial(noise, SENSORS[settings.dataset]), [0, 1], [0, 1], f"noise-{name}")
    trainer = Trainer(fast, made, made[:0])
    checkpoint = trainer.run()
    assert all(torch.isfinite(weight).all() for weight in checkpoint.model.weights)
    assert bool(checkpoint.model.norms) == (settings.target == "steps")


def noise(sensor, seed):
    generator = np.random.default_rng(seed)
    channel, y, x = (generator.integers(0, extent, 300, np.int32) for extent in sensor)
    return Events(channel, y, x, np.arange(300) * 100, sensor)


KILLED = """
import os, signal, sys
import torch
from tickless import command
from tickless.sw import train
from tickless.sw.training import loop

torch.set_num_threads(1)
load = train.load
train.load = lambda dataset, split: load(dataset, split)[:30]
passes, wanted = 0, int(sys.argv[1])
whole = loop.TrainingLoop._pass

def deadly(*arguments):
    global passes
    passes += 1
    if passes == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*arguments)

loop.TrainingLoop._pass = deadly
command.main(["train", *sys.argv[2:]])
"""


def test_a_killed_run_goes_on_to_the_same_result(tmp_path, monkeypatch, capsys):
    experiment = tmp_path / "tiny.toml"
    experiment.write_text(
        'dataset = "saccades"\nnetwork = "small"\nsteps = 2\nsteps_range = [1, 3]\n'
        "pretrain_epochs = 1\nepochs = 2\nquantize_epochs = 2\npretrain_samples = 100\n"
        'samples = 100\nsimulated = 10\nrefit_samples = 20\ndevice = "cpu"\n'
    )
    monkeypatch.setattr("tickless.sw.train.load", lambda dataset, split: load(dataset, split)[:30])
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    state = tmp_path / "killed.safetensors.state"
    main(["train", str(experiment), "--output", str(whole)])
    # 2 passes of pre-training, then 4 an epoch: in the second epoch of fine-tuning, and in the
    # second with rounded weights.
    for passes, phase in ((9, 1), (9, 2)):
        command = [sys.executable, "-c", KILLED, str(passes), str(experiment)]
        ended = subprocess.run(
            [*command, "--output", str(killed)],
            check=False,
            capture_output=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
        assert not killed.exists()
        stored = torch.load(state, weights_only=True)
        assert (stored["phase"], stored["epochs"]) == (phase, 1)
    main(["train", str(experiment), "--output", str(killed)])
    written, resumed = Checkpoint.load(whole), Checkpoint.load(killed)
    assert equal(resumed.model, written.model)
    assert resumed.model.quantization == written.model.quantization
    assert (resumed.settings, resumed.accuracies) == (written.settings, written.accuracies)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"tiny.toml", "whole.safetensors", "killed.safetensors"}
    assert "wrote" in capsys.readouterr().out
    assert Settings(**{**written.settings, "steps_range": (1, 3)}) == read_experiment(
        str(experiment)
    )
    assert {"tickless", "torch", "numpy", "revision", "modified"} <= set(written.record)
    assert set(written.accuracies) == {"time_stepped", "float_events"}


def test_a_state_of_another_run_is_refused(tmp_path, samples):
    path = tmp_path / "state"
    Trainer(TINY, *samples, state=path).run()
    with pytest.raises(StateError, match=r"state: state of a run with seed = 1, not 2: delete it"):
        Trainer(dataclasses.replace(TINY, seed=2), *samples, state=path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(StateError, match="state: not the state of a run: delete it"):
        load_state(path, {})
    path.write_text("no state")
    with pytest.raises(StateError, match="state: not the state of a run: delete it"):
        load_state(path, {})


def test_missing_gpu(samples):
    if torch.cuda.is_available():
        pytest.skip("torch sees a GPU")
    with pytest.raises(SettingsError, match="device = 'cuda': torch sees no GPU"):
        Trainer(dataclasses.replace(TINY, device="cuda"), *samples)


def test_command_line_reports_missing_data(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    assert main(["train", "nmnist", "--output", str(tmp_path / "a.safetensors")]) == 2
    assert re.match(r"error: .*no recordings there", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nmnist", "--set", "epochs=x"], r"error: .*nmnist.toml, changed by epochs=x: epochs"),
        (["nowhere"], r"error: nowhere: no such experiment"),
        (["nmnist", "--seed", "-1"], r"error: .*seed = -1: expected an integer"),
    ],
)
def test_command_line_reports_impossible_settings(arguments, words, capsys):
    assert main(["train", *arguments]) == 2
    assert re.match(words, capsys.readouterr().err)
