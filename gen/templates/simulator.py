"""Simulator of a generated core behind a script: cocotb's needs before it, its results behind it.

Without arguments, as `fusesoc run --target sim` calls it once the simulator is built, it puts
itself in the simulator's place. Then it gives the simulator what cocotb 2 needs, which FuseSoC does
not, and fails where a test fails, which the simulator does not.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import find_libpython
from cocotb_tools import config
from cocotb_tools.check_results import get_results

SIMULATOR, BEHIND = Path("Vtop"), Path("Vtop.simulator")

RESULTS = Path("results.xml")


def put_before():
    """Take the simulator's place, unless that is done."""
    if SIMULATOR.read_bytes()[:2] != b"#!":
        SIMULATOR.replace(BEHIND)
    command = shlex.join([sys.executable, str(Path(__file__).resolve()), "run"])
    SIMULATOR.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    SIMULATOR.chmod(0o755)


def run(arguments):
    """Run the simulator; its status, or 1 if a test failed or none ran."""
    users = f"{find_libpython.find_libpython()};{config.pygpi_entry_point()}"
    environment = {"GPI_USERS": users, **os.environ, "COCOTB_RESULTS_FILE": str(RESULTS)}
    RESULTS.unlink(missing_ok=True)
    done = subprocess.run([f"./{BEHIND}", *arguments], env=environment, check=False)
    if done.returncode:
        return done.returncode
    tests, failed = get_results(RESULTS)
    return int(failed > 0 or tests == 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        sys.exit(run(sys.argv[2:]))
    put_before()
