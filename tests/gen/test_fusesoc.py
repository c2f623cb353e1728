"""FuseSoC core beside the Verilog: its targets run as they are."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.configure import chain_config
from tickless.gen.emit import emit
from tickless.gen.folding import fold_fully
from tickless.hw.config import DesignConfig
from tickless.hw.copies import CopiesConfig
from tickless.sim.verilator import verilator_environment


def tiny(folder, axi, margin=None, copies=1):
    """Network of two classes or more, written with its core."""
    rng = np.random.default_rng(6)
    while (network := random_network(rng, layers=1, size=6)).classes < 2:
        pass
    config: DesignConfig = chain_config(network, fold_fully(network), margin=margin)
    if copies > 1:
        config = CopiesConfig(config, copies)
    return emit(network, config, folder, prefix="tiny", axi=axi)


def fusesoc(folder, target, *options):
    """Run a target as a user does, with the tools of this environment."""
    environment = {**os.environ, **verilator_environment()}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment.pop("GPI_USERS", None)
    # The compiler's optimization would take far longer than the few samples.
    levels = "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"
    environment["MAKEFLAGS"] = f"{environment.get('MAKEFLAGS', '')} {levels}".strip()
    command = ["fusesoc", "--cores-root", str(folder), "run", "--target", target]
    return subprocess.run(
        [*command, *options, "tickless::tiny"],
        cwd=folder,
        env={**environment, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(("axi", "copies"), [(False, 1), (True, 1), (False, 2), (True, 2)])
def test_lint_has_nothing_to_say_but_what_is_stated(tmp_path, axi, copies):
    tiny(tmp_path, axi, margin=10, copies=copies)
    done = fusesoc(tmp_path, "lint")
    assert done.returncode == 0, done.stdout
    assert "Warning" not in done.stdout
    # A design that is broken is found.
    design = tmp_path / "design.v"
    design.write_text(design.read_text().replace("input ", "inputs ", 1))
    assert fusesoc(tmp_path, "lint").returncode != 0


@pytest.mark.parametrize("copies", [1, 2])
def test_simulation_compares_with_the_golden_model(tmp_path, copies):
    tiny(tmp_path, axi=True, margin=10, copies=copies)
    done = fusesoc(tmp_path, "sim")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "PASS=1 FAIL=0" in done.stdout
    # Built again, it still runs.
    assert fusesoc(tmp_path, "sim").returncode == 0
    # The answers are looked at, and one that is wrong fails the run.
    samples = tmp_path / "samples.json"
    plan = json.loads(samples.read_text())
    plan["answers"][2]["data"][0] ^= 1
    samples.write_text(json.dumps(plan))
    done = fusesoc(tmp_path, "sim", "--run")
    assert "PASS=0 FAIL=1" in done.stdout
    assert done.returncode != 0
    # So does a simulation that runs no test.
    bench = next(tmp_path.glob("build/**/tiny_bench.py"))
    bench.write_text("raise SystemExit")
    assert fusesoc(tmp_path, "sim", "--run").returncode != 0


@pytest.mark.parametrize("axi", [False, True])
def test_samples_are_of_the_design_s_ports(tmp_path, axi):
    paths = tiny(tmp_path, axi)
    names = ["tiny.core", "tiny_bench.py", "tiny_simulator.py", "samples.json", "lint.vlt"]
    assert [path.name for path in paths[2:]] == ["vivado.tcl"] * axi + names
    text = (tmp_path / "design.v").read_text()
    ports = re.search(r"^module tiny \((.*?)\);", text, re.DOTALL | re.MULTILINE)
    assert ports is not None
    plan = json.loads((tmp_path / "samples.json").read_text())
    wanted = {plan["clock"], plan["reset"], *plan["input"].values(), *plan["output"].values()}
    assert wanted <= set(re.findall(r"\w+", ports[1]))
    # Something has gone through the network: some logits are not 0.
    first_logit = 2 if axi else 0
    answers = [value & mask for value, mask in (answer["data"] for answer in plan["answers"])]
    assert any(value >> 8 for value in answers[first_logit:])
