import torch

from tickless.command import main
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import load
from tickless.sw.integer.network import PRETRAINED
from tickless.sw.quantization.benchmark import planted

SACCADES = PRETRAINED / "saccades.checkpoint.safetensors"


def test_outliers_are_planted_in_each_scale_but_the_first_layers():
    model = Checkpoint.load(SACCADES).model
    samples = load("saccades", "test")[:3]
    layers, readout = (planted(model, samples, readout=last) for last in (False, True))
    for index in range(4):
        changed = [
            torch.ne(part.weights[index], model.weights[index]) for part in (layers, readout)
        ]
        spiking = (0, 24, 32, 0)[index]
        assert [int(each.sum()) for each in changed] == [spiking, int(index == 3)]


def test_the_table(capsys):
    assert main(["bench", "clipping", str(SACCADES), "--samples", "4", "--bits", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "saccades.checkpoint.safetensors: saccades, 4 test samples, 4 bits"
    assert lines[1] == "0.0 events a sample outside the sensor dropped"
    assert [line[:14].strip() for line in lines[3:]] == [
        "real weights",
        "no clipping",
        *(f"--clip {clip}" for clip in (99.9, 99.5, 99.0, 98.0, "mse")),
    ]
    assert all(len(line.split()) >= 4 for line in lines[3:])
