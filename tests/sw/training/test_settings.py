import re
from dataclasses import replace

import pytest

from tickless.sw.training.architectures import NETWORKS
from tickless.sw.training.experiment import experiments, read_experiment
from tickless.sw.training.given import FINE_TUNING
from tickless.sw.training.settings import Settings, SettingsError


@pytest.mark.parametrize("name", experiments())
def test_every_experiment_is_valid(name):
    settings = read_experiment(name)
    assert settings.network in NETWORKS
    # Fine-tuning takes the data set of the network that is given.
    assert name.startswith(settings.dataset) or name == FINE_TUNING


def test_defaults_made_the_committed_network():
    assert read_experiment("saccades") == Settings()


def test_a_base_gives_what_the_file_does_not(tmp_path):
    own = {"network": "small", "floor": -4.0, "varied": True, "rate_budget": 5000.0}
    assert read_experiment("nmnist-small") == replace(read_experiment("nmnist"), **own)
    path = tmp_path / "a.toml"
    path.write_text("base = 'nmnist'\nsteps = 7")
    expected = replace(read_experiment("nmnist"), steps=7, seed=3)
    assert read_experiment(str(path), ["seed=3"]) == expected
    for base in ("'lenet'", "3", "['nmnist']"):
        path.write_text(f"base = {base}")
        with pytest.raises(SettingsError, match=r"a.toml: base = .*: expected one of cifar10dvs, "):
            read_experiment(str(path))


def test_changes_come_before_the_file():
    changed = read_experiment("nmnist", ["method=sdt", "steps_range=[2, 9]", "floor=-1"])
    assert (changed.method, changed.steps_range, changed.floor) == ("sdt", (2, 9), -1.0)
    assert changed.dataset == "nmnist"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "epoch = 3: unknown setting: expected dataset, network, "),
        ("epochs = -1", "epochs = -1: expected an integer of at least 0"),
        ("epochs = 2.5", "epochs = 2.5: expected an integer of at least 0"),
        ("epochs = true", "epochs = True: expected an integer of at least 0"),
        ("mixed_precision = 1", "mixed_precision = 1: expected true or false"),
        ("weight_bits = 9", "weight_bits = 9: expected an integer in 2..8"),
        ("resolution = 8388609", "resolution = 8388609: expected an integer in 1..8388608"),
        ("recorded_share = 1.5", "recorded_share = 1.5: expected a number in 0..1"),
        ("learning_rate = nan", "learning_rate = nan: expected a number of at least 0"),
        ("learning_rate = inf", "learning_rate = inf: expected a number of at least 0"),
        (
            'target = "steps"\nquantize_epochs = 0\nrefit_samples = 0\nnorm = "scale"',
            "norm = 'scale': expected 'batch' where target = 'steps'",
        ),
        ("varied = true", "varied = True: expected false where dataset is not 'nmnist'"),
        ("dataset = 'mnist'", "dataset = 'mnist': expected one of saccades, nmnist"),
        ("dataset = ['nmnist']", "dataset = ('nmnist',): expected one of saccades, nmnist"),
        ("network = 'lenet'", "network = 'lenet': expected one of sparse, small, mtt-nmnist"),
        ("method = 'tet'", "method = 'tet': expected one of mtt, nmt, sdt"),
        ("optimizer = 'adam'", "optimizer = 'adam': expected one of adamw, sgd"),
        ("steps_drawn = 'log'", "steps_drawn = 'log': expected one of uniform, log-uniform"),
        ("surrogate = 'x'", "surrogate = 'x': expected one of ramp, triangle, sigmoid, arctan"),
        ("device = 'tpu'", "device = 'tpu': expected one of auto, cpu, cuda"),
        ("steps_range = [4, 2]", "steps_range = (4, 2): expected two integers of 1 to 1000"),
        ("steps_range = 4", "steps_range = 4: expected two integers of 1 to 1000"),
        ("steps_range = [4, 1001]", "steps_range = (4, 1001): expected two integers of 1 to 1000"),
        ("steps = 1001", "steps = 1001: expected an integer in 1..1000"),
        ("floor = 0.0", "floor = 0.0: expected a negative number of thresholds"),
        ("floor = -inf", "floor = -inf: expected a number"),
        ("decay = 0", "decay = 0.0: expected a number above 0"),
        ("neuron = 'lif'", "neuron = 'lif': expected 'if' where target = 'events'"),
        ("neuron = 'relu'", "neuron = 'relu': expected 'if' where target = 'events'"),
        ("target = 'steps'", "refit_samples = 8000: expected 0 where target = 'steps'"),
    ],
)
def test_impossible_settings(tmp_path, text, message):
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=rf"^{re.escape(f'{path}: {message}')}"):
        read_experiment(str(path))


def test_unreadable_experiments(tmp_path):
    path = tmp_path / "a.toml"
    with pytest.raises(
        SettingsError, match=r"a.toml: no such experiment: expected one of cifar10dvs"
    ):
        read_experiment(str(path))
    path.write_text("epochs = ")
    with pytest.raises(SettingsError, match=r"a.toml: not a readable TOML file: Invalid value"):
        read_experiment(str(path))
    path.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"a.toml: not a readable TOML file"):
        read_experiment(str(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("epochs", "--set epochs: expected setting=value"),
        ("epochs=many", r"nmnist.toml, changed by epochs=many: epochs = 'many': expected an int"),
        ("epoch=1", "epoch = 1: unknown setting"),
    ],
)
def test_impossible_changes(change, message):
    with pytest.raises(SettingsError, match=message):
        read_experiment("nmnist", [change])
