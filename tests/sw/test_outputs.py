import pytest

from tickless.command import main
from tickless.errors import InputError
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
