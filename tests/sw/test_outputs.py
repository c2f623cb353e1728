from pathlib import Path

import pytest

from tickless.command import main
from tickless.errors import InputError
from tickless.sw.integer.network import PRETRAINED
from tickless.sw.outputs import output_file, output_folder


def test_folders_are_made(tmp_path):
    assert output_folder(tmp_path / "a" / "b").is_dir()
    assert output_file(tmp_path / "c" / "file") == tmp_path / "c" / "file"
    assert [*(tmp_path / "c").iterdir()] == []


def test_places_that_cannot_be_written_are_told(tmp_path, unprivileged):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match=r"file: a file: expected a folder"):
        output_folder(file)
    with pytest.raises(InputError, match=r"file/a: Not a directory: expected a folder"):
        output_folder(file / "a")
    with pytest.raises(InputError, match=r": a folder: expected the name of a file"):
        output_file(tmp_path)
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    with unprivileged(), pytest.raises(InputError, match=r"locked: Permission denied: expected"):
        output_folder(locked)


def test_what_is_read_is_never_replaced(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"file: is read, too: expected another name"):
        output_file(file, tmp_path / "other", Path("file"))


@pytest.mark.parametrize("command", ["import", "export", "quantize"])
def test_no_command_writes_over_its_own_file(command, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("precious")
    assert main([command, str(file), "--output", str(file)]) == 2
    assert "expected another name" in capsys.readouterr().err
    assert file.read_text() == "precious"


@pytest.mark.parametrize("command", ["train", "study", "cross-validate"])
def test_nothing_is_trained_that_cannot_be_kept(command, tmp_path, monkeypatch, capsys):
    def trained(*arguments):
        raise AssertionError("a training was begun")

    monkeypatch.setattr("tickless.sw.training.trainer.Trainer.__init__", trained)
    (tmp_path / "file").touch()
    assert main([command, "saccades", "--output", str(tmp_path / "file" / "a")]) == 2
    assert "file" in capsys.readouterr().err


def test_nothing_is_judged_that_cannot_be_kept(tmp_path, monkeypatch, capsys):
    def judged(*arguments):
        raise AssertionError("samples were judged")

    monkeypatch.setattr("tickless.sw.judge.tasks.judged", judged)
    monkeypatch.setattr("tickless.sw.judge.tasks.leads", judged)
    network = "sw/pretrained/saccades.safetensors"
    for command, option in [
        ("accuracy", "--json"),
        ("early-exit", "--json"),
        ("early-exit", "--plot"),
    ]:
        assert main(["judge", command, network, option, str(tmp_path)]) == 2
        assert f"{tmp_path}: a folder: expected the name of a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["accuracy", "--json"], ["early-exit", "--json"], ["early-exit", "--plot"]]
)
def test_figures_and_pictures_never_take_the_networks_place(arguments, tmp_path, capsys):
    path = tmp_path / "a.safetensors"
    path.write_bytes((PRETRAINED / "saccades.safetensors").read_bytes())
    before = path.read_bytes()
    assert main(["judge", arguments[0], str(path), arguments[1], str(path)]) == 2
    assert f"{path}: is read, too: expected another name" in capsys.readouterr().err
    assert path.read_bytes() == before
