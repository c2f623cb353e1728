import dataclasses

import numpy as np
import pytest
import torch

from sw.chain import LayerSpec, ShortcutSpec
from sw.checkpoint import Checkpoint, CheckpointError
from sw.data import saccades
from sw.data.catalog import load, simulated
from sw.data.frames import Recordings
from sw.evaluate import FloatEngine, score_events, score_steps
from sw.models import SpikingChain
from sw.train import Settings, Trainer, main

TINY = Settings(
    channels=(4, 6),
    steps=3,
    steps_range=(1, 5),
    pretrain_epochs=1,
    epochs=1,
    pretrain_samples=100,
    samples=100,
    refit_samples=60,
)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def small_model(**options):
    torch.manual_seed(3)
    specs = [LayerSpec("conv2d", 4, 3, 2, 1), LayerSpec("conv2d", 6, 3, pool=2)]
    return SpikingChain((2, 34, 34), [*specs, LayerSpec("readout", 10, pool=2)], -2.0, **options)


@pytest.mark.parametrize("method", ["mtt", "sdt"])
def test_training_is_reproducible_and_ends_folded(method):
    settings = dataclasses.replace(TINY, method=method)
    samples = load("saccades", "train")[:30], simulated("saccades", 20)
    first, again = (Trainer(settings, *samples).run() for _ in range(2))
    assert not first.norms
    for a, b in zip(first.weights, again.weights, strict=True):
        assert torch.isfinite(a).all()
        assert torch.equal(a, b)


def test_training_learns():
    settings = dataclasses.replace(TINY, pretrain_samples=2000, samples=500)
    samples = load("saccades", "train")
    two = [i for i, label in enumerate(samples.labels) if label < 2][:40]
    chosen = type(samples)(saccades.sample, two, [samples.labels[i] for i in two])
    model = Trainer(settings, chosen, chosen[:0]).run()
    assert score_events(model, chosen).accuracy > 0.9


@torch.no_grad()
def test_fold_keeps_the_spikes_of_a_network_without_shifts():
    model = small_model()
    frames = torch.rand(4, 3, 2, 34, 34)
    model.train()
    model(frames)
    model.eval()
    with pytest.raises(ValueError, match="norm 0 shifts"):
        model.fold()
    model.remove_shifts()
    before, spikes = model(frames)
    model.fold()
    after, folded_spikes = model(frames)
    torch.testing.assert_close(before, after)
    torch.testing.assert_close(spikes, folded_spikes)
    assert sum(float(part) for part in spikes) > 0


@torch.no_grad()
def test_growing_stages_count_their_spikes_once():
    model = small_model(normalize=False)
    frames = torch.rand(3, 2, 2, 34, 34)
    logits, spikes = model(frames, [3, 3, 3])
    repeated, repeated_spikes = model(frames, [3, 3, 9])
    torch.testing.assert_close(logits, repeated)
    torch.testing.assert_close(spikes, repeated_spikes)


def test_model_computes_live_extents_only():
    model = SpikingChain(
        (2, 11, 11), [LayerSpec("conv2d", 3, 3), LayerSpec("readout", 10, pool=2)], -1.0, False
    )
    assert model.geometries[0].output_shape == (3, 8, 8)
    logits, _ = model(torch.rand(2, 5, 2, 11, 11))
    assert logits.shape == (5, 10)


@torch.no_grad()
def test_float_engine_is_the_limit_of_many_time_steps():
    model = small_model(normalize=False)
    samples = load("saccades", "test")[:3]
    engine = FloatEngine(model)
    for events, _ in samples:
        logits, spikes, sops = engine.run(events.addresses)
        # One event a time step: the same neurons see the same order, but for the deeper layers'
        # events within a step.
        one_each = dataclasses.replace(events, t_us=np.arange(len(events)))
        frames = Recordings([(one_each, 0)], events.sensor).frames([0], len(events))
        stepped, counts = model(frames)
        assert len(spikes[0]) == pytest.approx(float(counts[0]), rel=0.01)
        assert len(spikes[1]) == pytest.approx(float(counts[1]), rel=0.05)
        assert sops > len(events)
        assert np.corrcoef(logits, stepped[0].numpy())[0, 1] > 0.98


def test_float_engine_refuses_batch_norms():
    with pytest.raises(ValueError, match="folded"):
        FloatEngine(small_model())


def test_score_steps():
    model = small_model(normalize=False)
    recordings = Recordings(load("saccades", "test")[:7], (2, 34, 34))
    with torch.no_grad():
        logits, _ = model(recordings.frames(range(7), 5))
    expected = float((logits.argmax(1) == recordings.labels).float().mean())
    assert score_steps(model, recordings, 5, batch=3) == pytest.approx(expected)


@torch.no_grad()
@pytest.mark.parametrize("normalize", [False, True])
def test_checkpoint_round_trip(tmp_path, normalize):
    model = small_model(normalize=normalize).eval()
    path = tmp_path / "a.safetensors"
    source = Checkpoint(model, "saccades", "mtt", 7, 10, {"floor": -2.0}, {"integer": 0.5})
    source.save(path)
    read = Checkpoint.load(path)
    assert (read.dataset, read.method, read.seed, read.steps) == ("saccades", "mtt", 7, 10)
    assert (read.settings, read.accuracies) == ({"floor": -2.0}, {"integer": 0.5})
    assert read.model.geometries == model.geometries
    frames = torch.rand(2, 2, 2, 34, 34)
    assert torch.equal(read.model(frames)[0], model(frames)[0])


def test_damaged_checkpoints(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        Checkpoint.load(path)
    path.write_bytes(b"no checkpoint")
    with pytest.raises(CheckpointError, match=r"a.safetensors: not a safetensors file"):
        Checkpoint.load(path)
    Checkpoint(small_model(), "saccades", "mtt", 7, 10).save(path)
    path.write_bytes(path.read_bytes().replace(b'\\"kernel\\": 3', b'\\"kernel\\": 5'))
    with pytest.raises(CheckpointError, match=r"(?s)a.safetensors: .*size mismatch"):
        Checkpoint.load(path)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"dataset": "mnist"}, "dataset = 'mnist': expected one of saccades, nmnist"),
        ({"method": "nmt"}, "method = 'nmt': expected one of mtt, sdt"),
        ({"steps_range": (4, 2)}, "steps_range"),
        ({"floor": 0.0}, "floor = 0.0: expected a negative"),
        ({"configurations": 0}, "configurations = 0: expected at least 1"),
    ],
)
def test_impossible_settings(option, message):
    with pytest.raises(ValueError, match=message):
        Settings(**option)


def test_command_line_reports_missing_data(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    with pytest.raises(SystemExit, match=r"error: .*no recordings there"):
        main(["--dataset", "nmnist", "--output", str(tmp_path / "a.safetensors")])


def test_a_shortcut_cannot_be_trained_yet():
    conv = LayerSpec("conv2d", 2, 1)
    joined = LayerSpec("conv2d", 2, 1, shortcut=ShortcutSpec(0, kernel=1))
    with pytest.raises(ValueError, match="specs: expected no shortcut"):
        SpikingChain((2, 5, 5), [conv, conv, joined, LayerSpec("readout", 10)], -1.0)
