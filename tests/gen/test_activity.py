"""Activity that is given, beside that which is measured."""

import json

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tickless.errors import InputError
from tickless.gen.activity import given_activity, measure_activity, read_activity
from tickless.sw.integer import golden


@pytest.fixture
def network():
    return random_network(np.random.default_rng(5))


def test_channel_spikes_add_up_to_the_spikes(network):
    rng = np.random.default_rng(0)
    samples = [random_events(rng, network, size) for size in (300, 20, 0)]
    activity = measure_activity(network, samples)
    traces = [golden.run(network, events) for events in samples]
    for index, channels in enumerate(activity.channel_spikes):
        expected = np.zeros(network.layers[index].output_shape[0])
        for trace in traces:
            np.add.at(expected, trace.layers[index].spikes[:, 0], 1 / 3)
        assert channels == pytest.approx(expected)
        assert channels.sum() == pytest.approx(activity.spikes[index])


@pytest.mark.parametrize("shortcuts", [0, 1])
def test_given_figures_are_spread_evenly(shortcuts):
    network = random_network(np.random.default_rng(8), shortcuts=shortcuts)
    events = [1000.0 + 100 * index for index in range(len(network.layers))]
    activity = given_activity(network, {"events_by_layer": events})
    assert activity.input_events == events[0]
    assert activity.events == tuple(events)
    assert activity.spikes == (*events[1:], 0.0)
    for places, total in zip(activity.places, events, strict=True):
        assert all(np.ptp(at) < 1e-9 for at in places)
        if len(places) == 1:
            assert places[0].sum() == pytest.approx(total)
    for channels, sent in zip(activity.channel_spikes, activity.spikes, strict=False):
        assert channels.sum() == pytest.approx(sent)


def test_operations_of_evenly_spread_events_are_those_of_the_golden_model(network):
    channels, height, width = network.input_shape
    everywhere = np.array(list(np.ndindex(channels, height, width)), np.int32)
    trace = golden.run(network, everywhere)
    events = [len(everywhere), *(1 for _ in network.layers[1:])]
    activity = given_activity(network, {"events_by_layer": events})
    assert activity.sops[0] == pytest.approx(trace.layers[0].sops)


def test_a_file_states_what_a_build_has_measured(network, tmp_path):
    samples = [random_events(np.random.default_rng(0), network, 300)]
    measured = measure_activity(network, samples)
    figures = {
        "input_events": measured.input_events,
        "events_by_layer": list(measured.events),
        "spikes_by_layer": list(measured.spikes),
        "sops_by_layer": list(measured.sops),
    }
    for content in (figures, {"activity_per_sample": figures}):
        path = tmp_path / "build.json"
        path.write_text(json.dumps(content))
        given = read_activity(network, path)
        for name in ("input_events", "events", "spikes", "sops"):
            assert getattr(given, name) == getattr(measured, name)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not a readable JSON file"),
        ("[]", "expected an object with events_by_layer"),
        ("{}", "events_by_layer: missing"),
        ('{"events_by_layer": [1]}', r"events_by_layer = \[1\]: expected \d numbers"),
        ('{"events_by_layer": "many"}', "events_by_layer = 'many': expected"),
        ('{"events_by_layer": EVENTS, "input_events": 0}', "input_events = 0: expected a positive"),
        ('{"events_by_layer": EVENTS, "sops_by_layer": [-1]}', "sops_by_layer"),
    ],
)
def test_a_wrong_file_is_named(network, tmp_path, content, words):
    path = tmp_path / "activity.json"
    path.write_text(content.replace("EVENTS", json.dumps([9] * len(network.layers))))
    with pytest.raises(InputError, match=rf"activity\.json: .*{words}"):
        read_activity(network, path)


def test_a_missing_file_is_named(network, tmp_path):
    with pytest.raises(InputError, match=r"none\.json: not a readable JSON file"):
        read_activity(network, tmp_path / "none.json")
