"""AXI cores under random stalls, equal to the golden model to the bit."""

import numpy as np
import pytest

from tests.random_networks import random_events, random_network, random_samples
from tests.sim.axi.cores import AxiBench, simulate_axi
from tickless.gen.configure import chain_config, layer_cores
from tickless.gen.folding import Folding, fold_fully
from tickless.gen.image import load_image
from tickless.gen.place import place
from tickless.host.protocol import pack_events, unpack
from tickless.hw.axi.registers import MAGIC, registers
from tickless.hw.copies import CopiesConfig
from tickless.hw.host.messages import network_number
from tickless.hw.packet import Kind
from tickless.sw.data.catalog import load
from tickless.sw.integer import engine
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.integer.specs import LayerSpec, layer_geometries

SEED = 3

SENSOR = (2, 9, 9)

NEVER = 2**32 - 1
"""Margin that no lead reaches."""


def beat(shape, kind=Kind.EVENT, spare=0):
    """A beat of the address 0."""
    value = kind.value << shape.event["kind"].offset | spare << shape.event["spare"].offset
    return value.to_bytes(shape.event.size // 8, "little")


def beats(shape, network, events, reads):
    """Beats of a sample, its READs at their places."""
    rows = pack_events(shape.event, network.input_shape, events)
    content = [row.tobytes() for row in rows]
    for count in sorted(reads, reverse=True):
        content.insert(count, beat(shape, Kind.READ))
    return content


def addresses(shape):
    return {register.name: register.address for register in registers(shape)}


@pytest.fixture(scope="module", params=[1, 2], ids=["one", "two copies"])
def early(request):
    """Network with early exit, as one copy and as two, and its bench."""
    rng = np.random.default_rng(SEED)
    while (network := random_network(rng, layers=2, size=8)).classes < 3:
        pass
    config = chain_config(network, fold_fully(network), margin=NEVER)
    bench = AxiBench(network, config if request.param == 1 else CopiesConfig(config, 2))
    assert bench.shape.event["spare"].width
    return network, bench


def check(trace, reads, answers):
    """That the answers to READs and END are the golden model's."""
    expected = [tuple(map(int, logits)) for logits in (*trace.read_logits, trace.logits)]
    kinds = [Kind.READ.value] * len(reads) + [Kind.END.value]
    assert [answer["kind"] for answer in answers] == kinds
    for answer, logits in zip(answers, expected, strict=True):
        assert tuple(answer["logits"]) == logits
        assert answer["class_index"] == logits.index(max(logits))


@pytest.mark.parametrize("stalls", [0, 0.3, 0.6])
def test_answers_are_the_golden_model_s_whatever_stalls(early, tmp_path, stalls):
    network, bench = early
    shape, names = bench.shape, addresses(bench.shape)
    firsts = range(0, len(shape.counters), len(network.layers))
    dropped = [f"core_{first}.dropped" for first in firsts]
    samples = random_samples(np.random.default_rng(SEED), network, 24)
    packets = []
    for index, (events, reads) in enumerate(samples):
        content = beats(shape, network, events, reads) or [beat(shape, Kind.END)]
        if index % 3 == 2:
            # In one packet with the sample before, whose END is a beat.
            before = packets.pop()
            end = beat(shape, Kind.END)
            content = [*before, *([end] if before != [end] else []), *content]
        packets.append(content)
    # What is no event: dropped and counted.
    packets[0] = [beat(shape, spare=1), beat(shape, Kind.EVENT_END), *packets[0]]
    plan = {
        "stalls": stalls,
        "packets": [b"".join(packet).hex() for packet in packets],
        "answers": sum(len(reads) + 1 for _, reads in samples),
        "polled": [names["magic"], names["core_0.events"], names["core_0.events"] + 4],
        "refused": [0x3C, 0x3FC],
        "counters": [names[name] for name in (*dropped, "status", "margin")],
    }
    outcome = simulate_axi(bench, plan, tmp_path)
    answers = [unpack(shape.words, bytes.fromhex(text)) for text in outcome["answers"]]
    traces = [engine.run(network, events, reads) for events, reads in samples]
    for trace, (_, reads) in zip(traces, samples, strict=True):
        check(trace, reads, [answers.pop(0) for _ in range(len(reads) + 1)])
    *dropped, status, margin = outcome["counts"]
    assert (status, margin) == (0, NEVER)
    assert sum(dropped) == 2 + sum(trace.dropped for trace in traces)
    assert outcome["refused"] == [True] * 4
    polled = {address: [] for address in plan["polled"]}
    for address, value in outcome["polled"]:
        polled[address].append(value)
    assert set(polled[names["magic"]]) == {MAGIC}
    counted = polled[names["core_0.events"]]
    assert counted == sorted(counted)
    assert counted[0] < counted[-1] <= sum(len(events) for events, _ in samples) + 2
    assert set(polled[names["core_0.events"] + 4]) == {0}


def save(folder, name, array):
    path = folder / f"{name}.npy"
    np.save(path, array)
    return str(path)


def test_a_program_finds_out_what_the_core_is_and_sets_the_margin(early, tmp_path):
    network, bench = early
    rng = np.random.default_rng(SEED)
    samples = [random_events(rng, network, size) for size in (150, 0, 60, 100, 1)]
    leads = [np.diff(np.sort(engine.run(network, events).logits)[-2:]).item() for events in samples]
    margin = max(1, max(leads) // 4)
    files = [save(tmp_path, f"sample_{n}", events) for n, events in enumerate(samples)]
    steps = [{"events": path, "read_every": 50} for path in files]
    steps.append({"margin": margin})
    steps += [{"events": path, "read_every": None} for path in files]
    outcome = simulate_axi(bench, {"steps": steps}, tmp_path)
    info = outcome["info"]
    sensor = (info["channels"], info["height"], info["width"])
    assert sensor == network.input_shape
    assert info["classes"] == network.classes
    assert info["cores"] == len(bench.shape.counters)
    assert info["network"] == network_number(network.hash)
    assert info["early_exit"]
    answers = outcome["answers"]
    for events, given in zip(samples, answers[: len(samples)], strict=True):
        trace = engine.run(network, events, range(50, len(events) + 1, 50))
        logits = [*trace.read_logits, trace.logits]
        assert [tuple(answer["logits"]) for answer in given] == [tuple(row) for row in logits]
        assert [answer["ends"] for answer in given] == [False] * (len(logits) - 1) + [True]
        last = given[-1]
        # Where there are copies, a sample may be in before it is computed.
        waiting = 0 if info["cores"] == len(network.layers) else 4 * len(events)
        assert 0 < last["latency"] < 200 + waiting
        assert last["clocks"] == 0 or last["clocks"] >= max(len(events), last["latency"])
        assert (last["clocks"] == 0) == (len(events) == 0)
    decided = 0
    for events, [answer] in zip(samples, answers[len(samples) :], strict=True):
        trace = engine.run(network, events, (), margin)
        assert tuple(answer["logits"]) == tuple(trace.logits)
        assert answer["class_index"] == trace.class_index
        assert answer["decision"] == trace.decision
        decided += trace.decision is not None
    assert 0 < decided < len(samples)
    assert outcome["counters"][0]["events"] > 0
    assert set(outcome["counters"][-1]) == set(bench.shape.counters[-1].members)


def small_network(seed):
    """Network of a shape, with weights, thresholds and floors of its own."""
    rng = np.random.default_rng(seed)
    specs = [LayerSpec("conv2d", 4, 3, 3, 1), LayerSpec("readout", 3)]
    layers = []
    for index, geometry in enumerate(layer_geometries(SENSOR, specs)):
        weight = rng.integers(-7, 8, geometry.weight_shape).astype(np.int8)
        size = 0 if index else 4
        threshold = rng.integers(1, 20, size).astype(np.int32)
        floor = rng.integers(-20, 0, size).astype(np.int32)
        bits = 32 if index else 8
        layers.append(Layer(f"layer_{index}", (Edge(geometry, weight, 4),), threshold, floor, bits))
    return Network(tuple(layers))


def test_another_network_is_loaded(tmp_path):
    built, other = small_network(1), small_network(2)
    layers = layer_cores(built, [Folding(4, 1), Folding(3, 1)], [1, 1], loadable=True)
    mesh = place(1, 2, layers, (), {})
    events = random_events(np.random.default_rng(SEED), built, 120)
    image = load_image(mesh, other)
    sample = {"events": save(tmp_path, "events", events), "read_every": None}
    beyond = image.copy()[:1]
    beyond["address"] = 0xFFFFFF
    steps = [
        sample,
        {"load": save(tmp_path, "image", image)},
        sample,
        {"load": save(tmp_path, "beyond", beyond)},
        sample,
    ]
    outcome = simulate_axi(AxiBench(built, mesh), {"steps": steps}, tmp_path)
    networks = (built, other, other)
    expected = [tuple(engine.run(network, events).logits.tolist()) for network in networks]
    assert expected[0] != expected[1]
    assert [tuple(answer["logits"]) for [answer] in outcome["answers"]] == expected
    [refusal] = outcome["refusals"]
    assert "0 of 1 chunks were written, 1 are for memories that do not exist" in refusal


@pytest.mark.long
def test_recordings_stream_at_the_limit_of_the_links(tmp_path):
    network = Network.load(PRETRAINED / "nmnist.safetensors")
    config = chain_config(network, fold_fully(network))
    bench = AxiBench(network, config)
    samples = [events.addresses for events, _ in load("nmnist", "test")[:4]]
    contents = [beats(bench.shape, network, events, []) for events in samples]
    plan = {
        "stalls": 0,
        "packets": [b"".join(content).hex() for content in contents],
        "answers": len(samples),
        "polled": [0],
        "refused": [],
        "counters": [],
    }
    outcome = simulate_axi(bench, plan, tmp_path, optimize=True)
    answers = [unpack(bench.shape.words, bytes.fromhex(text)) for text in outcome["answers"]]
    clocks = np.diff([answer["clock"] for answer in answers])
    limits = []
    for events, answer in zip(samples, answers, strict=True):
        trace = engine.run(network, events)
        check(trace, [], [answer])
        limits.append(1 + max(*(layer.events for layer in trace.layers), trace.readout_events))
    over = clocks.sum() / sum(limits[1:])
    print(f"{clocks.mean():.1f} clocks a sample, {over:.4f} times the limit")
    assert over <= 1.05
