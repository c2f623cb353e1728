"""The command ``tickless train --from``; tests/sw/training has its parts, and training itself."""

import json

import pytest
import torch

from tests.sw.training.test_given import TINY, start
from tickless.command import main
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import load
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.quantization.quantize import quantize
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire

CHAIN = [LayerSpec("conv2d", 4, 3, 2, 1), LayerSpec("linear", 10, pool=2), LayerSpec("readout", 10)]


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr("tickless.sw.train.load", lambda dataset, split: load(dataset, split)[:15])


def arguments(path, *more):
    return ["train", "--from", str(path), *(f"--set={change}" for change in TINY), *more]


@pytest.mark.parametrize(
    "neuron",
    [
        IntegrateAndFire(-3.0),
        IntegrateAndFire(-3.0, spikes="one", reset="zero", strict=True),
        LeakyIntegrateAndFire(0.75),
    ],
    ids=["ours", "one spike to zero", "leaky"],
)
def test_a_network_is_trained_quantized_and_compared(neuron, few, tmp_path, capsys):
    path = tmp_path / "imported.checkpoint.safetensors"
    start(neuron, CHAIN).save(path)
    output = tmp_path / "new" / "tuned.checkpoint.safetensors"
    options = ["--dataset", "saccades", "--seed", "4", "--output", str(output)]
    assert main(arguments(path, *options)) == 0
    assert sorted(file.name for file in output.parent.iterdir()) == [
        "tuned.checkpoint.safetensors",
        "tuned.report.json",
        "tuned.safetensors",
    ]
    checkpoint = Checkpoint.load(output)
    network = Network.load(output.with_name("tuned.safetensors"))
    assert (checkpoint.dataset, checkpoint.seed, checkpoint.method) == ("saccades", 4, "mtt")
    again = quantize(checkpoint.model)
    for mine, theirs in zip(network.layers, again.layers, strict=True):
        assert (mine.edges[0].weight == theirs.edges[0].weight).all()
    assert network.provenance.accuracies == checkpoint.accuracies
    assert network.layers[0].reset == getattr(checkpoint.model.neuron, "reset")  # noqa: B009
    report = json.loads(output.with_name("tuned.report.json").read_text())
    assert (report["dataset"], report["samples"]) == ("saccades", 15)
    for name in ("before", "after"):
        found = report[name]
        assert len(found["accuracies"]["time_stepped"]) == 20
        assert found["at_steps"] == found["accuracies"]["time_stepped"][2]
        assert found["accuracies"]["integer"]["samples"] == 15
    after = report["after"]
    assert checkpoint.accuracies == {
        "time_stepped": after["at_steps"],
        "float_events": after["accuracies"]["floating"]["accuracy"],
        "integer": after["accuracies"]["integer"]["accuracy"],
    }
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "imported.checkpoint.safetensors: saccades, 15 test samples"
    assert lines[1].split() == ["before", "after"]
    assert [line[:30].strip() for line in lines[2:6]] == [
        "T = 3, the checkpoint's own",
        "T = 1",
        "T = 2",
        "T = 3",
    ]
    assert any(line.startswith("events into the busiest layer") for line in lines)
    assert any(line.startswith("SOPs a sample") for line in lines)


def test_it_goes_on_where_it_was(few, tmp_path, monkeypatch):
    path = tmp_path / "a.checkpoint.safetensors"
    start(specs=CHAIN, dataset="saccades").save(path)
    outputs = [tmp_path / f"{name}.checkpoint.safetensors" for name in ("whole", "broken")]
    assert main(arguments(path, "--output", str(outputs[0]))) == 0

    def broken(*parts, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tickless.sw.training.trainer.refit", broken)
        assert main(arguments(path, "--output", str(outputs[1]))) == 130
    assert outputs[1].with_name(f"{outputs[1].name}.state").exists()
    assert not outputs[1].exists()
    epochs = []
    whole = "tickless.sw.training.loop.TrainingLoop.epoch"
    monkeypatch.setattr(whole, lambda self, number: epochs.append(number))
    assert main(arguments(path, "--output", str(outputs[1]))) == 0
    assert not epochs
    first, second = (Checkpoint.load(output).model for output in outputs)
    assert all(torch.equal(*pair) for pair in zip(first.weights, second.weights, strict=True))
    assert not list(tmp_path.glob("*.state"))


def test_the_output_has_the_name_of_what_it_came_from(few, tmp_path, monkeypatch, capsys):
    path = tmp_path / "import.checkpoint.safetensors"
    start(specs=CHAIN, dataset="saccades").save(path)
    monkeypatch.chdir(tmp_path)
    assert main(arguments(path, "--set=method=sdt", "--seed", "2")) == 0
    assert "wrote build/train/import/sdt-2.safetensors" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["train"], "expected an EXPERIMENT, or --from CHECKPOINT"),
        (["train", "--from", "nowhere"], "nowhere: no such checkpoint"),
        (["train", "--from", "a", "--dataset", "saccades", "--output", "b.safetensors"],
         "b.safetensors: expected a name that ends with .checkpoint.safetensors"),
        (["train", "--from", "a"], "dataset = '', the checkpoint's: give --dataset"),
        (["train", "--from", "heavy", "--dataset", "saccades"], "channel 0 has a weight of 1000"),
    ],
)  # fmt: skip
def test_wrong_input(options, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    checkpoint = start(specs=CHAIN)
    checkpoint.save("a")
    with torch.no_grad():
        checkpoint.model.weights[0][0, 0, 0, 0] = 1000
    checkpoint.save("heavy")
    assert main(options) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.glob("**/*.state"))
