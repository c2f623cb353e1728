"""The hardware itself behind GMII, and `tickless run` at its address."""

import re

import numpy as np
import pytest

from tests.sim.board.boards import simulated_board
from tests.sim.test_command import make_network
from tickless.command import main
from tickless.host.client import Client
from tickless.host.line import Losses
from tickless.host.port import open_port
from tickless.host.transmission import Transmission
from tickless.sw.integer import engine


@pytest.fixture(scope="module")
def network():
    return make_network()


@pytest.fixture(scope="module")
def network_file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "small.safetensors"
    network.save(path)
    return path


def answers_of(url, samples):
    with open_port(url) as port:
        client = Client(port, url)
        return list(client.answers(map(Transmission, samples))), client.losses


def samples_of(sizes):
    rng = np.random.default_rng(1)
    return [rng.integers((0, -1, -1), (2, 35, 35), (size, 3)).astype(np.int32) for size in sizes]


def test_answers_are_the_golden_models(network, network_file, capsys):
    samples = samples_of((0, 1, 9000, 300, 2000, 2500))
    expected = [tuple(engine.run(network, sample).logits.tolist()) for sample in samples]
    with simulated_board("--udp", "--network", str(network_file)) as url:
        assert re.fullmatch(r"udp://127\.0\.0\.1:\d+/.*/clock", url)
        for _ in range(2):  # one client after the other
            answers, losses = answers_of(url, samples)
            assert [answer.logits for answer in answers] == expected
            assert losses == Losses()
        arguments = ["--network", str(network_file), "--dataset", "saccades", "--samples", "2"]
        assert main(["run", "--port", url, *arguments]) == 0
        assert "agreement with the golden model 100.00% (2 of 2)" in capsys.readouterr().out


def test_wrong_bits_cost_frames_and_no_answer(network, network_file):
    samples = samples_of([3000] * 12)
    expected = [tuple(engine.run(network, sample).logits.tolist()) for sample in samples]
    options = ("--udp", "--network", str(network_file), "--bit-errors", "2e-5")
    with simulated_board(*options) as url:
        answers, _ = answers_of(url, samples)
        assert [answer.logits for answer in answers] == expected
