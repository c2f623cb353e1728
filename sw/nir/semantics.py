"""What NIR leaves to the framework that wrote a graph: how a neuron fires and resets in steps."""

from dataclasses import dataclass

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.layer import Reset
from tickless.sw.training.membranes import Spikes

__all__ = ["FRAMEWORKS", "TICKLESS", "Semantics", "framework"]


@dataclass(frozen=True)
class Semantics:
    """How a framework's integrate-and-fire neurons run in time steps.

    Members
    -------
    name : str
        The framework.
    spikes : str
        ``"one"`` or ``"many"`` at most in a time step.
    reset : str
        ``"subtract"``: the threshold is subtracted for each spike; ``"zero"``.
    delayed : bool
        Whether the reset takes place at the beginning of the next time step.
    strict : bool
        Whether a neuron fires above its threshold alone, ``v > threshold``, or at it, too.
    dt : float
        Time step in seconds by which its exports scale ``r`` of IF, so that ``r * dt`` is the gain.
    leaky_dt : float
        The same for LIF and LI, of gain ``r * dt / tau``.
    euler : bool
        Whether a membrane keeps ``1 - dt / tau`` of itself in a time step, or ``exp(-dt / tau)``.
    floor : float, optional
        Lowest membrane in thresholds, where the neurons have one.
    """

    name: str
    spikes: Spikes
    reset: Reset
    delayed: bool
    strict: bool
    dt: float
    leaky_dt: float
    euler: bool = True
    floor: float | None = None

    def decay(self, tau: np.ndarray, dt: float) -> np.ndarray:
        """What membranes keep of themselves in a time step."""
        return 1 - dt / tau if self.euler else np.exp(-dt / tau)


TICKLESS = Semantics("tickless", "many", "subtract", False, False, 1.0, 1.0)
"""`sw.training.neurons.IntegrateAndFire`, which the contract's neuron is event by event."""

FRAMEWORKS = {
    each.name: each
    for each in (
        # sinabs 3.1.3: layers.IAF takes activation.MultiSpike, which is trunc(v / threshold), and
        # MembraneSubtract; nir.to_nir writes r = 1 and tau in time steps. layers.LIF keeps
        # alpha = exp(-1 / tau); that with norm_input, its default, 1 - alpha of a current arrives
        # and without it all, the file does not say.
        Semantics("sinabs", "many", "subtract", False, False, 1.0, 1.0, euler=False),
        # snnTorch 1.0.0: Leaky has reset_mechanism="subtract" and reset_delay=True; surrogates fire
        # at input > 0; export_nir has dt = 1e-4, r = tau / dt, and no IF.
        Semantics("snntorch", "one", "subtract", True, True, 1e-4, 1e-4),
        # spikingjelly 2.0.0: surrogate.heaviside is x >= 0, to_nir refuses v_reset=None, which
        # subtracts; dt = 1e-4, r = 1 / dt of IF; tau * dt of LIF, its r 1 or tau.
        Semantics("spikingjelly", "one", "zero", False, False, 1e-4, 1e-4),
        # Norse 1.1.0: functional.iaf and lif_box fire by heaviside, which is torch.gt, and reset to
        # v_reset; iaf adds its input as it is and is written with r = 1. export_nir writes
        # dt / tau_mem_inv as tau of LIF, where lif_box adds dt * tau_mem_inv = dt**2 / tau.
        Semantics("norse", "one", "zero", False, True, 1.0, 1e-6),
    )
}
"""By name, of the versions named beside each."""


def framework(name: str) -> Semantics:
    """Semantics of a framework, or `TICKLESS`; InputError if there is none of that name."""
    known = {**FRAMEWORKS, TICKLESS.name: TICKLESS}
    if name not in known:
        raise InputError(f"semantics = {name!r}: expected one of {', '.join(FRAMEWORKS)}")
    return known[name]
