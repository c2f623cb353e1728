"""What the report draws is what the record and the trace say."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tests.sim.reports import START, recorded
from tickless.sim.report_sample import report_sample
from tickless.sw.integer import engine, golden


@cache
def cases(margin=None):
    """Some networks that answer by their spikes, with a sample and its trace."""
    rng = np.random.default_rng(3)
    found = []
    while len(found) < 6:
        network = random_network(rng, layers=2, size=8)
        if network.classes == 1:
            continue
        events = random_events(rng, network, 80)
        trace = engine.run(network, events, (), margin)
        busy = all(len(layer.spikes) > 5 for layer in trace.layers)
        if busy and (margin is None or trace.decision is not None):
            found.append((network, events, trace))
    return found


@pytest.fixture(params=range(6))
def case(request):
    return cases()[request.param]


def test_spikes_and_cycles_are_those_of_the_record(case):
    network, events, trace = case
    record = recorded(network, events, trace)
    sample = report_sample(network, "a", events, 1, trace, record)
    assert (sample.name, sample.label, sample.class_index) == ("a", 1, trace.class_index)
    assert sample.answer_cycle == record.links[-1].cycles[-1] - START
    for raster, layer, link in zip(sample.layers, trace.layers, record.links[1:], strict=False):
        assert raster.addresses.tolist() == layer.spikes.tolist()
        assert raster.cycles.tolist() == (link.cycles[:-1] - START).tolist()
    inside = np.all((events >= 0) & (events < network.input_shape), axis=1)
    assert 0 < inside.sum() < len(events)
    assert sample.inputs.addresses.tolist() == events[inside].tolist()
    assert sample.inputs.cycles.tolist() == (3 * np.flatnonzero(inside)).tolist()


def test_logits_are_integers_and_end_as_the_answer(case):
    network, events, trace = case
    sample = report_sample(network, "a", events, 1, trace, recorded(network, events, trace))
    assert sample.logits.dtype == np.int64
    marks = np.arange(1, trace.readout_events + 1)
    sent = trace.layers[-1].spikes
    alone = replace(network, layers=network.layers[-1:])
    assert sample.logits.tolist() == golden.run(alone, sent, marks).read_logits.tolist()
    assert sample.logits[-1].tolist() == trace.logits.tolist()
    assert sample.logits.shape == (trace.readout_events, network.classes)
    assert sample.logit_cycles.tolist() == sample.layers[-1].cycles.tolist()
    assert sample.decision is None


def test_cores_of_a_cut_layer_are_drawn_as_one_layer(case):
    network, events, trace = case
    record = recorded(network, events, trace, cut=3)
    sample = report_sample(network, "a", events, 1, trace, record)
    for raster, layer in zip(sample.layers, trace.layers, strict=True):
        assert sorted(raster.addresses.tolist()) == sorted(layer.spikes.tolist())
        assert (np.diff(raster.cycles) >= 0).all()
    assert sample.logits[-1].tolist() == trace.logits.tolist()
    assert (np.diff(sample.logit_cycles) >= 0).all()
    assert sample.logit_cycles[-1] == sample.layers[-1].cycles[-1]


@pytest.mark.parametrize("index", range(6))
def test_logits_end_with_the_decision(index):
    network, events, trace = cases(margin=3)[index]
    # The design sends more than the decision needs.
    whole = engine.run(network, events)
    sample = report_sample(network, "a", events, 1, trace, recorded(network, events, whole))
    assert sample.decision == trace.decision == len(sample.logits) - 1
    assert sample.logits[-1].tolist() == trace.logits.tolist()
    best, second = np.sort(sample.logits, axis=1)[:, :-3:-1].T
    assert (best - second >= 3).tolist() == [False] * trace.decision + [True]


def test_a_network_of_a_readout_alone_answers_by_its_input():
    rng = np.random.default_rng(5)
    network = random_network(rng, layers=0)
    events = random_events(rng, network, 40)
    trace = engine.run(network, events)
    sample = report_sample(network, "a", events, 1, trace, recorded(network, events, trace))
    assert sample.layers == ()
    assert sample.logits[-1].tolist() == trace.logits.tolist()
    assert sample.logit_cycles.tolist() == sample.inputs.cycles.tolist()


def test_a_sample_does_not_keep_its_record():
    network, events, trace = cases()[0]
    record = recorded(network, events, trace)
    sample = report_sample(network, "a", events, 1, trace, record)
    own = [sample.logits, sample.logit_cycles]
    own += [array for raster in (sample.inputs, *sample.layers) for array in vars(raster).values()]
    kept = [events, *(layer.spikes for layer in trace.layers)]
    kept += [array for link in record.links for array in (link.packets, link.cycles)]
    assert not any(np.shares_memory(one, other) for one in own for other in kept)


def test_spikes_that_the_rtl_lost_leave_the_logits_of_the_golden_model():
    network, events, trace = cases()[0]
    lossy = engine.run(network, events[:30])
    record = recorded(network, events, lossy)
    sample = report_sample(network, "a", events, 1, trace, record)
    assert len(sample.layers[0].cycles) == len(lossy.layers[0].spikes)
    assert sample.logits[-1].tolist() == trace.logits.tolist()
