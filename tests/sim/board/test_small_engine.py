"""A pass engine on a simulated board: loaded over the line, it answers as the golden model."""

from pathlib import Path

import numpy as np
import pytest

from tests.sim.board.boards import simulated_board
from tests.sim.board.small_engine import SHAPE
from tests.sim.test_command import make_network
from tickless.command import main
from tickless.gen.design_file import DESIGN_FILE, design_number, read_design
from tickless.gen.passes.board import pass_chunks
from tickless.gen.passes.program import make_program
from tickless.host.client import Client
from tickless.host.port import BoardError, open_port
from tickless.host.transmission import Transmission
from tickless.hw.host.messages import network_number
from tickless.hw.passes.config import REGISTERS, Register
from tickless.sw.integer import engine


@pytest.fixture(scope="module")
def board():
    with simulated_board(command=(), module="tests.sim.board.small_engine") as path:
        yield path


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    for seed in range(2):
        make_network(seed).save(folder / f"{seed}.safetensors")
    return [folder / f"{seed}.safetensors" for seed in range(2)]


def design_of(board):
    return read_design(Path(board).with_name(DESIGN_FILE))


def chunks_of(network, **registers: int):
    """What `Client.load` takes first, with other values of some registers."""
    chunks = pass_chunks(design_of_shape(network), network)
    for name, value in registers.items():
        chunks["data"][chunks["address"] == REGISTERS + Register[name]] = value
    return chunks


def design_of_shape(network):
    from tickless.gen.passes.board import pass_config

    return pass_config(network, SHAPE)


def events_of(seed: int, count: int = 150) -> np.ndarray:
    return np.random.default_rng(seed).integers((0, -1, -1), (2, 35, 35), (count, 3)).astype("i4")


def load(client, board, network, chunks) -> None:
    client.load(chunks, design_number(design_of(board)), network_number(network.hash))


def assert_answers(client, network, seed: int) -> None:
    trace = engine.run(network, events_of(seed))
    assert client.classify(events_of(seed)).logits == tuple(trace.logits.tolist())


def test_a_board_without_a_network_says_so_until_one_is_loaded(board, networks, capsys):
    run = ["run", "--port", board, "--dataset", "saccades", "--samples", "2", "--network"]
    assert main([*run, str(networks[0])]) == 2
    assert "the board has no network" in capsys.readouterr().err
    design = str(Path(board).with_name(DESIGN_FILE))
    for path in networks:
        assert main(["load", str(path), "--port", board, "--design", design]) == 0
        assert main([*run, str(path)]) == 0
        assert "agreement with the golden model 100.00% (2 of 2)" in capsys.readouterr().out


def test_each_read_is_answered_for_all_events_so_far(board):
    network = make_network(2)
    events = events_of(3)
    reads = [1, 40, 150]
    trace = engine.run(network, events, reads)
    with open_port(board, 3_000_000) as port:
        client = Client(port, board)
        load(client, board, network, chunks_of(network))
        answers = list(client.answers([Transmission(events, reads=reads)] * 2))
        assert client.counters(0)["events"] >= 2 * len(events)
    wanted = [*trace.read_logits.tolist(), trace.logits.tolist()] * 2
    assert [list(answer.logits) for answer in answers] == wanted
    assert [answer.ends for answer in answers] == [False, False, False, True] * 2


@pytest.mark.parametrize(
    ("error", "chunks"),
    [
        ("OVERFLOW", lambda network: chunks_of(network, LIMIT=make_program_of(network) + 40)),
        ("CHECKSUM", lambda network: damaged(chunks_of(network))),
    ],
)
def test_an_error_is_answered_and_the_next_recording_is_unharmed(board, error, chunks):
    network = make_network(1)
    with open_port(board, 3_000_000) as port:
        client = Client(port, board)
        load(client, board, network, chunks(network))
        with pytest.raises(BoardError, match=f"refuses END: {error}"):
            client.classify(events_of(1))
        if error == "OVERFLOW":
            few = events_of(1, 5)
            expected = tuple(engine.run(network, few).logits.tolist())
            assert client.classify(few).logits == expected
        load(client, board, network, chunks_of(network))
        assert_answers(client, network, 2)


def make_program_of(network) -> int:
    """First word of the input's list."""
    return make_program(network, SHAPE).lists[0].start


def damaged(chunks: np.ndarray) -> np.ndarray:
    chunks["data"][20] ^= 4
    return chunks
