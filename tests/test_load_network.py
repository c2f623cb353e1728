"""`tickless load` with a board in a few lines of Python."""

import pytest

from tests.gen.test_image import small_mesh, small_network
from tests.host import fake
from tickless.command import main
from tickless.gen.design_file import design_number, write_design
from tickless.gen.image import load_image
from tickless.host.protocol import encode_chunks
from tickless.hw.host.messages import network_number


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Board of a small mesh, whose design file and network are in the current folder."""
    monkeypatch.chdir(tmp_path)
    write_design(small_mesh(), tmp_path / "design.json")
    small_network(padding=0).save(tmp_path / "new.safetensors")
    board = fake.FakeBoard()
    monkeypatch.setattr(fake, "DESIGN", design_number(small_mesh()))
    monkeypatch.setattr("tickless.host.port.open_port", lambda path, baud: board)
    return board


LOAD = ("load", "new.safetensors", "--port", "/dev/fake", "--design", "design.json")


def test_the_image_of_a_network_is_loaded_and_named(board, capsys):
    network = small_network(padding=0)
    image = load_image(small_mesh(), network)
    assert main(LOAD) == 0
    assert board.image == encode_chunks(image)
    assert board.info.network == network_number(network.hash)
    assert capsys.readouterr().out == (
        f"{len(image):,} chunks written: the board's network is {network.hash[:16]}\n"
    )


def test_the_board_of_another_bitstream_keeps_its_network(board, tmp_path, capsys):
    write_design(small_mesh(epoch_bits=2), tmp_path / "design.json")
    assert main(LOAD) == 2
    assert "refuses LOAD: DESIGN" in capsys.readouterr().err
    assert board.info.network == fake.INFO.network


def test_a_network_of_another_shape_is_refused_before_the_board_is_asked(board, tmp_path, capsys):
    small_network(groups=2).save(tmp_path / "new.safetensors")
    assert main(LOAD) == 2
    assert "groups = 2: built with 1" in capsys.readouterr().err
    assert not board.frames


def test_a_missing_design_file_says_where_one_is(board, capsys):
    assert main(LOAD[:-2]) == 2
    error = capsys.readouterr().err
    assert "build/bitstream/latest/design.json" in error
    assert "--loadable" in error
