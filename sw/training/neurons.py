"""Spiking neurons for training in time steps."""

from dataclasses import asdict, dataclass, fields
from math import inf
from typing import Any, ClassVar, get_args

import torch

from tickless.sw.integer.layer import Reset
from tickless.sw.training.membranes import (
    Firing,
    Spikes,
    any_neuron,
    integrate_and_fire,
    leaky_integrate_and_fire,
)
from tickless.sw.training.surrogates import SURROGATES

__all__ = [
    "NEURONS",
    "IntegrateAndFire",
    "LeakyIntegrateAndFire",
    "Neuron",
    "Rectifier",
    "describe_neuron",
    "read_neuron",
]


@dataclass(frozen=True)
class IntegrateAndFire:
    """Integrate-and-fire neurons of threshold 1: the contract's neuron in time steps.

    In each time step, for a neuron with arriving current ``x``::

        u = v + x
        s = max(0, floor(u))      spikes of this step
        v = max(u - s, floor)     no leak

    Several spikes a step stand for the order that a time step hides: event by event a neuron
    fires once per event.

    With ``spikes="one"``, ``s`` is at most 1; ``strict``, a neuron fires above whole thresholds
    alone, not at them; with ``reset="zero"``, ``v`` is 0 where ``s > 0``. So run, with the floor
    at minus infinity, the neurons of:

    - sinabs 3.1.3, ``layers.IAF``: the defaults here. ``MultiSpike`` is ``trunc(v / threshold)``
      above 0 (activation/spike_generation.py), ``MembraneSubtract`` (activation/reset_mechanism.py)
      comes before ``min_v_mem`` (layers/functional/lif.py), which is the floor. With
      ``SingleSpike``: one spike, at the threshold, too.
    - snnTorch 1.0.0, ``Leaky(beta=1)``: one spike, strict. ``spike_grad`` is of ``mem - threshold``
      and 1 above 0 (_neurons/neurons.py, ``fire``; surrogate.py); the threshold is subtracted when
      the next step begins (_neurons/leaky.py, ``_base_sub``), which without a leak is the same but
      for rounding. ``reset_mechanism="zero"``: reset to zero.
    - spikingjelly 2.0.0, ``neuron.IFNode``: one spike, reset to zero, or by subtraction with
      ``v_reset=None`` (activation_based/functional/neuron.py, ``voltage_reset``);
      ``surrogate.heaviside`` is ``x >= 0``.
    - Norse 1.1.0, ``functional/iaf.py``: one spike, strict, reset to zero; ``heaviside`` is
      ``torch.gt``.

    Parameters
    ----------
    floor : float
        Lowest membrane, in thresholds; below 0, minus infinity for none.
    surrogate : str
        Gradient of ``s`` in ``u``, one of `sw.training.surrogates.SURROGATES`.
    spikes : str
        Most spikes in a time step, ``"one"`` or ``"many"``.
    reset : str
        As in `sw.integer.layer.Layer`.
    strict : bool
        Whether a neuron fires above its threshold alone.
    """

    kind: ClassVar[str] = "if"
    floor: float = -1.0
    surrogate: str = "ramp"
    spikes: Spikes = "many"
    reset: Reset = "subtract"
    strict: bool = False

    def __post_init__(self):
        _check(self)
        if not self.floor < 0:
            raise ValueError(f"floor = {self.floor}: expected a negative number of thresholds")

    @property
    def fires_above(self) -> bool:
        """Whether event by event it fires above its threshold alone.

        Of neurons that subtract their threshold this is left out: they cannot subtract another
        value than they compare with.
        """
        return self.strict and self.reset == "zero"

    def __call__(
        self, current: torch.Tensor, floor: float | torch.Tensor | None = None
    ) -> torch.Tensor:
        """Spike counts of a current ``[time, batch, channels, height, width]``.

        ``floor``, if given, takes the place of the neurons' own: a tensor holds one for each
        channel, ``[channels, 1, 1]``.
        """
        low = self.floor if floor is None else floor
        if (self.spikes, self.reset, self.strict) != ("many", "subtract", False):
            how = Firing(self.spikes, self.reset, self.strict)
            return any_neuron(current, 1.0, low, how, SURROGATES[self.surrogate])
        return integrate_and_fire(current, low, SURROGATES[self.surrogate])


@dataclass(frozen=True)
class LeakyIntegrateAndFire:
    """Leaky integrate-and-fire neurons of threshold 1, for time steps alone.

    In each time step, for a neuron with arriving current ``x``::

        u = decay * v + x
        s = 1 if u >= 1 else 0
        v = u * (1 - s)

    The gradient passes the reset, too. These are the neurons of the MTT paper's time-stepped
    experiments (Du et al., ICLR 2025).

    ``spikes``, ``reset`` and ``strict`` are those of `IntegrateAndFire`. With ``reset="subtract"``
    and ``delayed`` the threshold is subtracted behind the decay, ``u = decay * u + x - s`` with
    ``u`` and ``s`` of the step before. So run, with their inputs' gain in the weights:

    - spikingjelly 2.0.0, ``neuron.LIFNode`` (activation_based/neuron/lif.py): the defaults here,
      decay ``1 - 1 / tau``; gain ``1 / tau``, or 1 without ``decay_input``.
    - Norse 1.1.0, ``functional/lif_box.py``: strict; decay ``1 - dt * tau_mem_inv``, gain
      ``dt * tau_mem_inv``, for ``v_leak = 0``.
    - snnTorch 1.0.0, ``Leaky`` (_neurons/leaky.py): strict, reset by subtraction, delayed, or to
      zero; decay ``beta``, gain 1. Not its ``reset_delay=False``, which takes a reset back where
      a membrane is above the threshold behind it and below in the next step.
    - sinabs 3.1.3, ``layers.LIF`` (layers/functional/lif.py): many spikes, reset by subtraction;
      decay ``exp(-1 / tau_mem)``; gain ``1 - decay``, or 1 without ``norm_input``. Not its
      ``min_v_mem``.

    Parameters
    ----------
    decay : float or tuple of float
        What a membrane keeps in a time step, above 0 and at most 1; a tuple has one for each
        channel.
    surrogate : str
        Gradient of ``s`` in ``u``, one of `sw.training.surrogates.SURROGATES`.
    spikes, reset, strict
        As of `IntegrateAndFire`.
    delayed : bool
        Whether the threshold is subtracted in the next time step.
    """

    kind: ClassVar[str] = "lif"
    decay: float | tuple[float, ...] = 0.5
    surrogate: str = "triangle"
    spikes: Spikes = "one"
    reset: Reset = "zero"
    strict: bool = False
    delayed: bool = False

    def __post_init__(self):
        _check(self)
        decays = self.decay if isinstance(self.decay, tuple) else (self.decay,)
        if not decays or not all(0 < decay <= 1 for decay in decays):
            raise ValueError(f"decay = {self.decay}: expected above 0 and at most 1")

    def __call__(self, current: torch.Tensor) -> torch.Tensor:
        """Spike counts of a current ``[time, batch, channels, height, width]``; of any shape that
        begins with time where all channels keep the same."""
        how = Firing(self.spikes, self.reset, self.strict, self.delayed)
        surrogate = SURROGATES[self.surrogate]
        if isinstance(self.decay, tuple):
            decays = torch.tensor(self.decay, device=current.device)[:, None, None]
            return any_neuron(current, decays, -inf, how, surrogate)
        if (self.spikes, self.reset, self.strict) != ("one", "zero", False):
            return any_neuron(current, self.decay, -inf, how, surrogate)
        return leaky_integrate_and_fire(current, self.decay, surrogate)


@dataclass(frozen=True)
class Rectifier:
    """Rectifiers, ``max(0, x)`` of a current ``x``: no spiking neurons, for baselines in one time
    step."""

    kind: ClassVar[str] = "relu"

    def __call__(self, current: torch.Tensor) -> torch.Tensor:
        """What neurons send of a current of any shape; a real number, no count."""
        return current.relu()


Neuron = IntegrateAndFire | LeakyIntegrateAndFire | Rectifier

NEURONS = {neuron.kind: neuron for neuron in (IntegrateAndFire, LeakyIntegrateAndFire, Rectifier)}
"""Classes of neurons by name."""


def describe_neuron(neuron: Neuron) -> dict[str, Any]:
    """Name and parameters of a neuron, for files; how it fires and resets only where it is not as
    by default, so that files say what they said before there was a choice."""
    usual = {item.name: item.default for item in fields(neuron) if item.name in _FIRING}
    given = {name: value for name, value in asdict(neuron).items() if value != usual.get(name)}
    return {"kind": neuron.kind, **given}


def read_neuron(description: dict[str, Any]) -> Neuron:
    """Neuron of a description; ValueError if there is none of that name."""
    parameters: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in description.items()
    }
    kind = parameters.pop("kind", None)
    if kind not in NEURONS:
        raise ValueError(f"neuron = {kind!r}: expected one of {', '.join(NEURONS)}")
    return NEURONS[kind](**parameters)


_FIRING = ("spikes", "reset", "strict", "delayed")


def _check(neuron: Neuron) -> None:
    for name, known in (
        ("surrogate", tuple(SURROGATES)),
        ("spikes", get_args(Spikes)),
        ("reset", get_args(Reset)),
    ):
        if getattr(neuron, name) not in known:
            raise ValueError(
                f"{name} = {getattr(neuron, name)!r}: expected one of {', '.join(known)}"
            )
