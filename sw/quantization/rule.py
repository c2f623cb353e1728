"""The rule by which weights become integers, and its stand-in for training."""

from dataclasses import dataclass

import torch

from tickless.errors import InputError
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import membrane_bits

__all__ = ["Levels", "Quantization"]


@dataclass(frozen=True, eq=False)
class Levels:
    """A layer's integers, held as float64.

    Members
    -------
    weight : torch.Tensor
        ``Geometry.weight_shape``.
    threshold, floor : torch.Tensor
        ``[channels]``, pooling included; empty for a readout. A threshold below 1 says that the
        weights are too large for the width.
    scale : torch.Tensor
        Weight units in 1: ``[channels, 1, 1, 1]``, of a readout ``[1, 1, 1, 1]``.
    """

    weight: torch.Tensor
    threshold: torch.Tensor
    floor: torch.Tensor
    scale: torch.Tensor

    @property
    def membrane_bits(self) -> int:
        """Width of the narrowest membranes for all channels; 32 for a readout."""
        if not len(self.threshold):
            return 32
        return membrane_bits(int(self.threshold.max()), int(self.floor.min()))


@dataclass(frozen=True)
class Quantization:
    """Widths of integer weights and thresholds.

    A neuron's spikes do not change when its weights, threshold and floor are scaled together. So
    each channel has the scale at which its largest weight fills ``weight_bits``, or ``resolution``
    where that is smaller, and the scale is seen in its threshold and floor alone. Pooling by p
    multiplies both by p * p. The readout has one scale. Halves round to even.

    Parameters
    ----------
    weight_bits : int
        Width of a signed weight, 2 to 8.
    resolution : int
        Most weight units in a threshold, at least 1: it keeps membranes narrow where all weights
        of a channel are small.
    """

    weight_bits: int = 8
    resolution: int = 128

    def __post_init__(self):
        if not 2 <= self.weight_bits <= 8:
            raise InputError(f"weight_bits = {self.weight_bits}: expected 2 to 8")
        if self.resolution < 1:
            raise InputError(f"resolution = {self.resolution}: expected at least 1")

    @torch.no_grad()
    def levels(self, weight: torch.Tensor, geometry: Geometry, floor: float) -> Levels:
        """Integers of a layer of threshold 1 whose floor is given in thresholds."""
        largest = (1 << (self.weight_bits - 1)) - 1
        real = weight.detach().double()
        peaks = real.abs().amax((1, 2, 3), keepdim=True).clamp_(min=1e-12)
        if geometry.kind == "readout":
            scale = largest / peaks.amax(0, keepdim=True)
            threshold = low = real.new_zeros(0)
        else:
            scale = (largest / peaks).clamp_(max=self.resolution)
            threshold = (scale.flatten() * geometry.pool**2).round()
            low = (floor * threshold).round().clamp_(max=-1)
        return Levels((real * scale).round(), threshold, low, scale)

    def imitate(
        self, weight: torch.Tensor, geometry: Geometry, floor: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights and floors, in thresholds, that the integers stand for.

        The gradient passes the rounding as if it were not there.

        Returns
        -------
        weight : torch.Tensor
            Shape and type of the given one.
        floor : torch.Tensor
            ``[channels, 1, 1]``, or of a readout empty.
        """
        levels = self.levels(weight, geometry, floor)
        if geometry.kind == "readout":
            rounded, low = levels.weight / levels.scale, levels.floor
        else:
            unit = levels.threshold.clamp(min=1)[:, None, None]
            rounded = levels.weight * geometry.pool**2 / unit[..., None]
            low = levels.floor[:, None, None] / unit
        return weight + (rounded.to(weight) - weight).detach(), low.to(weight)
