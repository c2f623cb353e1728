"""Another network over the serial line into a loadable board in the simulator."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from tests.sim.board.boards import simulated_board
from tests.sim.test_command import make_network
from tickless.command import main
from tickless.gen.design_file import DESIGN_FILE, design_number, read_design
from tickless.gen.image import load_image
from tickless.host.client import Client
from tickless.host.frames import Frame, encode_frame
from tickless.host.port import BoardError, open_port
from tickless.host.protocol import encode, encode_chunks
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.host.messages import LOAD_LAYOUT, LOADED_LAYOUT, Command, network_number
from tickless.sw.integer import engine

DAMAGED = 36
"""Images that are damaged on their way."""

KINDS = 6
"""Ways in which they are; the first one is known by the first command, and leaves the network."""


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Files of three networks of one shape."""
    folder = tmp_path_factory.mktemp("networks")
    for seed in range(3):
        make_network(seed).save(folder / f"{seed}.safetensors")
    return [folder / f"{seed}.safetensors" for seed in range(3)]


@pytest.fixture(scope="module")
def options(networks):
    activity = networks[0].with_name("activity.json")
    activity.write_text(json.dumps({"events_by_layer": [1000, 500]}))
    return ("--mesh=2x1", "--loadable", f"--network={networks[0]}", f"--activity={activity}")


@pytest.fixture(scope="module")
def board(options):
    with simulated_board(*options) as path:
        yield path


def design_of(board):
    return read_design(Path(board).with_name(DESIGN_FILE))


def image_for(board, network):
    """What `Client.load` takes."""
    mesh = design_of(board)
    assert isinstance(mesh, MeshConfig)
    return load_image(mesh, network), design_number(mesh), network_number(network.hash)


def answers_as(client, network, seed=1):
    events = np.random.default_rng(seed).integers((0, -1, -1), (2, 35, 35), (200, 3))
    trace = engine.run(network, events.astype(np.int32))
    return client.classify(events).logits == tuple(trace.logits.tolist())


def test_run_compares_with_the_network_that_was_loaded(board, networks, capsys):
    design = str(Path(board).with_name(DESIGN_FILE))
    run = ["run", "--port", board, "--dataset", "saccades", "--samples", "1", "--network"]
    for new, old in ((networks[1], networks[0]), (networks[0], networks[1])):
        assert main(["load", str(new), "--port", board, "--design", design]) == 0
        assert "chunks written: the board's network is" in capsys.readouterr().out
        assert main([*run, str(new)]) == 0
        assert "agreement with the golden model 100.00% (1 of 1)" in capsys.readouterr().out
        assert main([*run, str(old)]) == 2
        assert "its hash begins with" in capsys.readouterr().err


def test_damaged_images_are_no_networks(board, networks):
    """Whatever arrives of an image and whatever does not: the network before answers, or the board
    says that it has none, and an image behind it is loaded."""
    chance = random.Random(5)
    network = make_network(2)
    with open_port(board) as port:
        client = Client(port, board)
        client.load(*image_for(board, network))
        image, design, number = image_for(board, make_network(1))
        chunks = encode_chunks(image)
        for index in range(DAMAGED):
            port.write(damaged_image(chance, index, chunks, design, number))
            client = Client(port, board)
            if index % KINDS == 0:
                assert client.info.network == network_number(network.hash)
                assert answers_as(client, network, index)
                continue
            assert client.info.network == 0
            with pytest.raises(BoardError, match="NETWORK: an image was not loaded whole"):
                client.classify(np.zeros((5, 3), np.int32))
            if index % KINDS == KINDS - 1:
                client.load(*image_for(board, network))
        client.load(image, design, number)
        assert client.info.network == number
        assert answers_as(client, make_network(1))


def damaged_image(
    chance: random.Random, index: int, chunks: bytes, design: int, number: int
) -> bytes:
    """SYNC, and commands of an image with something wrong in them."""
    frames = [Frame(0, Command.SYNC.value, b"\0" + chance.randbytes(3))]

    def add(command: Command, content: bytes) -> None:
        frames.append(Frame(len(frames), command.value, content))

    parts = [chunks[start : start + 240] for start in range(0, len(chunks), 240)][:3]
    if index % KINDS == 0:  # for another design
        design ^= 1 << chance.randrange(64)
    add(Command.LOAD, encode(LOAD_LAYOUT, design=design))
    if index % KINDS == 1:  # a chunk for a memory that is not there
        parts.insert(chance.randrange(4), b"\xff" * 8)
    for part in parts:
        add(Command.CHUNKS, part)
    if index % KINDS == 2:  # no end
        return b"\0" + b"".join(map(encode_frame, frames))
    # What was sent is not all of the image.
    add(Command.LOADED, encode(LOADED_LAYOUT, network=number, check=chance.getrandbits(32)))
    content = bytearray(b"\0" + b"".join(map(encode_frame, frames)))
    place = chance.randrange(12, len(content))
    match index % KINDS:
        case 3:
            for _ in range(chance.randrange(1, 6)):
                content[chance.randrange(12, len(content))] ^= 1 << chance.randrange(8)
        case 4:
            del content[place:]
        case 5:
            content[place:place] = chance.randbytes(chance.randrange(1, 40))
    return bytes(content)


def test_bits_that_arrive_wrong_are_sent_again(options, networks):
    with (
        simulated_board(*options, "--bit-errors", "1e-4") as path,
        open_port(path) as port,
    ):
        client = Client(port, path)
        image, design, number = image_for(path, make_network(1))
        for _ in range(3):
            client.load(image, design, number)
            assert client.info.network == number
        assert client.losses.resent > 0


def test_a_network_of_another_shape_is_refused_before_the_board_is_asked(board, capsys):
    design = str(Path(board).with_name(DESIGN_FILE))
    other = "sw/pretrained/saccades.safetensors"
    assert main(["load", other, "--port", board, "--design", design]) == 2
    assert "layers: expected 2, as built" in capsys.readouterr().err
    with open_port(board) as port:
        assert Client(port, board).info.network != 0
