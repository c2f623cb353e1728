"""Membranes in time steps: spikes of a current, and their surrogate gradient."""

from typing import Any, Literal, NamedTuple

import torch

from tickless.sw.integer.layer import Reset
from tickless.sw.training.surrogates import Surrogate

__all__ = ["Firing", "Spikes", "any_neuron", "integrate_and_fire", "leaky_integrate_and_fire"]

Spikes = Literal["one", "many"]
"""Most spikes of a neuron in a time step: one, or as many thresholds as its membrane holds."""


class Firing(NamedTuple):
    """How a neuron of threshold 1 fires and resets.

    Members
    -------
    spikes, reset, strict
        As of `sw.training.neurons.IntegrateAndFire`.
    delayed : bool
        Whether a reset by subtraction takes place in the next time step, behind the leak.
    """

    spikes: Spikes
    reset: Reset
    strict: bool
    delayed: bool = False

    def fired(self, charge: torch.Tensor) -> torch.Tensor:
        """Spikes of membranes before reset."""
        if self.spikes == "one":
            return charge > 1 if self.strict else charge >= 1
        whole = charge.ceil() - 1 if self.strict else charge.floor()
        return whole.clamp_(min=0)

    @property
    def late(self) -> bool:
        """Whether it matters that the reset is delayed: to zero it does not."""
        return self.delayed and self.reset == "subtract"


def integrate_and_fire(
    current: torch.Tensor, floor: float | torch.Tensor, surrogate: Surrogate
) -> torch.Tensor:
    """Many spikes, reset by subtraction, no leak."""
    applied = _IntegrateAndFire.apply
    return applied(current, floor, surrogate)  # pyright: ignore[reportReturnType]


def leaky_integrate_and_fire(
    current: torch.Tensor, decay: float, surrogate: Surrogate
) -> torch.Tensor:
    """One spike, reset to zero, a leak and no floor."""
    applied = _LeakyIntegrateAndFire.apply
    return applied(current, decay, surrogate)  # pyright: ignore[reportReturnType]


def any_neuron(
    current: torch.Tensor,
    decay: float | torch.Tensor,
    floor: float | torch.Tensor,
    firing: Firing,
    surrogate: Surrogate,
) -> torch.Tensor:
    """Any spikes, reset and leak: the two above are faster at what they can.

    The gradient passes the reset, but not that to zero of many spikes: there it would grow with
    their number from step to step.
    """
    applied = _AnyNeuron.apply
    return applied(current, decay, floor, firing, surrogate)  # pyright: ignore[reportReturnType]


class _IntegrateAndFire(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, current: torch.Tensor, floor: float | torch.Tensor, surrogate: Surrogate
    ) -> torch.Tensor:
        membrane = torch.zeros_like(current[0])
        charged = torch.empty_like(current)
        spikes = torch.empty_like(current)
        for step, arriving in enumerate(current):
            torch.add(membrane, arriving, out=charged[step])
            torch.floor(charged[step], out=spikes[step]).clamp_(min=0)
            torch.sub(charged[step], spikes[step], out=membrane).clamp_(min=floor)
        ctx.save_for_backward(charged)
        ctx.floor, ctx.surrogate = floor, surrogate
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (charged,) = ctx.saved_tensors
        (gradient,) = gradients
        result = torch.empty_like(charged)
        membrane = torch.zeros_like(charged[0])
        # A step at a time, for its few megabytes stay in the cache.
        for step in reversed(range(len(charged))):
            # Through the membrane of the step behind: v = max(u - s, floor).
            if isinstance(ctx.floor, torch.Tensor):
                membrane = membrane.where(charged[step] > ctx.floor, 0)
            else:
                membrane = torch.ops.aten.threshold_backward(membrane, charged[step], ctx.floor)
            surrogate = ctx.surrogate(charged[step])
            torch.lerp(membrane, gradient[step], surrogate, out=result[step])
            membrane = result[step]
        return result, None, None


class _LeakyIntegrateAndFire(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, current: torch.Tensor, decay: float, surrogate: Surrogate
    ) -> torch.Tensor:
        membrane = torch.zeros_like(current[0])
        charged = torch.empty_like(current)
        spikes = torch.empty_like(current)
        for step, arriving in enumerate(current):
            torch.add(arriving, membrane, alpha=decay, out=charged[step])
            spikes[step] = charged[step] >= 1
            torch.mul(charged[step], 1 - spikes[step], out=membrane)
        ctx.save_for_backward(charged, spikes)
        ctx.decay, ctx.surrogate = decay, surrogate
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        charged, spikes = ctx.saved_tensors
        (gradient,) = gradients
        result = torch.empty_like(charged)
        membrane = torch.zeros_like(charged[0])
        for step in reversed(range(len(charged))):
            surrogate = ctx.surrogate(charged[step])
            # v = u (1 - s), and the next step's u holds decay * v.
            membrane.mul_(ctx.decay)
            kept = 1 - spikes[step] - charged[step] * surrogate
            torch.mul(gradient[step], surrogate, out=result[step]).addcmul_(membrane, kept)
            membrane.copy_(result[step])
        return result, None, None


class _AnyNeuron(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        current: torch.Tensor,
        decay: float | torch.Tensor,
        floor: float | torch.Tensor,
        firing: Firing,
        surrogate: Surrogate,
    ) -> torch.Tensor:
        membrane = torch.zeros_like(current[0])
        charged, spikes = torch.empty_like(current), torch.empty_like(current)
        for step, arriving in enumerate(current):
            charge, sent = charged[step], spikes[step]
            if isinstance(decay, torch.Tensor):
                torch.addcmul(arriving, membrane, decay, out=charge)
            else:
                torch.add(arriving, membrane, alpha=decay, out=charge)
            if firing.late and step:
                charge.sub_(spikes[step - 1])
            sent.copy_(firing.fired(charge))
            if firing.late:
                membrane = charge
            elif firing.reset == "zero":
                membrane = charge.where(sent == 0, 0).clamp_(min=floor)
            else:
                membrane = (charge - sent).clamp_(min=floor)
        ctx.save_for_backward(charged, spikes)
        ctx.decay, ctx.floor, ctx.firing, ctx.surrogate = decay, floor, firing, surrogate
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None, None, None]:
        charged, spikes = ctx.saved_tensors
        (gradient,) = gradients
        result = torch.empty_like(charged)
        behind = torch.zeros_like(charged[0])
        for step in reversed(range(len(charged))):
            charge = charged[step]
            slope = ctx.surrogate(charge)
            # What the next step's charge keeps of this one's.
            if ctx.firing.late:
                kept = ctx.decay - slope
            elif ctx.firing.reset == "zero":
                kept = (spikes[step] == 0).to(charge)
                if ctx.firing.spikes == "one":
                    kept -= charge * slope
                kept *= ctx.decay
            else:
                kept = ctx.decay * (1 - slope)
            kept = kept.where(charge > ctx.floor, 0)
            torch.mul(gradient[step], slope, out=result[step]).addcmul_(behind, kept)
            behind = result[step]
        return result, None, None, None, None
