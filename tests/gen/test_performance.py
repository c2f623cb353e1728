from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator

from tests.random_networks import random_events
from tickless.gen.activity import measure_activity
from tickless.gen.configure import chain_config, design_factory
from tickless.gen.folding import Folding, clocks_per_event, fold_fully
from tickless.gen.performance import Line, predict
from tickless.hw.copies import CopiesConfig
from tickless.hw.packet import Kind
from tickless.sw.integer import golden
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.untrained import untrained_network

CLOCK_HZ, SERIAL = 24_000_000, Line(300_000.0)


@pytest.fixture
def network():
    """Network in which every event reaches as many positions as any, and takes a byte."""
    specs = [LayerSpec("conv2d", 4, 1), LayerSpec("linear", 6), LayerSpec("readout", 10)]
    recording = np.random.default_rng(1).integers(0, (2, 4, 5), (100, 3)).astype(np.int32)
    return untrained_network((2, 4, 5), specs, [recording], seed=1)


def test_figures_follow_from_the_golden_model(network):
    rng = np.random.default_rng(0)
    samples = [random_events(rng, network, size) for size in (300, 20)]
    traces = [golden.run(network, events) for events in samples]
    activity = measure_activity(network, samples)
    assert activity.input_events == 160
    assert activity.events[0] == np.mean([trace.layers[0].events for trace in traces])
    assert activity.events[-1] == np.mean([trace.readout_events for trace in traces])
    assert activity.spikes[0] == np.mean([len(trace.layers[0].spikes) for trace in traces])
    assert sum(activity.sops) == np.mean([trace.sops for trace in traces])
    foldings = [Folding(1, 1)] * len(network.layers)
    config = chain_config(network, foldings)
    performance = predict(network, config, activity, CLOCK_HZ, SERIAL)
    cycles = [
        events * clocks_per_event([layer.edges[0].geometry], folding)
        for events, layer, folding in zip(activity.events, network.layers, foldings, strict=True)
    ]
    assert performance.cycles_per_sample_by_core == pytest.approx(cycles)
    assert performance.samples_per_second_by_cores == pytest.approx(CLOCK_HZ / max(cycles))
    assert performance.events_per_second_by_cores == pytest.approx(160 * CLOCK_HZ / max(cycles))
    assert performance.peak_sops_per_second == len(foldings) * CLOCK_HZ
    rate = performance.sustained_sops_per_second_by_cores
    assert rate == pytest.approx(CLOCK_HZ / max(cycles) * sum(activity.sops))
    assert rate <= performance.peak_sops_per_second


def test_bytes_on_the_host_link(network):
    activity = measure_activity(network, [random_events(np.random.default_rng(0), network, 10)])
    config = chain_config(network, fold_fully(network))
    # 1,000 events of a byte: 5 frames of 6 bytes beside their data, and END's.
    busy = replace(activity, input_events=1000.0)
    performance = predict(network, config, busy, CLOCK_HZ, SERIAL)
    assert performance.bytes_per_sample_on_host_link == 1000 + 6 * 6
    assert performance.samples_per_second_by_host_link == pytest.approx(300_000 / 1036)
    assert performance.events_per_second_by_host_link == pytest.approx(1000 * 300_000 / 1036)


def test_latency_is_that_of_an_idle_design(network):
    activity = measure_activity(network, [random_events(np.random.default_rng(0), network, 10)])
    config = chain_config(network, fold_fully(network))
    clocks = _clocks_from_end_to_answer(design_factory(config, network)())
    predicted = predict(network, config, activity, CLOCK_HZ, SERIAL)
    assert predicted.latency_us_end_to_answer_idle == pytest.approx(
        1e6 * clocks / CLOCK_HZ, rel=0.2
    )
    copies = CopiesConfig(config, 2)
    more = _clocks_from_end_to_answer(design_factory(copies, network)()) - clocks
    predicted_more = predict(network, copies, activity, CLOCK_HZ, SERIAL)
    difference = (
        predicted_more.latency_us_end_to_answer_idle - predicted.latency_us_end_to_answer_idle
    )
    assert difference == pytest.approx(1e6 * more / CLOCK_HZ)


def test_copies_share_the_input_and_the_samples(network):
    activity = measure_activity(network, [random_events(np.random.default_rng(0), network, 100)])
    one = chain_config(network, [Folding(1, 1)] * len(network.layers))
    alone = predict(network, one, activity, CLOCK_HZ, SERIAL)
    for copies in (2, 3, 64):
        together = predict(network, CopiesConfig(one, copies), activity, CLOCK_HZ, SERIAL)
        assert together.cycles_per_sample_by_core == alone.cycles_per_sample_by_core
        assert together.peak_sops_per_second == copies * alone.peak_sops_per_second
        rates = copies * alone.samples_per_second_by_cores, CLOCK_HZ / activity.input_events
        assert together.samples_per_second_by_cores == pytest.approx(min(rates))
    assert together.events_per_second_by_cores == CLOCK_HZ, "an event a clock"


def _clocks_from_end_to_answer(design):
    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    clocks = 0

    async def testbench(ctx):
        nonlocal clocks
        await ctx.tick().repeat(200)  # the membranes are cleared
        ctx.set(design.o.ready, 1)
        ctx.set(design.i.p.kind, Kind.END)
        ctx.set(design.i.valid, 1)
        await ctx.tick().until(design.i.ready)
        ctx.set(design.i.valid, 0)
        clocks = 1
        while not ctx.get(design.o.valid):
            await ctx.tick()
            clocks += 1

    simulator.add_testbench(testbench)
    simulator.run()
    return clocks
