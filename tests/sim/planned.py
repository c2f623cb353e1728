"""Simulations that do what a plan says, and tell what they saw."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.random_networks import random_events
from tickless.sim.build import build
from tickless.sim.simulator import Simulator
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network

__all__ = ["saved", "simulate_plan"]

ROOT = Path(__file__).parents[2]


def saved(
    network: Network, folder: Path, sizes: Sequence[int], seed: int
) -> tuple[list[str], list[list[int]]]:
    """Files of random samples of so many events, and the logits that they are to have."""
    rng = np.random.default_rng(seed)
    paths, logits = [], []
    for index, size in enumerate(sizes):
        events = random_events(rng, network, size)
        paths.append(str(folder / f"sample_{index}.npy"))
        np.save(paths[-1], events)
        logits.append(engine.run(network, events).logits.tolist())
    return paths, logits


def simulate_plan(
    bench: Any,
    plan: dict[str, Any],
    folder: Path,
    testbench: Any,
    optimize: bool = False,
) -> dict[str, Any]:
    """What a test bench saw: it reads ``plan.json`` and writes ``outcome.json`` in a folder.

    Parameters
    ----------
    bench : object
        As `sim.build.build` takes it.
    testbench : module
        The test bench; its ``FOLDER_VARIABLE`` names the variable that holds the folder.
    """
    folder.mkdir(exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    variables = {testbench.FOLDER_VARIABLE: str(folder), "PYTHONPATH": str(ROOT)}
    _built(bench, optimize).simulate(folder, variables, progress=False, module=testbench.__name__)
    outcome = folder / "outcome.json"
    assert outcome.exists(), (folder / "simulation.log").read_text()[-4000:]
    return json.loads(outcome.read_text())


@lru_cache(4)
def _built(bench: Any, optimize: bool) -> Simulator:
    """A bench's Verilog takes a second to make: tests that share a bench share it."""
    return build(bench, optimize=optimize)
