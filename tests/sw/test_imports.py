"""What the options of a command may cost: the libraries of its work are imported when it works."""

import subprocess
import sys

import pytest

from tickless.command import COMMANDS

HEAVY = {"amaranth", "distributed", "matplotlib", "numba", "scipy", "sklearn", "tonic", "torch"}

QUICK = [
    *("train", "quantize", "judge accuracy", "judge early-exit", "study", "cross-validate"),
    *("untrained", "bench engine"),
]

SCRIPT = """
import sys
from argparse import ArgumentParser
from importlib import import_module
import_module(sys.argv[1]).add_options(ArgumentParser())
print(*sys.modules)
"""


@pytest.mark.parametrize("name", QUICK)
def test_options_need_no_heavy_import(name):
    [module] = [command.module for command in COMMANDS if command.name == name]
    command = [sys.executable, "-c", SCRIPT, f"tickless.{module}"]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert f"tickless.{module}" in loaded
    assert not HEAVY & set(loaded)


@pytest.mark.parametrize("module", ["host.run", "host.stream.run"])
def test_a_board_s_host_needs_no_framework_of_training(module):
    script = f"import sys, tickless.{module}; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert f"tickless.{module}" in loaded
    assert not {"torch", "tonic"} & set(loaded)
