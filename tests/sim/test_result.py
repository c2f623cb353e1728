from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.hw.cores import make_core
from tests.random_networks import random_events, random_network
from tickless.hw.design import Link
from tickless.sim.records import CoreCounts, LinkRecord, SampleRecord
from tickless.sim.result import confusion_matrix, core_results, layer_results
from tickless.sim.sample_row import limit_cycles
from tickless.sw.integer import golden


@pytest.fixture
def case():
    rng = np.random.default_rng(11)
    network = random_network(rng, layers=2)
    return network, [random_events(rng, network, 60) for _ in range(3)]


def link(packets):
    sent = Link("layer", "next", None, 0, 0)
    return LinkRecord(sent, np.zeros((packets, 1), np.uint32), np.zeros(packets, np.int64))


def test_layers_are_means_per_sample(case):
    network, samples = case
    traces = [golden.run(network, events) for events in samples]
    names = [layer.name for layer in network.layers]
    rows: Any = [
        SimpleNamespace(
            spikes=(*(len(layer.spikes) for layer in trace.layers), 0),
            layer_sops=(*(layer.sops for layer in trace.layers), trace.readout_sops),
        )
        for trace in traces
    ]
    results = layer_results(names, rows)
    assert [result.name for result in results] == names
    for index, result in enumerate(results[:-1]):
        assert result.spikes == np.mean([len(trace.layers[index].spikes) for trace in traces])
    assert sum(result.sops for result in results) == pytest.approx(
        np.mean([trace.sops for trace in traces])
    )


def test_limit_is_the_busiest_core(case):
    network, [events, *_] = case
    trace = golden.run(network, events)
    unpacked = [len(events), *(len(layer.spikes) for layer in trace.layers)]
    quiet = SampleRecord(tuple(link(1) for _ in range(4)), ())
    assert limit_cycles(trace, quiet) == max(unpacked)
    busy = SampleRecord((link(1), link(1001), link(1), link(1)), ())
    assert limit_cycles(trace, busy) == 1000


def test_cores_leave_markers_out():
    core = make_core()
    values = {"events": 100, "dropped": 0, "packets": 44, "sops": 1600}
    counters = CoreCounts("layer", 4, values | {"busy_cycles": 104, "stall_cycles": 8})
    [result] = core_results([core], [counters], samples=4, cycles=200)
    assert (result.events, result.packets, result.sops) == (25, 10, 400)
    assert (result.cycles_busy, result.cycles_stalled) == (26, 2)
    assert result.sops_per_cycle == 8
    assert result.utilization == 0.5


def test_confusions_are_counted_by_label_and_answer():
    assert confusion_matrix([(1, 1), (2, 0)], 3) == [[0, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert confusion_matrix([], 3) is None


def test_a_label_that_is_no_class_has_a_line():
    matrix = confusion_matrix([(4, 0)], 3)
    assert matrix is not None
    assert (len(matrix), matrix[4]) == (5, [1, 0, 0])
