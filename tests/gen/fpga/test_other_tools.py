"""Generated Verilog in the tools of other FPGAs: memories are block RAM, not registers."""

import json
import re

import numpy as np
import pytest

from tickless.gen.configure import chain_config
from tickless.gen.emit import emit
from tickless.gen.folding import Folding
from tickless.gen.fpga import tools
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, layer_geometries

BANKS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of an AXI core whose layer has 4 banks of 128 words of 68 bits, and whose readout has
    4,096 words of weights."""
    rng = np.random.default_rng(0)
    specs = [LayerSpec("conv2d", 16, 3, 2, 1), LayerSpec("readout", 10)]
    layers = []
    for index, geometry in enumerate(layer_geometries((2, 32, 32), specs)):
        weight = rng.integers(-7, 8, geometry.weight_shape).astype(np.int8)
        size, bits = ((16, 8), (0, 32))[index]
        threshold = rng.integers(1, 20, size).astype(np.int32)
        floor = rng.integers(-20, 0, size).astype(np.int32)
        layers.append(Layer(f"layer_{index}", (Edge(geometry, weight, 4),), threshold, floor, bits))
    network = Network(tuple(layers))
    config = chain_config(network, [Folding(8, BANKS), Folding(10, 1)])
    path = tmp_path_factory.mktemp("core")
    emit(network, config, path, prefix="core", axi=True)
    return path


@pytest.mark.bitstream
@pytest.mark.parametrize(
    ("synthesis", "block_ram"),
    [
        ("synth_xilinx -family xc7", r"RAMB\d+E1"),
        ("synth_intel_alm -family cyclonev", r"MISTRAL_M10K"),
        ("synth_gowin", r"(DP|SDP|SP)X?9?B?"),
        ("synth_gatemate", r"CC_BRAM_\d+K"),
    ],
)
def test_memories_are_block_ram(folder, synthesis, block_ram):
    script = (
        "read_verilog design.v",
        f"{synthesis} -top core -run begin:map_ffram",
        # What no block RAM was found for is still a memory.
        "select -assert-none t:$mem_v2 r:MEMID=*block_ram %i",
        "tee -q -o cells.json stat -json",
    )
    (folder / "script.ys").write_text("\n".join(script) + "\n")
    tools.run(folder, "yosys", "-q", "script.ys")
    cells = json.loads((folder / "cells.json").read_text())["design"]["num_cells_by_type"]
    found = sum(count for cell, count in cells.items() if re.fullmatch(block_ram, cell))
    assert found > BANKS
