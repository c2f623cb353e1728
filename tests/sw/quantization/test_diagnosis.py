import warnings

import numpy as np
import pytest
import torch

from tickless.command import main
from tickless.errors import TicklessWarning
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.integer.network import PRETRAINED
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.quantization.diagnosis import QuantizationWarning
from tickless.sw.quantization.quantize import quantize
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire


def model(seed=0):
    torch.manual_seed(seed)
    specs = [LayerSpec("conv2d", 6, 3, padding=1), LayerSpec("linear", 8), LayerSpec("readout", 4)]
    return SpikingNetwork((2, 6, 6), specs, IntegrateAndFire(-2.0), normalize=False)


def told(source, bits=8, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        quantize(source, bits, **options)
    assert {item.category for item in caught} <= {QuantizationWarning}
    return [str(item.message) for item in caught]


def plant(source, layer, place, value):
    with torch.no_grad():
        source.weights[layer][place] = value
    return source


def test_ordinary_weights_are_quantized_in_silence():
    assert all(not told(model(seed), bits) for seed in range(3) for bits in (8, 6, 5, 4))


@pytest.mark.parametrize("path", sorted(PRETRAINED.glob("*.checkpoint.safetensors")), ids=str)
def test_committed_networks_are_quantized_in_silence(path):
    source = Checkpoint.load(path).model
    assert not told(source)
    few = 7 / source.weights[0].detach().abs().flatten(1).amax(1) < 3.5
    if not few.any():
        assert not told(source, 4)
        return
    # A weight of over two thresholds leaves fewer than four of 4 bits' seven units for one.
    [text] = told(source, 4)
    channels = ", ".join(map(str, few.nonzero().flatten().tolist()))
    assert f"layer 'conv2d1': channel {channels}: a threshold of 3 weight units" in text


def test_an_outlier_is_named_with_its_layer_and_channel():
    texts = told(plant(model(), 0, (3, 1, 0, 0), -100.0))
    assert len(texts) == 2
    assert texts[0].startswith("layer 'conv2d1': channel 3: a weight so large that most others of")
    assert "--clip 99;" in texts[0]
    assert texts[1].startswith("layer 'conv2d1': channel 3: a threshold of 1 weight units, fewer")


def test_an_outlier_of_few_bits_is_a_smaller_one():
    source = plant(model(), 1, (5, 0, 0, 0), 3.0)
    assert not told(source)
    assert any("'linear2': channel 5: a weight so large" in text for text in told(source, 4))


def test_a_channel_of_one_weight_has_no_outlier():
    source = model()
    with torch.no_grad():
        source.weights[0][2] = 0.0
        source.weights[0][2, 0, 1, 1] = 1.0
    assert not told(source)


def test_small_weights_beside_the_threshold_are_no_outliers():
    # All but one round to zero, since a threshold has 128 units at most.
    source = model()
    with torch.no_grad():
        source.weights[0][2] *= 0.001
    plant(source, 0, (2, 0, 0, 0), 0.5)
    assert not told(source)


@pytest.mark.parametrize("factor", [0.05, 1e-4])
def test_a_channel_whose_weights_are_all_small_beside_its_threshold(factor):
    source = model()
    with torch.no_grad():
        source.weights[0][2] *= factor / source.weights[0][2].abs().max()
    if factor * 128 >= 4:
        assert not told(source)
    [text] = told(source, resolution=32)
    assert text.startswith("layer 'conv2d1': channel 2: a largest weight of ")
    assert "--resolution" in text
    assert not told(source, resolution=100_000)


def test_a_channel_of_zeros_is_no_small_one():
    source = model()
    with torch.no_grad():
        source.weights[0][2] = 0.0
    assert not told(source)


def test_thresholds_of_few_units():
    source = model()
    with torch.no_grad():
        source.weights[0][1:] *= 100
    [text] = told(source)
    assert text.startswith("layer 'conv2d1': channels 1, 2, 3, 4 and 1 more: a threshold of ")
    assert "--bits" in text
    few = [
        [text for text in told(model(), 8, resolution=units) if ": a threshold of" in text]
        for units in (4, 3)
    ]
    assert [len(texts) for texts in few] == [0, 2]


@pytest.mark.parametrize(
    ("factor", "words"),
    [(2.1, "no other is half as large"), (1000.0, "most others round to zero")],
)
def test_a_readout_whose_scale_is_set_by_one_weight(factor, words):
    source = model()
    source = plant(source, 2, (2, 1, 0, 0), factor * float(source.weights[2].detach().abs().max()))
    [text] = told(source)
    assert text.startswith("layer 'readout': channel 2: its largest weight sets the scale of all")
    assert words in text


def test_clipping_silences_what_it_mends():
    source = plant(plant(model(), 0, (3, 1, 0, 0), -100.0), 2, (2, 1, 0, 0), 50.0)
    assert len(told(source)) == 3
    assert not told(source, clip=99.0)


def test_the_command_tells_each_warning_in_one_line(tmp_path, capsys, monkeypatch):
    from tickless.sw.data.catalog import load

    path = tmp_path / "a.checkpoint.safetensors"
    monkeypatch.setattr("tickless.sw.quantization.command.load", lambda *which: load(*which)[:2])
    source = Checkpoint.load(PRETRAINED / "saccades.checkpoint.safetensors")
    plant(source.model, 0, (3, 1, 0, 0), 100.0)
    source.save(path)
    out = str(tmp_path / "a.safetensors")
    assert main(["quantize", str(path), "--output", out]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "channel" in line]
    assert len(lines) == 2
    assert all(line.startswith("warning: layer 'conv2d1': channel 3: a ") for line in lines)
    assert main(["quantize", str(path), "--output", out, "--clip", "99"]) == 0
    assert "warning" not in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["quantize", str(path), "--output", out, "--clip", "ten"])
    assert "argument --clip: ten: expected mse, or a percentile" in capsys.readouterr().err


def test_other_warnings_stay_what_they_are(monkeypatch, capsys):
    def warn(options):
        warnings.warn("one", TicklessWarning, stacklevel=2)
        warnings.warn("two", RuntimeWarning, stacklevel=2)
        return 0

    monkeypatch.setattr("tickless.sw.quantization.command.main", warn)
    with pytest.raises(RuntimeWarning, match="two"):
        main(["quantize", "a", "--output", "b"])
    assert capsys.readouterr().err == "warning: one\n"
    with pytest.warns(TicklessWarning, match="three"):
        warnings.warn("three", TicklessWarning, stacklevel=2)


def test_integers_of_a_planted_outlier_hold_the_other_weights_once_clipped():
    plain, source = model(), plant(model(), 0, (3, 1, 0, 0), -100.0)
    expected = quantize(plain).layers[0]
    with pytest.warns(QuantizationWarning):
        crushed = quantize(source).layers[0]
    clipped = quantize(source, clip=99.0).layers[0]
    others = np.ones(expected.edges[0].weight.shape, bool)
    others[3, 1, 0, 0] = False

    def real(layer):
        units = layer.edges[0].weight / layer.threshold[:, None, None, None]
        return units[others]

    wanted = plain.weights[0].detach().numpy()[others]
    errors = [np.abs(real(layer) - wanted).max() for layer in (crushed, clipped, expected)]
    assert errors[0] > 0.3
    assert errors[1] < 0.05
    assert errors[2] < 0.01
