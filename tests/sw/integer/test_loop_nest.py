import numpy as np
import pytest

from tickless.errors import InputError
from tickless.sw.integer.loop_nest import LoopNest, compiled_loop_nest
from tickless.sw.integer.specs import LayerSpec, layer_geometries
from tickless.sw.integer.spiking_layer import SpikingLayer


@pytest.mark.parametrize(("channels", "kernel"), [(16, 3), (48, 5), (128, 1)])
def test_the_loop_nest_is_the_engine(channels, kernel):
    try:
        function = compiled_loop_nest()
    except InputError as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(channels)
    spec = LayerSpec("conv2d", channels, kernel, padding=kernel // 2)
    (geometry,) = layer_geometries((6, 7, 9), [spec])
    weight = rng.integers(-128, 128, geometry.weight_shape).astype(np.int8)
    neuron = rng.integers(100, 500, channels), -rng.integers(1, 500, channels)
    threshold, floor = (array.astype(np.int32) for array in neuron)
    events = rng.integers(0, (6, 7, 9), (500, 3)).astype(np.int32)
    trace = SpikingLayer([(geometry, weight)], threshold, floor, 400).run(events)
    spikes = np.empty((trace.sops, 3), np.int32)
    nest = LoopNest(function, geometry, weight, threshold, floor, 400)
    sent, membrane = nest.run(events, spikes)
    assert sent > 500
    np.testing.assert_array_equal(spikes[:sent], trace.spikes)
    np.testing.assert_array_equal(membrane, trace.membrane)


def test_without_a_compiler_there_is_no_loop_nest(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no C compiler"):
        compiled_loop_nest()
