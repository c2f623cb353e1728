"""What all tests share: the order of the long ones, and settings for speed."""

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# One thread a process: there are as many workers as cores. Before anything imports torch.
os.environ.setdefault("OMP_NUM_THREADS", "1")

LONG = {
    "sim/board/test_simulated.py": 85,
    "sim/test_random_meshes.py": 80,
    "sim/test_command.py": 65,
    "hw/fabric/test_router_proof.py": 60,
    "docs/test_tutorial.py": 50,
    "sim/board/test_small_engine.py": 50,
    "sim/board/test_loading.py": 50,
    "hw/host/test_link.py": 40,
    "hw/fabric/test_interface_proof.py": 30,
    "sim/test_shard.py": 30,
    "gen/test_fusesoc.py": 30,
    "hw/core/test_neurons.py": 30,
    "sim/usb/test_usb.py": 30,
    "sw/training/test_trainer.py": 30,
    "sw/test_workers.py": 30,
    "sim/board/test_simulated_network.py": 30,
    "hw/ethernet/test_port.py": 25,
    "sim/test_bench.py": 25,
    "sim/axi/test_axi.py": 25,
    "sw/study/test_study.py": 25,
    "sim/passes/test_engine.py": 25,
    "sim/test_random_networks.py": 25,
    "sw/training/test_team.py": 20,
    "sim/test_loads.py": 20,
    "docs/test_import.py": 20,
    "docs/test_your_data.py": 20,
    "sim/ethernet/test_rgmii.py": 15,
    "sw/integer/test_engine.py": 15,
    "gen/fpga/test_area.py": 15,
}
"""Files of the longest tests, and about how many seconds of processor time they take where nothing
is built yet, most first.
Each worker begins with its share of them: one that begins them in the end is waited for."""

NOBODY = 65534
"""User without any rights of its own."""

GARBAGE_OBJECTS = 1_000_000
"""Objects that a test may leave before garbage is collected behind it."""


def pytest_configure() -> None:
    """No garbage is collected within a test: a design is millions of objects, and half of the time
    would go into looking at them again. No example fails because the machine is slow."""
    gc.disable()
    # Whoever runs the tests in the background has Ctrl-C ignored, and so would what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile(
        "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("patient")


def pytest_runtest_logfinish() -> None:
    """Garbage is collected behind the tests that leave much of it; what is left is not looked at
    again."""
    if gc.get_count()[0] > GARBAGE_OBJECTS:
        gc.collect()
        gc.freeze()


def pytest_sessionfinish() -> None:
    """Garbage is collected once more; pytest and the interpreter, which do so when they end, find
    nothing to look at."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items) -> None:
    """Long tests first in the part of the tests that each worker of ``--dist worksteal`` is given,
    in their order; the others behind them in theirs."""
    root = Path(__file__).parent
    paths = [root / name for name in LONG]
    assert all(path.exists() for path in paths), "LONG names a file that is gone"
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    seconds = [0] * workers
    shares = [[] for _ in range(workers)]
    for path, taken in zip(paths, LONG.values(), strict=True):
        least = seconds.index(min(seconds))
        seconds[least] += taken
        shares[least] += [item for item in items if item.path == path]
    others = [item for item in items if item.path not in paths]
    left = len(items)
    for index, share in enumerate(shares):
        size = left // (workers - index)
        count = max(0, size - len(share))
        share += others[:count]
        others = others[count:]
        left -= size
    items[:] = [*(item for share in shares for item in share), *others]
    gc.freeze()


@pytest.fixture
def quick_builds(monkeypatch) -> None:
    """Simulators of `tickless sim` without the compiler's optimization, which would take far longer
    than a few samples."""
    from tickless.sim.experiment import Experiment

    quick = partial(Experiment, optimize=False)
    monkeypatch.setattr("tickless.sim.run_samples.Experiment", quick)


@pytest.fixture
def unprivileged():
    """Context in which this process may do no more than its files' modes say, if it is root."""

    @contextmanager
    def nobody() -> Iterator[None]:
        if os.geteuid():
            yield
            return
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return nobody
