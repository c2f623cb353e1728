"""What all tests share: the order of the long ones, and settings for speed."""

import gc
import os
from pathlib import Path

from hypothesis import HealthCheck, settings

# One thread a process: there are as many workers as cores. Before anything imports torch.
os.environ.setdefault("OMP_NUM_THREADS", "1")

LONG = (
    "sim/test_random_meshes.py",
    "sim/test_random_networks.py",
    "sim/board/test_simulated.py",
    "sim/test_loads.py",
    "sim/test_command.py",
)
"""Files of the longest tests, which come first: a worker that begins one in the end is waited for
by the others."""


GARBAGE_OBJECTS = 1_000_000
"""Objects that a test may leave before garbage is collected behind it."""


def pytest_configure() -> None:
    """No garbage is collected within a test: a design is millions of objects, and half of the time
    would go into looking at them again. No example fails because the machine is slow."""
    gc.disable()
    settings.register_profile(
        "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("patient")


def pytest_runtest_logfinish() -> None:
    """Garbage is collected behind the tests that leave much of it."""
    if gc.get_count()[0] > GARBAGE_OBJECTS:
        gc.collect()


def pytest_collection_modifyitems(items) -> None:
    """Long tests first, the others in their order."""
    root = Path(__file__).parent
    rank = {root / name: place for place, name in enumerate(LONG)}
    assert all(path.exists() for path in rank), "LONG names a file that is gone"
    items.sort(key=lambda item: rank.get(item.path, len(LONG)))
    gc.freeze()
