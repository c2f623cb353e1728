"""Memory that a call takes, by the kernel's account of this process."""

import ctypes
import re
from collections.abc import Callable
from pathlib import Path

__all__ = ["MIB", "peak_bytes"]

MIB = 1 << 20

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")

_libc = ctypes.CDLL(None)

RESET_PEAK = "5"
"""Written into `CLEAR_REFS`: the peak begins anew (Linux's proc(5))."""


def peak_bytes(call: Callable[[], object]) -> int:
    """How many bytes more than before were resident at most during a call."""
    # What was freed and is still resident would hide what is taken.
    _libc.malloc_trim(0)
    CLEAR_REFS.write_text(RESET_PEAK)
    before = _status("VmRSS")
    call()
    return _status("VmHWM") - before


def _status(name: str) -> int:
    match = re.search(rf"^{name}:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    assert match is not None
    return int(match[1]) * 1024
