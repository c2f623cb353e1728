"""Test bench: runs inside the simulator, moves stimulus and recordings in bulk.

Python wakes once in `POLL_CYCLES` clock cycles; everything that happens each cycle is in
``native``. The plan comes as ``plan.json`` in the folder of the run, the outcome goes to
``outcome.json`` there, the recordings to one file a link and one a membrane bank.
"""

import ctypes
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, Timer
from tqdm import tqdm

__all__ = ["RUN_FOLDER_VARIABLE", "Native", "stream"]

RUN_FOLDER_VARIABLE = "TICKLESS_RUN_FOLDER"
"""Environment variable that names the folder of the run."""

POLL_CYCLES = 4096
"""Clock cycles between two looks at the simulation."""

COUNTED_CYCLES = 4
"""Cycles after which what has happened is counted."""

BUFFERED_TRANSFERS = 1 << 20
"""Transfers after which the recordings are written out: about 16 MB."""

LIVELOCK_FACTOR = 20
"""Watchdog periods after which packets on inner links alone count as a hang, too."""


class Native:
    """C++ side of the bench, ``native/bench.cpp``, in this very process.

    Parameters
    ----------
    plan : dict
        The plan; see `sim.run`.
    """

    def __init__(self, plan: dict[str, Any]):
        self.library = library = ctypes.CDLL(None)
        pointer, length = ctypes.c_void_p, ctypes.c_uint64
        index = ctypes.c_uint32
        library.tickless_setup.argtypes = [index, pointer, index, index]
        library.tickless_load.argtypes = [index, pointer, length, index]
        library.tickless_wait.argtypes = [index, length, ctypes.c_bool, index, length]
        library.tickless_taken.argtypes = [index]
        library.tickless_taken.restype = length
        library.tickless_stall.argtypes = [index, length, index, index]
        for name in ("transfers", "last_cycles", "snapshots", "first_violation"):
            getattr(library, f"tickless_{name}").restype = pointer
        for name in ("records", "membranes"):
            function = getattr(library, f"tickless_{name}")
            function.restype, function.argtypes = pointer, [index, ctypes.POINTER(length)]
        self.links = len(plan["link_words"])
        self.probes = len(plan["probe_words"])
        words = np.array(plan["link_words"], dtype=np.uint32)
        # A source for each unit's input, then one for each unit's loads.
        self.units = len(plan["units"])
        library.tickless_setup(self.links, words.ctypes.data, 2 * self.units, self.probes)
        self._stimuli = []
        for source, unit in enumerate(plan["units"]):
            self._stimulate(source, unit["stimulus"], unit["words"])
            if unit["loads"] is not None:
                self._load(source, unit)
        for link, (seed, close, open_) in enumerate(plan["gates"]):
            library.tickless_stall(link, seed, close, open_)
        # Live views: the vectors behind them keep their size.
        self.transfers = _view(library.tickless_transfers(), self.links, np.uint64)
        self.last_cycles = _view(library.tickless_last_cycles(), self.links, np.uint64)
        self.snapshots = _view(library.tickless_snapshots(), self.probes, np.uint64)

    def _stimulate(self, source: int, path: str, words: int) -> None:
        packets = np.fromfile(path, dtype="<u4")
        self._stimuli.append(packets)
        self.library.tickless_load(source, packets.ctypes.data, len(packets) // words, words)

    def _load(self, unit: int, plan: dict[str, Any]) -> None:
        """Stimulus of a unit's loads, and who waits for whom."""
        loads, source = plan["loads"], self.units + unit
        self._stimulate(source, loads["stimulus"], loads["words"])
        links = {"input": plan["first_link"], "answers": plan["first_link"] + plan["links"] - 1}
        for chunk, link, count in loads["after"]:
            self.library.tickless_wait(source, chunk, False, links[link], count)
        for packet, count in loads["before"]:
            self.library.tickless_wait(unit, packet, True, source, count)

    def loaded(self) -> np.ndarray:
        """Chunks of each unit's loads that were taken."""
        sources = range(self.units, 2 * self.units)
        return np.array([self.library.tickless_taken(source) for source in sources], np.int64)

    def violation(self) -> list[int]:
        """First break of a stream rule: link, cycle, valid, then words (held, seen); or empty."""
        length = ctypes.c_uint64()
        address = self.library.tickless_first_violation(ctypes.byref(length))
        return _view(address, length.value, np.uint64).tolist()

    def open_waves(self, path: str, scopes: Sequence[str]) -> None:
        """Begin a file of waveforms: of these scopes, or of all."""
        names = [scope.encode() for scope in scopes]
        self.library.tickless_waves_open(
            path.encode(), (ctypes.c_char_p * len(names))(*names), len(names)
        )

    def write_waves(self, step: int) -> None:
        """Write the signals as they are now."""
        self.library.tickless_waves_write(ctypes.c_uint64(step))

    def close_waves(self) -> None:
        """End the file of waveforms, if there is one."""
        self.library.tickless_waves_close()

    def write_out(self, folder: Path) -> None:
        """Append what was recorded to the run's files and forget it."""
        for kind, count, dtype in (
            ("records", self.links, np.uint32),
            ("membranes", self.probes, np.uint64),
        ):
            function = getattr(self.library, f"tickless_{kind}")
            for index in range(count):
                length = ctypes.c_uint64()
                address = function(index, ctypes.byref(length))
                if length.value:
                    with (folder / f"{kind}_{index}").open("ab") as file:
                        _view(address, length.value, dtype).tofile(file)
        self.library.tickless_clear()


async def write_waves(native: Native, plan: dict[str, Any]) -> None:
    """Write the waveforms of the clocks that the plan asks for, two times a clock."""
    first, last = plan["cycles"]
    if first:
        await Timer(2 * first, "step")
    native.open_waves(plan["file"], plan["scopes"])
    for step in range(2 * first, 2 * last):
        await ReadOnly()
        native.write_waves(step)
        await Timer(1, "step")
    native.close_waves()


@cocotb.test()
async def stream(dut) -> None:
    """Stream every unit's stimulus and record, until all have answered or one has failed."""
    folder = Path(os.environ[RUN_FOLDER_VARIABLE])
    plan = json.loads((folder / "plan.json").read_text())
    native = Native(plan)
    units = plan["units"]
    answers = np.array([unit["answers"] for unit in units], dtype=np.int64)
    inputs = np.array([unit["first_link"] for unit in units])
    outputs = np.array([unit["first_link"] + unit["links"] - 1 for unit in units])
    snapshots = np.array(plan["probe_words"], dtype=np.uint64)

    dut.stalls.value = int(plan["stalls"])
    Clock(dut.clk, 2, unit="step").start()
    if plan["waves"] is not None:
        cocotb.start_soon(write_waves(native, plan["waves"]))
    cycle = written = 0
    loaded, load_cycles = native.loaded(), np.zeros(len(units), np.int64)
    failure: dict[str, Any] = {"status": "complete"}
    started = time.perf_counter()
    with tqdm(
        total=int(answers.sum()), unit="answer", file=sys.stderr, disable=not plan["progress"]
    ) as progress:
        while True:
            answered = native.transfers[outputs].astype(np.int64)
            progress.update(int(answered.sum()) - progress.n)
            if violation := native.violation():
                failure = {"status": "violation", "violation": violation}
                break
            pending = answered < answers
            if not pending.any() and (native.snapshots >= snapshots).all():
                break
            last = native.last_cycles.astype(np.int64)
            before, loaded = loaded, native.loaded()
            load_cycles[loaded != before] = cycle
            alive = np.maximum(last[inputs], load_cycles)
            quiet = cycle - np.maximum(np.maximum.reduceat(last, inputs), alive)
            endless = cycle - np.maximum(alive, last[outputs])
            limit = plan["watchdog_cycles"]
            hung = (quiet > limit) | (endless > LIVELOCK_FACTOR * limit)
            if pending.any():
                hung &= pending
            if hung.any():
                failure = {"status": "hang", "unit": int(np.argmax(hung))}
                break
            if int(native.transfers.sum()) - written > BUFFERED_TRANSFERS:
                written = int(native.transfers.sum())
                native.write_out(folder)
            await Timer(2 * POLL_CYCLES, "step")
            cycle += POLL_CYCLES
    await Timer(2 * COUNTED_CYCLES, "step")
    native.write_out(folder)
    if plan["waves"] is not None:
        native.close_waves()
    outcome = {
        **failure,
        "seconds": time.perf_counter() - started,
        "cycle": cycle,
        "answers": answers.tolist(),
        "transfers": native.transfers.tolist(),
        "last_cycles": native.last_cycles.tolist(),
        "valid": [int(getattr(dut, f"valid_{index}").value) for index in range(len(units))],
        "ready": [int(getattr(dut, f"ready_{index}").value) for index in range(len(units))],
        "counters": [
            [int(getattr(dut, f"counters_{index}_{core}").value) for core in range(unit["cores"])]
            for index, unit in enumerate(units)
        ],
        "load_counters": [
            None if unit["loads"] is None else int(getattr(dut, f"load_counters_{index}").value)
            for index, unit in enumerate(units)
        ],
    }
    (folder / "outcome.json").write_text(json.dumps(outcome))


def _view(address: int | None, length: int, dtype: type) -> np.ndarray:
    """Array over memory of the C++ side."""
    if not length or address is None:
        return np.zeros(0, dtype)
    size = length * np.dtype(dtype).itemsize
    return np.frombuffer(memoryview((ctypes.c_char * size).from_address(address)), dtype)
