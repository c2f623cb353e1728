"""Simulations that do what a plan says, and tell what they saw."""

import json
from pathlib import Path
from typing import Any

from tickless.sim.build import build

__all__ = ["simulate_plan"]

ROOT = Path(__file__).parents[2]


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
    build(bench, optimize=optimize).simulate(
        folder, variables, progress=False, module=testbench.__name__
    )
    outcome = folder / "outcome.json"
    assert outcome.exists(), (folder / "simulation.log").read_text()[-4000:]
    return json.loads(outcome.read_text())
