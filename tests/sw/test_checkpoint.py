import json

import pytest
import torch
from safetensors import safe_open

from tickless.sw.checkpoint import Checkpoint, CheckpointError
from tickless.sw.integer.network import PRETRAINED
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire

SPECS = [
    LayerSpec("conv2d", 4, 3, 2, 1),
    LayerSpec("conv2d", 4, 3, 1, 1),
    LayerSpec("conv2d", 4, 3, 1, 1, shortcut=ShortcutSpec(0, 1, groups=4)),
    LayerSpec("readout", 10),
]


def model(neuron, normalize):
    torch.manual_seed(3)
    return SpikingNetwork((2, 9, 9), SPECS, neuron, normalize).eval()


@torch.no_grad()
@pytest.mark.parametrize(
    ("neuron", "normalize", "quantization"),
    [
        (IntegrateAndFire(-2.0, "triangle"), False, Quantization(4, 64)),
        (IntegrateAndFire(reset="zero"), True, None),
        (
            IntegrateAndFire(-8.0, "ramp", "one", "zero", strict=True),
            False,
            Quantization(clip=99.5),
        ),
        (IntegrateAndFire(-float("inf")), False, Quantization(clip="mse")),
        (LeakyIntegrateAndFire(0.9, "arctan", "many", "subtract", delayed=True), False, None),
        (LeakyIntegrateAndFire(0.25), True, None),
    ],
)
def test_round_trip(tmp_path, neuron, normalize, quantization):
    source = model(neuron, normalize)
    source.quantization = quantization
    path = tmp_path / "a.safetensors"
    record = {"revision": None, "torch": torch.__version__}
    Checkpoint(source, "saccades", "mtt", 7, 10, {"x": 1}, {"integer": 0.5}, record).save(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    read = Checkpoint.load(path)
    assert (read.dataset, read.method, read.seed, read.steps) == ("saccades", "mtt", 7, 10)
    assert (read.settings, read.accuracies, read.record) == ({"x": 1}, {"integer": 0.5}, record)
    assert (read.model.specs, read.model.neuron) == (source.specs, neuron)
    assert read.model.quantization == quantization
    frames = torch.rand(2, 2, 2, 9, 9)
    assert torch.equal(read.model(frames)[0], source(frames)[0])


def test_geometry_by_axis_comes_back(tmp_path):
    direct = ShortcutSpec(0, (3, 1), padding=(1, 0))
    specs = [
        LayerSpec("conv2d", 4, (3, 1), (2, 1), (1, 0)),
        LayerSpec("conv2d", 4, 3, padding=2, dilation=(2, 2)),
        LayerSpec("conv2d", 4, 1, shortcut=direct),
        LayerSpec("readout", 10),
    ]
    source = SpikingNetwork((2, 9, 9), specs, IntegrateAndFire(reset="zero"), False)
    Checkpoint(source, "saccades", "mtt", 7, 10).save(tmp_path / "a.safetensors")
    read = Checkpoint.load(tmp_path / "a.safetensors").model
    assert (list(read.specs), read.geometries) == (specs, source.geometries)


@pytest.mark.parametrize(("name", "version"), [("saccades", 1), ("nmnist-4bit", 2)])
def test_older_checkpoints_reset_by_subtraction(name, version):
    path = Checkpoint.beside(PRETRAINED / f"{name}.safetensors")
    with safe_open(path, "pt") as file:
        text = json.loads(file.metadata()["tickless-checkpoint"])
    assert (text["format_version"], "reset" in text.get("neuron", ())) == (version, False)
    assert Checkpoint.load(path).model.neuron == IntegrateAndFire(-2.0)


def test_neurons_may_differ_by_layer_and_by_channel(tmp_path):
    specs = [LayerSpec("conv2d", 2, 3), LayerSpec("conv2d", 3, 3), LayerSpec("readout", 10)]
    mixed = (LeakyIntegrateAndFire((0.5, 0.75)), IntegrateAndFire(-3.0, reset="zero"))
    for neurons, version in (
        (mixed, 4),
        (LeakyIntegrateAndFire((0.5, 0.75)), 4),
        ((LeakyIntegrateAndFire(0.5),) * 2, 3),
    ):
        source = SpikingNetwork((2, 9, 9), specs, neurons, False)
        path = tmp_path / "a.safetensors"
        Checkpoint(source, "saccades", "mtt", 7, 10).save(path)
        assert Checkpoint.load(path).model.layer_neurons == source.layer_neurons
        with safe_open(path, "pt") as file:
            text = json.loads(file.metadata()["tickless-checkpoint"])
        assert text["format_version"] == version


def test_damaged_checkpoints(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        Checkpoint.load(path)
    path.write_bytes(b"no checkpoint")
    with pytest.raises(CheckpointError, match=r"a.safetensors: not a safetensors file"):
        Checkpoint.load(path)
    Checkpoint(model(IntegrateAndFire(), True), "saccades", "mtt", 7, 10).save(path)
    whole = path.read_bytes()
    for old, new, message in (
        (b'\\"channels\\": 10', b'\\"channels\\": 11', r"(?s)a.safetensors: .*size mismatch"),
        (b'\\"kind\\": \\"if', b'\\"kind\\": \\"of', "neuron = 'of': expected one of if, lif"),
        (b'\\"format_version\\": 3', b'\\"format_version\\": 9', "9: this version reads 1 to 5"),
    ):
        assert old in whole
        path.write_bytes(whole.replace(old, new))
        with pytest.raises(CheckpointError, match=message):
            Checkpoint.load(path)
