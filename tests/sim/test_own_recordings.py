"""Recordings of one's own through training, simulation and a board: the answers of the data set
that they are converted from."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.host.fake import INFO, FakeBoard
from tests.host.test_run import decode as decode_events
from tests.recordings import atis, write
from tests.sim.test_command import make_network
from tickless.command import main
from tickless.hw.host.messages import network_number
from tickless.sw.data.formats.recording_file import decode
from tickless.sw.data.formats.writing import write as convert
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network

FORMATS = (".raw", ".dat", ".h5", ".npy", ".csv")

SETTINGS = ["pretrain_epochs=1", "pretrain_samples=20", "epochs=1", "samples=20", "batch=10"]
SETTINGS += ["simulated=0", "refit_samples=20", "steps_range=[1, 3]", "steps=2"]


OBJECTS = """
import numpy as np
from tickless import load

class Digits:
    sensor_size, classes = (34, 34, 2), [f"digit {number}" for number in range(10)]

    def __init__(self, recordings):
        self.recordings = recordings

    def __len__(self):
        return len(self.recordings)

    def __getitem__(self, index):
        sample, label = self.recordings[index]
        fields = {"p": sample.channel, "x": sample.x, "t": sample.t_us, "y": sample.y}
        events = np.empty(len(sample), [(name, int) for name in fields])
        for name, column in fields.items():
            events[name] = column
        return events, label

def digits(split):
    return Digits(load("nmnist", split))
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two recordings a class, N-MNIST's own where they are, and the same in five formats."""
    place = tmp_path_factory.mktemp("recordings")
    root = Path(os.environ.get("TICKLESS_DATA", "")) / "NMNIST"
    rng = np.random.default_rng(1)
    for split in ("Train", "Test"):
        for label in range(10):
            real = sorted((root / f"{split}/{label}").glob("*.bin")) if root.is_absolute() else []
            for index in range(2):
                rows = [(*rng.integers(0, 34, 2).tolist(), t % 2, 70 * t) for t in range(400)]
                content = real[index].read_bytes() if real else atis(rows)
                path = write(place / f"NMNIST/{split}/{label}/{index:05}.bin", content)
                suffix = FORMATS[(label + index) % len(FORMATS)]
                own = place / f"digits/{split.lower()}/{label}/{index:05}{suffix}"
                own.parent.mkdir(parents=True, exist_ok=True)
                convert(decode(path), own)
    (place / "digits/dataset.toml").write_text("sensor = [2, 34, 34]\n")
    (place / "my.py").write_text(OBJECTS)
    return place


@pytest.fixture(autouse=True)
def network_file(recordings, quick_builds, monkeypatch, tmp_path):
    monkeypatch.setenv("TICKLESS_DATA", str(recordings))
    path = tmp_path / "small.safetensors"
    make_network().save(path)
    return str(path)


def named(recordings):
    """The data set, a folder, and objects of Python."""
    return "nmnist", str(recordings / "digits"), f"{recordings}/my.py:digits"


def test_training_comes_to_the_same_integers(recordings, tmp_path):
    weights = []
    for number, dataset in enumerate(named(recordings)):
        checkpoint = tmp_path / f"{number}.checkpoint.safetensors"
        network = tmp_path / f"{number}.safetensors"
        changes = [f"--set={change}" for change in SETTINGS]
        options = ["--dataset", dataset, *changes, "--output", str(checkpoint)]
        assert main(["train", "nmnist", *options]) == 0
        assert main(["quantize", str(checkpoint), "--output", str(network)]) == 0
        layers = Network.load(network).layers
        weights.append([layer.edges[0].weight.tolist() for layer in layers])
    assert weights[0] == weights[1] == weights[2]


def test_judging_comes_to_the_same(recordings, network_file, capsys):
    found = []
    for dataset in named(recordings):
        assert main(["judge", "accuracy", network_file, "--dataset", dataset, "--json", "-"]) == 0
        figures = json.loads(capsys.readouterr().out)
        found.append((figures["samples"], figures["integer"]))
    assert found[0] == found[1] == found[2]


def rows(folder):
    lines = (folder / "samples.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "name"} for line in lines]


@pytest.fixture
def simulate(network_file, tmp_path):
    def simulate(*options):
        arguments = ["--network", network_file, "--output", str(tmp_path / "run")]
        status = main(["sim", *map(str, options), *arguments])
        return status, tmp_path / "run"

    return simulate


def test_simulation_comes_to_the_same(recordings, simulate):
    found = []
    for dataset in named(recordings):
        status, folder = simulate("--dataset", dataset, "--samples", 5)
        assert status == 0
        found.append(rows(folder))
    assert found[0] == found[1] == found[2]


def test_files_are_simulated_too(recordings, simulate, tmp_path):
    files = sorted((recordings / "digits/test").glob("[12]/*"))
    status, folder = simulate(*files)
    assert status == 0
    result = json.loads((folder / "result.json").read_text())
    assert (result["dataset"], result["samples"], result["test_samples"]) == ("files", 4, 0)
    assert set(result["agreement"].values()) == {1.0}
    assert [row["label"] for row in rows(folder)] == [1, 1, 2, 2]
    unknown = tmp_path / f"x{files[0].suffix}"
    unknown.write_bytes(files[0].read_bytes())
    status, folder = simulate(unknown, "--window", "100events")
    assert status == 0
    assert {row["label"] for row in rows(folder)} == {None}
    result = json.loads((folder / "result.json").read_text())
    assert set(result["accuracy"].values()) == {None}
    assert result["samples"] == -(-len(decode(files[0])) // 100)


def test_a_folder_is_fitted_as_the_options_say(recordings, simulate):
    digits = str(recordings / "digits")
    status, folder = simulate("--dataset", digits, "--window", "100events", "--samples", 3)
    assert status == 0
    result = json.loads((folder / "result.json").read_text())
    assert (result["dataset"], result["samples"]) == (f"{digits}?window=100events", 3)
    assert all(row["events"] <= 100 for row in rows(folder))


def test_what_is_dropped_is_a_warning_of_the_table_and_the_result(simulate, tmp_path, capsys):
    rows = [(40 if t % 10 == 0 else 5, 5, 1, 100 * t) for t in range(100)]
    status, folder = simulate(write(tmp_path / "a.bin", atis(rows)))
    assert status == 0
    text = (
        "1 recording loses more than 1% of the events, which lie outside the sensor and are dropped"
    )
    output = capsys.readouterr()
    assert f"warning: {text}: 10 of 100, most in " in output.err
    assert "10.0 events a sample lie outside the sensor and are dropped" in output.out
    assert json.loads((folder / "result.json").read_text())["dropped_warning"].startswith(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["a.bin", "--dataset", "nmnist"], "dataset = nmnist: expected none beside files"),
        (["a.bin", "--samples", "3"], "samples = 3: expected none beside files"),
        (["a.bin"], "a.bin: cannot be read: No such file"),
        (["--crop", "0,0,1x1"], "--crop: saccades is read as it is: expected files, or a data set"),
        (["--dataset", "nmnist", "--allow-outside"], "--allow-outside: nmnist is read as it is"),
    ],
)
def test_wrong_options_are_told(simulate, options, words, capsys):
    assert simulate(*options)[0] == 2
    assert words in capsys.readouterr().err


def test_files_need_a_network(capsys):
    assert main(["sim", "a.bin"]) == 2
    assert "network: expected --network, since files of recordings" in capsys.readouterr().err


def test_a_board_comes_to_the_same_and_names_the_classes(
    recordings, network_file, monkeypatch, capsys
):
    network = make_network()

    def answer(content):
        trace = engine.run(network, decode_events(content))
        return trace.logits.tolist(), trace.decision

    info = replace(
        INFO, classes=10, network=network_number(network.hash), early_exit=False, stored_events=1
    )
    monkeypatch.setattr(
        "tickless.host.run.open_port", lambda path, baud: FakeBoard(info=info, answer=answer)
    )
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    pets = recordings / "named"
    for split in ("train", "test"):
        for label, name in enumerate(names):
            (pets / split).mkdir(parents=True, exist_ok=True)
            (pets / split / name).symlink_to(recordings / "digits" / split / str(label))
    (pets / "dataset.toml").write_text(f"sensor = [2, 34, 34]\nclasses = {names}\n")
    answers = []
    for dataset in ("nmnist", str(pets)):
        options = ["--port", "/dev/fake", "--network", network_file, "--samples", "6"]
        assert main(["run", *options, "--dataset", dataset]) == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        answers.append([line[2:5] for line in lines if line[-1:] == ["equal"]])
    numbers = [[str(names.index(word)) if word in names else word for word in line]
               for line in answers[1]]  # fmt: skip
    assert len(answers[0]) == 6
    assert answers[0] == numbers
    assert answers[0] != answers[1]
