"""The comparison finds each kind of difference and names the first."""

from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tickless.gen.configure import chain_config
from tickless.gen.folding import fold_fully
from tickless.hw.design import Link
from tickless.hw.packet import Kind, answer_layout
from tickless.sim.compare import compare
from tickless.sim.packets import pack_sample, packet_words, unpack_spikes
from tickless.sim.records import LinkRecord, MembraneRecord, SampleRecord
from tickless.sw.integer import engine


@pytest.fixture(scope="module")
def case():
    """Cores, traces and the recordings of a faultless design."""
    rng = np.random.default_rng(1)
    while True:
        network = random_network(rng, layers=2, size=8)
        cores = chain_config(network, fold_fully(network)).cores
        samples = [(random_events(rng, network, 60), [0, 30]) for _ in range(3)]
        traces = [engine.run(network, *sample) for sample in samples]
        if network.classes > 1 and all(len(t.layers[-1].spikes) > 5 for t in traces):
            break
    recordings = [
        SampleRecord(
            (
                link("input", "layer0", -1, pack_sample(cores[0].input_link, *sample), cores[0]),
                *(
                    link(
                        f"layer{index}",
                        f"layer{index + 1}",
                        index,
                        pack_sample(after.input_link, layer.spikes, layer.read_positions),
                        after,
                    )
                    for index, (after, layer) in enumerate(
                        zip(cores[1:], trace.layers, strict=True)
                    )
                ),
                link("layer2", "answers", 2, answers(network.classes, trace)),
            ),
            tuple(
                MembraneRecord(core, index, layer.membrane)
                for index, (core, layer) in enumerate(zip(cores, trace.layers, strict=False))
            ),
        )
        for sample, trace in zip(samples, traces, strict=True)
    ]
    return cores, traces, recordings


def link(sender, receiver, layer, packets, core=None):
    packed = core.input_link if core else None
    return LinkRecord(Link(sender, receiver, packed, layer), packets, np.arange(len(packets)))


def answers(classes, trace):
    layout = answer_layout(classes)
    rows = [*(("READ", row) for row in trace.read_logits), ("END", trace.logits)]
    values = [
        layout.const(
            {"kind": Kind[kind], "class_index": int(np.argmax(row)), "logits": row.tolist()}
        ).as_bits()
        for kind, row in rows
    ]
    words = packet_words(layout)
    parts = [[value >> 32 * i & 0xFFFFFFFF for i in range(words)] for value in values]
    return np.array(parts, dtype=np.uint32)


def changed(case, index, change):
    """Comparison after a change of one link's packets of sample 1."""
    _, traces, recordings = case
    links = list(recordings[1].links)
    links[index] = replace(links[index], packets=change(links[index].packets.copy()))
    damaged = replace(recordings[1], links=tuple(links))
    return compare(traces, [recordings[0], damaged, recordings[2]])


def test_agrees(case):
    result = compare(*case[1:])
    assert result.agrees
    assert (result.classes, result.logits, result.spikes, result.membranes) == (1, 1, 1, 1)
    assert result.difference is None


def test_a_lost_spike(case):
    result = changed(case, 2, lambda packets: np.delete(packets, 4, axis=0))
    assert result.spikes == pytest.approx(5 / 6)
    assert (result.classes, result.logits, result.membranes) == (1, 1, 1)
    assert result.difference is not None
    assert result.difference.startswith("sample 1, link 2 ('layer1' to 'layer2'), packet ")


def test_swapped_spikes(case):
    cores, _, recordings = case
    items, _ = unpack_spikes(cores[1].output_link, recordings[1].links[2].packets)
    at = int(np.argmax((items[1:] != items[:-1]).any(axis=1)))

    def swap(packets):
        packets[[at, at + 1]] = packets[[at + 1, at]]
        return packets

    result = changed(case, 2, swap)
    assert not result.agrees
    assert f"packet {at}, spike {at}: expected " in str(result.difference)


def test_the_last_spike_is_missing(case):
    _, traces, _ = case
    count = len(traces[1].layers[1].spikes) + 2
    result = changed(case, 2, lambda packets: np.delete(packets, -2, axis=0))
    assert f"packet {count - 1}, spike {count - 1}: expected " in str(result.difference)
    assert f"got END ({count} expected in all, {count - 1} got)" in str(result.difference)


def test_a_spike_too_many(case):
    result = changed(case, 1, lambda packets: np.insert(packets, -1, packets[1], axis=0))
    assert "link 1 ('layer0' to 'layer1')" in str(result.difference)
    assert "expected END, got " in str(result.difference)


def test_a_read_at_another_place(case):
    def move(packets):
        return np.insert(packets[1:], 1, packets[0], axis=0)

    result = changed(case, 1, move)
    assert "packet 0, spike 0: expected READ, got (channel " in str(result.difference)


def test_a_membrane(case):
    _, traces, recordings = case
    membranes = list(recordings[2].membranes)
    membranes[1] = replace(membranes[1], values=membranes[1].values.copy())
    membranes[1].values[0, 0, 0] += 1
    damaged = replace(recordings[2], membranes=tuple(membranes))
    result = compare(traces, [*recordings[:2], damaged])
    assert result.membranes == pytest.approx(5 / 6)
    assert result.spikes == 1
    value = traces[2].layers[1].membrane[0, 0, 0]
    assert result.difference is not None
    assert result.difference.startswith(
        "sample 2, membranes of 'layer1' at END, (channel 0, y 0, x 0): "
        f"expected {value}, got {value + 1} (1 of "
    )


def test_a_logit(case):
    offset = answer_layout(case[0][-1].output_shape[0])["logits"].offset

    def flip(packets):
        packets[1, offset // 32] ^= 1 << (offset % 32)
        return packets

    result = changed(case, 3, flip)
    assert result.logits == pytest.approx(2 / 3)
    assert result.classes == 1
    assert "sample 1, answers, packet 1, answer to READ 1, logit 0: " in str(result.difference)


def test_a_class(case):
    offset = answer_layout(case[0][-1].output_shape[0])["class_index"].offset

    def flip(packets):
        packets[-1, 0] ^= 1 << offset
        return packets

    result = changed(case, 3, flip)
    assert (result.classes, result.logits) == (pytest.approx(2 / 3), 1)
    assert "sample 1, answers, packet 2, answer to END, class: expected " in str(result.difference)


def test_an_answer_is_missing(case):
    result = changed(case, 3, lambda packets: packets[1:])
    assert (result.classes, result.logits) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert "sample 1, answers: expected 3, got 2" in str(result.difference)


def test_names_the_difference_furthest_upstream(case):
    _, traces, recordings = case
    links = [replace(item, packets=item.packets[1:]) for item in recordings[0].links]
    damaged = replace(recordings[0], links=tuple(links))
    result = compare(traces, [damaged, *recordings[1:]])
    assert "sample 0, link 1" in str(result.difference)


def test_refuses_another_number_of_samples(case):
    _, traces, recordings = case
    with pytest.raises(ValueError, match=r"shorter|longer"):
        compare(traces, recordings[:2])
