"""The Makefile: each target is one command of `tickless`, told by its values."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

if shutil.which("make") is None:
    pytest.skip("no make on PATH", allow_module_level=True)


def commands(*arguments):
    """What make would run, without the environment's own."""
    done = subprocess.run(
        ["make", "-n", "--no-print-directory", "READY=", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["sim"], "sim --dataset saccades --seed 1"),
        (["sim", "STALLS=1", "SAMPLES=5"], "sim --dataset saccades --samples 5 --seed 1 --stalls"),
        (
            ["sim", "FILES=a.raw b.npy", "NETWORK=n", "CROP=0,0,9x9", "DOWNSAMPLE=2", "WINDOW=9ms"],
            "sim a.raw b.npy --crop 0,0,9x9 --downsample 2 --window 9ms --seed 1 --network n",
        ),
        (["sim", "ENGINE=sdram"], "sim --dataset saccades --seed 1 --engine sdram"),
        (["rtl"], "rtl sw/pretrained/saccades.safetensors"),
        (
            ["rtl", "NETWORK=a.safetensors", "MESH=2x2", "FOLD=a=1x1 b=2x2", "MARGIN=9"],
            "rtl a.safetensors --fold a=1x1 --fold b=2x2 --margin 9 --mesh 2x2",
        ),
        (
            ["rtl", "COPIES=2", "MARGIN=9"],
            "rtl sw/pretrained/saccades.safetensors --margin 9 --copies 2",
        ),
        (
            ["rtl", "PREFIX=mine", "WRAP=axi"],
            "rtl sw/pretrained/saccades.safetensors --prefix mine --wrap axi",
        ),
        (
            ["bitstream", "DATASET=nmnist", "STORED_EVENTS=0", "CLOCK_MHZ=50"],
            "bitstream sw/pretrained/nmnist.safetensors --board ulx3s-85f --seed 1 "
            "--stored-events 0 --clock-mhz 50",
        ),
        (
            ["bitstream", "MESH=2x2", "BUDGET=9", "LOADABLE=1"],
            "bitstream sw/pretrained/saccades.safetensors --board ulx3s-85f --seed 1 --budget 9 "
            "--mesh 2x2 --loadable",
        ),
        (
            ["rtl", "MESH=2x2", "LOAD=b"],
            "rtl sw/pretrained/saccades.safetensors --mesh 2x2 --load b",
        ),
        (["flash"], "flash sw/pretrained/saccades.safetensors --board ulx3s-85f"),
        (["study", "QUICK=0"], "study saccades"),
        (["train", "FROM=a"], "train --from a --set method=mtt --seed 1"),
        (
            ["train", "FROM=a", "DATASET=nmnist", "EXPERIMENT=b.toml", "METHOD=sdt", "SEED=3"],
            "train b.toml --dataset nmnist --from a --set method=sdt --seed 3",
        ),
    ],
)
def test_a_target_is_one_line_without_what_was_not_given(arguments, options):
    assert commands(*arguments) == [f".venv/bin/python -m tickless {options}"]


def test_large_makes_its_network_and_runs_it():
    untrained, run = (
        line for line in joined(commands("large", "BITS=4", "SAMPLES=2", "BATCH=2", "JOBS=3"))
    )
    network = "build/large/vggsnn-4.safetensors"
    assert untrained.endswith(
        f"--layers vggsnn --weight-bits 4 --samples 2 --spikes 20000 --seed 1 --output {network}"
    )
    assert run.endswith(
        f"sim --engine sdram --dataset cifar10saccades --samples 2 --seed 1 --network {network} "
        "--batch 2 --jobs 3 --output build/sim/large"
    )


def joined(lines):
    """Commands of `tickless`, each on one line."""
    text = "\n".join(lines).replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if "tickless" in line]
