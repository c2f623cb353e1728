"""Integrate-and-fire neurons for training in time steps."""

from typing import Any

import torch

__all__ = ["integrate_and_fire"]


class _IntegrateAndFire(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, current: torch.Tensor, floor: float) -> torch.Tensor:
        membrane = torch.zeros_like(current[0])
        charged = torch.empty_like(current)
        spikes = torch.empty_like(current)
        for step, arriving in enumerate(current):
            torch.add(membrane, arriving, out=charged[step])
            torch.floor(charged[step], out=spikes[step]).clamp_(min=0)
            torch.sub(charged[step], spikes[step], out=membrane).clamp_(min=floor)
        ctx.save_for_backward(charged)
        ctx.floor = floor
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        (charged,) = ctx.saved_tensors
        (gradient,) = gradients
        surrogate = charged.clamp(0, 1)
        # Through the membrane of the step behind: v = max(u - s, floor).
        passing = torch.where(charged > ctx.floor, 1 - surrogate, 0.0)
        result = gradient * surrogate
        membrane = torch.zeros_like(charged[0])
        for step in reversed(range(len(charged))):
            membrane.mul_(passing[step]).add_(result[step])
            result[step] = membrane
        return result, None


def integrate_and_fire(current: torch.Tensor, floor: float) -> torch.Tensor:
    """Spike counts of integrate-and-fire neurons, with a surrogate gradient.

    In each time step, for a neuron with arriving current ``x``::

        u = v + x
        s = max(0, floor(u))      spikes of this step; the threshold is 1
        v = max(u - s, floor)     reset by subtraction, no leak

    Several spikes a step stand for the order that a time step hides: event by event a neuron
    fires once per event. The surrogate gradient of ``s`` in ``u`` is ``clamp(u, 0, 1)``: a
    triangle's rising half below the threshold and 1 above it, where ``s`` follows ``u``.

    Parameters
    ----------
    current : torch.Tensor
        ``[time, ...]``.
    floor : float
        Lowest membrane, in thresholds; below 0.
    """
    return _IntegrateAndFire.apply(current, floor)  # pyright: ignore[reportReturnType]
