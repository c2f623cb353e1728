"""Test bench of a pass engine: runs inside the simulator, fills and reads the SDRAM in bulk.

The plan comes as ``plan.json`` in the folder of the run; the outcome goes to ``outcome.json``, and
``written_<run>.npy`` and ``swept_<run>.npy``, there.
"""

import ctypes
import json
import os
import time
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import Timer

__all__ = ["FOLDER_VARIABLE", "run_programs"]

FOLDER_VARIABLE = "TICKLESS_PASSES"
"""Environment variable that names the folder of the run."""

POLL_CYCLES = 256
"""Clock cycles between two looks at the engine."""

SDRAM_WORDS = 1 << 24


def pointed(function: str, kind: type) -> np.ndarray:
    """Array that a function of the C++ side returns, with its length."""
    found = getattr(ctypes.CDLL(None), function)
    found.restype = ctypes.c_void_p
    length = ctypes.c_uint64()
    arguments = (0,) if function == "tickless_membranes" else ()
    address = found(*arguments, ctypes.byref(length))
    if not length.value:
        return np.zeros(0, kind)
    size = length.value * np.dtype(kind).itemsize
    return np.frombuffer(memoryview((ctypes.c_char * size).from_address(address)), kind).copy()


@cocotb.test()
async def run_programs(dut) -> None:
    """Run the program once for each input, and note what the engine wrote."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    plan = json.loads((folder / "plan.json").read_text())
    library = ctypes.CDLL(None)
    library.tickless_setup(0, None, 0, 1)
    library.tickless_sdram_words.restype = ctypes.c_void_p
    address = library.tickless_sdram_words()
    buffer = (ctypes.c_char * (2 * SDRAM_WORDS)).from_address(address)
    words = np.frombuffer(memoryview(buffer), np.uint16)
    dut.engine_start.value = 0
    dut.engine_program.value = plan["program"]
    Clock(dut.clk, 2, unit="step").start()
    await Timer(2 * plan["delay"] + 1, "step")
    runs = []
    for number, inputs in enumerate(plan["inputs"]):
        for start, path in inputs:
            part = np.load(path)
            words[start : start + len(part)] = part
        before = [len(pointed("tickless_sdram_written", np.uint16))]
        before.append(len(pointed("tickless_membranes", np.uint64)))
        cycles, started = 0, time.perf_counter()
        dut.engine_start.value = 1
        while not int(dut.engine_busy.value):
            await Timer(2, "step")
        dut.engine_start.value = 0
        while int(dut.engine_busy.value):
            await Timer(2 * POLL_CYCLES, "step")
            cycles += POLL_CYCLES
        np.save(
            folder / f"written_{number}.npy",
            pointed("tickless_sdram_written", np.uint16)[before[0] :],
        )
        np.save(
            folder / f"swept_{number}.npy", pointed("tickless_membranes", np.uint64)[before[1] :]
        )
        runs.append(
            {
                "error": int(dut.engine_error.value),
                "instruction": int(dut.engine_instruction.value),
                "words": int(dut.engine_words.value),
                "steps": int(dut.engine_steps.value),
                "broken": int(dut.engine_broken.value),
                "cycles": cycles,
            }
        )
        runs[-1]["seconds"] = time.perf_counter() - started
    (folder / "outcome.json").write_text(json.dumps(runs))
