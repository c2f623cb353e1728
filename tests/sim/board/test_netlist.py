"""Netlists of boards' bitstreams, in the cells of their FPGAs, and recordings through them."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.sim.board.boards import simulated_board
from tickless.host.client import Client
from tickless.host.port import open_port
from tickless.host.transmission import Transmission
from tickless.hw.host.messages import LINK_INDEX
from tickless.sw.data.atis import read
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network

NETWORK = "sw/pretrained/nmnist-4bit.safetensors"
"""``saccades`` does not fit an iCEBreaker."""

FOLDED = {
    "icebreaker": (
        "--fold=conv2d1=2x1:single-port",
        "--fold=conv2d2=2x1",
        "--fold=conv2d3=2x1:single-port",
        "--fold=readout=1x1",
    ),
    "gatemate-evb": (
        "--fold=conv2d1=2x1",
        "--fold=conv2d2=4x1",
        "--fold=conv2d3=4x2",
        "--fold=readout=2x1",
    ),
}

RECORDINGS = 2

MOST_EVENTS = {"icebreaker": 1 << 14, "gatemate-evb": 300}
"""Of a recording: a GateMate's cells are simulated ten times as slowly."""

SHORT_SAMPLES = 34
"""Parts of a recording: more than twice the epochs of 4 bits."""


@pytest.fixture(scope="module")
def recordings():
    """The shortest ones: each event takes 40 clocks on the line, and more in the cores."""
    root = os.environ.get("TICKLESS_DATA")
    files = sorted(Path(root).glob("NMNIST/Test/*/*.bin")) if root else []
    if len(files) < RECORDINGS:
        pytest.skip("no N-MNIST recordings in TICKLESS_DATA")
    files.sort(key=lambda file: file.stat().st_size)
    return [read(file, (2, 34, 34)).addresses for file in files[:RECORDINGS]]


@pytest.mark.bitstream
@pytest.mark.parametrize("board", FOLDED)
def test_recordings_through_the_netlist(board, recordings):
    """With parts of one behind them, so many that the membranes' epochs are used up."""
    network = Network.load(NETWORK)
    recordings = [events[: MOST_EVENTS[board]] for events in recordings]
    samples = [*recordings, *np.array_split(recordings[0], SHORT_SAMPLES)]
    traces = [engine.run(network, events) for events in samples]
    expected = [(trace.class_index, tuple(trace.logits.tolist())) for trace in traces]
    taken = [[*(layer.events for layer in trace.layers), trace.readout_events] for trace in traces]
    with (
        simulated_board(
            NETWORK, f"--board={board}", *FOLDED[board], command=["simulate-netlist"]
        ) as path,
        open_port(path) as port,
    ):
        client = Client(port, path)
        answers = list(client.answers(map(Transmission, samples)))
        assert [(answer.class_index, answer.logits) for answer in answers] == expected
        counters = [client.counters(index) for index in range(len(network.layers))]
        assert [values["events"] for values in counters] == list(np.sum(taken, 0) & 0xFFFF)
        assert counters[0]["dropped"] == sum(trace.dropped for trace in traces)
        assert counters[-1]["saturations"] == 0
        assert client.counters(LINK_INDEX)["errors"] == 0
        answer, played = client.replay(recordings[0], 2)
        assert (answer.class_index, answer.logits) == expected[0]
        assert played.repeats == 2
        assert client.losses.resent == client.losses.restarts == 0
