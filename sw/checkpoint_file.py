"""File of a checkpoint, read without PyTorch."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tickless.sw.checkpoint import Checkpoint

__all__ = ["CheckpointFile", "beside"]


@dataclass(frozen=True)
class CheckpointFile:
    """What is in the file of a checkpoint; another process can be sent it.

    Parameters
    ----------
    path : Path
        Its name, for messages.
    content : bytes
        The file.
    """

    path: Path
    content: bytes

    @classmethod
    def beside(cls, network: Path) -> "CheckpointFile | None":
        """That of the network in a file; None without one."""
        path = beside(network)
        return cls(path, path.read_bytes()) if path.exists() else None

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(self.content).hexdigest()

    def load(self) -> "Checkpoint":
        """The checkpoint.

        Raises
        ------
        CheckpointError
            As `sw.checkpoint.Checkpoint.load`.
        """
        from tickless.sw.checkpoint import Checkpoint

        return Checkpoint.parse(self.content, self.path)


def beside(network: Path) -> Path:
    """Where the checkpoint lies that the network in a file was quantized from."""
    return network.with_name(f"{network.stem}.checkpoint.safetensors")
