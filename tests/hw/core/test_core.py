"""One core, and one readout, against the golden model under random idle and back-pressure."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tests.random_networks import random_events, random_network
from tickless.gen.configure import chain_config, core_contents, layer_cores
from tickless.gen.folding import Folding, choices
from tickless.hw.core.core import Core
from tickless.hw.core.memory_map import MemoryMap
from tickless.hw.core.readout import Readout
from tickless.hw.packet import Kind
from tickless.sw.integer import golden
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, layer_geometries


def packets(link, rows):
    """One packet an event; events outside arrive outside."""
    layout, sent = link.layout, []
    for channel, y, x in rows.tolist():
        inside = 0 <= channel < link.channels and 0 <= y < link.height and 0 <= x < link.width
        if not inside:
            channel, y, x = 0, (1 << layout["y"].width) - 1, 0
        block, lane = divmod(channel, link.lanes)
        sent.append({"kind": Kind.EVENT, "block": block, "mask": 1 << lane, "y": y, "x": x})
    return sent


def stream(link, lists, read_at):
    """Packets of several samples, each with a READ before its event ``read_at`` and END."""
    sent = []
    for rows in lists:
        events = packets(link, rows)
        sent += [*events[:read_at], {"kind": Kind.READ}, *events[read_at:], {"kind": Kind.END}]
    return sent


def make_case(seed):
    """Random network of one spiking layer and readout, a random folding, some samples."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, layers=1, size=7)
    foldings = [
        possible[rng.integers(len(possible))]
        for possible in (choices(layer) for layer in network.layers)
    ]
    foldings[0] = replace(foldings[0], single_port=seed % 2 == 1)
    samples = [random_events(rng, network, int(n)) for n in (60, 0, 40)]
    return network, chain_config(network, foldings, fast_clock=seed % 2 == 0), samples


@pytest.mark.parametrize(("seed", "pattern"), list(enumerate(PATTERNS)))
def test_spikes_of_a_core(seed, pattern):
    network, config, samples = make_case(seed)
    core = config.cores[0]
    expected, dropped, sops = [], 0, 0
    for rows in samples:
        trace = golden.run(network, rows, reads=[min(5, len(rows))])
        layer = trace.layers[0]
        spikes = [("spike", *row) for row in layer.spikes.tolist()]
        place = int(layer.read_positions[0])
        expected += [*spikes[:place], ("READ",), *spikes[place:], ("END",)]
        dropped += trace.dropped
        sops += layer.sops

    def decode(packet):
        kind = Kind(packet.kind)
        if kind != Kind.EVENT:
            return [(kind.name,)]
        first = int(packet.block) * core.lanes
        mask, place = int(packet.mask), (int(packet.y), int(packet.x))
        return [("spike", first + i, *place) for i in range(core.lanes) if mask >> i & 1]

    dut = Core(core, core_contents(network, config.layers)[0])
    counted = {}
    process, taken = collect(dut.o, 10**9, decode, PATTERNS[pattern], seed)

    async def until_done(ctx):
        await send(dut.i, stream(core.input_link, samples, 5), PATTERNS[pattern], seed)(ctx)
        while sum(packet[0][0] == "END" for packet in taken) < len(samples):
            await ctx.tick()
        await ctx.tick().repeat(2)
        counted.update({name: int(ctx.get(dut.counters[name])) for name, _ in dut.counters.shape()})

    simulate(dut, until_done, background=[process])
    assert [item for packet in taken for item in packet] == expected
    events = sum(len(rows) for rows in samples)
    busy, stalled = counted.pop("busy_cycles"), counted.pop("stall_cycles")
    assert counted == {
        "dropped": dropped,
        "sops": sops,
        "events": events,
        "packets": len(taken),
    }
    steps = events + 2 * len(samples)
    assert steps <= busy <= steps * core.window[0] * core.window[1] * core.blocks
    assert stalled >= core.bank_depth - 4


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("pattern", PATTERNS)
def test_early_exit_of_a_readout(seed, pattern):
    """Decisions at the golden model's event, whatever comes behind it; READs before it alone."""
    rng = np.random.default_rng(seed)
    classes = int(rng.choice([2, 3, 10]))
    lanes = int(rng.integers(1, classes + 1))
    weight = rng.integers(-7, 8, (classes, 5)).astype(np.int8)
    [geometry] = layer_geometries((5, 1, 1), [LayerSpec("readout", classes)])
    nothing = np.zeros(0, np.int32)
    weight = weight.reshape(geometry.weight_shape)
    initial = rng.integers(-20, 20, classes).astype(np.int32) if seed % 2 else nothing
    readout = Layer(
        "readout", (Edge(geometry, weight, 4),), nothing, nothing, 32, initial_logits=initial
    )
    network = Network((readout,))
    margin = int(rng.integers(1, 60))
    folding = [Folding(lanes, 1)]
    config = chain_config(network, folding, margin=margin)
    [readout], [contents] = config.cores, core_contents(network, config.layers)
    dut = Readout(readout, contents)
    samples, expected = [], []
    for _ in range(8):
        rows = np.zeros((int(rng.integers(0, 40)), 3), np.int32)
        rows[:, 0] = rng.integers(0, 5, len(rows))
        samples.append(rows)
        trace = golden.run(network, rows, (min(5, len(rows)),), margin)
        answers: list[tuple] = [("READ", logits, 0, None) for logits in trace.read_logits.tolist()]
        logits = trace.logits.tolist()
        if trace.decision is not None:
            answers.append(("EVENT", logits, 1, trace.decision))
        answers.append(("END", logits, int(trace.decision is not None), trace.decision))
        expected += answers
    assert sum(kind == "EVENT" for kind, *_ in expected) > 0

    def decode(answer):
        logits = [int(logit) for logit in answer.logits]
        assert answer.class_index == int(np.argmax(logits))
        event = int(answer.event) if answer.decided else None
        return Kind(answer.kind).name, logits, int(answer.decided), event

    process, taken = collect(dut.o, len(expected), decode, PATTERNS[pattern], seed)
    sent = send(dut.i, stream(readout.input_link, samples, 5), PATTERNS[pattern], seed)
    simulate(dut, sent, process)
    assert taken == expected


def test_random_networks_begin_at_0_and_elsewhere():
    begins = [config.cores[1].initial_logits for _, config, _ in map(make_case, range(4))]
    assert set(begins) == {False, True}


@pytest.mark.parametrize(("seed", "pattern"), list(enumerate(PATTERNS)))
def test_answers_of_a_readout(seed, pattern):
    network, config, samples = make_case(seed)
    readout = config.cores[1]
    spikes, expected = [], []
    for rows in samples:
        spikes.append(golden.run(network, rows).layers[0].spikes)
        place = min(5, len(spikes[-1]))
        (edge,) = network.layers[1].edges
        weights = edge.weight.astype(np.int64)
        pool, kernel = edge.geometry.pool, edge.geometry.kernel
        logits = network.initial_logits.astype(np.int64)
        for index, (channel, y, x) in enumerate([*spikes[-1].tolist(), (0, 0, 0)]):
            if index == place:
                expected.append(("READ", int(np.argmax(logits)), logits.tolist()))
            if index < len(spikes[-1]) and y // pool < kernel[0] and x // pool < kernel[1]:
                logits = logits + weights[:, channel, y // pool, x // pool]
                logits = logits.clip(-(2**31), 2**31 - 1)
        expected.append(("END", int(np.argmax(logits)), logits.tolist()))

    def decode(answer):
        return (
            Kind(answer.kind).name,
            int(answer.class_index),
            [int(logit) for logit in answer.logits],
        )

    dut = Readout(readout, core_contents(network, config.layers)[1])
    process, taken = collect(dut.o, len(expected), decode, PATTERNS[pattern], seed)
    sent = send(dut.i, stream(readout.input_link, spikes, 5), PATTERNS[pattern], seed)
    simulate(dut, sent, process)
    assert taken == expected


def test_initial_logits_are_loaded_between_samples():
    """Those built in until others are loaded; from then on these, behind each END, too."""
    rng = np.random.default_rng(4)
    [geometry] = layer_geometries((3, 1, 1), [LayerSpec("readout", 5)])
    nothing = np.zeros(0, np.int32)
    networks = []
    for initial in ((1, -2, 3, -4, 5), (-(2**31), 7, 2**31 - 1, 0, -1)):
        weight = rng.integers(-8, 8, geometry.weight_shape).astype(np.int8)
        logits = np.array(initial, np.int32)
        edges = (Edge(geometry, weight, 4),)
        layer = Layer("readout", edges, nothing, nothing, 32, initial_logits=logits)
        networks.append(Network((layer,)))
    layers = layer_cores(networks[0], [Folding(2, 1)], [1], loadable=True)
    built, loaded = (core_contents(network, layers)[0] for network in networks)
    [[readout]] = layers
    dut: Any = Readout(readout, built)
    samples = [np.zeros((count, 3), np.int32) for count in (0, 3, 0, 4, 2)]
    for rows in samples:
        rows[:, 0] = rng.integers(0, 3, len(rows))
    expected = []
    for index, rows in enumerate(samples):
        trace = golden.run(networks[index >= 2], rows, (min(1, len(rows)),))
        expected += [*trace.read_logits.tolist(), trace.logits.tolist()]
    process, taken = collect(
        dut.o, len(expected), lambda answer: [int(logit) for logit in answer.logits], 1.0, 0
    )

    async def drive(ctx):
        await send(dut.i, stream(readout.input_link, samples[:2], 1), 1.0, 0)(ctx)
        while len(taken) < 4:
            await ctx.tick()
        await ctx.tick().repeat(2)
        ctx.set(dut.load_valid, 1)
        for address, value in MemoryMap(readout).chunks(loaded):
            ctx.set(dut.load, {"address": address, "data": value})
            assert not ctx.get(dut.load_unknown)
            await ctx.tick()
        ctx.set(dut.load_valid, 0)
        await ctx.tick()
        await send(dut.i, stream(readout.input_link, samples[2:], 1), 1.0, 0)(ctx)

    simulate(dut, drive, process)
    assert taken == expected
