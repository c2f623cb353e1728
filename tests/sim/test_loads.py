"""Networks loaded at run time: a mesh runs another network of its shape without a new build."""

from dataclasses import replace

import numpy as np
import pytest

from tickless.gen.configure import design_factory, layer_cores, network_joins
from tickless.gen.folding import Folding
from tickless.gen.image import IMAGE_DTYPE, load_image
from tickless.gen.place import place
from tickless.sim.compare import compare
from tickless.sim.loads import Load
from tickless.sim.packets import pack_sample
from tickless.sim.run import Simulation
from tickless.sw.integer import engine
from tickless.sw.integer.layer import Edge, Layer, Reset
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, PerAxis, ShortcutSpec, layer_geometries

SENSOR = (2, 9, 9)

FOLDINGS = {
    "cut": [Folding(3, 1), Folding(2, 2), Folding(6, 1), Folding(2, 1)],
    "residual": [Folding(4, 1), Folding(4, 9), Folding(2, 3), Folding(3, 1)],
}
SLICES = {"cut": [2, 2, 1, 1], "residual": [1, 1, 2, 1]}


RESETS: dict[str, tuple[Reset, ...]] = {
    "cut": ("subtract", "zero", "subtract"),
    "residual": ("subtract", "subtract", "zero"),
}

WIDER = 6
"""Bits that weights of the shortcut, and membranes behind it, have more than others."""


def make_network(
    shape, seed, *, weight_bits=6, membrane_bits=8, padding: PerAxis = 1, dilation: PerAxis = 1
):
    """Network of one of two shapes; weights, thresholds, and the first padding and dilation are
    its own, and so are the logits with which the residual one begins."""
    rng = np.random.default_rng(seed)
    first = LayerSpec("conv2d", 4, 3, 3, padding, dilation=dilation)
    identity = ShortcutSpec(source=0, kernel=1, groups=4)
    behind = {
        "cut": [LayerSpec("conv2d", 5, 2, 1, 0), LayerSpec("linear", 6)],
        "residual": [
            LayerSpec("conv2d", 4, 3, 1, 1),
            LayerSpec("conv2d", 4, 3, 1, 1, shortcut=identity),
        ],
    }[shape]
    layers = []
    half = 1 << (weight_bits - 1)
    for index, geometry in enumerate(
        layer_geometries(SENSOR, [first, *behind, LayerSpec("readout", 3)])
    ):
        size = geometry.output_shape[0] if index < 3 else 0
        bits = membrane_bits + WIDER * (shape == "residual" and index == 2)
        quarter = 1 << (bits - 3)
        weight = rng.integers(1 - half, half, geometry.weight_shape).astype(np.int8)
        threshold = rng.integers(1, quarter, size).astype(np.int32)
        floor = rng.integers(-quarter, 0, size).astype(np.int32)
        edge, name = Edge(geometry, weight, weight_bits), f"layer_{index}"
        if size:
            layers.append(Layer(name, (edge,), threshold, floor, bits, RESETS[shape][index]))
        else:
            begins = 3 if shape == "residual" else 0
            initial = rng.integers(-500, 500, begins).astype(np.int32)
            layers.append(Layer(name, (edge,), threshold, floor, 32, initial_logits=initial))
    if shape == "residual":
        direct = identity.geometry(layers[0].output_shape, layers[2].output_shape)
        weight = rng.integers(1, half << WIDER, direct.weight_shape).astype(np.int16)
        edge = Edge(direct, weight, weight_bits + WIDER, "layer_0")
        layers[2] = replace(layers[2], edges=(*layers[2].edges, edge))
    return Network(tuple(layers))


def make_mesh(shape, network, **options):
    layers = layer_cores(network, FOLDINGS[shape], SLICES[shape], **options)
    return place(2, 3, layers, network_joins(network), {})


SHAPES = tuple(FOLDINGS)
BUILT = {shape: make_network(shape, 1) for shape in SHAPES}
MESHES = {shape: make_mesh(shape, BUILT[shape], loadable=True) for shape in SHAPES}
RETRAINED = {
    shape: make_network(shape, 2, weight_bits=4, membrane_bits=6, padding=(1, 0), dilation=(2, 1))
    for shape in SHAPES
}
IMAGES = {shape: load_image(MESHES[shape], RETRAINED[shape]) for shape in SHAPES}


@pytest.fixture(scope="module")
def simulation():
    return Simulation(
        [design_factory(MESHES[shape], BUILT[shape]) for shape in SHAPES], optimize=False
    )


def make_samples(count):
    rng = np.random.default_rng(count)
    sizes = [0, *rng.integers(60, 150, count - 1)]
    return [rng.integers(0, SENSOR, (size, 3)).astype(np.int32) for size in sizes]


def run(simulation, networks, loads, stalls=True):
    """Run samples through both designs, and compare each with the network it should meet.

    Returns
    -------
    list of dict
        Load counters of each design.
    """
    samples = make_samples(len(networks[SHAPES[0]]))
    stimuli = [
        [pack_sample(MESHES[shape].cores[0].input_link, events) for events in samples]
        for shape in SHAPES
    ]
    recordings = simulation.run(
        stimuli, [loads[shape] for shape in SHAPES], stalls=stalls, seed=4, watchdog_cycles=20_000
    )
    for shape, recording in zip(SHAPES, recordings, strict=True):
        traces = [
            engine.run(network, events)
            for network, events in zip(networks[shape], samples, strict=True)
        ]
        assert sum(len(layer.spikes) for trace in traces for layer in trace.layers) > 100
        assert compare(traces, recording.samples).difference is None
    return [dict(recording.load_counters) for recording in recordings]


def counts(written=0, unknown=0, refused=0):
    return {"written": written, "unknown": unknown, "refused": refused}


def test_runs_what_it_was_built_with(simulation):
    networks = {shape: [BUILT[shape]] * 3 for shape in SHAPES}
    assert run(simulation, networks, {shape: [] for shape in SHAPES}) == [counts()] * 2


@pytest.mark.parametrize("stalls", [False, True])
def test_runs_what_was_loaded(simulation, stalls):
    networks = {shape: [RETRAINED[shape]] * 3 for shape in SHAPES}
    loads = {shape: [Load(IMAGES[shape])] for shape in SHAPES}
    sizes = [counts(written=len(IMAGES[shape])) for shape in SHAPES]
    assert run(simulation, networks, loads, stalls) == sizes


def test_loads_between_samples(simulation):
    networks, loads, sizes = {}, {}, []
    for shape in SHAPES:
        there, other = BUILT[shape], RETRAINED[shape]
        back = load_image(MESHES[shape], there)
        networks[shape] = [there, there, other, other, there, other]
        loads[shape] = [
            Load(IMAGES[shape], sample=2),
            Load(back, sample=4),
            Load(IMAGES[shape], sample=5),
        ]
        sizes.append(counts(written=2 * len(IMAGES[shape]) + len(back)))
    assert run(simulation, networks, loads) == sizes


@pytest.mark.parametrize("position", [1, 40, 10_000], ids=["begun", "midst", "ended"])
def test_refuses_chunks_while_a_sample_is_open(simulation, position):
    networks = {shape: [BUILT[shape]] * 3 for shape in SHAPES}
    last = len(make_samples(3)[1]) + 1
    chunks = {shape: IMAGES[shape][:20] for shape in SHAPES}
    loads = {shape: [Load(chunks[shape], 1, min(position, last))] for shape in SHAPES}
    assert run(simulation, networks, loads, stalls=False) == [counts(refused=20)] * 2


def test_counts_chunks_for_what_does_not_exist(simulation):
    networks = {shape: [BUILT[shape]] * 2 for shape in SHAPES}
    loads = {}
    for shape in SHAPES:
        cores = len(MESHES[shape].cores)
        beyond = [(core, address, 1) for core in range(cores) for address in (1 << 23, 0xFFFFFF)]
        nobody = [(number, 0, 7) for number in range(cores, 8)]
        chunks = np.array(beyond + nobody, IMAGE_DTYPE)
        loads[shape] = [Load(chunks)]
    sizes = [counts(unknown=len(loads[shape][0].chunks)) for shape in SHAPES]
    assert run(simulation, networks, loads) == sizes


def test_what_does_not_suit_is_named():
    mesh = MESHES["cut"]
    wide = make_network("cut", 3, weight_bits=8)
    with pytest.raises(ValueError, match=r"core 'layer_0\[0:3\]': weight_bits = 8: built with 6"):
        load_image(mesh, wide)
    with pytest.raises(ValueError, match=r"shortcuts are \(\(0, 2\),\): expected \(\), as built"):
        load_image(mesh, BUILT["residual"])
    fixed = make_mesh("cut", BUILT["cut"])
    with pytest.raises(ValueError, match="cannot be loaded: expected one that was built loadable"):
        load_image(fixed, BUILT["cut"])
    with pytest.raises(ValueError, match="layers: expected 4, as built"):
        load_image(mesh, Network(BUILT["cut"].layers[-1:]))
