"""Shards on workers: the same whatever happens to a worker, and nothing runs on without it."""

import dataclasses
import os
import shutil
import signal
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import Client, LocalCluster

from tests.random_networks import random_events, random_network
from tickless.gen.configure import chain_config
from tickless.gen.folding import fold_fully
from tickless.sim.experiment import Experiment
from tickless.sim.run import Simulation
from tickless.sim.samples import Sample
from tickless.sim.shard import CarriedShards, run_shard
from tickless.sim.summary import summarize
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.checkpoint_file import CheckpointFile
from tickless.sw.data.events import Events
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import LeakyIntegrateAndFire
from tickless.sw.workers import run_tasks


@pytest.fixture(scope="module")
def experiment():
    network = random_network(np.random.default_rng(4), size=8, layers=2)
    return Experiment(network, chain_config(network, fold_fully(network)), 1, optimize=False)


@pytest.fixture
def shards(experiment):
    rng = np.random.default_rng(5)
    recordings = [recording(random_events(rng, experiment.network, 50)) for _ in range(6)]
    samples = [
        Sample(index, str(index), 0, True, _given, events)
        for index, events in enumerate(recordings)
    ]
    return [samples[start : start + 2] for start in (0, 2, 4)]


def recording(addresses):
    channel, y, x = (np.ascontiguousarray(column) for column in addresses.T)
    return Events(channel, y, x, np.zeros(len(addresses), np.int64), (2, 8, 8))


def _given(events):
    return events


def run_and_die_once(marker, *arguments):
    """A shard whose worker is killed, the first time, when its simulator has begun."""
    if not marker.exists():
        marker.touch()

        def kill():
            while not (children := psutil.Process().children(recursive=True)):
                time.sleep(0.001)
            marker.write_text(str(children[0].pid))
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=kill, daemon=True).start()
    return run_shard(*arguments)


def rows(outcomes):
    return [row for outcome in outcomes for row in outcome.rows]


def test_a_killed_worker_changes_nothing_and_leaves_nothing(experiment, shards, tmp_path):
    Simulation([experiment.design], optimize=False)
    expected = rows(run_shard(experiment, shard) for shard in shards)
    marker = tmp_path / "pid"
    work = tmp_path / "work"
    work.mkdir()
    tasks = [(marker, experiment, shard, work) for shard in shards]
    outcomes = list(run_tasks(run_and_die_once, tasks, jobs=2, title="shards"))
    assert rows(outcomes) == expected
    assert all(row.comparison.difference is None for row in expected)
    killed = int(marker.read_text())
    assert not psutil.pid_exists(killed) or psutil.Process(killed).status() == psutil.STATUS_ZOMBIE


def test_samples_without_events_have_a_result(experiment):
    empty = recording(np.zeros((0, 3), np.int32))
    samples = [Sample(index, str(index), 0, True, _given, empty) for index in range(2)]
    result = summarize(experiment, "made", "made", [run_shard(experiment, samples)])
    assert result.events_in == 0
    assert result.limit_cycles_per_sample == 1
    assert result.accuracy["rtl"] == result.accuracy["integer"]


def test_a_network_that_leaks_is_compared_in_time_steps_alone(experiment, tmp_path):
    network = experiment.network
    events = random_events(np.random.default_rng(5), network, 50)
    events = events[((events >= 0) & (events < network.input_shape)).all(axis=1)]
    given = dataclasses.replace(recording(events), sensor=network.input_shape)
    samples = [Sample(index, str(index), 0, True, _given, given) for index in range(2)]
    specs = [LayerSpec("linear", 5), LayerSpec("readout", network.classes)]
    model = SpikingNetwork(network.input_shape, specs, LeakyIntegrateAndFire(), normalize=False)
    path = tmp_path / "leaky.checkpoint.safetensors"
    Checkpoint(model, "", "nir", 0, 3).save(path)
    leaky = dataclasses.replace(experiment, checkpoint=CheckpointFile(path, path.read_bytes()))
    result = summarize(leaky, "made", "made", [run_shard(leaky, samples)])
    assert result.accuracy["float_events"] is None
    assert result.spike_difference is None
    assert result.accuracy["time_stepped"] in (0.0, 0.5, 1.0)


def test_a_cluster_needs_no_file_of_ours(experiment, shards, tmp_path, monkeypatch):
    """Its workers are elsewhere: they are sent recordings and Verilog, and build for themselves."""
    expected = rows(run_shard(experiment, shard) for shard in shards)
    verilog = experiment.simulation().verilog
    elsewhere = tmp_path / "elsewhere"
    # What is the same in every simulator takes most of the time of a build.
    for runtime in Path("build/simulators").glob("runtime-*"):
        shutil.copytree(runtime, elsewhere / runtime)
    with (
        closing(
            LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0")
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(os.chdir, str(elsewhere))
        tasks = CarriedShards(experiment, shards, verilog)
        address = cluster.scheduler_address
        outcomes = list(run_tasks(run_shard, tasks, jobs=1, cluster=address, title="shards"))
    assert rows(outcomes) == expected
    assert list(elsewhere.glob("build/simulators/*/complete"))
