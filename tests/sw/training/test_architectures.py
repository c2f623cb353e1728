import pytest
import torch

from tickless.sw.training.architectures import NETWORKS, layers
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire

NMNIST, DVS = (2, 34, 34), (2, 128, 128)

EXPECTED = {
    # Sensor, classes, weights, layers, largest and last spiking layer.
    "sparse": (NMNIST, 10, 17_720, 4, (12, 17, 17), (32, 5, 5)),
    "small": (NMNIST, 10, 13_904, 4, (8, 17, 17), (32, 5, 5)),
    "mtt-nmnist": (NMNIST, 10, 6_160, 4, (8, 34, 34), (16, 4, 4)),
    "mtt-gesture": (DVS, 11, 48_592, 6, (8, 32, 32), (64, 1, 1)),
    "vgg-small": (DVS, 10, 70_432, 5, (16, 32, 32), (64, 4, 4)),
    "vggsnn": (DVS, 10, 9_237_632, 9, (128, 32, 32), (512, 4, 4)),
    # The 11,163,776 of the usual ResNet18 for 2 input channels and 10 classes, and 1,024 factors
    # of the shortcuts that pass channels on.
    "resnet18": (DVS, 10, 11_164_800, 18, (64, 32, 32), (512, 4, 4)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_and_weights(name):
    sensor, classes, weights, count, largest, last = EXPECTED[name]
    time_stepped = any(spec.shortcut for spec in NETWORKS[name])
    neuron = LeakyIntegrateAndFire() if time_stepped else IntegrateAndFire()
    model = SpikingNetwork(sensor, layers(name, classes), neuron)
    parts = [*model.weights, *model.direct.values()]
    assert sum(weight.numel() for weight in parts) == weights
    shapes = [geometry.output_shape for geometry in model.geometries]
    assert len(shapes) == count
    assert largest in shapes
    assert max(torch.Size(shape).numel() for shape in shapes) == torch.Size(largest).numel()
    assert shapes[-2:] == [last, (classes, 1, 1)]
    with torch.no_grad():
        logits, spikes = model.eval()(torch.rand(1, 1, *sensor), [1] * (model.stages[-1] + 1))
    assert logits.shape == (1, classes)
    assert len(spikes) == count - 1


def test_unknown_network():
    with pytest.raises(ValueError, match="network = 'lenet': expected one of sparse, small"):
        layers("lenet", 10)
