import gc
from dataclasses import replace
from typing import Any

import pytest

from tests.hw.cores import make_contents, make_core
from tickless.hw.chain import ChainConfig
from tickless.hw.core.core import Core
from tickless.hw.core.edge import foldings
from tickless.hw.core.readout import Readout
from tickless.hw.packet import LinkConfig

READOUT = {
    "output_shape": (3, 1, 1),
    "size": (3, 3),
    "padding": 0,
    "stride": 1,
    "lanes": 3,
    "taps": 1,
}


def test_foldings_keep_the_order():
    assert foldings((1, 1)) == [1]
    assert foldings((2, 2)) == [1, 2, 4]
    assert foldings((3, 3)) == [1, 2, 3, 6, 9]
    assert foldings((3, 1)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lanes": 0}, "lanes = 0: expected 1 to 4"),
        ({"lanes": 5}, "lanes = 5: expected 1 to 4"),
        ({"taps": 3}, r"taps = 3: expected one of \[1, 2, 4\]"),
        ({"groups": 3}, "groups = 3: expected a divisor of 2 input and 4 output channels"),
        ({"kernel": (0, 3)}, r"kernel = \(0, 3\): expected at least 1"),
        ({"stride": 0}, r"stride = \(0, 0\): expected at least 1"),
        ({"dilation": (1, 0)}, r"dilation = \(1, 0\): expected at least 1"),
        ({"padding": (0, -1)}, r"padding = \(0, -1\): expected at least 0"),
        ({"reset": "hard"}, "reset = 'hard': expected 'subtract' or 'zero'"),
        ({"pool": 0}, "pool = 0: expected at least 1"),
        ({"weight_bits": 1}, "weight_bits = 1: expected at least 2"),
        ({"membrane_bits": 1}, "membrane_bits = 1: expected at least 2"),
        ({"queue_depth": 8}, "queue_depth = 8: expected at least 16"),
        ({"epoch_bits": 1}, "epoch_bits = 1: expected at least 2"),
        ({"initial_logits": True}, "initial_logits = True: expected False for a spiking layer"),
    ],
)
def test_impossible_parameters(options, words):
    with pytest.raises(ValueError, match=f"core 'layer': {words}"):
        make_core(**options)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"edges": ()}, r"edges = \(\): expected one or two"),
        ({"end_level": 2}, "end_level = 2: expected None, 0 or 1"),
        ({"first_channel": 1}, r"first_channel = 1: expected 0\.\.0"),
    ],
)
def test_impossible_places(change, words):
    with pytest.raises(ValueError, match=words):
        replace(make_core(), **change)


@pytest.mark.parametrize("field", ["channels", "height", "width", "lanes"])
def test_impossible_links(field):
    values: dict[str, Any] = {"channels": 2, "height": 3, "width": 3, "lanes": 2, field: 0}
    with pytest.raises(ValueError, match=f"{field} = 0: expected a positive integer"):
        LinkConfig(**values)


# Amaranth warns of components that were never elaborated, as those refused here.
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_kinds_of_cores():
    spiking, readout = make_core(), make_core(readout=True, membrane_bits=32, **READOUT)
    with pytest.raises(ValueError, match="is a readout"):
        Core(readout, make_contents(readout))
    with pytest.raises(ValueError, match="is a spiking layer"):
        Readout(spiking, make_contents(spiking))
    with pytest.raises(ValueError, match="expected one, as the last core"):
        ChainConfig((spiking,))
    with pytest.raises(ValueError, match="expected the output link of 'layer'"):
        ChainConfig((spiking, readout))
    gc.collect()


def test_fields_without_use_are_zero_bits_wide():
    layout = LinkConfig(2, 3, 3, 2).layout
    unused = ("last", "level", "block")
    assert {name: layout[name].width for name in unused} == dict.fromkeys(unused, 0)
    wide = LinkConfig(2, 3, 3, 1, level_bits=2).layout
    assert [wide[name].width for name in unused] == [1, 2, 1]
