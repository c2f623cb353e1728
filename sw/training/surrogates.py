"""Surrogate gradients by name: what stands for the derivative of spikes in the membrane."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["SURROGATES", "Surrogate"]

Surrogate = Callable[["torch.Tensor"], "torch.Tensor"]
"""Gradient of a neuron's spikes in its membrane before reset, both in thresholds."""


def _ramp(membrane: "torch.Tensor") -> "torch.Tensor":
    return membrane.clamp(0, 1)


def _triangle(membrane: "torch.Tensor") -> "torch.Tensor":
    return (membrane - 1).abs_().neg_().add_(1).clamp_(min=0)


def _sigmoid(membrane: "torch.Tensor") -> "torch.Tensor":
    open_gate = (membrane - 1).mul_(4).sigmoid_()
    return open_gate.mul_(1 - open_gate).mul_(4)


def _arctan(membrane: "torch.Tensor") -> "torch.Tensor":
    return (membrane - 1).mul_(math.pi).square_().add_(1).reciprocal_()


SURROGATES: Mapping[str, Surrogate] = {
    "ramp": _ramp,
    "triangle": _triangle,
    "sigmoid": _sigmoid,
    "arctan": _arctan,
}
"""Each is 1 at the threshold. For a membrane ``u`` in thresholds:

- ``ramp``: ``clamp(u, 0, 1)``, the rising half of a triangle, and 1 above the threshold, where the
  spikes of a neuron that may fire several times a step follow ``u``;
- ``triangle``: ``max(0, 1 - |u - 1|)``;
- ``sigmoid``: the derivative of ``sigmoid(4 (u - 1))``;
- ``arctan``: the derivative of ``arctan(pi (u - 1)) / pi``, ``1 / (1 + (pi (u - 1))^2)``.
"""
