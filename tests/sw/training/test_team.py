import os
import subprocess
import sys

import pytest
import torch

from tickless.command import main
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.training.team import Team

# Without pre-training no batch norm sees a part of a batch alone, and nothing is drawn for a
# sample: two processes then do what one does, but for the order of additions.
SETTINGS = {
    "network": "small",
    "steps": 3,
    "steps_range": [2, 4],
    "batch": 20,
    "pretrain_epochs": 0,
    "epochs": 1,
    "samples": 100,
    "simulated": 0,
    "shift": 0,
    "refit_samples": 0,
    "device": "cpu",
}
ARGUMENTS = ["saccades", *(f"--set={name}={value}" for name, value in SETTINGS.items())]
LAUNCHER = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


def together(*arguments):
    return subprocess.run(
        [sys.executable, *LAUNCHER, "-m", "tickless", "train", *ARGUMENTS, *arguments],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )


def test_two_processes_train_what_one_does(tmp_path, capsys):
    paths = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    main(["train", *ARGUMENTS, "--output", str(paths[0])])
    ended = together("--output", str(paths[1]))
    assert ended.returncode == 0, ended.stderr
    # One of the two writes and prints.
    assert ended.stdout == capsys.readouterr().out.replace(*map(str, paths))
    one, two = (Checkpoint.load(path).model for path in paths)
    for a, b in zip(one.weights, two.weights, strict=True):
        assert float((a - b).detach().abs().mean()) < 1e-5 < float(a.detach().std())
    assert not list(tmp_path.glob("*.state"))


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path):
    ended = together("--set=batch=21", "--output", str(tmp_path / "x.safetensors"))
    assert ended.returncode != 0
    assert "batch = 21: expected a multiple of the 2 processes" in ended.stderr


@pytest.mark.parametrize("rank", [0, 1])
def test_the_parts_of_a_batch_are_equally_large_and_all_of_it(rank, monkeypatch):
    team = Team(torch.device("cpu"))
    assert (team.rank, team.size, team.leads) == (0, 1, True)
    monkeypatch.setattr(team, "rank", rank)
    monkeypatch.setattr(team, "size", 2)
    assert team.part(torch.arange(6).numpy()).tolist() == [rank, rank + 2, rank + 4]
