"""Files of the results of training runs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tickless.errors import InputError
from tickless.sw.atomic_write import atomic_write
from tickless.sw.training.settings import Settings

__all__ = ["store", "stored"]


def store(path: Path, settings: Settings, name: str, result: Any) -> None:
    """Write a run's result, a dataclass, into a file."""
    text = json.dumps({"settings": asdict(settings), name: asdict(result)}, indent=2)
    with atomic_write(path) as unfinished:
        unfinished.write_text(text + "\n")


def stored(path: Path, settings: Settings, name: str) -> dict[str, Any] | None:
    """Members of what `store` has left in a file; None if there is none of the same settings.

    Raises
    ------
    InputError
        If the file is no such result.
    """
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text())
    except ValueError:
        raise InputError(f"{path}: not a run's result: delete it to run anew") from None
    return found[name] if found["settings"] == json.loads(json.dumps(asdict(settings))) else None
