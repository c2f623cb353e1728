"""Record of what a network was trained with."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import torch

__all__ = ["record"]


def record(device: torch.device) -> dict[str, str | bool | None]:
    """Versions, revision and device.

    Members
    -------
    tickless, torch, numpy, python : str
        Versions.
    device : str
        Name of the GPU, or ``"cpu"``.
    revision : str or None
        Git revision of the source; None outside of a repository.
    modified : bool or None
        Whether tracked files differ from that revision.
    """
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {
        **{name: version(name) for name in ("tickless", "torch", "numpy")},
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "revision": _git("rev-parse", "HEAD"),
        "modified": None if changes is None else bool(changes),
    }


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
