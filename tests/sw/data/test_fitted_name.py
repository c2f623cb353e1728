"""The name of a folder data set tells how its files are fitted, to all who go on with it."""

import json
from argparse import ArgumentParser
from pathlib import Path

import pytest

from tickless.command import COMMANDS, command_parser, main
from tickless.errors import InputError
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import class_names, is_folder, known, load, sensor
from tickless.sw.data.fitted_name import fitted_name, split_name
from tickless.sw.data.options import DEFAULTS, fitted_dataset, given_options
from tickless.sw.integer.network import PRETRAINED
from tickless.sw.training.experiment import read_experiment

NETWORK = str(PRETRAINED / "saccades.safetensors")


@pytest.fixture
def folder(tmp_path):
    """Forty events of a camera of 68x68, a recording a class and split, in a folder of odd name."""
    place = tmp_path / "my pets?&é=1"
    for split in ("train", "test"):
        for label, name in enumerate(("cat", "dog")):
            path = place / split / name / "1.csv"
            path.parent.mkdir(parents=True)
            rows = [f"{1000 * t},{(7 * t) % 68},{30 * label + t % 30},{t % 2}" for t in range(40)]
            path.write_text("\n".join(["t,x,y,p", *rows, ""]))
    (place / "dataset.toml").write_text("sensor = [2, 34, 34]\ncrop = '0,0,34x34'\n")
    return str(place)


def test_entries_come_and_go_and_are_replaced():
    name = fitted_name("a b", {"window": "10ms", "downsample": 2, "allow_outside": True})
    assert name == "a b?allow_outside=true&downsample=2&window=10ms"
    assert split_name(name) == ("a b", {"allow_outside": True, "downsample": 2, "window": "10ms"})
    assert fitted_name(name, {"downsample": 3, "crop": "1,2,3x4"}) == (
        "a b?allow_outside=true&crop=1,2,3x4&downsample=3&window=10ms"
    )
    assert fitted_name("a", {}) == "a"


def test_a_folder_whose_name_has_the_mark_is_itself(folder):
    assert split_name(folder) == (folder, {})
    name = fitted_name(folder, {"window": "10events"})
    assert split_name(name) == (folder, {"window": "10events"})
    assert known(name)
    assert is_folder(name)


def test_the_options_come_before_the_description(folder):
    assert [len(events) < 40 for events, _ in load(folder, "test")] == [True, True]
    name = fitted_name(folder, {"crop": "0,0,68x68", "downsample": 2})
    assert (sensor(name), class_names(name)) == ((2, 34, 34), ("cat", "dog"))
    assert [len(events) for events, _ in load(name, "test")] == [40, 40]
    assert max(int(events.x.max()) for events, _ in load(name, "test")) == 33
    windows = load(fitted_name(name, {"window": "15events"}), "test")
    assert [len(events) for events, _ in windows] == [15, 15, 10] * 2
    assert windows.names[:3] == ["cat/1.csv 0", "cat/1.csv 1", "cat/1.csv 2"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("windows=3ms", "?: windows: expected one of columns"),
        ("sensor=3", "?: sensor: expected one of columns"),
        ("downsample=two", "downsample = 'two': expected int"),
        ("window=3", "window = 3: expected str"),
    ],
)
def test_wrong_entries_are_told(folder, query, words):
    with pytest.raises(InputError) as caught:
        load(f"{folder}?{query}", "test")
    assert words in str(caught.value)


def test_what_is_no_folder_is_read_as_it_is():
    assert fitted_dataset("nmnist", {}) == "nmnist"
    for name in ("nmnist", "missing"):
        with pytest.raises(InputError, match=f"--allow-outside: {name} is read as it is"):
            fitted_dataset(name, {"allow_outside": True})


def test_commands_that_read_a_data_set_share_the_options():
    taking = {
        command.name
        for command in COMMANDS
        if "--crop" in command_parser(command)._option_string_actions
    }
    judging = {"judge accuracy", "judge early-exit", "cross-validate"}
    training = {"train", "study", "study landscape", "study recipes"}
    assert taking == {"sim", "run"} | judging | training
    given = ["--downsample", "1", "--window", "5ms"]
    for command in COMMANDS:
        if command.name in taking:
            parser = command_parser(command)
            options = ArgumentParser(add_help=False, parents=[parser], conflict_handler="resolve")
            for action in options._actions:
                action.required = False
                if not action.option_strings:
                    action.nargs = "*"
            found = given_options(options.parse_args(given))
            assert found == {"downsample": 1, "window": "5ms"}, command.name
    assert set(DEFAULTS) >= {"downsample", "window"}


def test_judging_tells_what_it_has_judged(folder, capsys):
    arguments = ["--dataset", folder, "--crop", "0,0,68x68", "--downsample", "2", "--json", "-"]
    assert main(["judge", "accuracy", NETWORK, *arguments, "--window", "15events"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["samples"] == 6
    assert figures["dataset"] == (f"{folder}?crop=0,0,68x68&downsample=2&window=15events")
    assert main(["judge", "accuracy", NETWORK, "--crop", "0,0,9x9"]) == 2
    assert "--crop: saccades is read as it is" in capsys.readouterr().err


def test_a_record_of_training_is_true_and_judging_goes_on_with_it(folder, tmp_path, capsys):
    settings = ["pretrain_epochs=1", "pretrain_samples=4", "epochs=1", "samples=4", "batch=2"]
    settings += ["simulated=0", "refit_samples=4", "steps_range=[1, 2]", "steps=2"]
    changes = [f"--set={change}" for change in settings]
    output = tmp_path / "a.checkpoint.safetensors"
    fitting = ["--crop", "0,0,68x68", "--downsample", "2", "--window", "20events"]
    arguments = ["--dataset", folder, *fitting, "--output", str(output)]
    assert main(["train", "nmnist", *changes, *arguments]) == 0
    assert "0.0 events a sample outside the sensor dropped" in capsys.readouterr().out
    name = f"{folder}?crop=0,0,68x68&downsample=2&window=20events"
    checkpoint = Checkpoint.load(output)
    assert checkpoint.dataset == checkpoint.settings["dataset"] == name
    network = tmp_path / "a.safetensors"
    assert main(["quantize", str(output), "--output", str(network)]) == 0
    capsys.readouterr()
    assert main(["judge", "accuracy", str(network), "--json", "-"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["dataset"], figures["samples"]) == (name, 4)


def test_settings_and_augmentation_are_those_of_the_folder(folder):
    place = Path(folder) / "dataset.toml"
    place.write_text(place.read_text() + "[augmentation]\nflip = true\n")
    settings = read_experiment("nmnist", [f"dataset={folder}"], {"downsample": 2})
    assert (settings.flip, settings.dataset) == (True, f"{folder}?downsample=2")
    with pytest.raises(InputError, match="--downsample: nmnist is read as it is"):
        read_experiment("nmnist", (), {"downsample": 2})
