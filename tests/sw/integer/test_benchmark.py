import re

import pytest

from tickless.errors import InputError
from tickless.sw.integer.benchmark import layer_speed
from tickless.sw.integer.loop_nest import compiled_loop_nest


def test_a_layer_is_measured_beside_the_loop_nest():
    alone = layer_speed(4, 32, 6, 500, 1)
    form = r"4 to 32 channels, 3x3, 6x6: 500 events, \d+ spikes, \d+\.\d\d GSOP/s"
    assert re.fullmatch(form, alone)
    try:
        function = compiled_loop_nest()
    except InputError as error:
        pytest.skip(str(error))
    beside = layer_speed(4, 32, 6, 500, 1, function)
    assert re.fullmatch(form + r"; in C \d+\.\d\d, ratio \d+\.\d\d", beside)
