"""Spiking neurons for training in time steps."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, get_args

import torch

from tickless.sw.integer.layer import Reset
from tickless.sw.training.surrogates import SURROGATES, Surrogate

__all__ = [
    "NEURONS",
    "IntegrateAndFire",
    "LeakyIntegrateAndFire",
    "Neuron",
    "describe_neuron",
    "read_neuron",
]


class _IntegrateAndFire(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        current: torch.Tensor,
        floor: float | torch.Tensor,
        surrogate: Surrogate,
        reset: Reset,
    ) -> torch.Tensor:
        membrane = torch.zeros_like(current[0])
        charged = torch.empty_like(current)
        spikes = torch.empty_like(current)
        for step, arriving in enumerate(current):
            torch.add(membrane, arriving, out=charged[step])
            torch.floor(charged[step], out=spikes[step]).clamp_(min=0)
            if reset == "zero":
                torch.mul(charged[step], charged[step] < 1, out=membrane).clamp_(min=floor)
            else:
                torch.sub(charged[step], spikes[step], out=membrane).clamp_(min=floor)
        ctx.save_for_backward(charged)
        ctx.floor, ctx.surrogate, ctx.reset = floor, surrogate, reset
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
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
            if ctx.reset == "zero":
                kept = membrane * (charged[step] < 1)
                torch.addcmul(kept, gradient[step], surrogate, out=result[step])
            else:
                torch.lerp(membrane, gradient[step], surrogate, out=result[step])
            membrane = result[step]
        return result, None, None, None


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


@dataclass(frozen=True)
class IntegrateAndFire:
    """Integrate-and-fire neurons of threshold 1: the contract's neuron.

    In each time step, for a neuron with arriving current ``x``::

        u = v + x
        s = max(0, floor(u))      spikes of this step
        v = max(u - s, floor)     no leak

    Several spikes a step stand for the order that a time step hides: event by event a neuron
    fires once per event.

    With reset to zero a step with spikes leaves ``v = 0``, and the gradient does not pass it: what
    arrived up to there acts on no later step.

    Parameters
    ----------
    floor : float
        Lowest membrane, in thresholds; below 0.
    surrogate : str
        Gradient of ``s`` in ``u``, one of `sw.training.surrogates.SURROGATES`.
    reset : str
        As in `sw.integer.layer.Layer`.
    """

    kind: ClassVar[str] = "if"
    floor: float = -1.0
    surrogate: str = "ramp"
    reset: Reset = "subtract"

    def __post_init__(self):
        _check_surrogate(self.surrogate)
        if self.reset not in get_args(Reset):
            raise ValueError(
                f"reset = {self.reset!r}: expected one of {', '.join(get_args(Reset))}"
            )
        if not self.floor < 0:
            raise ValueError(f"floor = {self.floor}: expected a negative number of thresholds")

    def __call__(
        self, current: torch.Tensor, floor: float | torch.Tensor | None = None
    ) -> torch.Tensor:
        """Spike counts of a current ``[time, batch, channels, height, width]``.

        ``floor``, if given, takes the place of the neurons' own: a tensor holds one for each
        channel, ``[channels, 1, 1]``.
        """
        low = self.floor if floor is None else floor
        surrogate = SURROGATES[self.surrogate]
        applied = _IntegrateAndFire.apply
        return applied(current, low, surrogate, self.reset)  # pyright: ignore[reportReturnType]


@dataclass(frozen=True)
class LeakyIntegrateAndFire:
    """Leaky integrate-and-fire neurons of threshold 1 with hard reset, for time steps alone.

    In each time step, for a neuron with arriving current ``x``::

        u = decay * v + x
        s = 1 if u >= 1 else 0
        v = u * (1 - s)

    The gradient passes the reset, too. These are the neurons of the MTT paper's time-stepped
    experiments (Du et al., ICLR 2025).

    Parameters
    ----------
    decay : float
        What a membrane keeps in a time step, above 0 and at most 1.
    surrogate : str
        Gradient of ``s`` in ``u``, one of `sw.training.surrogates.SURROGATES`.
    """

    kind: ClassVar[str] = "lif"
    decay: float = 0.5
    surrogate: str = "triangle"

    def __post_init__(self):
        _check_surrogate(self.surrogate)
        if not 0 < self.decay <= 1:
            raise ValueError(f"decay = {self.decay}: expected above 0 and at most 1")

    def __call__(self, current: torch.Tensor) -> torch.Tensor:
        """Spikes, 0 or 1, of a current ``[time, ...]``."""
        surrogate = SURROGATES[self.surrogate]
        applied = _LeakyIntegrateAndFire.apply
        return applied(current, self.decay, surrogate)  # pyright: ignore[reportReturnType]


Neuron = IntegrateAndFire | LeakyIntegrateAndFire

NEURONS = {neuron.kind: neuron for neuron in (IntegrateAndFire, LeakyIntegrateAndFire)}
"""Classes of neurons by name."""


def describe_neuron(neuron: Neuron) -> dict[str, Any]:
    """Name and parameters of a neuron, for files."""
    return {"kind": neuron.kind, **asdict(neuron)}


def read_neuron(description: dict[str, Any]) -> Neuron:
    """Neuron of a description; ValueError if there is none of that name."""
    parameters = dict(description)
    kind = parameters.pop("kind", None)
    if kind not in NEURONS:
        raise ValueError(f"neuron = {kind!r}: expected one of {', '.join(NEURONS)}")
    return NEURONS[kind](**parameters)


def _check_surrogate(name: str) -> None:
    if name not in SURROGATES:
        raise ValueError(f"surrogate = {name!r}: expected one of {', '.join(SURROGATES)}")
