"""Readout of a float network: what its logits are besides sums of weights."""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import torch

__all__ = ["FloatReadout", "describe_readout", "read_readout"]


@dataclass(frozen=True)
class FloatReadout:
    """Where logits begin, and what of them stays in time steps.

    In ``T`` time steps of charge ``x[t]``, with ``a`` the initial logits if they are there from the
    beginning, else 0, and ``b`` their part of each time step::

        v[0] = a;  v[t + 1] = decay * v[t] + x[t] + b

    Parameters
    ----------
    initial : tuple of float
        Logits with which a sample begins event by event, one a class; empty where all begin at 0.
    bias_steps : int or None
        Time steps over which they come, an equal part in each: a bias of the graph that the network
        was made of. None where they are there from the beginning.
    decay : float or tuple of float
        What a logit keeps of itself in a time step, above 0 and at most 1; a tuple has one for each
        class.
    """

    initial: tuple[float, ...] = ()
    bias_steps: int | None = None
    decay: float | tuple[float, ...] = 1.0

    def __post_init__(self):
        if not all(map(isfinite, self.initial)):
            raise ValueError(f"initial = {self.initial}: expected finite logits")
        if self.bias_steps is not None and self.bias_steps < 1:
            raise ValueError(f"bias_steps = {self.bias_steps}: expected at least 1")
        if not self.decays or not all(0 < decay <= 1 for decay in self.decays):
            raise ValueError(f"decay = {self.decay}: expected above 0 and at most 1")

    @property
    def leaks(self) -> bool:
        """Whether logits leak, so that they need time steps."""
        return any(decay < 1 for decay in self.decays)

    @property
    def decays(self) -> tuple[float, ...]:
        """What a logit keeps, one for each class or one for all."""
        return self.decay if isinstance(self.decay, tuple) else (self.decay,)

    def constant(self, steps: float) -> torch.Tensor:
        """What so many time steps add to logits that do not leak: ``[classes]``, or one 0."""
        share = 1 if self.bias_steps is None else steps / self.bias_steps
        return torch.tensor(self.initial or (0.0,)) * share

    def last(self, charge: torch.Tensor) -> torch.Tensor:
        """Logits after the last time step, ``[batch, classes]``, of what their weights bring,
        ``[time, batch, classes]``."""
        decay = torch.tensor(self.decays, device=charge.device)
        initial = torch.tensor(self.initial or (0.0,), device=charge.device)
        logits = initial if self.bias_steps is None else torch.zeros_like(initial)
        bias = 0.0 if self.bias_steps is None else initial / self.bias_steps
        logits = logits.expand(charge.shape[1:])
        for step in charge:
            logits = decay * logits + step + bias
        return logits


def describe_readout(readout: FloatReadout) -> dict[str, Any] | None:
    """Parameters of a readout, for files; None of one that only sums."""
    return None if readout == FloatReadout() else asdict(readout)


def read_readout(description: dict[str, Any] | None, classes: int) -> FloatReadout:
    """FloatReadout of a description; ValueError or TypeError if it is none of so many classes."""
    parameters: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in (description or {}).items()
    }
    readout = FloatReadout(**parameters)
    if len(readout.initial) not in (0, classes) or len(readout.decays) not in (1, classes):
        raise ValueError(f"readout = {description}: expected {classes} classes")
    return readout
