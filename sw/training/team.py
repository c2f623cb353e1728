"""Team of processes that train one network, started by ``torchrun``."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

__all__ = ["Team"]


class Team:
    """Processes that share the samples of every batch; a single one without ``torchrun``.

    All draw the same order, time steps and augmentation, each computes with its own part of a
    batch, and gradients are averaged over the processes. Batch norms take their statistics from
    the part alone.

    Parameters
    ----------
    device : torch.device
        ``cuda`` or ``cpu``.

    Members
    -------
    device : torch.device
        What this process computes on: a GPU of its own, or the CPU.
    rank, size : int
        This process, from 0, and the number of them.
    """

    def __init__(self, device: torch.device):
        self.device, self.rank, self.size = device, 0, 1
        if not distributed.is_torchelastic_launched():
            return
        if device.type == "cuda":
            self.device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(self.device)
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files and shows progress."""
        return self.rank == 0

    def part(self, chosen: np.ndarray) -> np.ndarray:
        """This process's part of a batch, as large as the others'."""
        return chosen[self.rank :: self.size]

    def joined(self, model: nn.Module) -> Callable[..., Any]:
        """The network, so that backward passes average its gradients over the team."""
        return DistributedDataParallel(model) if self.size > 1 else model

    @staticmethod
    def apart(joined: Callable[..., Any]) -> AbstractContextManager:
        """Where backward passes only add to this process's own gradients: all but the last."""
        return joined.no_sync() if isinstance(joined, DistributedDataParallel) else nullcontext()

    def leave(self) -> None:
        """Leave the team, when all are done."""
        if self.size > 1:
            distributed.destroy_process_group()
