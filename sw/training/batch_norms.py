"""Batch norms of a network, taken into its weights."""

import torch
from torch import nn

from tickless.errors import InputError
from tickless.sw.training.models import SpikingNetwork

__all__ = ["fuse_norms", "remove_shifts"]


def remove_shifts(model: SpikingNetwork) -> None:
    """Set the running means and biases of all batch norms to zero."""
    for _, norm in _normalized(model):
        nn.init.zeros_(norm.bias)
        norm.state_dict()["running_mean"].zero_()


@torch.no_grad()
def fuse_norms(model: SpikingNetwork) -> None:
    """Multiply the batch norms' scales into the weights and take the norms away.

    Raises
    ------
    InputError
        If a norm still shifts: a spiking layer has no biases. Call `remove_shifts` first.
    """
    for index, (weight, norm) in enumerate(_normalized(model)):
        state = norm.state_dict()
        if state["running_mean"].any() or state["bias"].any():
            raise InputError(f"norm {index} shifts: expected zero means and biases")
        scale = state["weight"] / torch.sqrt(state["running_var"] + norm.eps)
        weight *= scale[:, None, None, None]
    model.norms, model.direct_norms = nn.ModuleList(), nn.ModuleDict()


def _normalized(model: SpikingNetwork) -> list[tuple[torch.Tensor, nn.BatchNorm2d]]:
    """Weights with a batch norm, and the norms."""
    edges = [*zip(model.weights, model.norms, strict=False)]
    edges += [(model.direct[key], norm) for key, norm in model.direct_norms.items()]
    return [(weight, norm) for weight, norm in edges if isinstance(norm, nn.BatchNorm2d)]
